// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/queue_argument.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postern::syntax {
namespace {

TEST(EtrnArgument, TakesTheExamplesOfTheRfc) {  // RFC 1985 §5.3, §7
  const EtrnArgument node = ParseEtrnArgument("sigurd.innosoft.com");
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(node.kind, EtrnKind::kNode);
  EXPECT_EQ(node.name, "sigurd.innosoft.com");
  const EtrnArgument below = ParseEtrnArgument("@foo.com");
  ASSERT_TRUE(below.ok());
  EXPECT_EQ(below.kind, EtrnKind::kSubdomains);
  EXPECT_EQ(below.name, "foo.com");
  const EtrnArgument queue = ParseEtrnArgument("#uucp");
  ASSERT_TRUE(queue.ok());
  EXPECT_EQ(queue.kind, EtrnKind::kQueue);
  EXPECT_EQ(queue.name, "uucp");
}

TEST(EtrnArgument, TellsWhatIsWrong) {
  const struct {
    std::string in;
    QueueError error;
  } kCases[] = {
      {"", QueueError::kEmpty},
      {"@", QueueError::kEmpty},
      {"#", QueueError::kEmpty},
      {"localname", QueueError::kNotQualified},  // §7
      {"@com", QueueError::kNotQualified},       // §8: "@com" would release every such address
      {"@@foo.com", QueueError::kBadName},
      {"foo..com", QueueError::kBadName},
      {"foo.com.", QueueError::kBadName},
      {"foo.com bar.com", QueueError::kBadName},
      {"foo_bar.com", QueueError::kBadName},
      {"[192.0.2.1]", QueueError::kBadName},
      {"<foo.com>", QueueError::kBadName},
      {"#a b", QueueError::kBadName},
      {"#a\tb", QueueError::kBadName},
      {"#\x7F", QueueError::kBadName},
      {"#\xC3\xBC", QueueError::kBadName},
      {"#" + std::string(256, 'q'), QueueError::kBadName},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ParseEtrnArgument(c.in).error, c.error) << c.in;
    EXPECT_EQ(ParseEtrnArgument(c.in).name, "") << c.in;
  }
  EXPECT_EQ(ParseEtrnArgument("foo..com").domain_error, DomainError::kEmptyLabel);
  EXPECT_TRUE(ParseEtrnArgument("#" + std::string(255, 'q')).ok());
}

std::vector<std::string> Domains(const std::string& in, QueueError* error) {
  std::vector<std::string> domains;
  AtrnIterator iterator(in);
  std::string_view domain;
  while (iterator.Next(&domain)) domains.emplace_back(domain);
  EXPECT_FALSE(iterator.Next(&domain));
  *error = iterator.error();
  return domains;
}

TEST(AtrnIterator, ReadsAListOfDomains) {  // RFC 2645 §5.2.1, §6
  using List = std::vector<std::string>;
  QueueError error;
  EXPECT_EQ(Domains("example.org,example.com", &error), (List{"example.org", "example.com"}));
  EXPECT_EQ(error, QueueError::kNone);
  EXPECT_EQ(Domains("example.org", &error), List{"example.org"});
  EXPECT_EQ(error, QueueError::kNone);
  EXPECT_EQ(Domains("", &error), List{});
  EXPECT_EQ(error, QueueError::kEmpty);
  EXPECT_EQ(Domains("a.b,", &error), List{"a.b"});
  EXPECT_EQ(error, QueueError::kEmpty);
  EXPECT_EQ(Domains("a.b,,c.d", &error), List{"a.b"});
  EXPECT_EQ(error, QueueError::kEmpty);
  EXPECT_EQ(Domains("org,a.b", &error), List{});
  EXPECT_EQ(error, QueueError::kNotQualified);
  EXPECT_EQ(Domains("a.b, c.d", &error), List{"a.b"});
  EXPECT_EQ(error, QueueError::kBadName);
}

}  // namespace
}  // namespace postern::syntax
