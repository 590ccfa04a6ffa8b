// SPDX-License-Identifier: Apache-2.0
//
// Reader and matcher. See abnf.h.

#include "fuzz/oracle/abnf.h"

#include <algorithm>
#include <set>
#include <utility>

namespace postern::fuzz::oracle {
namespace {

using Element = Abnf::Element;

bool IsAlpha(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string LowerCase(std::string_view in) {
  std::string s(in);
  std::transform(s.begin(), s.end(), s.begin(), Lower);
  return s;
}

// The value of a digit in bases up to 16; -1 for anything else.
int DigitValue(char c, int base) {
  int value = -1;
  if (IsDigit(c)) value = c - '0';
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  return value < base ? value : -1;
}

// Reads the elements of one rule (RFC 5234 §4): from behind its "=" to its end.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  bool Read(Element* element, std::string* error) {
    SkipSpace();
    const bool ok = Alternation(element, 0);
    if (ok && at_ != text_.size()) Fail("text that belongs to no element");
    *error = error_;
    return error_.empty();
  }

 private:
  static constexpr int kMaxDepth = 50;

  bool Fail(const std::string& what) {
    if (error_.empty()) error_ = what + " at \"" + std::string(text_.substr(at_, 20)) + "\"";
    return false;
  }

  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // c-wsp: white space, line ends (the caller has cut the text so that they continue the rule) and
  // comments (§3.9).
  void SkipSpace() {
    while (at_ != text_.size()) {
      const char c = text_[at_];
      if (c == ';') {
        while (at_ != text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at_;
      } else {
        return;
      }
    }
  }

  // §3.2. "/" binds weaker than concatenation (§3.10).
  bool Alternation(Element* element, int depth) {
    element->kind = Element::Kind::kChoice;
    do {
      SkipSpace();
      element->parts.emplace_back();
      if (!Concatenation(&element->parts.back(), depth)) return false;
      SkipSpace();
    } while (Take('/'));
    if (element->parts.size() == 1) {
      Element only = std::move(element->parts[0]);
      *element = std::move(only);
    }
    return true;
  }

  // §3.1.
  bool Concatenation(Element* element, int depth) {
    element->kind = Element::Kind::kSequence;
    for (;;) {
      SkipSpace();
      const char c = Peek();
      if (at_ == text_.size() || c == '/' || c == ')' || c == ']') break;
      element->parts.emplace_back();
      if (!Repetition(&element->parts.back(), depth)) return false;
    }
    return !element->parts.empty() || Fail("an element is missing");
  }

  bool Number(size_t* number) {
    size_t value = 0;
    while (IsDigit(Peek())) {
      value = value * 10 + static_cast<size_t>(Peek() - '0');
      if (value > 100000) return Fail("a repetition beyond reason");
      ++at_;
    }
    *number = value;
    return true;
  }

  // §3.6, §3.7.
  bool Repetition(Element* element, int depth) {
    const bool has_least = IsDigit(Peek());
    size_t least = 0;
    if (!Number(&least)) return false;
    size_t most = least;
    bool bounded = true;
    if (Take('*')) {
      bounded = IsDigit(Peek());
      if (!Number(&most)) return false;
      if (bounded && most < least) return Fail("more at least than at most");
    } else if (!has_least) {
      return Single(element, depth);
    }
    element->kind = Element::Kind::kRepeat;
    element->least = least;
    element->most = most;
    element->bounded = bounded;
    element->parts.emplace_back();
    return Single(&element->parts.back(), depth);
  }

  bool Single(Element* element, int depth) {
    if (depth > kMaxDepth) return Fail("groups nested too deep");
    const char c = Peek();
    if (IsAlpha(c)) {
      element->kind = Element::Kind::kRule;
      while (IsAlpha(Peek()) || IsDigit(Peek()) || Peek() == '-')
        element->rule += Lower(text_[at_++]);
      return true;
    }
    if (Take('(')) {  // §3.5
      return Alternation(element, depth + 1) && (Take(')') || Fail("\")\" is missing"));
    }
    if (Take('[')) {  // §3.8
      element->kind = Element::Kind::kRepeat;
      element->most = 1;
      element->parts.emplace_back();
      return Alternation(&element->parts[0], depth + 1) && (Take(']') || Fail("\"]\" is missing"));
    }
    if (c == '"') return String(element, false);
    if (Take('%')) return Value(element);
    if (c == '<') return Fail("prose, which only a person can match");
    return Fail("no element");
  }

  // §2.3: strings ignore case. RFC 7405: unless they begin with %s.
  bool String(Element* element, bool sensitive) {
    if (!Take('"')) return Fail("no string");
    element->kind = Element::Kind::kSequence;
    while (!Take('"')) {
      const char c = Peek();
      if (c < 0x20 || c > 0x7E) return Fail("a string that has no end");
      ++at_;
      Element octet;
      octet.kind = Element::Kind::kOctets;
      octet.octets.set(static_cast<uint8_t>(sensitive ? c : Lower(c)));
      if (!sensitive) octet.octets.set(static_cast<uint8_t>(Upper(c)));
      element->parts.push_back(octet);
    }
    return true;
  }

  bool Octet(int base, size_t* octet) {
    const size_t first = at_;
    size_t value = 0;
    for (int digit; (digit = DigitValue(Peek(), base)) >= 0; ++at_) {
      value = value * static_cast<size_t>(base) + static_cast<size_t>(digit);
      if (value > 255) return Fail("a value that is no octet");
    }
    if (at_ == first) return Fail("a value without digits");
    *octet = value;
    return true;
  }

  // §2.3, §3.4: %d13, %d13.10, %d32-126.
  bool Value(Element* element) {
    const char radix = Lower(Peek());
    if (radix == 's' || radix == 'i') {
      ++at_;
      return String(element, radix == 's');
    }
    const int base = radix == 'd' ? 10 : radix == 'x' ? 16 : radix == 'b' ? 2 : 0;
    if (base == 0) return Fail("an unknown kind of value");
    ++at_;
    element->kind = Element::Kind::kSequence;
    size_t low = 0;
    if (!Octet(base, &low)) return false;
    size_t high = low;
    if (Take('-')) {
      if (!Octet(base, &high)) return false;
      if (high < low) return Fail("a range that ends before it begins");
      element->parts.push_back(Range(low, high));
      return true;
    }
    element->parts.push_back(Range(low, low));
    while (Take('.')) {
      if (!Octet(base, &low)) return false;
      element->parts.push_back(Range(low, low));
    }
    return true;
  }

  static Element Range(size_t low, size_t high) {
    Element element;
    element.kind = Element::Kind::kOctets;
    for (size_t c = low; c <= high; ++c) element.octets.set(c);
    return element;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string error_;
};

}  // namespace

bool Abnf::Read(std::string_view text, std::string* error) {
  size_t line = 0;
  while (!text.empty()) {
    // A rule goes on through every line that begins with white space (§3.9), and through lines that
    // hold nothing but a comment.
    size_t end = 0;
    size_t lines = 0;
    do {
      const size_t lf = text.find('\n', end);
      end = lf == std::string_view::npos ? text.size() : lf + 1;
      ++lines;
    } while (end != text.size() && (text[end] == ' ' || text[end] == '\t' || text[end] == '\n' ||
                                    text[end] == '\r' || text[end] == ';'));
    const std::string_view whole = text.substr(0, end);
    text.remove_prefix(end);
    const size_t first_line = line + 1;
    line += lines;
    const auto fail = [&](const std::string& what) {
      *error = "line " + std::to_string(first_line) + ": " + what;
      return false;
    };

    // Comments before the first rule.
    if (whole[0] == ';' || whole[0] == '\n' || whole[0] == '\r') continue;
    if (!IsAlpha(whole[0])) return fail("a rule's name begins with a letter");
    size_t name_end = 0;
    while (name_end < whole.size() &&
           (IsAlpha(whole[name_end]) || IsDigit(whole[name_end]) || whole[name_end] == '-')) {
      ++name_end;
    }
    const std::string name = LowerCase(whole.substr(0, name_end));
    size_t at = whole.find_first_not_of(" \t", name_end);
    if (at == std::string_view::npos || whole[at] != '=') return fail("\"=\" is missing");
    ++at;
    const bool more = at < whole.size() && whole[at] == '/';
    if (more) ++at;

    Element element;
    std::string what;
    if (!RuleReader(whole.substr(at)).Read(&element, &what)) return fail(name + ": " + what);
    const auto found = rules_.find(name);
    if (!more) {
      if (found != rules_.end()) return fail(name + " exists already");
      rules_[name] = std::move(element);
      continue;
    }
    if (found == rules_.end()) return fail(name + " does not exist, so nothing can be added to it");
    Element choice;
    choice.kind = Element::Kind::kChoice;
    choice.parts.push_back(std::move(found->second));
    choice.parts.push_back(std::move(element));
    found->second = std::move(choice);
  }
  return true;
}

std::vector<std::string> Abnf::Rules() const {
  std::vector<std::string> names;
  for (const auto& [name, element] : rules_) names.push_back(name);
  return names;
}

// Builds the automaton from its end: each element is built with the state that follows it known.
class AbnfCompiler {
 public:
  AbnfCompiler(const Abnf& abnf, AbnfMatcher* matcher) : abnf_(abnf), matcher_(matcher) {}

