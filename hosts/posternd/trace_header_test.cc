// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/trace_header.h"

#include <netinet/in.h>

#include <algorithm>

#include "gtest/gtest.h"

namespace postern {
namespace posternd {
namespace {

host::Address Client(const std::string& text) { return host::Network::Parse(text).value().address; }

TraceFields Sample(const std::vector<std::string>* recipients) {
  TraceFields fields;
  fields.reverse_path = "<a@example.org>";
  fields.recipients = recipients;
  fields.helo = "client.example.org";
  fields.client = Client("192.0.2.1");
  fields.server = "mail.example";
  fields.queue_id = "abc123";
  fields.extended = true;
  fields.unix_time = 1795494176;
  return fields;
}

TEST(TraceHeaderTest, OneRecipientIsNamedInForRfc5321Section44) {
  const std::vector<std::string> recipients = {"<b@example.net>"};
  EXPECT_EQ(MakeTraceHeader(Sample(&recipients)),
            "Return-Path: <a@example.org>\r\n"
            "Envelope-To: <b@example.net>\r\n"
            "Received: from client.example.org ([192.0.2.1])\r\n"
            "\tby mail.example with ESMTP id abc123\r\n"
            "\tfor <b@example.net>; Tue, 24 Nov 2026 04:22:56 +0000\r\n");
}

TEST(TraceHeaderTest, ParametersThatSayHowToDeliverAreKept) {
  const std::vector<std::string> recipients = {"<b@example.net>", "<c@example.net>"};
  const std::vector<std::string> parameters = {"", "NOTIFY=NEVER ORCPT=rfc822;c@example.net"};
  TraceFields fields = Sample(&recipients);
  fields.mail_parameters = "RET=HDRS ENVID=QQ314159";
  fields.rcpt_parameters = &parameters;
  EXPECT_EQ(MakeTraceHeader(fields),
            "Return-Path: <a@example.org>\r\n"
            "Envelope-To: <b@example.net>,\r\n"
            "\t<c@example.net>\r\n"
            "Postern-Mail: RET=HDRS ENVID=QQ314159\r\n"
            "Postern-Rcpt: <c@example.net>\r\n"
            "\tNOTIFY=NEVER ORCPT=rfc822;c@example.net\r\n"
            "Received: from client.example.org ([192.0.2.1])\r\n"
            "\tby mail.example with ESMTP id abc123\r\n"
            "\t(2 recipients); Tue, 24 Nov 2026 04:22:56 +0000\r\n");
}

TEST(TraceHeaderTest, SeveralRecipientsStandInEnvelopeToOnly) {
  const std::vector<std::string> recipients = {"<b@example.net>", "<c@example.net>"};
  TraceFields fields = Sample(&recipients);
  fields.reverse_path = "<>";
  fields.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
  fields.client = Client("2001:db8::1");
  EXPECT_EQ(MakeTraceHeader(fields),
            "Return-Path: <>\r\n"
            "Envelope-To: <b@example.net>,\r\n"
            "\t<c@example.net>\r\n"
            "Received: from client.example.org ([IPv6:2001:db8::1])\r\n"
            "\tby mail.example with ESMTPS id abc123 (TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"
            "\t(2 recipients); Tue, 24 Nov 2026 04:22:56 +0000\r\n");
}

TEST(TraceHeaderTest, ReceivedAlwaysHasThreeLines) {
  const std::vector<std::string> one = {"<b@example.net>"};
  const std::vector<std::string> two = {"<b@example.net>", "<c@example.net>"};
  for (const auto* recipients : {&one, &two}) {
    const std::string header = MakeTraceHeader(Sample(recipients));
    const size_t received = header.find("Received:");
    EXPECT_EQ(std::count(header.begin() + static_cast<long>(received), header.end(), '\n'), 3);
  }
}

TEST(TraceHeaderTest, AHeloNameCannotBreakOutOfItsField) {
  const std::vector<std::string> recipients = {"<b@example.net>"};
  TraceFields fields = Sample(&recipients);
  fields.helo = "x) (y\r\nBcc: z";
  EXPECT_NE(MakeTraceHeader(fields).find("from x???y??Bcc:?z ([192"), std::string::npos);
  fields.helo = "";
  EXPECT_NE(MakeTraceHeader(fields).find("from unknown ([192"), std::string::npos);
}

TEST(TraceHeaderTest, AUserStandsInAComment) {
  const std::vector<std::string> recipients = {"<b@example.net>"};
  TraceFields fields = Sample(&recipients);
  fields.authenticated = true;
  EXPECT_NE(MakeTraceHeader(fields).find("([192.0.2.1])\r\n\tby mail.example with ESMTPA id"),
            std::string::npos);
  fields.user = "anna@example.org";
  EXPECT_NE(MakeTraceHeader(fields).find("([192.0.2.1]) (user anna@example.org)\r\n\tby mail"),
            std::string::npos);
}

TEST(TraceHeaderTest, AUserCannotBreakOutOfItsComment) {
  const std::vector<std::string> recipients = {"<b@example.net>"};
  TraceFields fields = Sample(&recipients);
  fields.authenticated = true;
  fields.user = "a) by\\\r\n(x\x7F";
  EXPECT_NE(MakeTraceHeader(fields).find(" (user a\\) by\\\\??\\(x?)\r\n\tby mail"),
            std::string::npos);
  fields.user = "j\xC3\xBCrgen";
  EXPECT_NE(MakeTraceHeader(fields).find(" (user j??rgen)"), std::string::npos);
  fields.smtputf8 = true;
  EXPECT_NE(MakeTraceHeader(fields).find(" (user j\xC3\xBCrgen)"), std::string::npos);
}

TEST(WithProtocolTest, FollowsRfc3848AndRfc6531) {
  EXPECT_EQ(WithProtocol(false, false, false, false, false), "SMTP");
  EXPECT_EQ(WithProtocol(false, false, true, false, false), "SMTP");  // no keyword is registered
  EXPECT_EQ(WithProtocol(true, false, false, false, false), "ESMTP");
  EXPECT_EQ(WithProtocol(true, false, true, false, false), "ESMTPS");
  EXPECT_EQ(WithProtocol(true, false, false, true, false), "UTF8SMTP");
  EXPECT_EQ(WithProtocol(true, false, true, true, false), "UTF8SMTPS");
  EXPECT_EQ(WithProtocol(true, true, false, false, false), "LMTP");
  EXPECT_EQ(WithProtocol(true, true, true, false, false), "LMTPS");
  EXPECT_EQ(WithProtocol(true, true, false, true, false), "UTF8LMTP");
  EXPECT_EQ(WithProtocol(true, true, true, true, false), "UTF8LMTPS");
}

TEST(WithProtocolTest, ALoginIsToldOf) {
  EXPECT_EQ(WithProtocol(true, false, false, false, true), "ESMTPA");
  EXPECT_EQ(WithProtocol(true, false, true, false, true), "ESMTPSA");
  EXPECT_EQ(WithProtocol(true, false, false, true, true), "UTF8SMTPA");
  EXPECT_EQ(WithProtocol(true, false, true, true, true), "UTF8SMTPSA");
  EXPECT_EQ(WithProtocol(true, true, false, false, true), "LMTPA");
  EXPECT_EQ(WithProtocol(true, true, true, false, true), "LMTPSA");
  EXPECT_EQ(WithProtocol(true, true, true, true, true), "UTF8LMTPSA");
}

TEST(DateTest, IsRfc5322) {
  EXPECT_EQ(Rfc5322Date(0), "Thu, 1 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(Rfc5322Date(951782399), "Mon, 28 Feb 2000 23:59:59 +0000");
}

}  // namespace
}  // namespace posternd
}  // namespace postern
