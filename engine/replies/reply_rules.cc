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

// The numbers cross as protobuf: the two enums are one.
template <ReplyId ours, postern::v1::ReplyId theirs>
constexpr ReplyId SameId() {
  static_assert(static_cast<int>(ours) == static_cast<int>(theirs), "reply_id.h differs");
  return ours;
}
static_assert(postern::v1::ReplyId_ARRAYSIZE == kReplyIdLimit, "kReplyIdLimit");

// id, its name, what it answers, enhanced code, server name first, placeholders, codes
#define RULE(id, name, situation, enhanced, server, placeholders, ...)                            \
  {                                                                                               \
    SameId<ReplyId::id, postern::v1::name>(), #name, Situation::situation, EnhancedUse::enhanced, \
        server, placeholders, {                                                                   \
      __VA_ARGS__                                                                                 \
    }                                                                                             \
  }

constexpr ReplyRule kRules[] = {
    RULE(kGreeting, GREETING, kConnection, kForbidden, true, kS, 220),
    RULE(kGreetingRefused, GREETING_REFUSED, kConnection, kForbidden, false, kS, 554, 521),
    RULE(kGreetingDeferred, GREETING_DEFERRED, kConnection, kForbidden, true, kS, 421),
    RULE(kHeloOk, HELO_OK, kHelo, kForbidden, true, kS | kC, 250),
    RULE(kEhloOk, EHLO_OK, kHelo, kForbidden, true, kS | kC, 250),
    RULE(kHeloRejected, HELO_REJECTED, kHelo, kOptional, false, kS | kC, 550, 504),
    RULE(kHeloDeferred, HELO_DEFERRED, kHelo, kOptional, false, kS | kC, 451, 450),
    RULE(kBadHeloName, BAD_HELO_NAME, kHelo, kOptional, false, kS, 501),
    RULE(kMailOk, MAIL_OK, kMail, kRequired, false, kS | kC, 250),
    RULE(kMailRejected, MAIL_REJECTED, kMail, kRequired, false, kS | kC, 550, 552, 553, 554),
    RULE(kMailDeferred, MAIL_DEFERRED, kMail, kRequired, false, kS | kC, 451, 450, 452, 455),
    RULE(kBadReversePath, BAD_REVERSE_PATH, kMail, kRequired, false, kS, 501, 553),
    RULE(kReversePathWithoutBrackets, REVERSE_PATH_WITHOUT_BRACKETS, kMail, kRequired, false, kS,
         501, 553),
    RULE(kReversePathWithoutDomain, REVERSE_PATH_WITHOUT_DOMAIN, kMail, kRequired, false, kS, 501,
         553),
    RULE(kReversePathTooLong, REVERSE_PATH_TOO_LONG, kMail, kRequired, false, kS, 501, 553),
    RULE(kReversePathAfterSpace, REVERSE_PATH_AFTER_SPACE, kMail, kRequired, false, kS, 501, 553),
    RULE(kNonAsciiReversePath, NON_ASCII_REVERSE_PATH, kMail, kRequired, false, kS, 550, 553),
    RULE(kRcptOk, RCPT_OK, kRcpt, kRequired, false, kS | kC, 250),
    RULE(kRcptRejected, RCPT_REJECTED, kRcpt, kRequired, false, kS | kC, 550, 553, 554, 556),
    RULE(kRcptDeferred, RCPT_DEFERRED, kRcpt, kRequired, false, kS | kC, 450, 451, 452, 455),
    RULE(kBadForwardPath, BAD_FORWARD_PATH, kRcpt, kRequired, false, kS, 501, 553),
    RULE(kForwardPathWithoutBrackets, FORWARD_PATH_WITHOUT_BRACKETS, kRcpt, kRequired, false, kS,
         501, 553),
    RULE(kForwardPathWithoutDomain, FORWARD_PATH_WITHOUT_DOMAIN, kRcpt, kRequired, false, kS, 501,
         553),
    RULE(kForwardPathTooLong, FORWARD_PATH_TOO_LONG, kRcpt, kRequired, false, kS, 501, 553),
    RULE(kForwardPathAfterSpace, FORWARD_PATH_AFTER_SPACE, kRcpt, kRequired, false, kS, 501, 553),
    RULE(kNonAsciiForwardPath, NON_ASCII_FORWARD_PATH, kRcpt, kRequired, false, kS, 553, 550),
    RULE(kTooManyRecipients, TOO_MANY_RECIPIENTS, kRcpt, kRequired, false, kS | kL, 452),
    RULE(kRelayDenied, RELAY_DENIED, kRcpt, kRequired, false, kS | kC, 550, 551, 554),
    RULE(kMailboxFull, MAILBOX_FULL, kRcpt, kRequired, false, kS, 552, 452, 450),
    RULE(kRcptWillForward, RCPT_WILL_FORWARD, kRcpt, kRequired, false, kS, 251),
    RULE(kRcptNotLocal, RCPT_NOT_LOCAL, kRcpt, kRequired, false, kS, 551),
    RULE(kDataStart, DATA_START, kData, kForbidden, false, kS | kL, 354),
    RULE(kDataRejected, DATA_REJECTED, kData, kRequired, false, kS | kC, 554, 550),
    RULE(kDataDeferred, DATA_DEFERRED, kData, kRequired, false, kS | kC, 451, 450, 452),
    RULE(kContentAccepted, CONTENT_ACCEPTED, kContent, kRequired, false, kS | kC, 250),
    RULE(kContentRejected, CONTENT_REJECTED, kContent, kRequired, false, kS | kC, 554, 550, 552),
    RULE(kContentDeferred, CONTENT_DEFERRED, kContent, kRequired, false, kS | kC, 451, 450, 452),
    RULE(kContentBareNewline, CONTENT_BARE_NEWLINE, kContent, kRequired, false, kS, 554, 550),
    RULE(kMessageTooLarge, MESSAGE_TOO_LARGE, kContent, kRequired, false, kS | kL, 552),
    RULE(kInsufficientStorage, INSUFFICIENT_STORAGE, kContent, kRequired, false, kS, 452),
    RULE(kRsetOk, RSET_OK, kRset, kRequired, false, kS, 250),
    RULE(kNoopOk, NOOP_OK, kNoop, kRequired, false, kS, 250),
    RULE(kQuitOk, QUIT_OK, kQuit, kRequired, true, kS | kC, 221),
    RULE(kVrfyOk, VRFY_OK, kVrfy, kRequired, false, kS, 250, 252),
    RULE(kVrfyCannotVerify, VRFY_CANNOT_VERIFY, kVrfy, kRequired, false, kS, 252),
    RULE(kVrfyRejected, VRFY_REJECTED, kVrfy, kRequired, false, kS, 550, 553),
    RULE(kVrfyDeferred, VRFY_DEFERRED, kVrfy, kRequired, false, kS, 451, 450),
    RULE(kVrfyWillForward, VRFY_WILL_FORWARD, kVrfy, kRequired, false, kS, 251),
    RULE(kVrfyNotLocal, VRFY_NOT_LOCAL, kVrfy, kRequired, false, kS, 551),
    RULE(kVrfyAmbiguous, VRFY_AMBIGUOUS, kVrfy, kRequired, false, kS, 553),
    RULE(kExpnOk, EXPN_OK, kExpn, kRequired, false, kS, 250, 252),
    RULE(kExpnRejected, EXPN_REJECTED, kExpn, kRequired, false, kS, 550),
    RULE(kExpnDeferred, EXPN_DEFERRED, kExpn, kRequired, false, kS, 451, 450),
    RULE(kHelpOverview, HELP_OVERVIEW, kHelp, kRequired, false, kS | kM, 214),
    RULE(kHelpTopic, HELP_TOPIC, kHelp, kRequired, false, kS | kT, 214),
    RULE(kHelpTopicUnknown, HELP_TOPIC_UNKNOWN, kHelp, kRequired, false, kS | kT, 504),
    RULE(kStarttlsReady, STARTTLS_READY, kStarttls, kRequired, false, kS, 220),
    RULE(kStarttlsRejected, STARTTLS_REJECTED, kStarttls, kRequired, false, kS, 554, 550),
    RULE(kStarttlsDeferred, STARTTLS_DEFERRED, kStarttls, kRequired, false, kS, 454),
    RULE(kTlsAlreadyActive, TLS_ALREADY_ACTIVE, kStarttls, kRequired, false, kS, 503),
    RULE(kTlsRequired, TLS_REQUIRED, kAnyLine, kRequired, false, kS, 530),
    RULE(kUnrecognized, UNRECOGNIZED, kAnyLine, kRequired, false, kS | kV, 500),
    RULE(kEmptyLine, EMPTY_LINE, kAnyLine, kRequired, false, kS, 500),
    RULE(kNotAVerb, NOT_A_VERB, kAnyLine, kRequired, false, kS, 500),
    RULE(kLineTooLong, LINE_TOO_LONG, kAnyLine, kRequired, false, kS | kL, 500),
    RULE(kBareLf, BARE_LF, kAnyLine, kRequired, false, kS, 500),
    RULE(kBareCr, BARE_CR, kAnyLine, kRequired, false, kS, 500),
    RULE(kNulOctet, NUL_OCTET, kAnyLine, kRequired, false, kS, 500),
    RULE(kControlOctet, CONTROL_OCTET, kAnyLine, kRequired, false, kS | kO, 500),
    RULE(kEightBitOctet, EIGHT_BIT_OCTET, kAnyLine, kRequired, false, kS | kO, 500),
    RULE(kBadUtf8, BAD_UTF8, kAnyLine, kRequired, false, kS | kO, 500),
    RULE(kArgumentsUnexpected, ARGUMENTS_UNEXPECTED, kAnyLine, kRequired, false, kS | kV, 501),
    RULE(kArgumentMissing, ARGUMENT_MISSING, kAnyLine, kRequired, false, kS | kV, 501),
    RULE(kBadArgument, BAD_ARGUMENT, kAnyLine, kRequired, false, kS | kV, 501),
    RULE(kBadParameter, BAD_PARAMETER, kAnyLine, kRequired, false, kS | kP, 501),
    RULE(kParameterUnknown, PARAMETER_UNKNOWN, kAnyLine, kRequired, false, kS | kP, 555),
    RULE(kParameterNotInForce, PARAMETER_NOT_IN_FORCE, kAnyLine, kRequired, false, kS | kP, 555),
    RULE(kParameterRepeated, PARAMETER_REPEATED, kAnyLine, kRequired, false, kS | kP, 555),
    RULE(kTooManyParameters, TOO_MANY_PARAMETERS, kAnyLine, kRequired, false, kS, 501),
    RULE(kCommandDisabled, COMMAND_DISABLED, kAnyLine, kRequired, false, kS | kV, 502),
    RULE(kNeedHelo, NEED_HELO, kAnyLine, kRequired, false, kS, 503),
    RULE(kNeedMail, NEED_MAIL, kAnyLine, kRequired, false, kS, 503),
    RULE(kNeedRcpt, NEED_RCPT, kData, kRequired, false, kS, 503, 554),
    RULE(kNestedMail, NESTED_MAIL, kMail, kRequired, false, kS, 503),
    RULE(kBadSequence, BAD_SEQUENCE, kAnyLine, kRequired, false, kS, 503),
    RULE(kGreetingWasRefused, GREETING_WAS_REFUSED, kAnyLine, kRequired, false, kS, 503),
    RULE(kTooManyErrors, TOO_MANY_ERRORS, kAnyLine, kRequired, true, kS | kL, 421),
    RULE(kTooManyCommands, TOO_MANY_COMMANDS, kAnyLine, kRequired, true, kS | kL, 421),
    RULE(kClientTimeout, CLIENT_TIMEOUT, kAnyLine, kRequired, true, kS, 421),
    RULE(kLineWithoutEnd, LINE_WITHOUT_END, kAnyLine, kRequired, true, kS, 421),
    RULE(kShuttingDown, SHUTTING_DOWN, kAnyLine, kRequired, true, kS, 421),
    RULE(kOutOfMemory, OUT_OF_MEMORY, kAnyLine, kRequired, true, kS, 421),
    RULE(kDisconnectedByPolicy, DISCONNECTED_BY_POLICY, kAnyLine, kRequired, true, kS, 421),
    RULE(kDecisionTimeout, DECISION_TIMEOUT, kAnyLine, kRequired, false, kS, 451, 450),
    RULE(kHostCommandOk, HOST_COMMAND_OK, kOther, kRequired, false, kS, 250, 211, 214, 252),
    RULE(kHostCommandDeferred, HOST_COMMAND_DEFERRED, kOther, kRequired, false, kS, 451, 450, 452,
         454),
    RULE(kChunkOk, CHUNK_OK, kContent, kRequired, false, kS | kC, 250),
    RULE(kChunkRejected, CHUNK_REJECTED, kContent, kRequired, false, kS | kC, 554, 550, 552),
    RULE(kChunkDeferred, CHUNK_DEFERRED, kContent, kRequired, false, kS | kC, 451, 450, 452),
    RULE(kBdatSizeUnknown, BDAT_SIZE_UNKNOWN, kAnyLine, kRequired, false, kS, 501),
    RULE(kBdatOutOfPlace, BDAT_OUT_OF_PLACE, kAnyLine, kRequired, false, kS, 503),
    RULE(kDataAfterBdat, DATA_AFTER_BDAT, kAnyLine, kRequired, false, kS, 503),
    RULE(kBinarymimeNeedsBdat, BINARYMIME_NEEDS_BDAT, kAnyLine, kRequired, false, kS, 503),
    RULE(kAuthOk, AUTH_OK, kAuth, kRequired, false, kS, 235),
    RULE(kAuthChallenge, AUTH_CHALLENGE, kAuth, kForbidden, false, kS, 334),
    RULE(kAuthRejected, AUTH_REJECTED, kAuth, kRequired, false, kS, 535),
    RULE(kAuthDeferred, AUTH_DEFERRED, kAuth, kRequired, false, kS, 454),
    RULE(kAuthCancelled, AUTH_CANCELLED, kAuth, kRequired, false, kS, 501),
    RULE(kAuthBadBase64, AUTH_BAD_BASE64, kAuth, kRequired, false, kS, 501),
    RULE(kAuthLineTooLong, AUTH_LINE_TOO_LONG, kAuth, kRequired, false, kS | kL, 500),
    RULE(kAuthMechanismUnknown, AUTH_MECHANISM_UNKNOWN, kAuth, kRequired, false, kS, 504),
    RULE(kAuthAlready, AUTH_ALREADY, kAuth, kRequired, false, kS, 503),
    RULE(kAuthNeedsTls, AUTH_NEEDS_TLS, kAuth, kRequired, false, kS, 538, 504),
    RULE(kAuthTooWeak, AUTH_TOO_WEAK, kAuth, kRequired, false, kS, 534),
    RULE(kAuthTransition, AUTH_TRANSITION, kAuth, kRequired, false, kS, 432),
    RULE(kAuthRequired, AUTH_REQUIRED, kAnyLine, kRequired, false, kS, 530),
    RULE(kAuthResponseUnwanted, AUTH_RESPONSE_UNWANTED, kAuth, kRequired, false, kS, 501),
    RULE(kAuthMalformed, AUTH_MALFORMED, kAuth, kRequired, false, kS, 501),
    RULE(kDeliverByTooSoon, DELIVERBY_TOO_SOON, kMail, kRequired, false, kS | kL, 555),
    RULE(kHoldRefused, HOLD_REFUSED, kMail, kRequired, false, kS | kL, 501),
    RULE(kPriorityRefused, PRIORITY_REFUSED, kMail, kRequired, false, kS, 550, 450),
    RULE(kTooManyTransactions, TOO_MANY_TRANSACTIONS, kMail, kRequired, false, kS | kL, 452),
    RULE(kTooManyDomains, TOO_MANY_DOMAINS, kRcpt, kRequired, false, kS, 452),
    RULE(kParameterDeferred, PARAMETER_DEFERRED, kAnyLine, kRequired, false, kS | kP, 455, 450, 451,
         452),
    RULE(kSenderDomainIncomplete, SENDER_DOMAIN_INCOMPLETE, kMail, kRequired, false, kS, 554, 550,
         553),
    RULE(kRecipientDomainIncomplete, RECIPIENT_DOMAIN_INCOMPLETE, kRcpt, kRequired, false, kS, 554,
         550, 553),
    RULE(kLmtpGreeting, LMTP_GREETING, kConnection, kForbidden, true, kS, 220),
    RULE(kNeedLhlo, NEED_LHLO, kAnyLine, kRequired, false, kS, 503),
    RULE(kPeerNotTrusted, PEER_NOT_TRUSTED, kAnyLine, kRequired, false, kS | kV, 550),
    RULE(kXclientRejected, XCLIENT_REJECTED, kOther, kRequired, false, kS, 550, 554),
    RULE(kXclientDeferred, XCLIENT_DEFERRED, kOther, kRequired, false, kS, 451, 450),
    RULE(kXforwardOk, XFORWARD_OK, kOther, kRequired, false, kS, 250),
    RULE(kXforwardRejected, XFORWARD_REJECTED, kOther, kRequired, false, kS, 550, 554),
    RULE(kXforwardDeferred, XFORWARD_DEFERRED, kOther, kRequired, false, kS, 451, 450),
    RULE(kEtrnOk, ETRN_OK, kEtrn, kRequired, false, kS, 250, 251, 252, 253),
    RULE(kEtrnNothingWaits, ETRN_NOTHING_WAITS, kEtrn, kRequired, false, kS, 251),
    RULE(kEtrnPending, ETRN_PENDING, kEtrn, kRequired, false, kS, 252),
    RULE(kEtrnCounted, ETRN_COUNTED, kEtrn, kRequired, false, kS, 253),
    RULE(kEtrnRejected, ETRN_REJECTED, kEtrn, kRequired, false, kS, 459),
    RULE(kEtrnDeferred, ETRN_DEFERRED, kEtrn, kRequired, false, kS, 458, 451),
    RULE(kAtrnOk, ATRN_OK, kAtrn, kRequired, false, kS, 250),
    RULE(kAtrnRejected, ATRN_REJECTED, kAtrn, kRequired, false, kS, 450),
    RULE(kAtrnDeferred, ATRN_DEFERRED, kAtrn, kRequired, false, kS, 451),
    RULE(kAtrnNothingWaits, ATRN_NOTHING_WAITS, kAtrn, kRequired, false, kS, 453),
    RULE(kBurlOk, BURL_OK, kContent, kRequired, false, kS | kC, 250),
    RULE(kBurlRejected, BURL_REJECTED, kContent, kRequired, false, kS | kC, 554, 550, 552),
    RULE(kBurlDeferred, BURL_DEFERRED, kContent, kRequired, false, kS | kC, 451, 450, 452),
    RULE(kBurlNotTrusted, BURL_NOT_TRUSTED, kContent, kRequired, false, kS | kC, 554, 550),
};
#undef RULE
constexpr size_t kRuleCount = sizeof(kRules) / sizeof(kRules[0]);
static_assert(kRuleCount == 148, "one rule per id");