  bool Compile(std::string_view rule) {
    const size_t accept = Add(AbnfMatcher::State());
    Element top;
    top.kind = Element::Kind::kRule;
    top.rule = LowerCase(rule);
    matcher_->start_ = Build(top, accept);
    return error_.empty();
  }
  const std::string& error() const { return error_; }

 private:
  using Element = Abnf::Element;
  using State = AbnfMatcher::State;

  size_t Fail(const std::string& what) {
    if (error_.empty()) error_ = what;
    return 0;
  }

  size_t Add(const State& state) {
    if (matcher_->states_.size() >= Abnf::kMaxStates) return Fail("the grammar is too big");
    matcher_->states_.push_back(state);
    return matcher_->states_.size() - 1;
  }

  size_t Fork(size_t one, size_t other) {
    State state;
    state.kind = State::Kind::kFork;
    state.next[0] = one;
    state.next[1] = other;
    return Add(state);
  }

  const Element* Find(const std::string& rule) {
    const auto found = abnf_.rules_.find(rule);
    if (found != abnf_.rules_.end()) return &found->second;
    Fail("no rule " + rule);
    return nullptr;
  }

  // Whether an element is one octet of a set, whatever way it is written: one state then does.
  bool OneOctet(const Element& element, std::bitset<256>* octets, int depth) {
    if (depth > 50) return false;
    switch (element.kind) {
      case Element::Kind::kOctets:
        *octets |= element.octets;
        return true;
      case Element::Kind::kRule: {
        const auto found = abnf_.rules_.find(element.rule);
        return found != abnf_.rules_.end() && OneOctet(found->second, octets, depth + 1);
      }
      case Element::Kind::kSequence:
        return element.parts.size() == 1 && OneOctet(element.parts[0], octets, depth + 1);
      case Element::Kind::kChoice:
        for (const Element& part : element.parts) {
          if (!OneOctet(part, octets, depth + 1)) return false;
        }
        return true;
      case Element::Kind::kRepeat:
        return false;
    }
    return false;
  }

