// SPDX-License-Identifier: Apache-2.0
//
// The one command table (RFC 5321 §4.1.1 and the extensions): verbs, when they are in force, in
// which phases they are allowed, what arguments they take, and what they and their parameters add
// to the limit of a line. EHLO, HELP, dispatch and the length limit all read it through InForce(),
// so they cannot disagree.
//
// What it is: constant data and pure functions over it. An extension to come is a row in each of
// the tables below, a parser file in this folder, and its actions in session/. What it is not: the
// parsers (parse.h) or what a command does (engine/session).
//
// Threads: everything here is immutable.

#ifndef POSTERN_ENGINE_COMMANDS_COMMAND_TABLE_H_
#define POSTERN_ENGINE_COMMANDS_COMMAND_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::commands {

// kUnknown stands first so that a zeroed value is no command.
enum class Verb : uint8_t {
  kUnknown,
  kHelo,
  kEhlo,
  kMail,
  kRcpt,
  kData,
  kRset,
  kNoop,
  kQuit,
  kVrfy,
  kExpn,
  kHelp,
  kStarttls,
  kTurn,  // RFC 821; recognized, never offered (RFC 5321 appendix F.1, F.6)
  kSend,
  kSoml,
  kSaml,
  kBdat,      // RFC 3030
  kAuth,      // RFC 4954
  kLhlo,      // RFC 2033, in place of HELO and EHLO
  kXclient,   // Postfix's XCLIENT_README
  kXforward,  // and XFORWARD_README
  kEtrn,      // RFC 1985
  kAtrn,      // RFC 2645
  kBurl,      // RFC 4468
};
inline constexpr size_t kVerbCount = 25;

// What a command, a parameter or an EHLO keyword needs to be in force.
enum class Extension : uint8_t {
  kCore,   // RFC 5321 itself: always
  kNever,  // known and not offered
  kSize,
  kEightBitMime,
  kPipelining,
  kEnhancedStatusCodes,
  kSmtpUtf8,
  kStarttls,
  kHelp,
  kExpn,
  kChunking,
  kBinaryMime,
  kDsn,
  kAuth,
  kRequireTls,
  kDeliverBy,
  kMtPriority,
  kRrvs,
  kLimits,
  kXclient,         // of peers that the host trusts
  kXforward,        // same
  kLmtp,            // RFC 2033 is spoken
  kSmtp,            // where it is not: follows from kLmtp, nothing turns it on
  kFutureRelease,   // RFC 4865, of sessions for submission whose host tells the time
  kAuthFirst,       // no extension: nothing but what is served before AUTH (RFC 6409 §4.3)
  kHostParameters,  // no extension: unknown parameters are offered to the host
  kEtrn,
  kAtrn,  // with kAuth
  kBurl,  // with kAuth and kEightBitMime
};
inline constexpr size_t kExtensionCount = 29;

constexpr uint32_t Bit(Extension extension) { return uint32_t{1} << static_cast<int>(extension); }

// What only a peer that the host trusts may use.
inline constexpr uint32_t kForTrusted = Bit(Extension::kXclient) | Bit(Extension::kXforward);

// What RFC 6409 §7 keeps out of submission.
inline constexpr uint32_t kNotSubmission = Bit(Extension::kEtrn) | Bit(Extension::kAtrn);

// All that decides whether something is in force.
struct Conditions {
  // Bit()s of the extensions that the configuration turns on; kAuth only while AUTH may be offered
  // as well (see MayOfferAuth).
  uint32_t enabled = 0;
  bool can_starttls = false;   // the host can do a TLS handshake
  bool tls = false;            // TLS is up
  bool extended = false;       // EHLO or LHLO, not HELO, began this session (RFC 5321 §3.2)
  bool authenticated = false;  // AUTH succeeded (RFC 4954 §4)
};

// RFC 4954 §4: no password in the clear unless the configuration wants it, and no keyword without a
// mechanism behind it.
constexpr bool MayOfferAuth(bool tls, bool auth_without_tls, bool any_mechanism) {
  return any_mechanism && (tls || auth_without_tls);
}

// The extensions that are offered in a session as it stands, as Bit()s.
constexpr uint32_t AllInForce(const Conditions& now) {
  uint32_t bits = (now.enabled | Bit(Extension::kCore)) & ~Bit(Extension::kNever);
  // RFC 2033 §4.1: the one has LHLO, the other HELO and EHLO.
  const bool lmtp = (bits & Bit(Extension::kLmtp)) != 0;
  bits = lmtp ? bits & ~Bit(Extension::kSmtp) : bits | Bit(Extension::kSmtp);
  // RFC 3207 §4.2: not listed again once TLS is up.
  if (!now.can_starttls || now.tls) bits &= ~Bit(Extension::kStarttls);
  // RFC 8689 §2: only where TLS is up.
  if (!now.tls) bits &= ~Bit(Extension::kRequireTls);
  // RFC 6531 §3.1 item 8: only together with 8BITMIME.
  if ((bits & Bit(Extension::kEightBitMime)) == 0) bits &= ~Bit(Extension::kSmtpUtf8);
  // RFC 3030 §3: BODY is 8BITMIME's parameter, and only BDAT can carry the octets.
  constexpr uint32_t kBinaryNeeds = Bit(Extension::kChunking) | Bit(Extension::kEightBitMime);
  if ((bits & kBinaryNeeds) != kBinaryNeeds) bits &= ~Bit(Extension::kBinaryMime);
  // RFC 2645 §5.1.1, RFC 4468 §3.1, §8: nobody could use it without AUTH; §4: nor without 8BITMIME.
  if ((bits & Bit(Extension::kAuth)) == 0) {
    bits &= ~(Bit(Extension::kAtrn) | Bit(Extension::kBurl));
  }
  if ((bits & Bit(Extension::kEightBitMime)) == 0) bits &= ~Bit(Extension::kBurl);
  return bits;
}

