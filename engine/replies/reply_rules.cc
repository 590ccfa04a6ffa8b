// SPDX-License-Identifier: Apache-2.0
//
// The table behind reply_rules.h. Where RFC 5321 section 4.3.2 lists fewer codes than are in use,
// the row follows the section that gives the code (554 for policy: 3.1 and 4.2.3; 521 and 556:
// RFC 7504; 530 and 454: RFC 3207); where the contract is narrower, the contract (C500 to C555).

#include "engine/replies/reply_rules.h"

#include <algorithm>

#include "engine/proto/reply_table.pb.h"
#include "engine/replies/bound_replies.h"

namespace postern::replies {
namespace {

constexpr uint8_t Bit(Placeholder placeholder) {
  return static_cast<uint8_t>(1 << static_cast<int>(placeholder));
}
constexpr uint8_t kS = Bit(Placeholder::kServer);
constexpr uint8_t kC = Bit(Placeholder::kClient);
constexpr uint8_t kV = Bit(Placeholder::kVerb);
constexpr uint8_t kT = Bit(Placeholder::kTopic);
constexpr uint8_t kP = Bit(Placeholder::kParameter);
constexpr uint8_t kO = Bit(Placeholder::kOctet);
constexpr uint8_t kL = Bit(Placeholder::kLimit);
constexpr uint8_t kM = Bit(Placeholder::kCommands);

constexpr ReplyRule kRules[] = {
    {ReplyId::kGreeting,
     "GREETING",
     Situation::kConnection,
     EnhancedUse::kForbidden,
     true,
     kS,
     {220}},
    {ReplyId::kGreetingRefused,
     "GREETING_REFUSED",
     Situation::kConnection,
     EnhancedUse::kForbidden,
     false,
     kS,
     {554, 521}},
    {ReplyId::kGreetingDeferred,
     "GREETING_DEFERRED",
     Situation::kConnection,
     EnhancedUse::kForbidden,
     true,
     kS,
     {421}},
    {ReplyId::kHeloOk, "HELO_OK", Situation::kHelo, EnhancedUse::kForbidden, true, kS | kC, {250}},
    {ReplyId::kEhloOk, "EHLO_OK", Situation::kHelo, EnhancedUse::kForbidden, true, kS | kC, {250}},
    {ReplyId::kHeloRejected,
     "HELO_REJECTED",
     Situation::kHelo,
     EnhancedUse::kOptional,
     false,
     kS | kC,
     {550, 504}},
    {ReplyId::kHeloDeferred,
     "HELO_DEFERRED",
     Situation::kHelo,
     EnhancedUse::kOptional,
     false,
     kS | kC,
     {451, 450}},
    {ReplyId::kBadHeloName,
     "BAD_HELO_NAME",
     Situation::kHelo,
     EnhancedUse::kOptional,
     false,
     kS,
     {501}},
    {ReplyId::kMailOk, "MAIL_OK", Situation::kMail, EnhancedUse::kRequired, false, kS | kC, {250}},
    {ReplyId::kMailRejected,
     "MAIL_REJECTED",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {550, 552, 553, 554}},
    {ReplyId::kMailDeferred,
     "MAIL_DEFERRED",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {451, 450, 452, 455}},
    {ReplyId::kBadReversePath,
     "BAD_REVERSE_PATH",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kReversePathWithoutBrackets,
     "REVERSE_PATH_WITHOUT_BRACKETS",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kReversePathWithoutDomain,
     "REVERSE_PATH_WITHOUT_DOMAIN",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kReversePathTooLong,
     "REVERSE_PATH_TOO_LONG",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kReversePathAfterSpace,
     "REVERSE_PATH_AFTER_SPACE",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kNonAsciiReversePath,
     "NON_ASCII_REVERSE_PATH",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS,
     {550, 553}},
    {ReplyId::kRcptOk, "RCPT_OK", Situation::kRcpt, EnhancedUse::kRequired, false, kS | kC, {250}},
    {ReplyId::kRcptRejected,
     "RCPT_REJECTED",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {550, 553, 554, 556}},
    {ReplyId::kRcptDeferred,
     "RCPT_DEFERRED",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {450, 451, 452, 455}},
    {ReplyId::kBadForwardPath,
     "BAD_FORWARD_PATH",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kForwardPathWithoutBrackets,
     "FORWARD_PATH_WITHOUT_BRACKETS",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kForwardPathWithoutDomain,
     "FORWARD_PATH_WITHOUT_DOMAIN",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kForwardPathTooLong,
     "FORWARD_PATH_TOO_LONG",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kForwardPathAfterSpace,
     "FORWARD_PATH_AFTER_SPACE",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {501, 553}},
    {ReplyId::kNonAsciiForwardPath,
     "NON_ASCII_FORWARD_PATH",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {553, 550}},
    {ReplyId::kTooManyRecipients,
     "TOO_MANY_RECIPIENTS",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS | kL,
     {452}},
    {ReplyId::kRelayDenied,
     "RELAY_DENIED",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {550, 551, 554}},
    {ReplyId::kMailboxFull,
     "MAILBOX_FULL",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {552, 452, 450}},
    {ReplyId::kRcptWillForward,
     "RCPT_WILL_FORWARD",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {251}},
    {ReplyId::kRcptNotLocal,
     "RCPT_NOT_LOCAL",
     Situation::kRcpt,
     EnhancedUse::kRequired,
     false,
     kS,
     {551}},
    {ReplyId::kDataStart,
     "DATA_START",
     Situation::kData,
     EnhancedUse::kForbidden,
     false,
     kS | kL,
     {354}},
    {ReplyId::kDataRejected,
     "DATA_REJECTED",
     Situation::kData,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {554, 550}},
    {ReplyId::kDataDeferred,
     "DATA_DEFERRED",
     Situation::kData,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {451, 450, 452}},
    {ReplyId::kContentAccepted,
     "CONTENT_ACCEPTED",
     Situation::kContent,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {250}},
    {ReplyId::kContentRejected,
     "CONTENT_REJECTED",
     Situation::kContent,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {554, 550, 552}},
    {ReplyId::kContentDeferred,
     "CONTENT_DEFERRED",
     Situation::kContent,
     EnhancedUse::kRequired,
     false,
     kS | kC,
     {451, 450, 452}},
    {ReplyId::kContentBareNewline,
     "CONTENT_BARE_NEWLINE",
     Situation::kContent,
     EnhancedUse::kRequired,
     false,
     kS,
     {554, 550}},
    {ReplyId::kMessageTooLarge,
     "MESSAGE_TOO_LARGE",
     Situation::kContent,
     EnhancedUse::kRequired,
     false,
     kS | kL,
     {552}},
    {ReplyId::kInsufficientStorage,
     "INSUFFICIENT_STORAGE",
     Situation::kContent,
     EnhancedUse::kRequired,
     false,
     kS,
     {452}},
    {ReplyId::kRsetOk, "RSET_OK", Situation::kRset, EnhancedUse::kRequired, false, kS, {250}},
    {ReplyId::kNoopOk, "NOOP_OK", Situation::kNoop, EnhancedUse::kRequired, false, kS, {250}},
    {ReplyId::kQuitOk, "QUIT_OK", Situation::kQuit, EnhancedUse::kRequired, true, kS | kC, {221}},
    {ReplyId::kVrfyOk, "VRFY_OK", Situation::kVrfy, EnhancedUse::kRequired, false, kS, {250, 252}},
    {ReplyId::kVrfyCannotVerify,
     "VRFY_CANNOT_VERIFY",
     Situation::kVrfy,
     EnhancedUse::kRequired,
     false,
     kS,
     {252}},
    {ReplyId::kVrfyRejected,
     "VRFY_REJECTED",
     Situation::kVrfy,
     EnhancedUse::kRequired,
     false,
     kS,
     {550, 553}},
    {ReplyId::kVrfyDeferred,
     "VRFY_DEFERRED",
     Situation::kVrfy,
     EnhancedUse::kRequired,
     false,
     kS,
     {451, 450}},
    {ReplyId::kVrfyWillForward,
     "VRFY_WILL_FORWARD",
     Situation::kVrfy,
     EnhancedUse::kRequired,
     false,
     kS,
     {251}},
    {ReplyId::kVrfyNotLocal,
     "VRFY_NOT_LOCAL",
     Situation::kVrfy,
     EnhancedUse::kRequired,
     false,
     kS,
     {551}},
    {ReplyId::kVrfyAmbiguous,
     "VRFY_AMBIGUOUS",
     Situation::kVrfy,
     EnhancedUse::kRequired,
     false,
     kS,
     {553}},
    {ReplyId::kExpnOk, "EXPN_OK", Situation::kExpn, EnhancedUse::kRequired, false, kS, {250, 252}},
    {ReplyId::kExpnRejected,
     "EXPN_REJECTED",
     Situation::kExpn,
     EnhancedUse::kRequired,
     false,
     kS,
     {550}},
    {ReplyId::kExpnDeferred,
     "EXPN_DEFERRED",
     Situation::kExpn,
     EnhancedUse::kRequired,
     false,
     kS,
     {451, 450}},
    {ReplyId::kHelpOverview,
     "HELP_OVERVIEW",
     Situation::kHelp,
     EnhancedUse::kRequired,
     false,
     kS | kM,
     {214}},
    {ReplyId::kHelpTopic,
     "HELP_TOPIC",
     Situation::kHelp,
     EnhancedUse::kRequired,
     false,
     kS | kT,
     {214}},
    {ReplyId::kHelpTopicUnknown,
     "HELP_TOPIC_UNKNOWN",
     Situation::kHelp,
     EnhancedUse::kRequired,
     false,
     kS | kT,
     {504}},
    {ReplyId::kStarttlsReady,
     "STARTTLS_READY",
     Situation::kStarttls,
     EnhancedUse::kRequired,
     false,
     kS,
     {220}},
    {ReplyId::kStarttlsRejected,
     "STARTTLS_REJECTED",
     Situation::kStarttls,
     EnhancedUse::kRequired,
     false,
     kS,
     {554, 550}},
    {ReplyId::kStarttlsDeferred,
     "STARTTLS_DEFERRED",
     Situation::kStarttls,
     EnhancedUse::kRequired,
     false,
     kS,
     {454}},
    {ReplyId::kTlsAlreadyActive,
     "TLS_ALREADY_ACTIVE",
     Situation::kStarttls,
     EnhancedUse::kRequired,
     false,
     kS,
     {503}},
    {ReplyId::kTlsRequired,
     "TLS_REQUIRED",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {530}},
    {ReplyId::kUnrecognized,
     "UNRECOGNIZED",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kV,
     {500}},
    {ReplyId::kEmptyLine,
     "EMPTY_LINE",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {500}},
    {ReplyId::kNotAVerb,
     "NOT_A_VERB",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {500}},
    {ReplyId::kLineTooLong,
     "LINE_TOO_LONG",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kL,
     {500}},
    {ReplyId::kBareLf, "BARE_LF", Situation::kAnyLine, EnhancedUse::kRequired, false, kS, {500}},
    {ReplyId::kBareCr, "BARE_CR", Situation::kAnyLine, EnhancedUse::kRequired, false, kS, {500}},
    {ReplyId::kNulOctet,
     "NUL_OCTET",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {500}},
    {ReplyId::kControlOctet,
     "CONTROL_OCTET",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kO,
     {500}},
    {ReplyId::kEightBitOctet,
     "EIGHT_BIT_OCTET",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kO,
     {500}},
    {ReplyId::kBadUtf8,
     "BAD_UTF8",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kO,
     {500}},
    {ReplyId::kArgumentsUnexpected,
     "ARGUMENTS_UNEXPECTED",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {501}},
    {ReplyId::kArgumentMissing,
     "ARGUMENT_MISSING",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {501}},
    {ReplyId::kBadArgument,
     "BAD_ARGUMENT",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {501}},
    {ReplyId::kBadParameter,
     "BAD_PARAMETER",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kP,
     {501}},
    {ReplyId::kParameterUnknown,
     "PARAMETER_UNKNOWN",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kP,
     {555}},
    {ReplyId::kParameterNotInForce,
     "PARAMETER_NOT_IN_FORCE",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kP,
     {555}},
    {ReplyId::kParameterRepeated,
     "PARAMETER_REPEATED",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kP,
     {555}},
    {ReplyId::kTooManyParameters,
     "TOO_MANY_PARAMETERS",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {501}},
    {ReplyId::kCommandDisabled,
     "COMMAND_DISABLED",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS | kV,
     {502}},
    {ReplyId::kNeedHelo,
     "NEED_HELO",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {503}},
    {ReplyId::kNeedMail,
     "NEED_MAIL",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {503}},
    {ReplyId::kNeedRcpt,
     "NEED_RCPT",
     Situation::kData,
     EnhancedUse::kRequired,
     false,
     kS,
     {503, 554}},
    {ReplyId::kNestedMail,
     "NESTED_MAIL",
     Situation::kMail,
     EnhancedUse::kRequired,
     false,
     kS,
     {503}},
    {ReplyId::kBadSequence,
     "BAD_SEQUENCE",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {503}},
    {ReplyId::kGreetingWasRefused,
     "GREETING_WAS_REFUSED",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {503}},
    {ReplyId::kTooManyErrors,
     "TOO_MANY_ERRORS",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     true,
     kS | kL,
     {421}},
    {ReplyId::kTooManyCommands,
     "TOO_MANY_COMMANDS",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     true,
     kS | kL,
     {421}},
    {ReplyId::kClientTimeout,
     "CLIENT_TIMEOUT",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     true,
     kS,
     {421}},
    {ReplyId::kLineWithoutEnd,
     "LINE_WITHOUT_END",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     true,
     kS,
     {421}},
    {ReplyId::kShuttingDown,
     "SHUTTING_DOWN",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     true,
     kS,
     {421}},
    {ReplyId::kOutOfMemory,
     "OUT_OF_MEMORY",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     true,
     kS,
     {421}},
    {ReplyId::kDisconnectedByPolicy,
     "DISCONNECTED_BY_POLICY",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     true,
     kS,
     {421}},
    {ReplyId::kDecisionTimeout,
     "DECISION_TIMEOUT",
     Situation::kAnyLine,
     EnhancedUse::kRequired,
     false,
     kS,
     {451, 450}},
    {ReplyId::kHostCommandOk,
     "HOST_COMMAND_OK",
     Situation::kOther,
     EnhancedUse::kRequired,
     false,
     kS,
     {250, 211, 214, 252}},
    {ReplyId::kHostCommandDeferred,
     "HOST_COMMAND_DEFERRED",
     Situation::kOther,
     EnhancedUse::kRequired,
     false,
     kS,
     {451, 450, 452, 454}},
};
constexpr size_t kRuleCount = sizeof(kRules) / sizeof(kRules[0]);
static_assert(kRuleCount == 96, "one rule per id");

constexpr bool Ascending() {
  for (size_t i = 1; i < kRuleCount; ++i) {
    if (kRules[i - 1].id >= kRules[i].id) return false;
  }
  return static_cast<size_t>(kRules[kRuleCount - 1].id) + 1 == kReplyIdLimit;
}
static_assert(Ascending(), "FindReplyRule searches by halves");

// The numbers cross as protobuf: the two enums are one.
static_assert(postern::v1::ReplyId_ARRAYSIZE == kReplyIdLimit, "kReplyIdLimit");
#define POSTERN_SAME_ID(ours, theirs) \
  static_assert(static_cast<int>(ReplyId::ours) == static_cast<int>(postern::v1::theirs), #theirs)
POSTERN_SAME_ID(kGreeting, GREETING);
POSTERN_SAME_ID(kGreetingRefused, GREETING_REFUSED);
POSTERN_SAME_ID(kGreetingDeferred, GREETING_DEFERRED);
POSTERN_SAME_ID(kHeloOk, HELO_OK);
POSTERN_SAME_ID(kEhloOk, EHLO_OK);
POSTERN_SAME_ID(kHeloRejected, HELO_REJECTED);
POSTERN_SAME_ID(kHeloDeferred, HELO_DEFERRED);
POSTERN_SAME_ID(kBadHeloName, BAD_HELO_NAME);
POSTERN_SAME_ID(kMailOk, MAIL_OK);
POSTERN_SAME_ID(kMailRejected, MAIL_REJECTED);
POSTERN_SAME_ID(kMailDeferred, MAIL_DEFERRED);
POSTERN_SAME_ID(kBadReversePath, BAD_REVERSE_PATH);
POSTERN_SAME_ID(kReversePathWithoutBrackets, REVERSE_PATH_WITHOUT_BRACKETS);
POSTERN_SAME_ID(kReversePathWithoutDomain, REVERSE_PATH_WITHOUT_DOMAIN);
POSTERN_SAME_ID(kReversePathTooLong, REVERSE_PATH_TOO_LONG);
POSTERN_SAME_ID(kReversePathAfterSpace, REVERSE_PATH_AFTER_SPACE);
POSTERN_SAME_ID(kNonAsciiReversePath, NON_ASCII_REVERSE_PATH);
POSTERN_SAME_ID(kRcptOk, RCPT_OK);
POSTERN_SAME_ID(kRcptRejected, RCPT_REJECTED);
POSTERN_SAME_ID(kRcptDeferred, RCPT_DEFERRED);
POSTERN_SAME_ID(kBadForwardPath, BAD_FORWARD_PATH);
POSTERN_SAME_ID(kForwardPathWithoutBrackets, FORWARD_PATH_WITHOUT_BRACKETS);
POSTERN_SAME_ID(kForwardPathWithoutDomain, FORWARD_PATH_WITHOUT_DOMAIN);
POSTERN_SAME_ID(kForwardPathTooLong, FORWARD_PATH_TOO_LONG);
POSTERN_SAME_ID(kForwardPathAfterSpace, FORWARD_PATH_AFTER_SPACE);
POSTERN_SAME_ID(kNonAsciiForwardPath, NON_ASCII_FORWARD_PATH);
POSTERN_SAME_ID(kTooManyRecipients, TOO_MANY_RECIPIENTS);
POSTERN_SAME_ID(kRelayDenied, RELAY_DENIED);
POSTERN_SAME_ID(kMailboxFull, MAILBOX_FULL);
POSTERN_SAME_ID(kRcptWillForward, RCPT_WILL_FORWARD);
POSTERN_SAME_ID(kRcptNotLocal, RCPT_NOT_LOCAL);
POSTERN_SAME_ID(kDataStart, DATA_START);
POSTERN_SAME_ID(kDataRejected, DATA_REJECTED);
POSTERN_SAME_ID(kDataDeferred, DATA_DEFERRED);
POSTERN_SAME_ID(kContentAccepted, CONTENT_ACCEPTED);
POSTERN_SAME_ID(kContentRejected, CONTENT_REJECTED);
POSTERN_SAME_ID(kContentDeferred, CONTENT_DEFERRED);
POSTERN_SAME_ID(kContentBareNewline, CONTENT_BARE_NEWLINE);
POSTERN_SAME_ID(kMessageTooLarge, MESSAGE_TOO_LARGE);
POSTERN_SAME_ID(kInsufficientStorage, INSUFFICIENT_STORAGE);
POSTERN_SAME_ID(kRsetOk, RSET_OK);
POSTERN_SAME_ID(kNoopOk, NOOP_OK);
POSTERN_SAME_ID(kQuitOk, QUIT_OK);
POSTERN_SAME_ID(kVrfyOk, VRFY_OK);
POSTERN_SAME_ID(kVrfyCannotVerify, VRFY_CANNOT_VERIFY);
POSTERN_SAME_ID(kVrfyRejected, VRFY_REJECTED);
POSTERN_SAME_ID(kVrfyDeferred, VRFY_DEFERRED);
POSTERN_SAME_ID(kVrfyWillForward, VRFY_WILL_FORWARD);
POSTERN_SAME_ID(kVrfyNotLocal, VRFY_NOT_LOCAL);
POSTERN_SAME_ID(kVrfyAmbiguous, VRFY_AMBIGUOUS);
POSTERN_SAME_ID(kExpnOk, EXPN_OK);
POSTERN_SAME_ID(kExpnRejected, EXPN_REJECTED);
POSTERN_SAME_ID(kExpnDeferred, EXPN_DEFERRED);
POSTERN_SAME_ID(kHelpOverview, HELP_OVERVIEW);
POSTERN_SAME_ID(kHelpTopic, HELP_TOPIC);
POSTERN_SAME_ID(kHelpTopicUnknown, HELP_TOPIC_UNKNOWN);
POSTERN_SAME_ID(kStarttlsReady, STARTTLS_READY);
POSTERN_SAME_ID(kStarttlsRejected, STARTTLS_REJECTED);
POSTERN_SAME_ID(kStarttlsDeferred, STARTTLS_DEFERRED);
POSTERN_SAME_ID(kTlsAlreadyActive, TLS_ALREADY_ACTIVE);
POSTERN_SAME_ID(kTlsRequired, TLS_REQUIRED);
POSTERN_SAME_ID(kUnrecognized, UNRECOGNIZED);
POSTERN_SAME_ID(kEmptyLine, EMPTY_LINE);
POSTERN_SAME_ID(kNotAVerb, NOT_A_VERB);
POSTERN_SAME_ID(kLineTooLong, LINE_TOO_LONG);
POSTERN_SAME_ID(kBareLf, BARE_LF);
POSTERN_SAME_ID(kBareCr, BARE_CR);
POSTERN_SAME_ID(kNulOctet, NUL_OCTET);
POSTERN_SAME_ID(kControlOctet, CONTROL_OCTET);
POSTERN_SAME_ID(kEightBitOctet, EIGHT_BIT_OCTET);
POSTERN_SAME_ID(kBadUtf8, BAD_UTF8);
POSTERN_SAME_ID(kArgumentsUnexpected, ARGUMENTS_UNEXPECTED);
POSTERN_SAME_ID(kArgumentMissing, ARGUMENT_MISSING);
POSTERN_SAME_ID(kBadArgument, BAD_ARGUMENT);
POSTERN_SAME_ID(kBadParameter, BAD_PARAMETER);
POSTERN_SAME_ID(kParameterUnknown, PARAMETER_UNKNOWN);
POSTERN_SAME_ID(kParameterNotInForce, PARAMETER_NOT_IN_FORCE);
POSTERN_SAME_ID(kParameterRepeated, PARAMETER_REPEATED);
POSTERN_SAME_ID(kTooManyParameters, TOO_MANY_PARAMETERS);
POSTERN_SAME_ID(kCommandDisabled, COMMAND_DISABLED);
POSTERN_SAME_ID(kNeedHelo, NEED_HELO);
POSTERN_SAME_ID(kNeedMail, NEED_MAIL);
POSTERN_SAME_ID(kNeedRcpt, NEED_RCPT);
POSTERN_SAME_ID(kNestedMail, NESTED_MAIL);
POSTERN_SAME_ID(kBadSequence, BAD_SEQUENCE);
POSTERN_SAME_ID(kGreetingWasRefused, GREETING_WAS_REFUSED);
POSTERN_SAME_ID(kTooManyErrors, TOO_MANY_ERRORS);
POSTERN_SAME_ID(kTooManyCommands, TOO_MANY_COMMANDS);
POSTERN_SAME_ID(kClientTimeout, CLIENT_TIMEOUT);
POSTERN_SAME_ID(kLineWithoutEnd, LINE_WITHOUT_END);
POSTERN_SAME_ID(kShuttingDown, SHUTTING_DOWN);
POSTERN_SAME_ID(kOutOfMemory, OUT_OF_MEMORY);
POSTERN_SAME_ID(kDisconnectedByPolicy, DISCONNECTED_BY_POLICY);
POSTERN_SAME_ID(kDecisionTimeout, DECISION_TIMEOUT);
POSTERN_SAME_ID(kHostCommandOk, HOST_COMMAND_OK);
POSTERN_SAME_ID(kHostCommandDeferred, HOST_COMMAND_DEFERRED);
#undef POSTERN_SAME_ID

// Section 4.3.2, plus what every command may be answered with for policy or for want of means:
// 451 "error in processing", 554 and the temporary codes (section 4.2.1: 4yz invites a new try).
struct Sequence {
  Situation situation;
  uint16_t codes[16];
};
constexpr Sequence kSequences[] = {
    {Situation::kConnection, {220, 554, 521, 421}},
    {Situation::kHelo, {250, 504, 550, 450, 451}},
    {Situation::kMail, {250, 450, 451, 452, 455, 501, 503, 530, 550, 552, 553, 554, 555}},
    {Situation::kRcpt,
     {250, 251, 450, 451, 452, 455, 501, 503, 530, 550, 551, 552, 553, 554, 555, 556}},
    {Situation::kData, {354, 450, 451, 452, 503, 530, 550, 554}},
    {Situation::kContent, {250, 450, 451, 452, 550, 552, 554}},
    {Situation::kRset, {250}},
    {Situation::kNoop, {250}},
    {Situation::kQuit, {221}},
    {Situation::kVrfy, {250, 251, 252, 450, 451, 501, 504, 530, 550, 551, 553}},
    {Situation::kExpn, {250, 252, 450, 451, 500, 501, 502, 504, 530, 550}},
    {Situation::kHelp, {211, 214, 450, 451, 501, 502, 504}},
    {Situation::kStarttls, {220, 454, 501, 503, 550, 554}},
    {Situation::kAnyLine,
     {500, 501, 502, 503, 504, 450, 451, 452, 454, 530, 550, 551, 552, 553, 554, 555}},
    {Situation::kOther,
     {211, 214, 250, 251, 252, 450, 451, 452, 454, 500, 501, 502, 503, 504, 550, 554}},
};

constexpr std::string_view kNames[kPlaceholderCount] = {
    "server", "client", "verb", "topic", "parameter", "octet", "limit", "commands",
};

}  // namespace

const ReplyRule* FindReplyRule(uint32_t id) noexcept {
  const ReplyRule* rule = std::lower_bound(
      ReplyRulesBegin(), ReplyRulesEnd(), id,
      [](const ReplyRule& r, uint32_t n) { return static_cast<uint32_t>(r.id) < n; });
  return rule != ReplyRulesEnd() && static_cast<uint32_t>(rule->id) == id ? rule : nullptr;
}

const ReplyRule* ReplyRulesBegin() noexcept { return kRules; }
const ReplyRule* ReplyRulesEnd() noexcept { return kRules + kRuleCount; }

bool CodeAllowed(const ReplyRule& rule, uint16_t code) noexcept {
  if (code == 0) return false;
  return std::find(std::begin(rule.codes), std::end(rule.codes), code) != std::end(rule.codes);
}

bool OverrideCodeAllowed(const ReplyRule& rule, uint16_t code) noexcept {
  if (CodeAllowed(rule, code)) return true;
  if (code == 0 || code / 100 != rule.codes[0] / 100) return false;
  // A host's words for "unknown command" must not claim that a known one is missing, nor may a
  // framing fault (F2 to F5) be called anything but 500; and 421 closes, which only the session
  // decides.
  if (code == 421) return false;
  if (rule.situation == Situation::kAnyLine && rule.id != ReplyId::kUnrecognized) return false;
  for (const Sequence& sequence : kSequences) {
    if (sequence.situation != rule.situation) continue;
    return std::find(std::begin(sequence.codes), std::end(sequence.codes), code) !=
           std::end(sequence.codes);
  }
  return false;
}

bool IsCodeAllowed(ReplyId situation, uint16_t code) noexcept {
  const ReplyRule* rule = FindReplyRule(situation);
  return rule != nullptr && OverrideCodeAllowed(*rule, code);
}

bool IsRequiredCommand(Situation situation) noexcept {
  switch (situation) {
    case Situation::kHelo:
    case Situation::kMail:
    case Situation::kRcpt:
    case Situation::kData:
    case Situation::kContent:
    case Situation::kRset:
    case Situation::kNoop:
    case Situation::kQuit:
    case Situation::kVrfy:
      return true;
    default:
      return false;
  }
}

size_t LongestValue(Placeholder placeholder) noexcept {
  switch (placeholder) {
    case Placeholder::kServer:
      return kMaxServer;
    case Placeholder::kClient:
      return kMaxClientValue;
    case Placeholder::kVerb:
    case Placeholder::kTopic:
    case Placeholder::kParameter:
      return kMaxWordValue;
    case Placeholder::kOctet:
      return kMaxOctetValue;
    case Placeholder::kLimit:
      return kMaxLimitValue;
    case Placeholder::kCommands:
      return 0;
  }
  return 0;
}

std::string_view PlaceholderName(Placeholder placeholder) noexcept {
  return kNames[static_cast<size_t>(placeholder)];
}

bool FindPlaceholder(std::string_view name, Placeholder* placeholder) noexcept {
  for (size_t i = 0; i < kPlaceholderCount; ++i) {
    if (kNames[i] != name) continue;
    *placeholder = static_cast<Placeholder>(i);
    return true;
  }
  return false;
}

std::string PlaceholderList(uint8_t set) {
  std::string list;
  for (size_t i = 0; i < kPlaceholderCount; ++i) {
    if (!Allows(set, static_cast<Placeholder>(i))) continue;
    if (!list.empty()) list += ' ';
    list.append("{").append(kNames[i]).append("}");
  }
  return list;
}

std::string CodeList(const ReplyRule& rule) {
  std::string list;
  for (const uint16_t code : rule.codes) {
    if (code == 0) break;
    if (!list.empty()) list += " or ";
    list += std::to_string(code);
  }
  return list;
}

}  // namespace postern::replies
