// SPDX-License-Identifier: Apache-2.0
//
// ReplyId: the name of each distinct situation that is answered with a reply. The numbers are those
// of postern.v1.ReplyId in engine/proto/reply_table.proto (reply_rules.cc proves it when compiled);
// this header exists so that no generated protobuf type leaves engine/replies.
// It holds no code and no text: what is said in a situation comes from the reply table (rule R7).

#ifndef POSTERN_ENGINE_REPLIES_REPLY_ID_H_
#define POSTERN_ENGINE_REPLIES_REPLY_ID_H_

#include <cstddef>
#include <cstdint>

namespace postern::replies {

enum class ReplyId : uint16_t {
  kUnspecified = 0,

  // Connection, RFC 5321 section 3.1.
  kGreeting = 1,
  kGreetingRefused = 2,   // 554 at once; then only QUIT is served
  kGreetingDeferred = 3,  // 421 in place of the greeting

  // HELO and EHLO, section 4.1.1.1. EHLO_OK is the first line; the keyword lines follow it.
  kHeloOk = 10,
  kEhloOk = 11,
  kHeloRejected = 12,
  kHeloDeferred = 13,
  kBadHeloName = 14,

  // MAIL, section 4.1.1.2.
  kMailOk = 20,
  kMailRejected = 21,
  kMailDeferred = 22,
  kBadReversePath = 23,
  kReversePathWithoutBrackets = 24,
  kReversePathWithoutDomain = 25,
  kReversePathTooLong = 26,
  kReversePathAfterSpace = 27,
  kNonAsciiReversePath = 28,

  // RCPT, section 4.1.1.3.
  kRcptOk = 30,
  kRcptRejected = 31,
  kRcptDeferred = 32,
  kBadForwardPath = 33,
  kForwardPathWithoutBrackets = 34,
  kForwardPathWithoutDomain = 35,
  kForwardPathTooLong = 36,
  kForwardPathAfterSpace = 37,
  kNonAsciiForwardPath = 38,
  kTooManyRecipients = 39,
  kRelayDenied = 40,
  kMailboxFull = 41,
  kRcptWillForward = 42,  // 251
  kRcptNotLocal = 43,     // 551

  // DATA and the reply after content, section 4.1.1.4.
  kDataStart = 50,
  kDataRejected = 51,
  kDataDeferred = 52,
  kContentAccepted = 53,
  kContentRejected = 54,
  kContentDeferred = 55,
  kContentBareNewline = 56,
  kMessageTooLarge = 57,  // also for MAIL SIZE=, RFC 1870 section 6
  kInsufficientStorage = 58,

  // RSET, NOOP, QUIT, sections 4.1.1.5, 4.1.1.9, 4.1.1.10.
  kRsetOk = 60,
  kNoopOk = 61,
  kQuitOk = 62,

  // VRFY and EXPN, sections 3.5, 4.1.1.6, 4.1.1.7.
  kVrfyOk = 70,
  kVrfyCannotVerify = 71,  // 252
  kVrfyRejected = 72,
  kVrfyDeferred = 73,
  kVrfyWillForward = 74,
  kVrfyNotLocal = 75,
  kVrfyAmbiguous = 76,
  kExpnOk = 77,
  kExpnRejected = 78,
  kExpnDeferred = 79,

  // HELP, section 4.1.1.8.
  kHelpOverview = 80,
  kHelpTopic = 81,
  kHelpTopicUnknown = 82,

  // STARTTLS, RFC 3207.
  kStarttlsReady = 90,
  kStarttlsRejected = 91,
  kStarttlsDeferred = 92,
  kTlsAlreadyActive = 93,
  kTlsRequired = 94,

  // 500: the line is no command (contract C500 and F2 to F6).
  kUnrecognized = 100,
  kEmptyLine = 101,
  kNotAVerb = 102,  // does not begin with a letter
  kLineTooLong = 103,
  kBareLf = 104,
  kBareCr = 105,
  kNulOctet = 106,
  kControlOctet = 107,
  kEightBitOctet = 108,
  kBadUtf8 = 109,

