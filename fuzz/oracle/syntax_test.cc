// SPDX-License-Identifier: Apache-2.0
//
// Each comparison finds nothing where the engine is right, and finds each part that is made wrong.

#include "fuzz/oracle/syntax.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace postern::fuzz::oracle {
namespace {

using syntax::DomainError;
using syntax::PathError;
using syntax::PathKind;

TEST(DomainAgreesTest, Bites) {
  const syntax::DomainOptions options;
  const std::string_view in = "mx.example";
  const syntax::DomainResult right = syntax::ParseDomain(in);
  EXPECT_EQ(DomainAgrees(in, "Domain", options, right), "");
  syntax::DomainResult wrong = right;
  wrong.text = "mx.exampl";
  EXPECT_NE(DomainAgrees(in, "Domain", options, wrong), "");
  wrong = right;
  wrong.is_literal = true;
  EXPECT_NE(DomainAgrees(in, "Domain", options, wrong), "");
  wrong = right;
  wrong.has_utf8 = true;
  EXPECT_NE(DomainAgrees(in, "Domain", options, wrong), "");
  // Refused though right, taken though wrong, refused for what is not so.
  EXPECT_NE(DomainAgrees(in, "Domain", options, syntax::ParseDomain("mx..example")), "");
  EXPECT_NE(DomainAgrees("mx..example", "Domain", options, right), "");
  wrong = syntax::ParseDomain("mx..example");
  EXPECT_EQ(DomainAgrees("mx..example", "Domain", options, wrong), "");
  wrong.error = DomainError::kTooLong;
  EXPECT_NE(DomainAgrees("mx..example", "Domain", options, wrong), "");
  wrong.error = DomainError::kNeedsUtf8;
  EXPECT_NE(DomainAgrees("mx..example", "Domain", options, wrong), "");
  wrong = syntax::ParseDomain("mx..example");
  wrong.error_offset = 12;
  EXPECT_NE(DomainAgrees("mx..example", "Domain", options, wrong), "");
}

TEST(HeloArgumentAgreesTest, Bites) {
  syntax::HeloOptions options;
  options.allow_anything = true;
  const std::string_view in = "not a name";
  syntax::HeloResult result = syntax::ParseHeloArgument(in, options);
  EXPECT_EQ(HeloArgumentAgrees(in, options, result), "");
  options.allow_anything = false;
  EXPECT_NE(HeloArgumentAgrees(in, options, result), "");
  result = syntax::ParseHeloArgument(in, options);
  EXPECT_EQ(HeloArgumentAgrees(in, options, result), "");
  options.allow_anything = true;
  EXPECT_NE(HeloArgumentAgrees(in, options, result), "");
  result = syntax::ParseHeloArgument("mx.example", options);
  EXPECT_EQ(HeloArgumentAgrees("mx.example", options, result), "");
  result.is_free_form = true;
  EXPECT_NE(HeloArgumentAgrees("mx.example", options, result), "");
}

class PathAgreesTest : public testing::Test {
 protected:
  Finding Check(const syntax::PathResult& result) {
    return PathAgrees(in_, PathKind::kForwardPath, options_, result);
  }
  const std::string in_ = "<@a.example:\"x y\"@b.example> REST";
  const syntax::PathOptions options_;
  syntax::PathResult result_;
};

TEST_F(PathAgreesTest, Bites) {
  ASSERT_TRUE(syntax::ParsePath(in_, PathKind::kForwardPath, options_, &result_));
  EXPECT_EQ(Check(result_), "");
  const std::string_view other = "other";
  syntax::PathResult wrong = result_;
  ++wrong.used;
  EXPECT_NE(Check(wrong), "");
  for (std::string_view syntax::PathResult::* part :
       {&syntax::PathResult::path, &syntax::PathResult::source_route, &syntax::PathResult::mailbox,
        &syntax::PathResult::local_part, &syntax::PathResult::domain}) {
    wrong = result_;
    wrong.*part = other;
    EXPECT_NE(Check(wrong), "");
  }
  for (bool syntax::PathResult::* flag :
       {&syntax::PathResult::is_null, &syntax::PathResult::is_postmaster,
        &syntax::PathResult::local_is_quoted, &syntax::PathResult::has_source_route,
        &syntax::PathResult::has_utf8, &syntax::PathResult::domain_is_literal,
        &syntax::PathResult::missing_angle_brackets}) {
    wrong = result_;
    wrong.*flag = !(wrong.*flag);
    EXPECT_NE(Check(wrong), "");
  }
  wrong = result_;
  wrong.error = PathError::kBadDomain;
  EXPECT_NE(Check(wrong), "");
}

TEST_F(PathAgreesTest, BitesOnRefusals) {
  const std::string_view bad = "<a@b..c>";
  syntax::ParsePath(bad, PathKind::kForwardPath, options_, &result_);
  EXPECT_EQ(PathAgrees(bad, PathKind::kForwardPath, options_, result_), "");
  for (const PathError error : {PathError::kNone, PathError::kPathTooLong, PathError::kNeedsUtf8}) {
    syntax::PathResult wrong = result_;
    wrong.error = error;
    EXPECT_NE(PathAgrees(bad, PathKind::kForwardPath, options_, wrong), "");
  }
  // A limit is a limit only for what is right otherwise, and then it is one.
  const std::string too_long = "<" + std::string(65, 'l') + "@d>";
  syntax::ParsePath(too_long, PathKind::kForwardPath, options_, &result_);
  EXPECT_EQ(PathAgrees(too_long, PathKind::kForwardPath, options_, result_), "");
  result_.error = PathError::kBadLocalPart;
  EXPECT_NE(PathAgrees(too_long, PathKind::kForwardPath, options_, result_), "");
}

TEST(MailboxAgreesTest, Bites) {
  const syntax::PathOptions options;
  syntax::PathResult result;
  syntax::ParseMailbox("a@b", options, &result);
  EXPECT_EQ(MailboxAgrees("a@b", options, result), "");
  EXPECT_NE(MailboxAgrees("a@b>", options, result), "");
  result.domain = "c";
  EXPECT_NE(MailboxAgrees("a@b", options, result), "");
}

TEST(QuotingIsStableTest, FindsNothingWhereAllIsWell) {
  for (const std::string_view local :
       {"a.b", "\"a.b\"", "\"a\\ b\"", "\"\"", "\"\\\"\"", "\"a..b\""}) {
    EXPECT_EQ(QuotingIsStable(local), "") << local;
  }
}

TEST(QuotingIsStableTest, BitesOnTextThatIsNoLocalPart) {
  // What UnquoteLocalPart does not promise for stands for an UnquoteLocalPart that is broken: it
  // stops at 64 octets.
  EXPECT_NE(QuotingIsStable(std::string(65, 'a')), "");
}

TEST(PathIsStableTest, FindsNothingWhereAllIsWell) {
  const syntax::PathOptions options;
  for (const std::string_view path :
       {"<>", "<a@b.example>", "<\"a\\b\"@b>", "<\"a b\"@[127.0.0.1]>", "<@c,@d:a@b>", "<\"\"@b>",
        "<\"\\\"\"@b>"}) {
    syntax::PathResult result;
    ASSERT_TRUE(syntax::ParsePath(path, syntax::PathKind::kReversePath, options, &result)) << path;
    EXPECT_EQ(PathIsStable(syntax::PathKind::kReversePath, options, result), "") << path;
  }
  syntax::PathResult postmaster;
  ASSERT_TRUE(
      syntax::ParsePath("<postmaster>", syntax::PathKind::kForwardPath, options, &postmaster));
  EXPECT_EQ(PathIsStable(syntax::PathKind::kForwardPath, options, postmaster), "");
}

TEST(PathIsStableTest, Bites) {
  const syntax::PathOptions options;
  syntax::PathResult right;
  ASSERT_TRUE(syntax::ParsePath("<a@b>", syntax::PathKind::kForwardPath, options, &right));
  const auto check = [&](auto change) {
    syntax::PathResult wrong = right;
    change(&wrong);
    return PathIsStable(syntax::PathKind::kForwardPath, options, wrong);
  };
  EXPECT_EQ(check([](auto*) {}), "");
  EXPECT_NE(check([](auto* wrong) { wrong->domain = "b..c"; }), "");
  EXPECT_NE(check([](auto* wrong) { wrong->domain = "[b"; }), "");
  EXPECT_NE(check([](auto* wrong) { wrong->is_null = true; }), "");
  EXPECT_NE(check([](auto* wrong) { wrong->is_postmaster = true; }), "");
  EXPECT_NE(check([](auto* wrong) { wrong->domain_is_literal = true; }), "");
  EXPECT_NE(check([](auto* wrong) { wrong->local_part = "\"a\x01\""; }), "");
}

TEST(WordsAgreeTest, Bite) {
  syntax::WordResult string = syntax::ParseString("abc");
  EXPECT_EQ(StringAgrees("abc", false, string), "");
  EXPECT_NE(StringAgrees("a.c", false, string), "");
  EXPECT_NE(StringAgrees("\"c\"", false, string), "");
  string.has_utf8 = true;
  EXPECT_NE(StringAgrees("abc", false, string), "");

  const std::string_view query = "<a@b> SMTPUTF8";
  syntax::WordResult result = syntax::ParseQueryArgument(query, true);
  EXPECT_EQ(QueryArgumentAgrees(query, true, result), "");
  EXPECT_NE(QueryArgumentAgrees(query, false, result), "");
  for (bool syntax::WordResult::* flag :
       {&syntax::WordResult::smtputf8, &syntax::WordResult::is_mailbox,
        &syntax::WordResult::is_quoted, &syntax::WordResult::has_utf8}) {
    syntax::WordResult wrong = result;
    wrong.*flag = !(wrong.*flag);
    EXPECT_NE(QueryArgumentAgrees(query, true, wrong), "");
  }
  result.text = query;
  EXPECT_NE(QueryArgumentAgrees(query, true, result), "");

  syntax::WordResult text = syntax::ParseText("a\tb");
  EXPECT_EQ(TextAgrees("a\tb", false, text), "");
  EXPECT_NE(TextAgrees("a\x01z", false, text), "");
}

TEST(ParametersAgreeTest, Bites) {
  const syntax::ParameterOptions options;
  const std::string_view in = " SIZE=1 BODY";
  const ParameterList right = ReadParameters(in, options);
  EXPECT_EQ(ParametersAgree(in, options, right), "");
  EXPECT_NE(ParametersAgree(" SIZE=1  BODY", options, right), "");
  EXPECT_NE(ParametersAgree(" SIZE=2 BODY", options, right), "");
  ParameterList wrong = right;
  wrong.parameters.pop_back();
  EXPECT_NE(ParametersAgree(in, options, wrong), "");
  wrong = right;
  wrong.parameters[1].has_value = true;
  EXPECT_NE(ParametersAgree(in, options, wrong), "");
  wrong = right;
  wrong.parameters[0].has_utf8 = true;
  EXPECT_NE(ParametersAgree(in, options, wrong), "");
  wrong = right;
  wrong.error = syntax::ParameterError::kBadKeyword;
  EXPECT_NE(ParametersAgree(in, options, wrong), "");
  std::string many;
  for (int i = 0; i < 65; ++i) many += " A";
  wrong = ReadParameters(many, options);
  EXPECT_EQ(ParametersAgree(many, options, wrong), "");
  wrong.error = syntax::ParameterError::kNone;
  EXPECT_NE(ParametersAgree(many, options, wrong), "");
}

}  // namespace
}  // namespace postern::fuzz::oracle
