// SPDX-License-Identifier: Apache-2.0
//
// The situations of the contract and what a client gets in each: code, enhanced code, number of
// lines, in the default table and in the tables of SerializedTable (fuzz/session/tables.cc).
//
// What it is: facts from engine/proto/reply_table.proto, tables/en.textproto and the contract,
// written down a second time, so that a reply that comes out otherwise contradicts somebody. What
// it is not: a reader of tables.
//
// Threads: pure functions.

#ifndef POSTERN_FUZZ_MODEL_REPLIES_H_
#define POSTERN_FUZZ_MODEL_REPLIES_H_

#include <cstdint>
#include <string_view>

#include "fuzz/session/dialogue.h"

namespace postern::fuzz::model {

// The numbers of ReplyId.
enum SituationId : uint32_t {
  kGreeting = 1,
  kGreetingRefused = 2,
  kGreetingDeferred = 3,
  kHeloOk = 10,
  kEhloOk = 11,
  kHeloRejected = 12,
  kHeloDeferred = 13,
  kBadHeloName = 14,
  kMailOk = 20,
  kMailRejected = 21,
  kMailDeferred = 22,
  kBadReversePath = 23,
  kReversePathWithoutBrackets = 24,
  kReversePathWithoutDomain = 25,
  kReversePathTooLong = 26,
  kReversePathAfterSpace = 27,
  kNonAsciiReversePath = 28,
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
  kRcptWillForward = 42,
  kRcptNotLocal = 43,
  kDataStart = 50,
  kDataRejected = 51,
  kDataDeferred = 52,
  kContentAccepted = 53,
  kContentRejected = 54,
  kContentDeferred = 55,
  kContentBareNewline = 56,
  kMessageTooLarge = 57,
  kInsufficientStorage = 58,
  kRsetOk = 60,
  kNoopOk = 61,
  kQuitOk = 62,
  kVrfyOk = 70,
  kVrfyCannotVerify = 71,
  kVrfyRejected = 72,
  kVrfyDeferred = 73,
  kVrfyWillForward = 74,
  kVrfyNotLocal = 75,
  kVrfyAmbiguous = 76,
  kExpnOk = 77,
  kExpnRejected = 78,
  kExpnDeferred = 79,
  kHelpOverview = 80,
  kHelpTopic = 81,
  kHelpTopicUnknown = 82,
  kStarttlsReady = 90,
  kStarttlsRejected = 91,
  kStarttlsDeferred = 92,
  kTlsAlreadyActive = 93,
  kTlsRequired = 94,
  kUnrecognized = 100,
  kEmptyLine = 101,
  kNotAVerb = 102,
  kLineTooLong = 103,
  kBareLf = 104,
  kBareCr = 105,
  kNulOctet = 106,
  kControlOctet = 107,
  kEightBitOctet = 108,
  kBadUtf8 = 109,
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
  kTooManyErrors = 160,
  kTooManyCommands = 161,
  kClientTimeout = 162,
  kLineWithoutEnd = 163,
  kShuttingDown = 164,
  kOutOfMemory = 165,
  kDisconnectedByPolicy = 166,
  kDecisionTimeout = 170,
  kHostCommandOk = 180,
  kHostCommandDeferred = 181,
  kChunkOk = 190,
  kChunkRejected = 191,
  kChunkDeferred = 192,
  kBdatSizeUnknown = 193,
  kBdatOutOfPlace = 194,
  kDataAfterBdat = 195,
  kBinarymimeNeedsBdat = 196,
  kAuthOk = 200,
  kAuthChallenge = 201,
  kAuthRejected = 202,
  kAuthDeferred = 203,
  kAuthCancelled = 204,
  kAuthBadBase64 = 205,
  kAuthLineTooLong = 206,
  kAuthMechanismUnknown = 207,
  kAuthAlready = 208,
  kAuthNeedsTls = 209,
  kAuthTooWeak = 210,
  kAuthTransition = 211,
  kAuthRequired = 212,
  kAuthResponseUnwanted = 213,
  kAuthMalformed = 214,
  kDeliverByTooSoon = 220,
  kHoldRefused = 221,
  kPriorityRefused = 222,
  kTooManyTransactions = 223,
  kTooManyDomains = 224,
  kParameterDeferred = 225,
  kSenderDomainIncomplete = 226,
  kRecipientDomainIncomplete = 227,
  kLmtpGreeting = 230,
  kNeedLhlo = 231,
  kPeerNotTrusted = 232,
  kXclientRejected = 233,
  kXclientDeferred = 234,
  kXforwardOk = 235,
  kXforwardRejected = 236,
  kXforwardDeferred = 237,
  kEtrnOk = 238,
  kEtrnNothingWaits = 239,
  kEtrnPending = 240,
  kEtrnCounted = 241,
  kEtrnRejected = 242,
  kEtrnDeferred = 243,
  kAtrnOk = 244,
  kAtrnRejected = 245,
  kAtrnDeferred = 246,
  kAtrnNothingWaits = 247,
  kBurlOk = 248,
  kBurlRejected = 249,
  kBurlDeferred = 250,
  kBurlNotTrusted = 251,
};

struct Situation {
  uint32_t id;  // 0: no such situation
  uint32_t code;
  const char* enhanced;  // empty: none
  int lines;
  const char* name;  // as in the schema
};

Situation Find(uint32_t id, const Setup& setup);

// Whether HELP tells of it: each entry of the default table has an explanation.
bool IsSituationName(std::string_view upper);

// Lines that the table puts under every reply of the code's class.
int Footers(uint32_t code, const Setup& setup);

}  // namespace postern::fuzz::model

#endif  // POSTERN_FUZZ_MODEL_REPLIES_H_
