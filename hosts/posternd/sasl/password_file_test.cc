// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/sasl/password_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {
namespace {

std::string Scram(absl::string_view password) {
  return Credential::MakeScram(Secret(password), 4096, "0123456789abcdef")->ToText();
}

std::string Crypt(absl::string_view password) {
  return Credential::MakeCrypt(Secret(password))->ToText();
}

std::shared_ptr<const PasswordFile> Parse(absl::string_view text) {
  auto file = PasswordFile::Parse(text, "users");
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *file : nullptr;
}

bool Verify(const PasswordFile& file, absl::string_view name, absl::string_view password) {
  return file.Verify(name, Secret(password));
}

TEST(PasswordFile, ChecksUsersByTheirSecrets) {
  const auto file = Parse(
      absl::StrCat("# users\n\nalice:", Crypt("one"), "\r\n", "bob@example.com:", Scram("two"),
                   "\n", "j\xC3\xBCrgen:", Crypt("three"), " ", Scram("three"), "\n"));
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->users(), 3u);
  EXPECT_TRUE(file->has_scram());
  EXPECT_TRUE(Verify(*file, "alice", "one"));
  EXPECT_TRUE(Verify(*file, "bob@example.com", "two"));
  EXPECT_TRUE(Verify(*file, "j\xC3\xBCrgen", "three"));
  EXPECT_FALSE(Verify(*file, "alice", "two"));
  EXPECT_FALSE(Verify(*file, "ALICE", "one"));
  EXPECT_FALSE(Verify(*file, "carol", "one"));  // although it is checked against alice's
  EXPECT_FALSE(Verify(*file, "", "one"));
  EXPECT_EQ(file->FindScram("alice"), nullptr);
  ASSERT_NE(file->FindScram("bob@example.com"), nullptr);
  EXPECT_EQ(file->FindScram("bob@example.com")->iterations, 4096u);
  EXPECT_EQ(file->FindScram("carol"), nullptr);
}

TEST(PasswordFile, AnEmptyFileHasNoUsers) {
  const auto file = Parse("# nobody yet\n");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->users(), 0u);
  EXPECT_FALSE(file->has_scram());
  EXPECT_FALSE(Verify(*file, "alice", "one"));
}

TEST(PasswordFile, ShowsUnknownUsersAlwaysTheSame) {
  const auto file = Parse(absl::StrCat("bob:", Scram("two"), "\n"));
  const auto reloaded = Parse(absl::StrCat("bob:", Scram("two"), "\nalice:", Scram("x"), "\n"));
  ScramKeys first;
  ScramKeys second;
  file->MakeUnknownScram("mallory", &first);
  reloaded->MakeUnknownScram("mallory", &second);
  EXPECT_EQ(first.salt, second.salt);
  EXPECT_EQ(first.salt.size(), file->FindScram("bob")->salt.size());
  EXPECT_EQ(first.iterations, file->FindScram("bob")->iterations);
  EXPECT_FALSE(EqualSecrets(first.stored_key.view(), second.stored_key.view()));
  ScramKeys other;
  file->MakeUnknownScram("trudy", &other);
  EXPECT_NE(other.salt, first.salt);
}

// What hangs on the name alone is a matter of the file: whoever adds users at its end changes
// nothing, and who has not its secrets cannot tell what an unknown user will be shown.
TEST(PasswordFile, WhatUnknownUsersAreShownHangsOnTheSecretsOfTheFile) {
  const auto file = Parse(absl::StrCat("bob:", Scram("two"), "\n"));
  const auto other = Parse(absl::StrCat("bob:", Scram("three"), "\n"));
  ScramKeys here;
  ScramKeys there;
  file->MakeUnknownScram("mallory", &here);
  other->MakeUnknownScram("mallory", &there);
  EXPECT_NE(here.salt, there.salt);
}

// Measured by the processor time of this thread: a name that nobody has takes what one that
// somebody has takes, with hashes of one cost.
TEST(PasswordFile, AnUnknownNameTakesTheSameWork) {
  const auto file = Parse(absl::StrCat("alice:", Crypt("one"), "\nbob:", Crypt("two"), "\n"));
  const auto cpu_ns = [&](const char* name) {
    timespec before = {};
    timespec after = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    EXPECT_FALSE(Verify(*file, name, "wrong"));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    return (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec;
  };
  const int64_t known = cpu_ns("alice");
  for (const char* name : {"mallory", "trudy", "x", "j\xC3\xBCrgen"}) {
    EXPECT_GT(cpu_ns(name), known / 4) << name;
  }
}

TEST(PasswordFile, NamesPlaceReasonAndMend) {
  const std::string good = Scram("x");
  const struct {
    std::string text;
    const char* place;
    const char* reason;
  } kCases[] = {
      {"alice", "users:1:", "is not NAME:SECRETS"},
      {"#\nalice:" + good + "\nbob\n", "users:3:", "is not NAME:SECRETS"},
      {":" + good, "users:1:", "no user name"},
      {"a b:" + good, "users:1:", "no user name"},
      {"a\x07:" + good, "users:1:", "no user name"},
      {std::string(256, 'n') + ":" + good, "users:1:", "no user name"},
      {"ju\xCC\x88rgen:" + good, "users:1:", "no user name"},  // not as SASLprep gives it
      {"\xFF:" + good, "users:1:", "no user name"},
      {"alice:", "users:1:", "crypt(5)"},
      {"alice:plain", "users:1:", "crypt(5)"},
      {"alice:" + good + "\nalice:" + good, "users:2:", "second of user alice"},
      {"alice:" + good + ":x", "users:1:", "SCRAM keys"},
  };
  for (const auto& c : kCases) {
    const auto file = PasswordFile::Parse(c.text, "users");
    ASSERT_FALSE(file.ok()) << c.text;
    EXPECT_TRUE(absl::StartsWith(file.status().message(), c.place)) << file.status();
    EXPECT_TRUE(absl::StrContains(file.status().message(), c.reason)) << file.status();
  }
}

TEST(PasswordFile, IsNotReadWhereOthersMayReadIt) {
  const std::string path = absl::StrCat(testing::TempDir(), "/users");
  std::ofstream(path) << "alice:" << Scram("one") << "\n";
  for (const mode_t mode : {0644, 0604, 0601, 0602}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    const auto file = PasswordFile::Load(path);
    ASSERT_FALSE(file.ok());
    EXPECT_TRUE(absl::StrContains(file.status().message(), "chmod o=")) << file.status();
  }
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  const auto file = PasswordFile::Load(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(Verify(**file, "alice", "one"));
  EXPECT_FALSE(PasswordFile::Load(path + ".none").ok());
  EXPECT_FALSE(PasswordFile::Load(testing::TempDir()).ok());
  std::remove(path.c_str());
}

}  // namespace
}  // namespace posternd
}  // namespace postern