  // 501, 502, 503, 504, 555 (contract C501 to C555).
  kArgumentsUnexpected = 120,
  kArgumentMissing = 121,
  kBadArgument = 122,
  kBadParameter = 123,
  kParameterUnknown = 124,
  kParameterNotInForce = 125,
  kParameterRepeated = 126,
  kTooManyParameters = 127,
  kCommandDisabled = 130,
  kNeedHelo = 140,
  kNeedMail = 141,
  kNeedRcpt = 142,
  kNestedMail = 143,
  kBadSequence = 144,
  kGreetingWasRefused = 145,

  // 421: the session closes after it.
  kTooManyErrors = 160,
  kTooManyCommands = 161,
  kClientTimeout = 162,
  kLineWithoutEnd = 163,
  kShuttingDown = 164,
  kOutOfMemory = 165,
  kDisconnectedByPolicy = 166,

  // The host did not answer a decision in time: the temporary failure given in its stead.
  kDecisionTimeout = 170,

  // A command unknown to the engine that the host took upon itself (offer_unknown_commands). Where
  // the host declines it, the answer is UNRECOGNIZED.
  kHostCommandOk = 180,
  kHostCommandDeferred = 181,

  // BDAT, RFC 3030. What stands behind the last chunk is CONTENT_ACCEPTED and its like.
  kChunkOk = 190,
  kChunkRejected = 191,
  kChunkDeferred = 192,
  kBdatSizeUnknown = 193,  // the session closes after it
  kBdatOutOfPlace = 194,   // a chunk before it was lost
  kDataAfterBdat = 195,
  kBinarymimeNeedsBdat = 196,

  // AUTH, RFC 4954.
  kAuthOk = 200,         // 235
  kAuthChallenge = 201,  // 334: the challenge alone, in base64
  kAuthRejected = 202,
  kAuthDeferred = 203,
  kAuthCancelled = 204,  // "*" in the exchange
  kAuthBadBase64 = 205,
  kAuthLineTooLong = 206,
  kAuthMechanismUnknown = 207,
  kAuthAlready = 208,
  kAuthNeedsTls = 209,
  kAuthTooWeak = 210,
  kAuthTransition = 211,
  kAuthRequired = 212,          // to other commands: RFC 4954 section 6, RFC 6409 section 4.3
  kAuthResponseUnwanted = 213,  // the mechanism has no initial response
  kAuthMalformed = 214,

  // Delivery extensions: RFC 2852, RFC 6710, RFC 9422.
  kDeliverByTooSoon = 220,
  kHoldRefused = 221,
  kPriorityRefused = 222,
  kTooManyTransactions = 223,
  kTooManyDomains = 224,
  kParameterDeferred = 225,
  kSenderDomainIncomplete = 226,
  kRecipientDomainIncomplete = 227,

  // LMTP, RFC 2033: in place of GREETING and NEED_HELO.
  kLmtpGreeting = 230,
  kNeedLhlo = 231,

  // XCLIENT and XFORWARD. An accepted XCLIENT is answered with the greeting.
  kPeerNotTrusted = 232,
  kXclientRejected = 233,
  kXclientDeferred = 234,
  kXforwardOk = 235,
  kXforwardRejected = 236,
  kXforwardDeferred = 237,

  // ETRN, RFC 1985.
  kEtrnOk = 238,
  kEtrnNothingWaits = 239,  // 251
  kEtrnPending = 240,       // 252
  kEtrnCounted = 241,       // 253
  kEtrnRejected = 242,      // 459
  kEtrnDeferred = 243,      // 458

  // ATRN, RFC 2645.
  kAtrnOk = 244,  // the session ends after it
  kAtrnRejected = 245,
  kAtrnDeferred = 246,
  kAtrnNothingWaits = 247,  // 453

  // BURL, RFC 4468. What stands behind the last one is CONTENT_ACCEPTED and its like.
  kBurlOk = 248,
  kBurlRejected = 249,
  kBurlDeferred = 250,
  kBurlNotTrusted = 251,
};

// One more than the highest number of a ReplyId.
inline constexpr size_t kReplyIdLimit = 252;

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_REPLY_ID_H_