  // The state at which `element`, followed by what begins at `next`, begins.
  size_t Build(const Element& element, size_t next) {
    if (!error_.empty()) return 0;
    State one;
    if (OneOctet(element, &one.octets, 0)) {
      one.kind = State::Kind::kOctet;
      one.next[0] = next;
      return Add(one);
    }
    switch (element.kind) {
      case Element::Kind::kOctets:
        break;  // is one octet
      case Element::Kind::kRule: {
        const Element* const rule = Find(element.rule);
        if (rule == nullptr) return 0;
        if (!inside_.insert(element.rule).second)
          return Fail(element.rule + " comes back to itself");
        const size_t state = Build(*rule, next);
        inside_.erase(element.rule);
        return state;
      }
      case Element::Kind::kSequence:
        for (auto part = element.parts.rbegin(); part != element.parts.rend(); ++part) {
          next = Build(*part, next);
        }
        return next;
      case Element::Kind::kChoice: {
        size_t state = Build(element.parts.back(), next);
        for (size_t i = element.parts.size() - 1; i-- > 0;) {
          state = Fork(Build(element.parts[i], next), state);
        }
        return state;
      }
      case Element::Kind::kRepeat:
        return BuildRepeat(element, next);
    }
    return Fail("an element of no kind");
  }

  size_t BuildRepeat(const Element& element, size_t next) {
    size_t state = next;
    if (element.bounded) {
      for (size_t i = element.least; i < element.most; ++i) {
        state = Fork(Build(element.parts[0], state), next);
      }
    } else {
      state = Fork(0, next);
      const size_t again = Build(element.parts[0], state);
      matcher_->states_[state].next[0] = again;
    }
    for (size_t i = 0; i < element.least; ++i) state = Build(element.parts[0], state);
    return state;
  }

