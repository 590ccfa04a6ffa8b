// SPDX-License-Identifier: Apache-2.0

#include "engine/commands/command_table.h"

#include <initializer_list>

namespace postern::commands {
namespace {

constexpr uint8_t In(Phase phase) { return static_cast<uint8_t>(1u << static_cast<int>(phase)); }

constexpr uint8_t kAddressed = In(Phase::kRcpt) | In(Phase::kBinaryRcpt);
constexpr uint8_t kAfterHelo = In(Phase::kReady) | In(Phase::kMail) | kAddressed |
                               In(Phase::kChunks) | In(Phase::kChunksFailed);
constexpr uint8_t kGreeted = In(Phase::kStart) | kAfterHelo;
constexpr uint8_t kIdle = In(Phase::kStart) | In(Phase::kReady);
constexpr uint8_t kAny = kGreeted | In(Phase::kRefused);

using A = Arguments;
using E = Extension;
using V = Verb;

}  // namespace

// §4.1.4: NOOP, HELP, EXPN, VRFY and RSET may come at any time; contract C214 takes HELP to mean
// even behind a refused greeting, where §3.1 has only QUIT served.
constexpr Command kCommands[kVerbCount] = {
    // verb, name, needs, arguments, phases, before_tls, progress, before_auth[, needs_auth]
    {V::kUnknown, "", E::kNever, A::kOptional, kAny, true, true, true},
    {V::kHelo, "HELO", E::kSmtp, A::kRequired, kGreeted, false, false, true},
    {V::kEhlo, "EHLO", E::kSmtp, A::kRequired, kGreeted, true, false, true},
    {V::kMail, "MAIL", E::kCore, A::kRequired, In(Phase::kReady), false, false, false},
    {V::kRcpt, "RCPT", E::kCore, A::kRequired, In(Phase::kMail) | kAddressed, false, true, false},
    {V::kData, "DATA", E::kCore, A::kForbidden, In(Phase::kRcpt), false, true, false},
    {V::kRset, "RSET", E::kCore, A::kForbidden, kGreeted, false, false, true},
    {V::kNoop, "NOOP", E::kCore, A::kOptional, kGreeted, true, false, true},
    {V::kQuit, "QUIT", E::kCore, A::kForbidden, kAny, true, true, true},
    {V::kVrfy, "VRFY", E::kCore, A::kRequired, kGreeted, false, false, false},
    {V::kExpn, "EXPN", E::kExpn, A::kRequired, kGreeted, false, false, false},
    {V::kHelp, "HELP", E::kHelp, A::kOptional, kAny, true, false, true},
    {V::kStarttls, "STARTTLS", E::kStarttls, A::kForbidden, In(Phase::kReady), true, false, true},
    {V::kTurn, "TURN", E::kNever, A::kForbidden, kGreeted, false, false, false},
    {V::kSend, "SEND", E::kNever, A::kRequired, kGreeted, false, false, false},
    {V::kSoml, "SOML", E::kNever, A::kRequired, kGreeted, false, false, false},
    {V::kSaml, "SAML", E::kNever, A::kRequired, kGreeted, false, false, false},
    {V::kBdat, "BDAT", E::kChunking, A::kRequired, kAddressed | In(Phase::kChunks), false, true,
     false},
    // Counted by the session, which knows whether there is such a mechanism.
    {V::kAuth, "AUTH", E::kAuth, A::kRequired, In(Phase::kReady), false, true, true},
    {V::kLhlo, "LHLO", E::kLmtp, A::kRequired, kGreeted, true, false, true},
    // Before AUTH: the peer that the host trusts tells who its client is, LOGIN= included, and
    // whoever is to log in comes behind it.
    {V::kXclient, "XCLIENT", E::kXclient, A::kRequired, kIdle, false, false, true},
    {V::kXforward, "XFORWARD", E::kXforward, A::kRequired, kIdle, false, false, true},
    // RFC 1985 §5: not within a transaction.
    {V::kEtrn, "ETRN", E::kEtrn, A::kRequired, In(Phase::kReady), false, false, false},
    // RFC 2645 §5.2.1: 530 without AUTH.
    {V::kAtrn, "ATRN", E::kAtrn, A::kOptional, In(Phase::kReady), false, false, false, true},
    // RFC 4468 §3.1: where DATA may stand, and among the chunks of BDAT.
    {V::kBurl, "BURL", E::kBurl, A::kRequired, kAddressed | In(Phase::kChunks), false, true, false,
     true},
};

namespace {

constexpr bool InOrder() {
  for (size_t i = 0; i < kVerbCount; ++i) {
    if (static_cast<size_t>(kCommands[i].verb) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "kCommands is indexed by Verb");

// EHLO keywords, in the order in which they are listed.
constexpr Keyword kKeywords[] = {
    {E::kSize, "SIZE"},
    {E::kEightBitMime, "8BITMIME"},
    {E::kPipelining, "PIPELINING"},
    {E::kEnhancedStatusCodes, "ENHANCEDSTATUSCODES"},
    {E::kSmtpUtf8, "SMTPUTF8"},
    {E::kStarttls, "STARTTLS"},
    {E::kChunking, "CHUNKING"},
    {E::kBinaryMime, "BINARYMIME"},
    {E::kDsn, "DSN"},
    {E::kAuth, "AUTH"},
    {E::kRequireTls, "REQUIRETLS"},
    {E::kDeliverBy, "DELIVERBY"},
    {E::kMtPriority, "MT-PRIORITY"},
    {E::kFutureRelease, "FUTURERELEASE"},
    {E::kRrvs, "RRVS"},
    {E::kLimits, "LIMITS"},
    {E::kXclient, "XCLIENT"},
    {E::kXforward, "XFORWARD"},
    {E::kEtrn, "ETRN"},
    {E::kAtrn, "ATRN"},
    {E::kBurl, "BURL"},
    {E::kExpn, "EXPN"},
    {E::kHelp, "HELP"},
};
static_assert(sizeof(kKeywords) / sizeof(kKeywords[0]) <= kMaxKeywords);

// §4.5.3.1.4: command line, CR LF included.
constexpr size_t kLineOctets = 512;

// F4: what each extension adds to the limit of one command's line.
struct Increment {
  Extension extension;
  Verb verb;
  uint16_t octets;
};
constexpr Increment kIncrements[] = {
    {E::kSize, V::kMail, 26},  // RFC 1870 §3 item 5
    {E::kEightBitMime, V::kMail,
     14},                           // RFC 6152 §2 names no figure: the length of " BODY=8BITMIME"
    {E::kSmtpUtf8, V::kMail, 10},   // RFC 6531 §3.1 item 5
    {E::kBinaryMime, V::kMail, 2},  // RFC 3030 §3 item 8 has 16, in which BODY's 14 are
    // RFC 3461 §4 names no figure: " RET=HDRS" and " ENVID=" with 100 octets of value, " NOTIFY="
    // with SUCCESS,FAILURE,DELAY and " ORCPT=" with 500.
    {E::kDsn, V::kMail, 116},
    {E::kDsn, V::kRcpt, 530},
    {E::kRequireTls, V::kMail, 11},     // RFC 8689 §2 item 5
    {E::kDeliverBy, V::kMail, 17},      // RFC 2852 §2 item 5
    {E::kMtPriority, V::kMail, 15},     // RFC 6710 §2 item 5
    {E::kFutureRelease, V::kMail, 34},  // RFC 4865 §3 item 5
    {E::kRrvs, V::kRcpt, 33},           // RFC 7293 §3: the length of " RRVS=" and its longest value
    {E::kAuth, V::kMail, 500},          // RFC 4954 §3 (5)
};

constexpr internal::VerbTable MakeVerbTable() {
  internal::VerbTable table;
  for (const Command& command : kCommands) {
    if (command.name.size() != 4) continue;
    const uint32_t folded = Fold4(command.name.data());
    internal::VerbSlot& slot = table.slots[internal::SlotOf(folded)];
    if (slot.verb != Verb::kUnknown) table.shared = true;
    slot.folded = folded;
    slot.verb = command.verb;
  }
  return table;
}

}  // namespace

namespace internal {

constexpr VerbTable kVerbsOfFour = MakeVerbTable();
static_assert(!kVerbsOfFour.shared, "two verbs share a slot: look for another multiplier");

}  // namespace internal

Verb FindVerb(std::string_view name) {
  if (name.size() == 4) return FindVerbOfFour(name.data());
  if (name.size() != 8 && name.size() != 7) return Verb::kUnknown;
  // The last four octets of seven begin within the first.
  const uint32_t first = Fold4(name.data());
  const uint32_t last = Fold4(name.data() + name.size() - 4);
  if (name.size() == 8) {
    if (first == Fold4("star") && last == Fold4("ttls")) return Verb::kStarttls;
    if (first == Fold4("xfor") && last == Fold4("ward")) return Verb::kXforward;
  } else if (first == Fold4("xcli") && last == Fold4("ient")) {
    return Verb::kXclient;
  }
  return Verb::kUnknown;
}

size_t LineLimit(Verb verb, const Conditions& now) {
  size_t limit = kLineOctets;
  for (const Increment& increment : kIncrements) {
    if (increment.verb == verb && InForceForClient(increment.extension, now)) {
      limit += increment.octets;
    }
  }
  return limit;
}

size_t GreatestLineLimit(uint32_t enabled) {
  size_t greatest = kLineOctets;
  // STARTTLS is in force without TLS, REQUIRETLS with it.
  for (const bool tls : {false, true}) {
    const Conditions all = {enabled, true, tls, true};
    for (const Command& command : kCommands) {
      const size_t limit = LineLimit(command.verb, all);
      if (limit > greatest) greatest = limit;
    }
  }
  return greatest;
}

bool IsKeyword(std::string_view name) {
  const auto fold = [](char c) { return static_cast<uint8_t>(c) | 0x20u; };
  for (const Keyword& keyword : kKeywords) {
    bool same = keyword.name.size() == name.size();
    for (size_t i = 0; same && i < name.size(); ++i) same = fold(keyword.name[i]) == fold(name[i]);
    if (same) return true;
  }
  return false;
}

size_t KeywordsInForce(const Conditions& now, Keyword* out) {
  size_t count = 0;
  for (const Keyword& keyword : kKeywords) {
    if (InForce(keyword.extension, now)) out[count++] = keyword;
  }
  return count;
}

size_t CommandsInForce(const Conditions& now, std::string_view* out) {
  size_t count = 0;
  for (const Command& command : kCommands) {
    if (InForce(command.needs, now)) out[count++] = command.name;
  }
  return count;
}

}  // namespace postern::commands
