// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/parameters.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/syntax/reference_grammar.h"

namespace postern::syntax {
namespace {

using reference::Rule;

struct Read {
  std::vector<Parameter> parameters;
  ParameterError error = ParameterError::kNone;
  size_t offset = 0;
};

Read ReadAll(std::string_view rest, const ParameterOptions& options = {}) {
  Read read;
  ParameterIterator iterator(rest, options);
  Parameter parameter;
  while (iterator.Next(&parameter)) read.parameters.push_back(parameter);
  EXPECT_FALSE(iterator.Next(&parameter));
  EXPECT_EQ(iterator.count(), read.parameters.size());
  read.error = iterator.error();
  read.offset = iterator.error_offset();
  return read;
}

TEST(ParameterIterator, SplitsKeywordsAndValues) {
  const std::string rest = " SIZE=12345 BODY=8BITMIME SMTPUTF8 x-y=a+3Db";
  const Read read = ReadAll(rest);
  ASSERT_EQ(read.error, ParameterError::kNone);
  ASSERT_EQ(read.parameters.size(), 4u);
  EXPECT_EQ(read.parameters[0].keyword, "SIZE");
  EXPECT_EQ(read.parameters[0].value, "12345");
  EXPECT_EQ(read.parameters[1].value, "8BITMIME");
  EXPECT_EQ(read.parameters[2].keyword, "SMTPUTF8");
  EXPECT_FALSE(read.parameters[2].has_value);
  EXPECT_TRUE(read.parameters[2].value.empty());
  EXPECT_EQ(read.parameters[3].keyword, "x-y");
  EXPECT_EQ(read.parameters[3].value, "a+3Db");
  EXPECT_EQ(read.parameters[3].value.data(), rest.data() + rest.size() - 5);
}

TEST(ParameterIterator, TakesNothingForNoParameters) {
  EXPECT_EQ(ReadAll("").error, ParameterError::kNone);
  EXPECT_EQ(ReadAll({}).parameters.size(), 0u);
}

TEST(ParameterIterator, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string rest;
    ParameterError error;
    size_t offset;
    size_t good_before;
  } kCases[] = {
      {"SIZE=1", ParameterError::kNoSpace, 0, 0},
      {"\tSIZE=1", ParameterError::kNoSpace, 0, 0},
      {" ", ParameterError::kExtraSpace, 0, 0},
      {"  A", ParameterError::kExtraSpace, 1, 0},
      {" A  B", ParameterError::kExtraSpace, 3, 1},
      {" A ", ParameterError::kExtraSpace, 2, 1},
      {" A=b ", ParameterError::kExtraSpace, 4, 1},
      {" -A", ParameterError::kBadKeyword, 1, 0},
      {" =a", ParameterError::kBadKeyword, 1, 0},
      {" A_B=c", ParameterError::kBadKeyword, 2, 0},
      {" A\tB", ParameterError::kBadKeyword, 2, 0},
      {" A\xC3\xBC=b", ParameterError::kBadKeyword, 2, 0},
      {" A=", ParameterError::kEmptyValue, 3, 0},
      {" A= B", ParameterError::kEmptyValue, 3, 0},
      {" A=b=c", ParameterError::kBadValue, 4, 0},
      {" A==", ParameterError::kBadValue, 3, 0},
      {" A=\x7F", ParameterError::kBadValue, 3, 0},
      {" A=b\t", ParameterError::kBadValue, 4, 0},
      {std::string(" A=b\0", 5), ParameterError::kBadValue, 4, 0},
      {" A=\xC3\xBC", ParameterError::kNeedsUtf8, 3, 0},
  };
  for (const auto& c : kCases) {
    const Read read = ReadAll(c.rest);
    EXPECT_EQ(read.error, c.error) << "[" << c.rest << "]";
    EXPECT_EQ(read.offset, c.offset) << "[" << c.rest << "]";
    EXPECT_EQ(read.parameters.size(), c.good_before) << "[" << c.rest << "]";
  }
}

TEST(ParameterIterator, TakesUtf8ValuesOnlyWithTheOption) {
  ParameterOptions options;
  options.utf8 = true;
  const Read read = ReadAll(" A=x\xC3\xBCy B=c", options);
  ASSERT_EQ(read.parameters.size(), 2u);
  EXPECT_EQ(read.parameters[0].value, "x\xC3\xBCy");
  EXPECT_TRUE(read.parameters[0].has_utf8);
  EXPECT_FALSE(read.parameters[1].has_utf8);
  EXPECT_EQ(ReadAll(" A=\xC3", options).error, ParameterError::kBadUtf8);
}

TEST(ParameterIterator, TakesExtraSpacesOnlyWithTheOption) {
  ParameterOptions options;
  options.allow_extra_spaces = true;
  for (const char* rest : {"   A=1 B", " A=1   B", " A=1 B ", "  A=1  B   "}) {
    const Read read = ReadAll(rest, options);
    EXPECT_EQ(read.error, ParameterError::kNone) << rest;
    EXPECT_EQ(read.parameters.size(), 2u) << rest;
  }
  EXPECT_EQ(ReadAll("   ", options).parameters.size(), 0u);
  EXPECT_EQ(ReadAll("   ", options).error, ParameterError::kNone);
  EXPECT_EQ(ReadAll("A", options).error, ParameterError::kNoSpace);
  EXPECT_EQ(ReadAll(" A= ", options).error, ParameterError::kEmptyValue);
}

TEST(ParameterIterator, BoundsTheCount) {
  std::string rest;
  for (size_t i = 0; i < ParameterIterator::kMaxParameters; ++i) rest += " A";
  EXPECT_EQ(ReadAll(rest).error, ParameterError::kNone);
  const Read read = ReadAll(rest + " B");
  EXPECT_EQ(read.error, ParameterError::kTooMany);
  EXPECT_EQ(read.parameters.size(), ParameterIterator::kMaxParameters);
  EXPECT_EQ(read.offset, rest.size() + 1);
}

void ExpectAsReference(std::string_view text) {
  // A heap copy of exact size, so that AddressSanitizer sees a read past either end.
  const std::vector<char> copy(text.begin(), text.end());
  const std::string_view in(copy.data(), copy.size());
  for (const bool utf8 : {false, true}) {
    ParameterOptions options;
    options.utf8 = utf8;
    const Read read = ReadAll(in, options);
    ASSERT_EQ(read.error == ParameterError::kNone, reference::Matches(Rule::kParameters, in, utf8))
        << "[" << in << "]";
    ASSERT_LE(read.offset, in.size());
    if (read.error != ParameterError::kNone) continue;
    std::string again;
    for (const Parameter& parameter : read.parameters) {
      again += " " + std::string(parameter.keyword);
      if (parameter.has_value) again += "=" + std::string(parameter.value);
    }
    ASSERT_EQ(again, in);
  }
}

TEST(ParametersAgainstReference, EverySingleOctetSubstitutionInsertionAndCut) {
  for (const std::string seed : {" SIZE=123 A-B C=d+3E", " A=\xC3\xBC B=x\xF0\x9F\x93\xA7y"}) {
    for (size_t at = 0; at <= seed.size(); ++at) {
      ExpectAsReference(seed.substr(0, at));
      for (int c = 0; c < 256; ++c) {
        std::string changed = seed;
        changed.insert(at, 1, static_cast<char>(c));
        ExpectAsReference(changed);
        if (at == seed.size()) continue;
        changed.erase(at + 1, 1);
        ExpectAsReference(changed);
      }
    }
  }
}

TEST(ParametersAgainstReference, EveryShortString) {
  std::vector<std::string> level = {""};
  for (int length = 0; length <= 6; ++length) {
    std::vector<std::string> next;
    for (const std::string& text : level) {
      ExpectAsReference(text);
      for (const char c : {' ', 'A', '=', '-', '+'}) next.push_back(text + c);
    }
    level = next;
  }
}

TEST(EqualsIgnoreCase, FoldsAsciiLettersAlone) {
  EXPECT_TRUE(EqualsIgnoreCase("8bitMIME", "8BITMIME"));
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
  EXPECT_TRUE(EqualsIgnoreCase("mt-priority", "MT-PRIORITY"));
  EXPECT_FALSE(EqualsIgnoreCase("8BITMIM", "8BITMIME"));
  EXPECT_FALSE(EqualsIgnoreCase("8BITMIMEX", "8BITMIME"));
  EXPECT_FALSE(EqualsIgnoreCase("", "A"));
  EXPECT_FALSE(EqualsIgnoreCase("\r", "-"));  // differ in bit 5, as cases do
  EXPECT_FALSE(EqualsIgnoreCase("{", "["));
  EXPECT_FALSE(EqualsIgnoreCase(std::string_view("A\0", 2), "A"));
  EXPECT_FALSE(EqualsIgnoreCase(std::string_view("A\0B", 3), "A"));
}

TEST(ParseDecimal, IsStrict) {
  uint64_t value = 7;
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "18446744073709551616",
                          "99999999999999999999", "\xD9\xA1"}) {
    EXPECT_FALSE(ParseDecimal(bad, 20, &value)) << bad;
    EXPECT_EQ(value, 7u);
  }
  EXPECT_TRUE(ParseDecimal("18446744073709551615", 20, &value));
  EXPECT_EQ(value, UINT64_MAX);
  EXPECT_TRUE(ParseDecimal("18446744073709551609", 20, &value));
  EXPECT_TRUE(ParseDecimal("000", 3, &value));
  EXPECT_EQ(value, 0u);
  EXPECT_FALSE(ParseDecimal("0000", 3, &value));
  EXPECT_TRUE(ParseDecimal("00000000000000000000000018446744073709551615", 44, &value));
}

}  // namespace
}  // namespace postern::syntax
