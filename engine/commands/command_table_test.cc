// SPDX-License-Identifier: Apache-2.0

#include "engine/commands/command_table.h"

#include <cctype>
#include <string>

#include "gtest/gtest.h"

namespace postern::commands {
namespace {

// Of SMTP: LMTP has a command in the place of two.
constexpr uint32_t kAll = 0xffffffff & ~Bit(Extension::kLmtp);

TEST(CommandTable, FindsEveryVerbInAnyCase) {
  for (size_t i = 1; i < kVerbCount; ++i) {
    const Command& row = GetCommand(static_cast<Verb>(i));
    std::string name(row.name);
    EXPECT_EQ(FindVerb(name), row.verb) << name;
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(FindVerb(name), row.verb) << name;
    name[0] = static_cast<char>(std::toupper(name[0]));
    EXPECT_EQ(FindVerb(name), row.verb) << name;
  }
}

// No octet but the letter itself in either case may stand for a letter of a verb.
TEST(CommandTable, NoOtherOctetFoldsIntoAVerb) {
  for (size_t i = 1; i < kVerbCount; ++i) {
    const std::string name(GetCommand(static_cast<Verb>(i)).name);
    for (size_t at = 0; at < name.size(); ++at) {
      for (int octet = 0; octet < 256; ++octet) {
        std::string changed = name;
        changed[at] = static_cast<char>(octet);
        const bool same = octet == name[at] || octet == std::tolower(name[at]);
        const bool other_verb = !same && FindVerb(changed) != Verb::kUnknown;
        if (same) {
          EXPECT_EQ(FindVerb(changed), static_cast<Verb>(i));
        } else if (other_verb) {
          // SEND and SAML-like neighbours: it must be a verb by its own letters.
          const Command& row = GetCommand(FindVerb(changed));
          EXPECT_EQ(std::toupper(octet), row.name[at]) << changed;
        }
      }
    }
  }
}

TEST(CommandTable, OtherLengthsAreUnknown) {
  for (const char* name : {"", "E", "EHL", "EHLOO", "STARTTL", "STARTTLSX", "STARTTLX", "NOOP "}) {
    EXPECT_EQ(FindVerb(name), Verb::kUnknown) << name;
  }
}

// C502: never for a required command (RFC 5321 §4.5.1), whatever the configuration.
TEST(CommandTable, RequiredCommandsAreAlwaysInForce) {
  const Conditions nothing;
  for (const char* name :
       {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY"}) {
    EXPECT_TRUE(InForce(GetCommand(FindVerb(name)).needs, nothing)) << name;
  }
}

TEST(CommandTable, ObsoleteCommandsAreNeverInForce) {
  const Conditions all = {kAll, true, false, true};
  for (const Verb verb : {Verb::kTurn, Verb::kSend, Verb::kSoml, Verb::kSaml}) {
    EXPECT_FALSE(InForce(GetCommand(verb).needs, all));
  }
}

TEST(CommandTable, StarttlsIsOfferedOnlyWithAHostThatCanAndOnlyOnce) {
  Conditions now = {kAll, false, false, true};
  EXPECT_FALSE(InForce(Extension::kStarttls, now));
  now.can_starttls = true;
  EXPECT_TRUE(InForce(Extension::kStarttls, now));
  now.tls = true;
  EXPECT_FALSE(InForce(Extension::kStarttls, now));
}

// RFC 2033 section 4.1.
TEST(CommandTable, EachProtocolHasItsOwnGreeting) {
  for (const bool lmtp : {false, true}) {
    const Conditions now = {lmtp ? Bit(Extension::kLmtp) : 0, true, false, true};
    EXPECT_EQ(InForce(GetCommand(Verb::kLhlo).needs, now), lmtp);
    EXPECT_EQ(InForce(GetCommand(Verb::kEhlo).needs, now), !lmtp);
    EXPECT_EQ(InForce(GetCommand(Verb::kHelo).needs, now), !lmtp);
    EXPECT_TRUE(InForce(GetCommand(Verb::kMail).needs, now));
  }
  EXPECT_EQ(FindVerb("lhlo"), Verb::kLhlo);
}

TEST(CommandTable, SmtpUtf8NeedsEightBitMime) {
  const Conditions alone = {Bit(Extension::kSmtpUtf8), true, false, true};
  EXPECT_FALSE(InForce(Extension::kSmtpUtf8, alone));
}

// RFC 8689 §2.
// RFC 2645 §5.1.1, RFC 4468 §4, §8.
TEST(CommandTable, AtrnAndBurlNeedAuth) {
  Conditions now;
  now.enabled = kAll;
  EXPECT_TRUE(InForce(Extension::kAtrn, now));
  EXPECT_TRUE(InForce(Extension::kBurl, now));
  now.enabled = kAll & ~Bit(Extension::kEightBitMime);
  EXPECT_TRUE(InForce(Extension::kAtrn, now));
  EXPECT_FALSE(InForce(Extension::kBurl, now));
  now.enabled = kAll & ~Bit(Extension::kAuth);
  EXPECT_TRUE(InForce(Extension::kEtrn, now));
  EXPECT_FALSE(InForce(Extension::kAtrn, now));
  EXPECT_FALSE(InForce(Extension::kBurl, now));
}

TEST(CommandTable, RequireTlsNeedsTls) {
  Conditions now = {kAll, true, false, true};
  EXPECT_FALSE(InForce(Extension::kRequireTls, now));
  now.tls = true;
  EXPECT_TRUE(InForce(Extension::kRequireTls, now));
}

// F4: 512, and more only for MAIL and RCPT and only by extensions that the client was offered.
TEST(CommandTable, LineLimitGrowsByWhatIsInForce) {
  Conditions now = {0, true, false, true};
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u);
  now.enabled = Bit(Extension::kSize);
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u + 26);
  now.enabled = Bit(Extension::kSize) | Bit(Extension::kEightBitMime) | Bit(Extension::kSmtpUtf8);
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u + 26 + 14 + 10);
  EXPECT_EQ(GreatestLineLimit(now.enabled), 512u + 26 + 14 + 10);
  now.enabled |= Bit(Extension::kChunking) | Bit(Extension::kBinaryMime);
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u + 26 + 14 + 10 + 2);
  EXPECT_EQ(GreatestLineLimit(now.enabled), 512u + 26 + 14 + 10 + 2);
  EXPECT_EQ(LineLimit(Verb::kRcpt, now), 512u);
  now.enabled |= Bit(Extension::kAuth);
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u + 26 + 14 + 10 + 2 + 500);
  now.enabled = Bit(Extension::kDsn);
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u + 116);
  EXPECT_EQ(LineLimit(Verb::kRcpt, now), 512u + 530);
  EXPECT_EQ(GreatestLineLimit(now.enabled), 512u + 530);
  now.enabled = Bit(Extension::kRequireTls);
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u);
  EXPECT_EQ(GreatestLineLimit(now.enabled), 512u + 11);
  now.enabled = Bit(Extension::kDeliverBy) | Bit(Extension::kMtPriority) | Bit(Extension::kRrvs);
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u + 17 + 15);
  EXPECT_EQ(LineLimit(Verb::kRcpt, now), 512u + 33);
  now.enabled = Bit(Extension::kFutureRelease);
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u + 34);
  EXPECT_EQ(LineLimit(Verb::kRcpt, now), 512u);
  now.enabled = kAll;
  EXPECT_EQ(LineLimit(Verb::kUnknown, now), 512u);
  now.extended = false;
  EXPECT_EQ(LineLimit(Verb::kMail, now), 512u);
}

