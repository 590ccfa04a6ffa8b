// SPDX-License-Identifier: Apache-2.0
//
// Events of a session and the answers to those that are decisions.
//
// What it is: the vocabulary between the session and whoever hosts it. The numbers of all enums are
// those of plugin_api/postern.h, which the adapter proves when it is compiled.
// Lifetime: slices in an Event are borrowed until the next call on the session.

#ifndef POSTERN_ENGINE_SESSION_EVENT_H_
#define POSTERN_ENGINE_SESSION_EVENT_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/replies/reply_id.h"
#include "engine/session/judge.h"

namespace postern::session {

enum class EventType : uint8_t {
  kNone = 0,
  kConnect = 1,
  kProxyHeader = 2,
  kHelo = 3,
  kStarttls = 4,
  kMail = 5,
  kRcpt = 6,
  kContentBegin = 7,
  kContent = 8,
  kContentEnd = 9,
  kReset = 10,
  kVrfy = 11,
  kExpn = 12,
  kHelp = 13,
  kUnknown = 14,
  kError = 15,
  kQuit = 16,
  kClosed = 17,
  kChunkEnd = 18,
  kAuth = 19,
  kAuthEnd = 20,
  kEtrn = 21,
  kAtrn = 22,
  kBurl = 23,
  kXclient = 24,
  kXforward = 25,
};
// One more than the highest number of an event.
inline constexpr int kEventTypeLimit = 26;

enum class ResetReason : uint8_t {
  kNone = 0,
  kRset = 1,
  kHelo = 2,
  kStarttls = 3,
  kContentRefused = 4,
  kTimeout = 5,
  kClosed = 6,
};

enum class CloseReason : uint8_t {
  kNone = 0,
  kQuit = 1,
  kDisconnected = 2,
  kTimeout = 3,
  kErrors = 4,
  kCommands = 5,
  kLine = 6,
  kProxy = 7,
  kPolicy = 8,
  kShutdown = 9,
  kTls = 10,
  kMemory = 11,
  kAuth = 12,
  kTurned = 13,
};

// Why an exchange ended that the host did not end.
enum class AuthEnd : uint8_t {
  kNone = 0,
  kCancelled = 1,
  kBadBase64 = 2,
  kTooLong = 3,
  kClosed = 4,
  kRounds = 5,
  kTimeout = 6,
};

enum EventFlag : uint32_t {
  kHeloExtended = 1,
  kHeloLiteral = 2,
  kHeloLmtp = 4,

  kPathNull = 1,
  kPathPostmaster = 2,
  kPathQuoted = 4,
  kPathLiteral = 8,
  kPathRoute = 16,
  kPathUtf8 = 32,
  kMailSmtpUtf8 = 64,
  kMailRequireTls = 128,
  kMailAuth = 256,
  kMailAuthNull = 512,
  kMailPriority = 1024,
  kRcptRrvs = 128,

  kContentBdat = 1,
  kContentLast = 2,
  kContentBinary = 4,

  kAuthFirst = 1,
  kAuthHasResponse = 2,

  kEtrnSubdomains = 1,
  kEtrnQueue = 2,

  kBurlFirst = 1,
  kBurlLast = 2,
  kBurlBinary = 4,
};

enum class Verdict : int32_t {
  kDefault = 0,
  kAccept = 1,
  kReject = 2,
  kDefer = 3,
  kDisconnect = 4,
  kChallenge = 5,  // kAuth only
};

// One attribute of XCLIENT or XFORWARD, as postern_client_attribute has it.
struct GivenAttribute {
  uint32_t attribute = 0;  // syntax::ClientAttribute, counted from 1
  uint32_t state = 0;      // syntax::ClientAttributeState
  commands::Extras::Text value = {nullptr, 0};
};

// What kMail and kRcpt have beyond Event where a parameter of a delivery extension was given.
struct Extra {
  uint16_t given = 0;  // commands::Given
  commands::Extras values;
  std::string_view decoded;  // ENVID, ORCPT: what its xtext stands for
  // kXclient, kXforward
  const GivenAttribute* attributes = nullptr;
  size_t attribute_count = 0;
  size_t octets = 0;  // of the block that all of it lies in
};

// One event. Which members mean something depends on the type; see postern.h.
struct Event {
  EventType type = EventType::kNone;
  uint32_t flags = 0;
  uint64_t ticket = 0;

  // kMail, kRcpt
  std::string_view path;
  std::string_view mailbox;
  std::string_view local_part;
  std::string_view domain;
  std::string_view parameters;
  // kHelo: the name; kVrfy, kExpn, kHelp, kXclient, kXforward, kEtrn, kAtrn, kBurl: the argument;
  // kUnknown: the verb; kContent: the octets
  std::string_view text;
  std::string_view auth;       // kMail: the mailbox of AUTH=, decoded
  std::string_view mechanism;  // kAuth; its `text` is the response, decoded
  // kVrfy, kExpn, kHelp, kUnknown, kEtrn, kAtrn, kBurl, kError: the whole line
  std::string_view line;

  // kMail, kRcpt: null: no such parameter; kXclient, kXforward
  const Extra* extra = nullptr;

  // kMail: SIZE=; kContentEnd: octets; kContentBegin, kChunkEnd: octets of the chunk
  uint64_t number = 0;
  uint64_t total = 0;  // kChunkEnd, kBurl: octets of all that came so far
  // kRcpt, kContentBegin, kBurl: accepted recipients; kMail: commands::Body; kAuth: challenges
  // before it
  uint32_t count = 0;

  // kReset, kClosed, kAuthEnd
  uint8_t reason = 0;
  // kError
  replies::ReplyId reply = replies::ReplyId::kUnspecified;
  uint16_t code = 0;
  Rule rule = Rule::kNone;
};

class RecipientAnswers;

struct Answer {
  Verdict verdict = Verdict::kDefault;
  replies::ReplyId reply = replies::ReplyId::kUnspecified;
  uint16_t code = 0;  // override, 0: none
  std::array<uint16_t, 3> enhanced = {0, 0, 0};
  std::string_view text;             // override: lines separated by LF
  std::string_view challenge;        // kChallenge: not yet in base64
  std::string_view auth_mechanisms;  // with an accepted kHelo: the list for this connection
  uint64_t octets = 0;               // with an accepted kBurl: how much was fetched
  // kContentEnd in LMTP: what becomes of each recipient; null: all are answered alike.
  const RecipientAnswers* recipients = nullptr;
};

// The answers for the accepted recipients of a message, in the order of their RCPT (RFC 2033 §4.2).
// An element with kDefault has the verdict of the answer that it belongs to.
class RecipientAnswers {
 public:
  virtual ~RecipientAnswers() = default;
  virtual uint32_t count() const = 0;
  // Gives the same each time.
  virtual Answer At(uint32_t recipient) const = 0;
};

enum class AnswerResult : uint8_t {
  kOk,
  kNoTicket,  // unknown, answered before or expired
  kBadVerdict,
  kBadReply,  // the override or reply id does not fit; the decision stays open
};

enum class Notice : uint8_t {
  kTlsEstablished = 1,
  kTlsFailed = 2,
  kDisconnected = 3,
  kShutdown = 4,
  kShutdownNow = 5,
};

}  // namespace postern::session

#endif  // POSTERN_ENGINE_SESSION_EVENT_H_
