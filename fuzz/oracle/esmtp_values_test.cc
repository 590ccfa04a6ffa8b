// SPDX-License-Identifier: Apache-2.0
//
// engine/syntax's parsers of the extensions' arguments and values against the RFCs' grammar, on
// texts made from right ones: pieces put together at random, and right texts with octets changed,
// left out, doubled and moved.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/auth.h"
#include "engine/syntax/bdat_argument.h"
#include "engine/syntax/burl_argument.h"
#include "engine/syntax/client_attributes.h"
#include "engine/syntax/date_time.h"
#include "engine/syntax/delivery_parameters.h"
#include "engine/syntax/dsn.h"
#include "engine/syntax/ehlo_limits.h"
#include "engine/syntax/queue_argument.h"
#include "fuzz/oracle/esmtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

// Texts to try: made of `pieces`, and of `seeds` changed a little. `check` says whether its text
// was right; enough of both kinds have to come, or the test tests nothing.
void Try(unsigned seed, const std::vector<std::string>& seeds,
         const std::vector<std::string>& pieces,
         const std::function<bool(const std::string&)>& check) {
  std::mt19937 random(seed);
  const auto below = [&random](size_t n) { return n == 0 ? 0 : random() % n; };
  const auto octet = [&]() -> char {
    // Mostly what means something somewhere.
    static const std::string likely = " =;:,+-.@#/[]<>()\"\\%?!~09aAfFzZTtRrNnCc\t\x7F\x80\xC3\xBC";
    return below(8) == 0 ? static_cast<char>(below(256)) : likely[below(likely.size())];
  };
  int right = 0;
  int wrong = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string text;
    if (i % 3 == 0) {
      for (size_t n = below(7); n != 0; --n) text += pieces[below(pieces.size())];
    } else {
      text = seeds[below(seeds.size())];
      for (size_t n = below(4); n != 0; --n) {
        const size_t at = below(text.size() + 1);
        switch (below(5)) {
          case 0:
            text.insert(at, 1, octet());
            break;
          case 1:
            if (at < text.size()) text[at] = octet();
            break;
          case 2:
            text.erase(at, 1 + below(3));
            break;
          case 3:
            text.insert(at, pieces[below(pieces.size())]);
            break;
          default:
            text.insert(at, text.substr(below(text.size() + 1), below(12)));
            break;
        }
      }
    }
    (check(text) ? right : wrong) += 1;
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(right, 200);
  EXPECT_GT(wrong, 200);
}

std::string Hex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    char hex[4];
    std::snprintf(hex, sizeof(hex), "+%02X", static_cast<unsigned>(static_cast<uint8_t>(c)));
    out += hex;
  }
  return out;
}

