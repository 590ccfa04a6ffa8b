// SPDX-License-Identifier: Apache-2.0

#include "fuzz/model/replies.h"

namespace postern::fuzz::model {
namespace {

constexpr Situation kSituations[] = {
    {kGreeting, 220, "", 1, "GREETING"},
    {kGreetingRefused, 554, "", 1, "GREETING_REFUSED"},
    {kGreetingDeferred, 421, "", 1, "GREETING_DEFERRED"},
    {kHeloOk, 250, "", 1, "HELO_OK"},
    {kEhloOk, 250, "", 1, "EHLO_OK"},
    {kHeloRejected, 550, "5.7.1", 1, "HELO_REJECTED"},
    {kHeloDeferred, 451, "4.7.1", 1, "HELO_DEFERRED"},
    {kBadHeloName, 501, "5.5.4", 1, "BAD_HELO_NAME"},
    {kMailOk, 250, "2.1.0", 1, "MAIL_OK"},
    {kMailRejected, 550, "5.7.1", 1, "MAIL_REJECTED"},
    {kMailDeferred, 451, "4.7.1", 1, "MAIL_DEFERRED"},
    {kBadReversePath, 501, "5.1.7", 1, "BAD_REVERSE_PATH"},
    {kReversePathWithoutBrackets, 501, "5.1.7", 1, "REVERSE_PATH_WITHOUT_BRACKETS"},
    {kReversePathWithoutDomain, 501, "5.1.7", 1, "REVERSE_PATH_WITHOUT_DOMAIN"},
    {kReversePathTooLong, 501, "5.1.7", 1, "REVERSE_PATH_TOO_LONG"},
    {kReversePathAfterSpace, 501, "5.1.7", 1, "REVERSE_PATH_AFTER_SPACE"},
    {kNonAsciiReversePath, 550, "5.6.7", 1, "NON_ASCII_REVERSE_PATH"},
    {kRcptOk, 250, "2.1.5", 1, "RCPT_OK"},
    {kRcptRejected, 550, "5.1.1", 1, "RCPT_REJECTED"},
    {kRcptDeferred, 450, "4.2.0", 1, "RCPT_DEFERRED"},
    {kBadForwardPath, 501, "5.1.3", 1, "BAD_FORWARD_PATH"},
    {kForwardPathWithoutBrackets, 501, "5.1.3", 1, "FORWARD_PATH_WITHOUT_BRACKETS"},
    {kForwardPathWithoutDomain, 501, "5.1.3", 1, "FORWARD_PATH_WITHOUT_DOMAIN"},
    {kForwardPathTooLong, 501, "5.1.3", 1, "FORWARD_PATH_TOO_LONG"},
    {kForwardPathAfterSpace, 501, "5.1.3", 1, "FORWARD_PATH_AFTER_SPACE"},
    {kNonAsciiForwardPath, 553, "5.6.7", 1, "NON_ASCII_FORWARD_PATH"},
    {kTooManyRecipients, 452, "4.5.3", 1, "TOO_MANY_RECIPIENTS"},
    {kRelayDenied, 550, "5.7.1", 1, "RELAY_DENIED"},
    {kMailboxFull, 552, "5.2.2", 1, "MAILBOX_FULL"},
    {kRcptWillForward, 251, "2.1.5", 1, "RCPT_WILL_FORWARD"},
    {kRcptNotLocal, 551, "5.1.6", 1, "RCPT_NOT_LOCAL"},
    {kDataStart, 354, "", 1, "DATA_START"},
    {kDataRejected, 554, "5.7.1", 1, "DATA_REJECTED"},
    {kDataDeferred, 451, "4.7.1", 1, "DATA_DEFERRED"},
    {kContentAccepted, 250, "2.0.0", 1, "CONTENT_ACCEPTED"},
    {kContentRejected, 554, "5.7.1", 1, "CONTENT_REJECTED"},
    {kContentDeferred, 451, "4.3.0", 1, "CONTENT_DEFERRED"},
    {kContentBareNewline, 554, "5.6.0", 2, "CONTENT_BARE_NEWLINE"},
    {kMessageTooLarge, 552, "5.3.4", 1, "MESSAGE_TOO_LARGE"},
    {kInsufficientStorage, 452, "4.3.1", 1, "INSUFFICIENT_STORAGE"},
    {kRsetOk, 250, "2.0.0", 1, "RSET_OK"},
    {kNoopOk, 250, "2.0.0", 1, "NOOP_OK"},
    {kQuitOk, 221, "2.0.0", 1, "QUIT_OK"},
    {kVrfyOk, 250, "2.1.5", 1, "VRFY_OK"},
    {kVrfyCannotVerify, 252, "2.0.0", 1, "VRFY_CANNOT_VERIFY"},
    {kVrfyRejected, 550, "5.1.1", 1, "VRFY_REJECTED"},
    {kVrfyDeferred, 451, "4.3.0", 1, "VRFY_DEFERRED"},
    {kVrfyWillForward, 251, "2.1.5", 1, "VRFY_WILL_FORWARD"},
    {kVrfyNotLocal, 551, "5.1.6", 1, "VRFY_NOT_LOCAL"},
    {kVrfyAmbiguous, 553, "5.1.4", 1, "VRFY_AMBIGUOUS"},
    {kExpnOk, 250, "2.1.5", 1, "EXPN_OK"},
    {kExpnRejected, 550, "5.7.2", 1, "EXPN_REJECTED"},
    {kExpnDeferred, 451, "4.3.0", 1, "EXPN_DEFERRED"},
    {kHelpOverview, 214, "2.0.0", 4, "HELP_OVERVIEW"},
    {kHelpTopic, 214, "2.0.0", 1, "HELP_TOPIC"},
    {kHelpTopicUnknown, 504, "5.5.4", 1, "HELP_TOPIC_UNKNOWN"},
    {kStarttlsReady, 220, "2.0.0", 1, "STARTTLS_READY"},
    {kStarttlsRejected, 554, "5.7.0", 1, "STARTTLS_REJECTED"},
    {kStarttlsDeferred, 454, "4.7.0", 1, "STARTTLS_DEFERRED"},
    {kTlsAlreadyActive, 503, "5.5.1", 1, "TLS_ALREADY_ACTIVE"},
    {kTlsRequired, 530, "5.7.0", 1, "TLS_REQUIRED"},
    {kUnrecognized, 500, "5.5.1", 1, "UNRECOGNIZED"},
    {kEmptyLine, 500, "5.5.1", 1, "EMPTY_LINE"},
    {kNotAVerb, 500, "5.5.1", 1, "NOT_A_VERB"},
    {kLineTooLong, 500, "5.5.2", 1, "LINE_TOO_LONG"},
    {kBareLf, 500, "5.5.2", 1, "BARE_LF"},
    {kBareCr, 500, "5.5.2", 1, "BARE_CR"},
    {kNulOctet, 500, "5.5.2", 1, "NUL_OCTET"},
    {kControlOctet, 500, "5.5.2", 1, "CONTROL_OCTET"},
    {kEightBitOctet, 500, "5.5.2", 1, "EIGHT_BIT_OCTET"},
    {kBadUtf8, 500, "5.5.2", 1, "BAD_UTF8"},
    {kArgumentsUnexpected, 501, "5.5.4", 1, "ARGUMENTS_UNEXPECTED"},
    {kArgumentMissing, 501, "5.5.4", 1, "ARGUMENT_MISSING"},
    {kBadArgument, 501, "5.5.4", 1, "BAD_ARGUMENT"},
    {kBadParameter, 501, "5.5.4", 1, "BAD_PARAMETER"},
    {kParameterUnknown, 555, "5.5.4", 1, "PARAMETER_UNKNOWN"},
    {kParameterNotInForce, 555, "5.5.4", 1, "PARAMETER_NOT_IN_FORCE"},
    {kParameterRepeated, 555, "5.5.4", 1, "PARAMETER_REPEATED"},
    {kTooManyParameters, 501, "5.5.4", 1, "TOO_MANY_PARAMETERS"},
    {kCommandDisabled, 502, "5.5.1", 1, "COMMAND_DISABLED"},
    {kNeedHelo, 503, "5.5.1", 1, "NEED_HELO"},
    {kNeedMail, 503, "5.5.1", 1, "NEED_MAIL"},
    {kNeedRcpt, 503, "5.5.1", 1, "NEED_RCPT"},
    {kNestedMail, 503, "5.5.1", 1, "NESTED_MAIL"},
    {kBadSequence, 503, "5.5.1", 1, "BAD_SEQUENCE"},
    {kGreetingWasRefused, 503, "5.5.1", 1, "GREETING_WAS_REFUSED"},
    {kTooManyErrors, 421, "4.7.0", 1, "TOO_MANY_ERRORS"},
    {kTooManyCommands, 421, "4.7.0", 1, "TOO_MANY_COMMANDS"},
    {kClientTimeout, 421, "4.4.2", 1, "CLIENT_TIMEOUT"},
    {kLineWithoutEnd, 421, "4.7.0", 1, "LINE_WITHOUT_END"},
    {kShuttingDown, 421, "4.3.2", 1, "SHUTTING_DOWN"},
    {kOutOfMemory, 421, "4.3.0", 1, "OUT_OF_MEMORY"},
    {kDisconnectedByPolicy, 421, "4.7.0", 1, "DISCONNECTED_BY_POLICY"},
    {kDecisionTimeout, 451, "4.3.0", 1, "DECISION_TIMEOUT"},
    {kHostCommandOk, 250, "2.0.0", 1, "HOST_COMMAND_OK"},
    {kHostCommandDeferred, 451, "4.3.0", 1, "HOST_COMMAND_DEFERRED"},
    {kChunkOk, 250, "2.0.0", 1, "CHUNK_OK"},
    {kChunkRejected, 554, "5.7.1", 1, "CHUNK_REJECTED"},
    {kChunkDeferred, 451, "4.3.0", 1, "CHUNK_DEFERRED"},
    {kBdatSizeUnknown, 501, "5.5.4", 1, "BDAT_SIZE_UNKNOWN"},
    {kBdatOutOfPlace, 503, "5.5.1", 1, "BDAT_OUT_OF_PLACE"},
    {kDataAfterBdat, 503, "5.5.1", 1, "DATA_AFTER_BDAT"},
    {kBinarymimeNeedsBdat, 503, "5.5.1", 1, "BINARYMIME_NEEDS_BDAT"},
    {kAuthOk, 235, "2.7.0", 1, "AUTH_OK"},
    {kAuthChallenge, 334, "", 1, "AUTH_CHALLENGE"},
    {kAuthRejected, 535, "5.7.8", 1, "AUTH_REJECTED"},
    {kAuthDeferred, 454, "4.7.0", 1, "AUTH_DEFERRED"},
    {kAuthCancelled, 501, "5.7.0", 1, "AUTH_CANCELLED"},
    {kAuthBadBase64, 501, "5.5.2", 1, "AUTH_BAD_BASE64"},
    {kAuthLineTooLong, 500, "5.5.6", 1, "AUTH_LINE_TOO_LONG"},
    {kAuthMechanismUnknown, 504, "5.5.4", 1, "AUTH_MECHANISM_UNKNOWN"},
    {kAuthAlready, 503, "5.5.1", 1, "AUTH_ALREADY"},
    {kAuthNeedsTls, 538, "5.7.11", 1, "AUTH_NEEDS_TLS"},
    {kAuthTooWeak, 534, "5.7.9", 1, "AUTH_TOO_WEAK"},
    {kAuthTransition, 432, "4.7.12", 1, "AUTH_TRANSITION"},
    {kAuthRequired, 530, "5.7.0", 1, "AUTH_REQUIRED"},
    {kAuthResponseUnwanted, 501, "5.7.0", 1, "AUTH_RESPONSE_UNWANTED"},
    {kAuthMalformed, 501, "5.5.2", 1, "AUTH_MALFORMED"},
    {kDeliverByTooSoon, 555, "5.5.4", 1, "DELIVERBY_TOO_SOON"},
    {kHoldRefused, 501, "5.5.4", 1, "HOLD_REFUSED"},
    {kPriorityRefused, 550, "5.7.15", 1, "PRIORITY_REFUSED"},
    {kTooManyTransactions, 452, "4.5.3", 1, "TOO_MANY_TRANSACTIONS"},
    {kTooManyDomains, 452, "4.5.3", 1, "TOO_MANY_DOMAINS"},
    {kParameterDeferred, 455, "4.5.4", 1, "PARAMETER_DEFERRED"},
    {kSenderDomainIncomplete, 554, "5.1.8", 1, "SENDER_DOMAIN_INCOMPLETE"},
    {kRecipientDomainIncomplete, 554, "5.1.2", 1, "RECIPIENT_DOMAIN_INCOMPLETE"},
    {kLmtpGreeting, 220, "", 1, "LMTP_GREETING"},
    {kNeedLhlo, 503, "5.5.1", 1, "NEED_LHLO"},
    {kPeerNotTrusted, 550, "5.7.1", 1, "PEER_NOT_TRUSTED"},
    {kXclientRejected, 550, "5.7.1", 1, "XCLIENT_REJECTED"},
    {kXclientDeferred, 451, "4.7.1", 1, "XCLIENT_DEFERRED"},
    {kXforwardOk, 250, "2.0.0", 1, "XFORWARD_OK"},
    {kXforwardRejected, 550, "5.7.1", 1, "XFORWARD_REJECTED"},
    {kXforwardDeferred, 451, "4.7.1", 1, "XFORWARD_DEFERRED"},
    {kEtrnOk, 250, "2.5.0", 1, "ETRN_OK"},
    {kEtrnNothingWaits, 251, "2.5.0", 1, "ETRN_NOTHING_WAITS"},
    {kEtrnPending, 252, "2.5.0", 1, "ETRN_PENDING"},
    {kEtrnCounted, 253, "2.5.0", 1, "ETRN_COUNTED"},
    {kEtrnRejected, 459, "4.5.0", 1, "ETRN_REJECTED"},
    {kEtrnDeferred, 458, "4.5.0", 1, "ETRN_DEFERRED"},
    {kAtrnOk, 250, "2.0.0", 1, "ATRN_OK"},
    {kAtrnRejected, 450, "4.7.0", 1, "ATRN_REJECTED"},
    {kAtrnDeferred, 451, "4.3.0", 1, "ATRN_DEFERRED"},
    {kAtrnNothingWaits, 453, "4.3.2", 1, "ATRN_NOTHING_WAITS"},
    {kBurlOk, 250, "2.5.0", 1, "BURL_OK"},
    {kBurlRejected, 554, "5.6.6", 1, "BURL_REJECTED"},
    {kBurlDeferred, 451, "4.4.1", 1, "BURL_DEFERRED"},
    {kBurlNotTrusted, 554, "5.7.14", 1, "BURL_NOT_TRUSTED"},
};

}  // namespace

Situation Find(uint32_t id, const Setup& setup) {
  Situation found = {};
  for (const Situation& situation : kSituations) {
    if (situation.id == id) found = situation;
  }
  if (found.id == 0) return found;
  switch (setup.table) {
    case TableChoice::kOtherCodes:
      if (id == kRcptRejected) found = {id, 553, "5.1.1", 2, found.name};
      if (id == kContentRejected) found = {id, 550, "5.7.1", 1, found.name};
      if (id == kUnrecognized) found = {id, 500, "5.5.1", 2, found.name};
      break;
    default:
      break;
  }
  found.lines += Footers(found.code, setup);
  return found;
}

bool IsSituationName(std::string_view upper) {
  for (const Situation& situation : kSituations) {
    if (upper == situation.name) return true;
  }
  return false;
}

int Footers(uint32_t code, const Setup& setup) {
  if (setup.table != TableChoice::kFooters) return 0;
  return code / 100 == 4 ? 2 : code / 100 == 5 ? 1 : 0;
}

}  // namespace postern::fuzz::model
