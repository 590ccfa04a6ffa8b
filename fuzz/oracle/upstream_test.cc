// SPDX-License-Identifier: Apache-2.0
//
// The reader of the upstream wire finds each broken rule, and nothing in a conversation that is
// right.

#include "fuzz/oracle/upstream.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

// ">" before what the gate sends, "<" before what the server sends.
Finding Read(UpstreamWire* wire, const std::vector<std::string>& conversation) {
  for (const std::string& each : conversation) {
    const Finding finding =
        each[0] == '>' ? wire->Sent(each.substr(1)) : wire->Received(each.substr(1));
    if (!finding.empty()) return finding;
  }
  return "";
}

std::vector<std::string> UpTo(const std::string& keywords) {
  return {"<220 mx\r\n",          ">EHLO gate\r\n", "<250-mx\r\n250 " + keywords + "\r\n",
          ">MAIL FROM:<a@b>\r\n", "<250 Ok\r\n",    ">RCPT TO:<c@d>\r\n",
          "<250 Ok\r\n"};
}

std::vector<std::string> operator+(std::vector<std::string> a, std::vector<std::string> b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(UpstreamWireTest, NothingIsFoundWhereAllIsRight) {
  UpstreamWire data(false, 0);
  EXPECT_EQ(
      Read(&data, UpTo("SIZE") + std::vector<std::string>{">DATA\r\n", "<354 go\r\n", ">..a\r\nb",
                                                          ">\r\n.\r\n", "<250 Ok\r\n", ">QUIT\r\n",
                                                          "<221 bye\r\n"}),
      "");
  EXPECT_EQ(data.accepted(), 1u);
  UpstreamWire empty(false, 0);
  EXPECT_EQ(Read(&empty, UpTo("SIZE") + std::vector<std::string>{">DATA\r\n", "<354 go\r\n",
                                                                 ">.\r\n", "<550 no\r\n"}),
            "");
  EXPECT_EQ(empty.ended(), 1u);
  EXPECT_EQ(empty.accepted(), 0u);
  UpstreamWire bdat(false, 1);
  EXPECT_EQ(Read(&bdat, std::vector<std::string>{">PROXY UNKNOWN\r\n"} + UpTo("CHUNKING") +
                            std::vector<std::string>{">BDAT 3\r\na\r\n", "<250 Ok\r\n",
                                                     ">BDAT 0 LAST\r\n", "<250 Ok\r\n"}),
            "");
  EXPECT_EQ(bdat.accepted(), 1u);
}

TEST(UpstreamWireTest, BinaryChunksHaveAnyOctets) {
  UpstreamWire wire(false, 0);
  EXPECT_EQ(
      Read(&wire, {"<220 mx\r\n", ">EHLO gate\r\n", "<250-mx\r\n250-CHUNKING\r\n250 BINARYMIME\r\n",
                   ">MAIL FROM:<a@b> BODY=BINARYMIME\r\n", "<250 Ok\r\n", ">RCPT TO:<c@d>\r\n",
                   "<250 Ok\r\n", ">BDAT 4 LAST\r\n\na\r\r", "<250 Ok\r\n"}),
      "");
  EXPECT_EQ(wire.accepted(), 1u);
}

TEST(UpstreamWireTest, LmtpIsAcceptedWhenAllRepliesAre) {
  for (const char* second : {"<250 two\r\n", "<450 two\r\n"}) {
    UpstreamWire wire(true, 0);
    EXPECT_EQ(Read(&wire, {"<220 mx\r\n", ">LHLO gate\r\n", "<250 mx\r\n", ">MAIL FROM:<>\r\n",
                           "<250 Ok\r\n", ">RCPT TO:<a@b>\r\n", "<250 Ok\r\n", ">RCPT TO:<c@d>\r\n",
                           "<250 Ok\r\n", ">DATA\r\n", "<354 go\r\n", ">.\r\n", "<250 one\r\n"}),
              "");
    EXPECT_EQ(wire.accepted(), 0u);
    EXPECT_EQ(Read(&wire, {second}), "");
    EXPECT_EQ(wire.accepted(), second[1] == '2' ? 1u : 0u);
  }
}

TEST(UpstreamWireTest, EachBrokenRuleIsFound) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{">EHLO gate\r\n"}, "before the reply to another"},
      {{"<220 mx\r\n", ">XYZZY\r\n"}, "unknown command"},
      {{"<220 mx\r\n", ">LHLO gate\r\n"}, "unknown command"},
      {{"<220 mx\r\n", ">EHLO gate\nQUIT\r\n"}, "control octet"},
      {{"<220 mx\r\n250 x\r\n", ">EHLO gate\r\n"}, "broken off"},
      {{"<220 mx\r\n2", ">EHLO gate\r\n"}, "a reply is being read"},
      {{"<HTTP/1.1\r\n", ">EHLO gate\r\n"}, "broken off"},
      {{"<220 mx\n", ">EHLO gate\r\n"}, "broken off"},
      {{"<220 mx\r\n", ">QUIT\r\n", ">QUIT\r\n"}, "behind QUIT"},
      {UpTo("SIZE") + std::vector<std::string>{">RSET\r\n", "<421 no\r\n", ">RSET\r\n"},
       "broken off"},
      {UpTo("SIZE") + std::vector<std::string>{">DATA\r\n", ">Subject: x\r\n"}, "before the reply"},
      {UpTo("SIZE") + std::vector<std::string>{">DATA\r\n", "<354 go\r\n", ">a\nb\r\n"},
       "bare newline"},
      {UpTo("SIZE") + std::vector<std::string>{">DATA\r\n", "<354 go\r\n", ">a\rb\r\n"},
       "bare newline"},
      {UpTo("SIZE") + std::vector<std::string>{">DATA\r\n", "<354 go\r\n", ">.a\r\n"},
       "not doubled"},
      {UpTo("SIZE") + std::vector<std::string>{">DATA\r\n", "<354 go\r\n", ">.\r\nmore\r\n"},
       "before the reply"},
      {UpTo("SIZE") + std::vector<std::string>{">BDAT 0 LAST\r\n"}, "without CHUNKING"},
      {UpTo("CHUNKING") + std::vector<std::string>{">BDAT 3\r\na\r\n", ">BDAT 0 LAST\r\n"},
       "out of turn"},
      {UpTo("CHUNKING") + std::vector<std::string>{">BDAT 2 LAST\r\na\n"}, "bare newline"},
      {UpTo("CHUNKING") + std::vector<std::string>{">BDAT 2 LAST\r\na\r"}, "CR alone"},
      {{"<220 mx\r\n", ">EHLO gate\r\n", "<250-mx\r\n250 BINARYMIME\r\n",
        ">MAIL FROM:<a@b> BODY=BINARYMIME\r\n"},
       "BINARYMIME to a server"},
      {{"<220 mx\r\n", ">EHLO gate\r\n", "<250-mx\r\n250-CHUNKING\r\n250 BINARYMIME\r\n",
        ">MAIL FROM:<a@b> BODY=BINARYMIME\r\n", "<250 Ok\r\n", ">RCPT TO:<c@d>\r\n", "<250 Ok\r\n",
        ">DATA\r\n"},
       "DATA for a binary"},
      {UpTo("CHUNKING") + std::vector<std::string>{">BDAT 2 FIRST\r\n"}, "malformed"},
      {UpTo("CHUNKING") + std::vector<std::string>{">BDAT 0\r\n"}, "empty chunk"},
      {{"<220 mx\r\n", ">EHLO gate\r\n", "<250 mx\r\n", ">DATA\r\n"}, "without a recipient"},
  };
  for (const auto& [conversation, expected] : cases) {
    UpstreamWire wire(false, 0);
    EXPECT_NE(Read(&wire, conversation).find(expected), std::string::npos)
        << expected << ", not " << Read(&wire, {});
  }
  UpstreamWire proxy(false, 2);
  EXPECT_NE(proxy.Sent("EHLO gate.example\r\n"), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