// By hand: the parsers' own decoder is not asked.
std::string FromXtext(std::string_view text) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += static_cast<char>(value(text[i + 1]) * 16 + value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

TEST(EsmtpValues, BdatArgument) {
  Try(1, {"86 LAST", "100000", "0 last", "9223372036854775807", "9223372036854775808 LAST"},
      {"0", "1", "99", " ", "LAST", "last", "9223372036854775807", "x"},
      [](const std::string& text) {
        const bool right = MatchesEsmtp("bdat-argument", text);
        const syntax::BdatArgument got = syntax::ParseBdatArgument(text);
        const size_t space = text.find(' ');
        std::string digits = text.substr(0, space);
        digits.erase(0, digits.find_first_not_of('0'));
        const bool fits =
            digits.size() < 19 || (digits.size() == 19 && digits <= "9223372036854775807");
        EXPECT_EQ(got.ok(), right && fits) << text;
        if (right && !fits) {
          EXPECT_EQ(got.error, syntax::BdatError::kSizeTooBig) << text;
        }
        if (got.ok()) {
          EXPECT_EQ(std::to_string(got.octets), digits.empty() ? "0" : digits) << text;
          EXPECT_EQ(got.last, space != std::string::npos) << text;
        }
        // The size is known where what stands before the first space is one.
        EXPECT_EQ(got.size_known, MatchesEsmtp("chunk-size", text.substr(0, space)) && fits)
            << text;
        return right;
      });
}

TEST(EsmtpValues, Ret) {
  Try(2, {"FULL", "HDRS", "full", "hDrS"}, {"FULL", "HDRS", ","}, [](const std::string& text) {
    syntax::DsnReturn out{};
    const bool right = MatchesEsmtp("ret-value", text);
    EXPECT_EQ(syntax::ParseRet(text, &out) == syntax::DsnError::kNone, right) << text;
    return right;
  });
}

TEST(EsmtpValues, Notify) {
  Try(3, {"NEVER", "SUCCESS,FAILURE,DELAY", "delay", ",SUCCESS,,"},
      {"NEVER", "SUCCESS", "failure", "DELAY", ",", ",", " "}, [](const std::string& text) {
        uint8_t bits = 0;
        const bool right = MatchesEsmtp("notify-value", text);
        EXPECT_EQ(syntax::ParseNotify(text, &bits) == syntax::DsnError::kNone, right) << text;
        EXPECT_EQ(bits != 0, right) << text;
        return right;
      });
}

TEST(EsmtpValues, EnvidAndOrcpt) {
  Try(4, {"QQ314159", "a+20b+09c+2B+3D", std::string(99, 'x'), std::string(97, 'x') + "+41"},
      {"a", "+41", "+0A", "+7E", "+7F", "+", "=", "+09", "+80", "!~"}, [](const std::string& text) {
        const bool right = MatchesEsmtp("envid-value", text);
        const syntax::DsnError error = syntax::ParseEnvid(text);
        EXPECT_EQ(error == syntax::DsnError::kNone, right && text.size() <= 100) << text;
        if (right && text.size() > 100) {
          EXPECT_EQ(error, syntax::DsnError::kTooLong);
        }
        return right;
      });
  Try(5, {"rfc822;Dana@Ivory.EDU", "x400;/G+3Djohn/", "rfc822;" + std::string(492, 'x')},
      {"rfc822", ";", "a@b", "+41", "+0D", "=", ".", "t"}, [](const std::string& text) {
        const bool right = MatchesEsmtp("orcpt-value", text);
        const syntax::Orcpt got = syntax::ParseOrcpt(text);
        EXPECT_EQ(got.ok(), right && text.size() <= 500) << text;
        if (got.ok()) {
          EXPECT_EQ(std::string(got.addr_type) + ";" + std::string(got.address), text);
          EXPECT_EQ(got.addr_type.find(';'), std::string_view::npos);
        }
        return right;
      });
}

TEST(EsmtpValues, AuthArgument) {
  Try(6, {"PLAIN dGVzdAB0ZXN0ADEyMzQ=", "CRAM-MD5", "EXTERNAL =", "login Zg==", "X_Y Zm8="},
      {"PLAIN", " ", "=", "Zg==", "Zm9v", "ABCDEFGHIJ", "*", "-", "_"},
      [](const std::string& text) {
        const bool right = MatchesEsmtp("auth-argument", text);
        const syntax::AuthArgument got = syntax::ParseAuthArgument(text);
        bool taken = got.ok();
        if (taken && got.has_initial_response) {
          std::vector<char> out(text.size());
          size_t length = 0;
          taken = syntax::DecodeInitialResponse(got.initial_response, out.data(), out.size(),
                                                &length) == syntax::Base64Error::kNone;
        }
        EXPECT_EQ(taken, right) << text;
        if (got.ok()) {
          std::string again(got.mechanism);
          if (got.has_initial_response) again += " " + std::string(got.initial_response);
          EXPECT_EQ(again, text);
        }
        return right;
      });
  Try(7, {"dGVzdAB0ZXN0ADEyMzQ=", "", "*", "Zg==", "Zm9vYmFy"},
      {"Zm9v", "Zg==", "Zm8=", "*", "=", "A"}, [](const std::string& text) {
        std::vector<char> out(text.size());
        size_t length = 0;
        const syntax::AuthLine got = syntax::DecodeAuthLine(text, out.data(), out.size(), &length);
        const bool response = MatchesEsmtp("auth-response", text);
        const bool cancel = MatchesEsmtp("cancel-response", text);
        EXPECT_EQ(got == syntax::AuthLine::kResponse, response) << text;
        EXPECT_EQ(got == syntax::AuthLine::kCancel, cancel) << text;
        return response || cancel;
      });
}

TEST(EsmtpValues, AuthParameter) {
  for (const bool utf8 : {false, true}) {
    Try(8,
        {"e+3Dmc2@example.com", "<>", "+3C+3E", "+22a+20b+22@[192.0.2.1]", "a@b.example",
         Hex("j\xC3\xBCrgen@example.com"), "j" + Hex("\xC3\xBC") + "rgen@example.com"},
        {"a", "@", "example.com", "<", ">", "+22", "+20", "+0A", "+C3+BC", ".", "+", "+3D"},
        [utf8](const std::string& text) {
          syntax::AuthParameter got;
          syntax::ParseAuthParameter(text, utf8, &got);
          const bool xtext = MatchesEsmtp("attribute-value", text);  // 1*( xchar / hexchar )
          const std::string decoded = xtext ? FromXtext(text) : "";
          const bool right = xtext && MatchesEsmtp("auth-identity", decoded, utf8);
          // Limits of a mailbox, which none of these texts comes near to but by doubling.
          const size_t at = decoded.rfind('@');
          const bool fits = text.size() <= 500 && at <= 64 && decoded.size() <= 254;
          if (fits || decoded == "<>") {
            EXPECT_EQ(got.ok(), right) << text;
          }
          if (got.ok()) {
            EXPECT_EQ(got.is_null, decoded == "<>");
            if (!got.is_null) {
              EXPECT_EQ(std::string(got.mailbox, got.mailbox_octets), decoded);
            }
          }
          return right;
        });
  }
}

TEST(EsmtpValues, DeliveryParameters) {
  Try(9, {"120;R", "-40;NT", "+999999999;rt", "0;N", "000000001;R"},
      {"0", "1", "9", ";", "R", "n", "T", "-", "+", "000"}, [](const std::string& text) {
        syntax::DeliverBy by;
        const bool right = MatchesEsmtp("by-value", text);
        const syntax::DeliverByError error = syntax::ParseDeliverBy(text, &by);
        EXPECT_EQ(error == syntax::DeliverByError::kNone, right) << text;
        if (right) {
          EXPECT_EQ(by.seconds, std::stol(text)) << text;
        }
        return right;
      });
  Try(10, {"-9", "0", "9", "-1"}, {"0", "1", "9", "-", "+"}, [](const std::string& text) {
    int8_t priority = 0;
    const bool right = MatchesEsmtp("priority-value", text);
    EXPECT_EQ(syntax::ParseMtPriority(text, &priority), right) << text;
    if (right) {
      EXPECT_EQ(std::to_string(priority), text);
    }
    return right;
  });
  Try(11, {"1", "999999999", "86400"}, {"0", "1", "99", "000"}, [](const std::string& text) {
    uint32_t seconds = 0;
    const bool right = MatchesEsmtp("hold-for-value", text);
    EXPECT_EQ(syntax::ParseHoldFor(text, &seconds), right) << text;
    if (right) {
      EXPECT_EQ(std::to_string(seconds), text);
    }
    return right;
  });
  // What the grammar takes and no calendar has, ParseDateTime refuses; it has a test of its own.
  const auto exists = [](std::string_view time) {
    syntax::DateTime out;
    return syntax::ParseDateTime(time, &out);
  };
  const std::vector<std::string> pieces = {"2024-02-29", "T",      "23:59:59", "Z",
                                           ".5",         "+01:00", ";R",       "-00:00"};
  Try(12, {"2008-03-05T19:00:00Z", "2024-02-29t19:00:00.25z", "2008-03-05T19:00:00+00:00"}, pieces,
      [&](const std::string& text) {
        syntax::DateTime out;
        const bool right = MatchesEsmtp("hold-until-value", text);
        EXPECT_EQ(syntax::ParseHoldUntil(text, &out), right && exists(text)) << text;
        return right;
      });
  Try(13, {"2014-04-03T23:01:00Z", "2014-04-03T23:01:00-08:00;C", "2014-04-03T23:01:00Z;r"}, pieces,
      [&](const std::string& text) {
        syntax::Rrvs out;
        const bool right = MatchesEsmtp("rrvs-value", text);
        EXPECT_EQ(syntax::ParseRrvs(text, &out), right && exists(text.substr(0, text.find(';'))))
            << text;
        return right;
      });
}

TEST(EsmtpValues, BurlArgument) {
  Try(14,
      {"imap://harry@gryffindor.example.com/outbox;uid=25;urlauth=submit+harry:internal:91 LAST",
       "ldap://[2001:db8::7]/c=GB?objectClass?one", "urn:a:b", "a://u:p@h:80/x//y?q/?",
       "a:/b/c last", "x://[v7.a:b]:1", "h://[1:2:3:4:5:6:1.2.3.4]/"},
      {"a", ":", "/", "//", "?", "@", "%41", "%", "[::1]", "[", "]", "::", "v1.x", "1", " LAST",
       "#"},
      [](const std::string& text) {
        const bool right = MatchesEsmtp("burl-argument", text);
        const syntax::BurlArgument got = syntax::ParseBurlArgument(text);
        EXPECT_EQ(got.ok(), right) << text;
        const bool uri = MatchesEsmtp("absolute-URI", text);
        EXPECT_EQ(syntax::IsAbsoluteUri(text), uri) << text;
        if (got.ok()) {
          EXPECT_EQ(got.uri, text.substr(0, text.find(' ')));
        }
        return right;
      });
}

TEST(EsmtpValues, QueueArguments) {
  const std::vector<std::string> pieces = {"a", "-", ".", ",", "b1", "@", "#", "example.org"};
  Try(15, {"sigurd.innosoft.com", "@foo.com", "#uucp", "a.b"}, pieces, [](const std::string& text) {
    const bool right = MatchesEsmtp("etrn-argument", text);
    EXPECT_EQ(syntax::ParseEtrnArgument(text).ok(), right) << text;
    return right;
  });
  Try(16, {"example.org,example.com", "a.b", "a-b.c1,d.e,f.g"}, pieces,
      [](const std::string& text) {
        const bool right = MatchesEsmtp("atrn-argument", text);
        syntax::AtrnIterator iterator(text);
        std::string_view domain;
        std::string again;
        while (iterator.Next(&domain)) again += (again.empty() ? "" : ",") + std::string(domain);
        EXPECT_EQ(iterator.error() == syntax::QueueError::kNone, right) << text;
        if (right) {
          EXPECT_EQ(again, text);
        }
        return right;
      });
}

TEST(EsmtpValues, EhloLimits) {
  Try(17, {"MAILMAX=10 RCPTMAX=100", "X-FLAG RCPTDOMAINMAX=999999", "RCPTMAX=0"},
      {"MAILMAX", "rcptmax", "=", " ", "1", "0", "999999", ";", "_"}, [](const std::string& text) {
        const bool right = MatchesEsmtp("limits-param", text);
        syntax::EhloLimits limits;
        EXPECT_EQ(syntax::ParseEhloLimits(text, &limits), right) << text;
        for (const uint32_t value : {limits.mail_max, limits.rcpt_max, limits.rcpt_domain_max}) {
          EXPECT_TRUE(value == 0 || MatchesEsmtp("registered-limit-value", std::to_string(value)));
        }
        return right;
      });
}

void TryClientAttributes(unsigned seed, syntax::ClientAttributeVerb verb,
                         const std::vector<std::string>& seeds) {
  const std::string prefix =
      verb == syntax::ClientAttributeVerb::kXclient ? "xclient-" : "xforward-";
  Try(seed, seeds,
      {"NAME=", "addr=", "PORT=", "PROTO=ESMTP", " ", "HELO=x", "[UNAVAILABLE]", "[TEMPUNAVAIL]",
       "SOURCE=LOCAL", "IDENT=1", "LOGIN=a", "IPV6:::1", "1.2.3.4", "25", "+0A", "+41", "a",
       "DESTADDR="},
      [&](const std::string& text) {
        bool right = MatchesEsmtp(prefix + "list", text);
        std::set<std::string> seen;
        for (size_t at = 0; right && at < text.size();) {
          size_t end = text.find(' ', at);
          if (end == std::string::npos) end = text.size();
          const size_t equals = text.find('=', at);
          std::string name = text.substr(at, equals - at);
          for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
          const std::string raw = text.substr(equals + 1, end - equals - 1);
          right = seen.insert(name).second && raw.size() <= 255 &&
                  MatchesEsmtp(prefix + name, FromXtext(raw));
          at = end + 1;
        }
        syntax::ClientAttributes got;
        syntax::ParseClientAttributes(text, verb, &got);
        EXPECT_EQ(got.ok(), right) << text;
        if (right) {
          size_t count = 0;
          for (size_t i = 0; i < syntax::ClientAttributes::kCount; ++i) {
            const auto attribute = static_cast<syntax::ClientAttribute>(i);
            count += got.state(attribute) == syntax::ClientAttributeState::kAbsent ? 0 : 1;
          }
          EXPECT_EQ(count, seen.size()) << text;
        }
        return right;
      });
}

TEST(EsmtpValues, ClientAttributes) {
  TryClientAttributes(
      18, syntax::ClientAttributeVerb::kXclient,
      {"NAME=spike.example.org ADDR=168.100.189.2", "ADDR=IPV6:2001:db8::1 PORT=25",
       "NAME=[TEMPUNAVAIL] PROTO=esmtp", "LOGIN=a+2Bb DESTADDR=[unavailable] DESTPORT=0"});
  TryClientAttributes(
      19, syntax::ClientAttributeVerb::kXforward,
      {"NAME=spike.example.org ADDR=168.100.189.2 PROTO=ESMTP", "SOURCE=REMOTE IDENT=AB12",
       "ADDR=ipv6:::1 PORT=65535", "ADDR=uucp!node HELO=[1.2.3.4]"});
}

}  // namespace
}  // namespace postern::fuzz::oracle