// The one predicate, for commands and EHLO keywords.
constexpr bool InForce(Extension extension, const Conditions& now) {
  return (AllInForce(now) & Bit(extension)) != 0;
}

// For parameters and what they change: a client that said HELO was offered no extension.
constexpr bool InForceForClient(Extension extension, const Conditions& now) {
  return now.extended && InForce(extension, now);
}

// Phases of a session in command state (RFC 5321 §4.1.4).
enum class Phase : uint8_t {
  kRefused,  // 554 instead of a greeting: waiting for QUIT (§3.1)
  kStart,    // greeted, no HELO, EHLO or LHLO yet
  kReady,    // no mail transaction
  kMail,     // MAIL accepted
  kRcpt,     // and at least one RCPT
  // The same behind BODY=BINARYMIME, which DATA cannot carry (RFC 3030 §3).
  kBinaryRcpt,
  kChunks,        // BDAT began the content, and its LAST is still to come
  kChunksFailed,  // a chunk is lost, and with it the message: waiting for RSET or LAST
};
inline constexpr size_t kPhaseCount = 8;

enum class Arguments : uint8_t { kForbidden, kOptional, kRequired };

struct Command {
  Verb verb;
  std::string_view name;
  Extension needs;
  Arguments arguments;
  uint8_t phases;           // bits (1 << Phase) in which it is allowed
  bool before_tls;          // served before TLS where TLS is required (RFC 3207 §4)
  bool progress;            // not counted among commands without progress
  bool before_auth;         // served before AUTH where AUTH is required (RFC 4954 §6)
  bool needs_auth = false;  // served behind AUTH alone
};

// Indexed by Verb.
extern const Command kCommands[kVerbCount];

inline const Command& GetCommand(Verb verb) { return kCommands[static_cast<size_t>(verb)]; }

// Four octets as one number, little-endian whatever the machine (compilers make one load of it),
// with the bit set by which the cases of a letter differ. Octets that are no letters do not become
// letters by it, but '@' '[' '\' ']' '^' '_' and controls, none of which equals a letter of either
// case after folding.
constexpr uint32_t Fold4(const char* p) {
  return (static_cast<uint32_t>(static_cast<uint8_t>(p[0])) |
          static_cast<uint32_t>(static_cast<uint8_t>(p[1])) << 8 |
          static_cast<uint32_t>(static_cast<uint8_t>(p[2])) << 16 |
          static_cast<uint32_t>(static_cast<uint8_t>(p[3])) << 24) |
         0x20202020u;
}

namespace internal {

// The verbs of four letters by what Fold4 makes of them. The multiplier was looked for until no two
// verbs share a slot; the table is checked for that when it is compiled.
struct VerbSlot {
  uint32_t folded = 0;
  Verb verb = Verb::kUnknown;
};
struct VerbTable {
  VerbSlot slots[32];
  bool shared = false;  // a slot by two verbs
};
extern const VerbTable kVerbsOfFour;
constexpr size_t SlotOf(uint32_t folded) { return (folded * 0x6ed827abu) >> 27; }

}  // namespace internal

// The verb of four letters that begins at p; kUnknown if it is none.
inline Verb FindVerbOfFour(const char* p) {
  const uint32_t folded = Fold4(p);
  const internal::VerbSlot& slot = internal::kVerbsOfFour.slots[internal::SlotOf(folded)];
  // An empty slot holds 0, and nothing folds to that.
  return slot.folded == folded ? slot.verb : Verb::kUnknown;
}

// Case-insensitive (§2.4); kUnknown if there is none of that name.
Verb FindVerb(std::string_view name);

// Length limit of a command line, CR LF included (§4.5.3.1.4, contract F4).
size_t LineLimit(Verb verb, const Conditions& now);

// The greatest LineLimit that `enabled` can give: what a session must be able to hold.
size_t GreatestLineLimit(uint32_t enabled);

// EHLO keywords in force, in the order of the table, without arguments. Returns their number.
struct Keyword {
  Extension extension;
  std::string_view name;
};
inline constexpr size_t kMaxKeywords = 32;
// Whether the table has it, in force or not; in any case (RFC 5321 §2.4).
bool IsKeyword(std::string_view name);
size_t KeywordsInForce(const Conditions& now, Keyword* out);

// Names of the commands in force, in the order of RFC 5321 §4.1.1. Returns their number.
size_t CommandsInForce(const Conditions& now, std::string_view* out);

}  // namespace postern::commands

#endif  // POSTERN_ENGINE_COMMANDS_COMMAND_TABLE_H_