constexpr bool Ascending() {
  for (size_t i = 1; i < kRuleCount; ++i) {
    if (kRules[i - 1].id >= kRules[i].id) return false;
  }
  return static_cast<size_t>(kRules[kRuleCount - 1].id) + 1 == kReplyIdLimit;
}
static_assert(Ascending(), "FindReplyRule searches by halves");

// Section 4.3.2, plus what every command may be answered with for policy or for want of means:
// 451 "error in processing", 554 and the temporary codes (section 4.2.1: 4yz invites a new try).
struct Sequence {
  Situation situation;
  uint16_t codes[17];
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
    // Not 500 and 502: a host is asked only of what is in force, and what EHLO lists is never
    // answered so (C502).
    {Situation::kExpn, {250, 252, 450, 451, 501, 504, 530, 550}},
    {Situation::kHelp, {211, 214, 450, 451, 501, 504}},
    {Situation::kStarttls, {220, 454, 501, 503, 550, 554}},
    {Situation::kAuth, {235, 334, 432, 450, 451, 454, 500, 501, 504, 534, 535, 538, 550, 554}},
    {Situation::kAnyLine,
     {500, 501, 502, 503, 504, 450, 451, 452, 454, 455, 530, 550, 551, 552, 553, 554, 555}},
    // What RFC 1985 section 5.1 and RFC 2645 section 7 list: refusals are of class 4.
    {Situation::kEtrn, {250, 251, 252, 253, 451, 458, 459}},
    {Situation::kAtrn, {250, 450, 451, 453}},
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
  Situation situation = rule.situation;
  // A host that knows the parameter may find its value malformed, or refuse what it asks for.
  if (rule.id == ReplyId::kParameterUnknown || rule.id == ReplyId::kParameterDeferred) {
    situation = Situation::kMail;
  } else if (situation == Situation::kAnyLine && rule.id != ReplyId::kUnrecognized) {
    return false;
  }
  for (const Sequence& sequence : kSequences) {
    if (sequence.situation != situation) continue;
    return std::find(std::begin(sequence.codes), std::end(sequence.codes), code) !=
           std::end(sequence.codes);
  }
  return false;
}

bool MayStandFor(const ReplyRule& chosen, const ReplyRule& situation, uint16_t code) noexcept {
  if (chosen.id == situation.id) return true;
  if (chosen.id == ReplyId::kEhloOk || situation.id == ReplyId::kEhloOk) return false;
  if (!OverrideCodeAllowed(situation, code)) return false;
  if (situation.begins_with_server && !chosen.begins_with_server) return false;
  // A refusal of HELO may go with or without; elsewhere a table may have left it out of one.
  if (situation.enhanced == EnhancedUse::kOptional) {
    return chosen.enhanced != EnhancedUse::kForbidden;
  }
  return chosen.enhanced == situation.enhanced;
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