TEST(CommandTable, KnowsItsKeywords) {
  for (const char* name : {"SIZE", "size", "8bitMIME", "MT-PRIORITY", "xclient", "FutureRelease"}) {
    EXPECT_TRUE(IsKeyword(name)) << name;
  }
  for (const char* name : {"", "SIZ", "SIZES", "XHOST", "MT_PRIORITY", "MAIL"}) {
    EXPECT_FALSE(IsKeyword(name)) << name;
  }
}

// C502, C214: what EHLO and HELP list and what is dispatched come from one predicate.
TEST(CommandTable, KeywordsAndCommandsAgree) {
  for (const bool tls : {false, true}) {
    for (const uint32_t enabled : {uint32_t{0}, Bit(Extension::kHelp), kAll}) {
      const Conditions now = {enabled, true, tls, true};
      Keyword keywords[kMaxKeywords];
      const size_t keyword_count = KeywordsInForce(now, keywords);
      std::string_view names[kVerbCount];
      const size_t name_count = CommandsInForce(now, names);
      for (size_t i = 0; i < keyword_count; ++i) {
        const Verb verb = FindVerb(keywords[i].name);
        if (verb == Verb::kUnknown) continue;
        bool listed = false;
        for (size_t j = 0; j < name_count; ++j) listed |= names[j] == keywords[i].name;
        EXPECT_TRUE(listed) << keywords[i].name;
      }
      for (size_t j = 0; j < name_count; ++j) {
        EXPECT_TRUE(InForce(GetCommand(FindVerb(names[j])).needs, now)) << names[j];
      }
    }
  }
}

}  // namespace
}  // namespace postern::commands
