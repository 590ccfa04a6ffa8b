// SPDX-License-Identifier: Apache-2.0
//
// The oracles of tables and of replies that a host makes. A table that speaks wrongly does not
// load, so what is fed wrongly here is what they are told to expect of a right one.

#include "fuzz/oracle/table.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "engine/proto/reply_table.pb.h"
#include "engine/replies/reply_table.h"
#include "fuzz/oracle/override.h"
#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

using replies::BoundReplies;
using replies::OverrideError;
using replies::ReplyId;
using replies::ReplyTable;

std::shared_ptr<const BoundReplies> Bind(const std::string& serialized) {
  const auto table = ReplyTable::Load(serialized);
  EXPECT_TRUE(table.ok()) << table.status();
  replies::BindOptions options;
  options.server = "mx.example";
  return BoundReplies::Bind(*table, options);
}

std::string TableWithUtf8() {
  v1::ReplyTable table;
  v1::Reply* const reply = table.add_replies();
  reply->set_id(v1::NOOP_OK);
  reply->set_code(250);
  reply->set_enhanced_code("2.0.0");
  reply->add_text("OK");
  reply->add_utf8_text("\xC3\xA9");
  return table.SerializeAsString();
}

TEST(TableSpeaksStrictlyTest, FindsNothingInGoodTables) {
  replies::Values values;
  values.verb = "a\r\nb";
  EXPECT_EQ(TableSpeaksStrictly(*Bind(""), values, ""), "");
  EXPECT_EQ(TableSpeaksStrictly(*Bind(TableWithUtf8()), values, ""), "");
  values.utf8 = true;
  EXPECT_EQ(TableSpeaksStrictly(*Bind(TableWithUtf8()), values, "\xC3\xA9"), "");
}

TEST(TableSpeaksStrictlyTest, FindsOctetsThatShouldNotComeThrough) {
  replies::Values values;
  values.utf8 = true;
  EXPECT_NE(TableSpeaksStrictly(*Bind(TableWithUtf8()), values, ""), "");
  EXPECT_NE(TableSpeaksStrictly(*Bind(TableWithUtf8()), values, "\xC3\xAA"), "");
}

TEST(TableSpeaksStrictlyTest, TableMayHaveTabs) {
  v1::ReplyTable table;
  v1::Reply* reply = table.add_replies();
  reply->set_id(v1::NOOP_OK);
  reply->set_code(250);
  reply->set_enhanced_code("2.0.0");
  reply->add_text("a\tb");
  const auto bound = Bind(table.SerializeAsString());
  EXPECT_EQ(TableSpeaksStrictly(*bound, replies::Values(), "\t"), "");
  EXPECT_NE(TableSpeaksStrictly(*bound, replies::Values(), ""), "");
}

TEST(RefusalIsReadableTest, Bites) {
  EXPECT_EQ(RefusalIsReadable(absl::InvalidArgumentError("a: b\nc: d"), 2), "");
  EXPECT_NE(RefusalIsReadable(absl::InvalidArgumentError("a: b\nc: d"), 1), "");
  EXPECT_NE(RefusalIsReadable(absl::InvalidArgumentError(""), 2), "");
  EXPECT_NE(RefusalIsReadable(absl::InvalidArgumentError("a\x01"), 2), "");
  EXPECT_NE(RefusalIsReadable(absl::InvalidArgumentError("a\xFF"), 2), "");
  EXPECT_NE(RefusalIsReadable(absl::InvalidArgumentError("a\n"), 2), "");
  EXPECT_NE(RefusalIsReadable(absl::OkStatus(), 2), "");
}

TEST(OverrideIsStrictTest, Bites) {
  const auto bound = Bind("");
  replies::Override reply;
  reply.code = 550;
  reply.text = "No\nnever";
  const auto check = [&](ReplyId id, OverrideError error, std::string_view octets) {
    return OverrideIsStrict(*bound, id, reply, error, octets);
  };
  const std::string_view right = "550-5.1.1 No\r\n550 5.1.1 never\r\n";
  EXPECT_EQ(OverrideIsChecked(*bound, ReplyId::kRcptRejected, reply), "");
  EXPECT_EQ(check(ReplyId::kRcptRejected, OverrideError::kNone, right), "");
  // Checked and made differ.
  EXPECT_NE(check(ReplyId::kRcptRejected, OverrideError::kNone, ""), "");
  EXPECT_NE(check(ReplyId::kRcptRejected, OverrideError::kCode, right), "");
  // Another code, class, text, a line lost, a line injected, no enhanced code.
  EXPECT_NE(
      check(ReplyId::kRcptRejected, OverrideError::kNone, "551-5.1.1 No\r\n551 5.1.1 never\r\n"),
      "");
  EXPECT_NE(
      check(ReplyId::kRcptRejected, OverrideError::kNone, "550-4.1.1 No\r\n550 4.1.1 never\r\n"),
      "");
  EXPECT_NE(
      check(ReplyId::kRcptRejected, OverrideError::kNone, "550-5.1.1 No\r\n550 5.1.1 ever\r\n"),
      "");
  EXPECT_NE(check(ReplyId::kRcptRejected, OverrideError::kNone, "550 5.1.1 No\r\n"), "");
  EXPECT_NE(
      check(ReplyId::kRcptRejected, OverrideError::kNone, "550 5.1.1 No\r\n550 5.1.1 never\r\n"),
      "");
  EXPECT_NE(check(ReplyId::kRcptRejected, OverrideError::kNone, "550-No\r\n550 never\r\n"), "");
  // A code that does not fit, a situation that is none.
  EXPECT_NE(check(ReplyId::kNoopOk, OverrideError::kNone, right), "");
  EXPECT_NE(check(ReplyId::kUnspecified, OverrideError::kNone, right), "");
  // Right text refused.
  EXPECT_NE(check(ReplyId::kRcptRejected, OverrideError::kTextNotPrintable, ""), "");
  EXPECT_EQ(check(ReplyId::kRcptRejected, OverrideError::kCode, ""), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
