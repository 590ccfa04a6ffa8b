// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/credential.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

std::string FromBase64(absl::string_view text) {
  std::string octets;
  EXPECT_TRUE(absl::Base64Unescape(text, &octets));
  return octets;
}

std::string Hmac(absl::string_view key, absl::string_view text) {
  unsigned char out[32];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  return std::string(reinterpret_cast<char*>(out), size);
}

std::string Sha256(absl::string_view text) {
  unsigned char out[32];
  EVP_Digest(text.data(), text.size(), out, nullptr, EVP_sha256(), nullptr);
  return std::string(reinterpret_cast<char*>(out), sizeof(out));
}

Credential Pencil() {
  return *Credential::MakeScram(Secret(absl::string_view("pencil")), 4096,
                                FromBase64("W22ZaJ0SNY7soEsUEjb6gQ=="));
}

// The keys that we derive are those that the example of RFC 7677 §3 was computed with: its proof
// fits the stored key, and its server signature is made with the server key.
TEST(Credential, DerivesTheKeysOfTheRfcsExample) {
  const Credential pencil = Pencil();
  ASSERT_TRUE(pencil.scram().has_value());
  const std::string nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const std::string auth_message =
      absl::StrCat("n=user,r=rOprNGfwEbeRWgbNEkqO,r=", nonce, ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,",
                   "c=biws,r=", nonce);
  const std::string stored(pencil.scram()->stored_key.view());
  std::string client_key = FromBase64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  const std::string signature = Hmac(stored, auth_message);
  for (size_t i = 0; i < client_key.size(); ++i) client_key[i] ^= signature[i];
  EXPECT_EQ(Sha256(client_key), stored);
  EXPECT_EQ(Hmac(pencil.scram()->server_key.view(), auth_message),
            FromBase64("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

TEST(Credential, ChecksAPasswordByItsScramKeys) {
  const Credential pencil = Pencil();
  EXPECT_TRUE(pencil.Verify(Secret(absl::string_view("pencil"))));
  for (const char* wrong : {"", "pencilx", "penci", "Pencil"}) {
    EXPECT_FALSE(pencil.Verify(Secret(absl::string_view(wrong)))) << wrong;
  }
}

TEST(Credential, ChecksAPasswordByItsHash) {
  const absl::StatusOr<Credential> made =
      Credential::MakeCrypt(Secret(absl::string_view("open sesame")));
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(absl::StartsWith(made->ToText(), "$y$")) << made->ToText();
  const absl::StatusOr<Credential> read = Credential::Parse(made->ToText());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->Verify(Secret(absl::string_view("open sesame"))));
  EXPECT_FALSE(read->Verify(Secret(absl::string_view("open sesame "))));
  EXPECT_FALSE(read->Verify(Secret(absl::string_view(""))));
  EXPECT_FALSE(read->scram().has_value());
  // Another salt each time.
  EXPECT_NE(Credential::MakeCrypt(Secret(absl::string_view("open sesame")))->ToText(),
            made->ToText());
  // What crypt would cut off or refuse.
  EXPECT_FALSE(Credential::MakeCrypt(Secret(std::string(512, 'x'))).ok());
}

TEST(Credential, ReadsHashesOfOtherMethodsThatAreFit) {
  // crypt(5): sha512crypt and bcrypt of "secret".
  const absl::StatusOr<Credential> sha512 = Credential::Parse(
      "$6$saltsalt$BYd4LmGHo6vFVtYgBvs9.6NvRjPIkkBsWZ7W1X3dsm7RWlBCYUCEx7gqCDlSDv3YNmnD.tZ7yGzL6gX1"
      "Ip2x20");
  ASSERT_TRUE(sha512.ok()) << sha512.status();
  EXPECT_FALSE(sha512->Verify(Secret(absl::string_view("wrong"))));
}

TEST(Credential, WritesWhatItReads) {
  const std::string scram = Pencil().ToText();
  EXPECT_TRUE(absl::StartsWith(scram, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")) << scram;
  const absl::StatusOr<Credential> read = Credential::Parse(scram);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->ToText(), scram);
  EXPECT_TRUE(read->Verify(Secret(absl::string_view("pencil"))));

  Credential both =
      Credential::Join(*Credential::MakeCrypt(Secret(absl::string_view("pencil"))), Pencil());
  const std::string text = both.ToText();
  const absl::StatusOr<Credential> read_both = Credential::Parse(text);
  ASSERT_TRUE(read_both.ok()) << read_both.status();
  EXPECT_EQ(read_both->ToText(), text);
  EXPECT_TRUE(read_both->scram().has_value());
  EXPECT_TRUE(read_both->Verify(Secret(absl::string_view("pencil"))));
}

TEST(Credential, RefusesWhatIsNoSecretAndDoesNotRepeatIt) {
  const std::string keys =
      "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
  const std::string salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
  const std::string good = absl::StrCat("SCRAM-SHA-256$4096:", salt, keys);
  ASSERT_TRUE(Credential::Parse(good).ok());
  for (const std::string& bad :
       {std::string(),
        std::string("secret"),
        std::string("$"),
        std::string("$99$salt$hash"),
        std::string("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"),  // MD5: no longer fit
        std::string("ab01FAX.bQRSU"),                       // DES
        absl::StrCat("SCRAM-SHA-256$4095:", salt, keys),
        absl::StrCat("SCRAM-SHA-256$10000001:", salt, keys),
        absl::StrCat("SCRAM-SHA-256$:", salt, keys),
        absl::StrCat("SCRAM-SHA-256$-1:", salt, keys),
        absl::StrCat("SCRAM-SHA-256$4096", keys),
        absl::StrCat("SCRAM-SHA-256$4096:", keys),
        absl::StrCat("SCRAM-SHA-256$4096:W22ZaJ0=", keys),
        absl::StrCat("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ", keys),
        absl::StrCat("SCRAM-SHA-256$4096:", salt),
        absl::StrCat(good, ":x"),
        absl::StrCat("SCRAM-SHA-256$4096:", salt, "$AAAA:AAAA"),
        absl::StrCat("SCRAM-SHA-1$4096:", salt, keys),
        absl::StrCat(good, " ", good),
        absl::StrCat(good, " ")}) {
    const absl::StatusOr<Credential> read = Credential::Parse(bad);
    EXPECT_FALSE(read.ok()) << bad;
    EXPECT_FALSE(absl::StrContains(read.status().message(), "WG5d8o")) << read.status();
    EXPECT_FALSE(absl::StrContains(read.status().message(), "qjXM")) << read.status();
  }
}

TEST(SaslPrep, GivesOneFormOfAText) {  // RFC 4013 §3
  const auto prep = [](absl::string_view text) {
    return std::string(SaslPrep(text, /*stored=*/true).view());
  };
  EXPECT_EQ(prep("I\xC2\xADX"), "IX");  // a soft hyphen is mapped to nothing
  EXPECT_EQ(prep("user"), "user");
  EXPECT_EQ(prep("USER"), "USER");
  EXPECT_EQ(prep("\xC2\xAA"), "a");       // NFKC
  EXPECT_EQ(prep("\xE2\x85\xA8"), "IX");  // NFKC
  EXPECT_EQ(prep("\x07"), "");            // prohibited
  EXPECT_EQ(prep("\xD8\xA7\x31"), "");    // bidirectional check
  EXPECT_EQ(prep("a\xC2\xA0"
                 "b"),
            "a b");  // other spaces are SP
  EXPECT_EQ(prep(""), "");
  EXPECT_EQ(prep("\xFF"), "");
  EXPECT_EQ(prep(absl::string_view("a\0b", 3)), "");
  EXPECT_EQ(prep("j\xC3\xBCrgen"), "j\xC3\xBCrgen");
  EXPECT_EQ(prep("ju\xCC\x88rgen"), "j\xC3\xBCrgen");
}

TEST(Secret, MovesAndLeavesNothingBehind) {
  for (const std::string& text : {std::string("short"), std::string(100, 'k')}) {
    Secret a{absl::string_view(text)};
    Secret b(std::move(a));
    EXPECT_EQ(b.view(), text);
    EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is what it promises
    a = std::move(b);
    EXPECT_EQ(a.view(), text);
    EXPECT_TRUE(b.empty());  // NOLINT(bugprone-use-after-move)
    std::string source = text;
    const char* const octets = source.data();
    const Secret c(std::move(source));
    EXPECT_EQ(c.view(), text);
    // The short form of a string is inside of it: still there to look at.
    if (text.size() < 10) {
      EXPECT_EQ(std::string(octets, 5), std::string(5, '\0'));
    }
  }
  EXPECT_TRUE(EqualSecrets("abc", "abc"));
  EXPECT_FALSE(EqualSecrets("abc", "abd"));
  EXPECT_FALSE(EqualSecrets("abc", "ab"));
  EXPECT_TRUE(EqualSecrets("", ""));
}

}  // namespace
}  // namespace posternd
}  // namespace postern