  const Abnf& abnf_;
  AbnfMatcher* matcher_;
  std::set<std::string> inside_;
  std::string error_;
};

std::unique_ptr<const AbnfMatcher> Abnf::Compile(std::string_view rule, std::string* error) const {
  auto matcher = std::make_unique<AbnfMatcher>();
  AbnfCompiler compiler(*this, matcher.get());
  if (compiler.Compile(rule)) return matcher;
  *error = std::string(rule) + ": " + compiler.error();
  return nullptr;
}

uint32_t AbnfMatcher::Close(std::vector<size_t> open) const {
  Set set;
  set.next.fill(kUnknown);
  seen_.assign(states_.size(), false);
  while (!open.empty()) {
    const size_t index = open.back();
    open.pop_back();
    if (seen_[index]) continue;
    seen_[index] = true;
    const State& state = states_[index];
    switch (state.kind) {
      case State::Kind::kAccept:
        set.accepts = true;
        break;
      case State::Kind::kOctet:
        set.states.push_back(index);
        break;
      case State::Kind::kFork:
        open.push_back(state.next[0]);
        open.push_back(state.next[1]);
        break;
    }
  }
  std::sort(set.states.begin(), set.states.end());
  const auto [found, is_new] = numbers_.emplace(std::make_pair(set.states, set.accepts),
                                                static_cast<uint32_t>(sets_.size()));
  if (is_new) sets_.push_back(std::move(set));
  return found->second;
}

uint32_t AbnfMatcher::Next(uint32_t set, uint8_t octet) const {
  const uint32_t known = sets_[set].next[octet];
  if (known != kUnknown) return known;
  std::vector<size_t> open;
  for (const size_t index : sets_[set].states) {
    if (states_[index].octets.test(octet)) open.push_back(states_[index].next[0]);
  }
  if (sets_.size() >= kMostSets) {
    // Forget all: what is needed comes again. `set` has no number any more, and needs none.
    sets_.clear();
    numbers_.clear();
    return Close(std::move(open));
  }
  const uint32_t next = Close(std::move(open));
  sets_[set].next[octet] = next;
  return next;
}

std::vector<bool> AbnfMatcher::Prefixes(std::string_view octets) const {
  std::vector<bool> prefixes(octets.size() + 1, false);
  uint32_t set = Close({start_});
  for (size_t i = 0;; ++i) {
    prefixes[i] = sets_[set].accepts;
    if (i == octets.size() || sets_[set].states.empty()) return prefixes;
    set = Next(set, static_cast<uint8_t>(octets[i]));
  }
}

bool AbnfMatcher::Matches(std::string_view octets) const { return Prefixes(octets).back(); }

}  // namespace postern::fuzz::oracle
