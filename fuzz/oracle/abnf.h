// SPDX-License-Identifier: Apache-2.0
//
// ABNF (RFC 5234) read as text, and a matcher made of it: whether a rule matches all of an octet
// string.
//
// What it is: the grammar oracle of the fuzz targets. The text comes from the RFCs (*.abnf in this
// folder); nothing in here knows SMTP. A rule becomes a nondeterministic automaton in the manner of
// Thompson, and the automaton is run with the set of all states it may be in: ambiguity, order of
// alternatives and greed play no part, and the work is at most states times octets. Sets that were
// met are remembered, and where each octet leads from them, so that mostly it is a look into a
// table. What it is not: complete. A rule that comes back to itself is refused, as no automaton
// matches it (SMTP's grammar has none); so is prose-val, which nothing but a person can match. It
// is not derived from the parsers it judges, nor fit for hot paths.
//
// Threads and lifetime: an Abnf is built by one owner; an AbnfMatcher is immutable and independent
// of the Abnf it came from.

#ifndef POSTERN_FUZZ_ORACLE_ABNF_H_
#define POSTERN_FUZZ_ORACLE_ABNF_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::fuzz::oracle {

class AbnfMatcher {
 public:
  // All of `octets`.
  bool Matches(std::string_view octets) const;

  // result[n]: the first n octets; n is 0 to octets.size().
  std::vector<bool> Prefixes(std::string_view octets) const;

  size_t states() const { return states_.size(); }

 private:
  friend class AbnfCompiler;
  struct State {
    enum class Kind : uint8_t { kAccept, kOctet, kFork } kind = Kind::kAccept;
    std::bitset<256> octets;  // kOctet: those that lead to next[0]
    size_t next[2] = {0, 0};  // kFork: both, without an octet
  };
  // The kOctet states that the automaton may be in, in ascending order.
  struct Set {
    std::vector<size_t> states;
    bool accepts = false;
    std::array<uint32_t, 256> next;  // numbers of sets; kUnknown: not worked out yet
  };
  static constexpr uint32_t kUnknown = UINT32_MAX;
  static constexpr size_t kMostSets = 4096;

  // The number of the set that can be reached from `open` without an octet.
  uint32_t Close(std::vector<size_t> open) const;
  uint32_t Next(uint32_t set, uint8_t octet) const;

  std::vector<State> states_;
  size_t start_ = 0;
  mutable std::vector<Set> sets_;
  mutable std::map<std::pair<std::vector<size_t>, bool>, uint32_t> numbers_;
  mutable std::vector<bool> seen_;
};

class Abnf {
 public:
  // RFC 5234 §2: the parts of a rule.
  struct Element {
    enum class Kind : uint8_t {
      kOctets,
      kRule,
      kSequence,
      kChoice,
      kRepeat
    } kind = Kind::kSequence;
    std::bitset<256> octets;     // kOctets: any one of them
    std::string rule;            // kRule: in lower case, as names ignore case (§2.1)
    std::vector<Element> parts;  // kSequence, kChoice; kRepeat has one
    size_t least = 0;            // kRepeat (§3.6)
    size_t most = 0;
    bool bounded = true;  // kRepeat: `most` holds
  };

  // Adds rules. A rule that exists already is an error, unless it comes with "=/" (§3.3). Lines may
  // end with LF alone. False, and what is wrong and in which line in *error; then nothing of `text`
  // is to be relied on.
  bool Read(std::string_view text, std::string* error);

  // Null, and a reason, if the rule or one it needs is missing, comes back to itself, or becomes
  // more than kMaxStates.
  std::unique_ptr<const AbnfMatcher> Compile(std::string_view rule, std::string* error) const;

  // Names of all rules, in lower case.
  std::vector<std::string> Rules() const;

  static constexpr size_t kMaxStates = 1 << 20;

 private:
  friend class AbnfCompiler;
  std::map<std::string, Element, std::less<>> rules_;
};

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_ABNF_H_
