// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/log.h"

#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace postern {
namespace posternd {
namespace {

std::string TextValue(absl::string_view octets) {
  std::string out;
  AppendTextValue(octets, &out);
  return out;
}

std::string JsonString(absl::string_view octets) {
  std::string out;
  AppendJsonString(octets, &out);
  return out;
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class LogFileTest : public testing::Test {
 protected:
  void TearDown() override { remove(path_.c_str()); }
  const std::string path_ = testing::TempDir() + "/posternd_log_" + std::to_string(getpid());
};

TEST(LogEscapeTest, LeavesPlainValuesAlone) {
  EXPECT_EQ(TextValue("a@b.example"), "a@b.example");
  EXPECT_EQ(TextValue("[IPv6:2001:db8::1]"), "[IPv6:2001:db8::1]");
}

TEST(LogEscapeTest, ClientsCannotForgeLinesFieldsOrTerminalCodes) {
  EXPECT_EQ(TextValue("a\r\nsession id=1"), "\"a\\x0d\\x0asession id=1\"");
  EXPECT_EQ(TextValue("x=1"), "\"x=1\"");
  EXPECT_EQ(TextValue("\x1b[31m"), "\"\\x1b[31m\"");
  EXPECT_EQ(TextValue("say \"hi\" \\"), "\"say \\\"hi\\\" \\\\\"");
  EXPECT_EQ(TextValue("\xc3\xa9"), "\"\\xc3\\xa9\"");
  EXPECT_EQ(TextValue(absl::string_view("\0\x7f", 2)), "\"\\x00\\x7f\"");
  EXPECT_EQ(TextValue(""), "\"\"");
}

TEST(LogEscapeTest, JsonStringsAreAsciiAndLossless) {
  EXPECT_EQ(JsonString("a\"\\\n\xff"), "\"a\\\"\\\\\\u000a\\u00ff\"");
}

TEST(LogEscapeTest, LongValuesAreCut) {
  const std::string text = TextValue(std::string(5000, 'a'));
  EXPECT_LT(text.size(), 1100u);
  EXPECT_EQ(text.substr(text.size() - 4), "...\"");
}

TEST(LogTimeTest, IsIso8601InUtc) {
  std::string out;
  AppendTimestamp(1795494176007, &out);
  EXPECT_EQ(out, "2026-11-24T04:22:56.007Z");
}

TEST_F(LogFileTest, WritesTextLinesInOrder) {
  Logger logger;
  Logger::Options options;
  options.file = path_;
  ASSERT_TRUE(logger.Open(options).ok());
  LogLine(&logger, "session").Add("id", "s1").Add("messages", uint64_t{2}).Write();
  LogLine(&logger, "message").Add("id", "s1").Write();
  logger.Close();
  const std::string text = Contents(path_);
  const size_t first = text.find(" session id=s1 messages=2\n");
  const size_t second = text.find(" message id=s1\n");
  ASSERT_NE(first, std::string::npos) << text;
  ASSERT_NE(second, std::string::npos) << text;
  EXPECT_LT(first, second);
}

TEST_F(LogFileTest, WritesJson) {
  Logger logger;
  Logger::Options options;
  options.file = path_;
  options.format = LogFormat::kJson;
  ASSERT_TRUE(logger.Open(options).ok());
  LogLine(&logger, "session").Add("helo", "a\nb").Add("errors", 3u).Write();
  logger.Close();
  const std::string text = Contents(path_);
  EXPECT_EQ(text.find("{\"time\":\"20"), 0u);
  EXPECT_NE(text.find("\"event\":\"session\",\"helo\":\"a\\u000ab\",\"errors\":3}\n"),
            std::string::npos)
      << text;
}

TEST_F(LogFileTest, ManyThreadsLoseNothing) {
  Logger logger;
  Logger::Options options;
  options.file = path_;
  ASSERT_TRUE(logger.Open(options).ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&logger] {
      for (int i = 0; i < 1000; ++i) LogLine(&logger, "line").Write();
    });
  }
  for (std::thread& thread : threads) thread.join();
  logger.Close();
  const std::string text = Contents(path_);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4000);
}

// At this pace nothing would be written before the test's own limit ends it.
TEST_F(LogFileTest, HurryWritesWithoutTheDelay) {
  Logger logger;
  Logger::Options options;
  options.file = path_;
  options.interval = std::chrono::hours(1);
  ASSERT_TRUE(logger.Open(options).ok());
  for (int i = 0; i < 20; ++i) {
    const std::string word = "round=" + std::to_string(i) + "\n";
    LogLine(&logger, "line").Add("round", static_cast<uint64_t>(i)).Write();
    logger.Hurry();
    while (Contents(path_).find(word) == std::string::npos) std::this_thread::yield();
  }
  logger.Close();
}

TEST_F(LogFileTest, ReopenFollowsARotation) {
  Logger logger;
  Logger::Options options;
  options.file = path_;
  ASSERT_TRUE(logger.Open(options).ok());
  const std::string rotated = path_ + ".1";
  ASSERT_EQ(rename(path_.c_str(), rotated.c_str()), 0);
  ASSERT_TRUE(logger.Reopen().ok());
  logger.Info("after");
  logger.Close();
  EXPECT_NE(Contents(path_).find("message=after"), std::string::npos);
  EXPECT_EQ(Contents(rotated).find("after"), std::string::npos);
  remove(rotated.c_str());
}

TEST(LogOpenTest, RefusesAFileThatCannotBeWrittenAndNamesIt) {
  Logger logger;
  Logger::Options options;
  options.file = "/nonexistent/log";
  const absl::Status status = logger.Open(options);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("/nonexistent/log"), std::string::npos);
}

}  // namespace
}  // namespace posternd
}  // namespace postern
