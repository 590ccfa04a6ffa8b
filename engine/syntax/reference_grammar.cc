// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/reference_grammar.h"

#include <cctype>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace postern::syntax::reference {
namespace {

// From the positions where a rule may start to those where it may end.
using Positions = std::bitset<kMaxOctets + 1>;
using Abnf = std::function<Positions(std::string_view, const Positions&)>;

Abnf OneOctet(std::function<bool(unsigned)> is) {
  std::vector<bool> table(256);
  for (unsigned c = 0; c < 256; ++c) table[c] = is(c);
  return [table](std::string_view in, const Positions& from) {
    Positions to;
    for (size_t i = from._Find_first(); i < in.size(); i = from._Find_next(i)) {
      if (table[static_cast<unsigned char>(in[i])]) to.set(i + 1);
    }
    return to;
  };
}

Abnf Range(unsigned low, unsigned high) {
  return OneOctet([=](unsigned c) { return c >= low && c <= high; });
}

Abnf OneOf(const std::string& octets) {
  return OneOctet([=](unsigned c) { return octets.find(static_cast<char>(c)) != octets.npos; });
}

Abnf Seq(std::vector<Abnf> parts) {
  return [parts = std::move(parts)](std::string_view in, const Positions& from) {
    Positions at = from;
    for (const Abnf& part : parts) {
      if (at.none()) break;
      at = part(in, at);
    }
    return at;
  };
}

Abnf Alt(std::vector<Abnf> parts) {
  return [parts = std::move(parts)](std::string_view in, const Positions& from) {
    Positions to;
    for (const Abnf& part : parts) to |= part(in, from);
    return to;
  };
}

Abnf Repeat(int min, int max, Abnf part) {
  return [=](std::string_view in, const Positions& from) {
    Positions to;
    Positions at = from;
    for (int i = 0; i <= max && at.any(); ++i) {
      if (i >= min) to |= at;
      at = part(in, at);
    }
    return to;
  };
}

Abnf Star(Abnf part) { return Repeat(0, kMaxOctets, std::move(part)); }
Abnf Plus(Abnf part) { return Repeat(1, kMaxOctets, std::move(part)); }
Abnf Opt(Abnf part) { return Repeat(0, 1, std::move(part)); }

// RFC 5234 §2.3: strings ignore case.
Abnf Text(const std::string& text) {
  std::vector<Abnf> parts;
  for (const char c : text) {
    const unsigned char octet = static_cast<unsigned char>(c);
    parts.push_back(
        OneOf({static_cast<char>(std::toupper(octet)), static_cast<char>(std::tolower(octet))}));
  }
  return Seq(parts);
}

struct Grammar {
  explicit Grammar(bool utf8) {
    const Abnf alpha = Alt({Range(0x41, 0x5A), Range(0x61, 0x7A)});
    const Abnf digit = Range(0x30, 0x39);
    const Abnf hexdig = Alt({digit, OneOf("ABCDEFabcdef")});
    const Abnf dquote = Text("\"");

    // RFC 3629 §4.
    const Abnf tail = Range(0x80, 0xBF);
    const Abnf utf8_2 = Seq({Range(0xC2, 0xDF), tail});
    const Abnf utf8_3 = Alt(
        {Seq({Range(0xE0, 0xE0), Range(0xA0, 0xBF), tail}), Seq({Range(0xE1, 0xEC), tail, tail}),
         Seq({Range(0xED, 0xED), Range(0x80, 0x9F), tail}), Seq({Range(0xEE, 0xEF), tail, tail})});
    const Abnf utf8_4 = Alt({Seq({Range(0xF0, 0xF0), Range(0x90, 0xBF), tail, tail}),
                             Seq({Range(0xF1, 0xF3), tail, tail, tail}),
                             Seq({Range(0xF4, 0xF4), Range(0x80, 0x8F), tail, tail})});
    const Abnf utf8_non_ascii = Alt({utf8_2, utf8_3, utf8_4});
    utf8_string = Star(Alt({Range(0x00, 0x7F), utf8_non_ascii}));
    const auto extend = [&](Abnf rule) {
      return utf8 ? Alt({std::move(rule), utf8_non_ascii}) : rule;
    };

    // RFC 5321 §4.1.2. A U-label is taken as sub-domain with UTF8-non-ascii among its Let-dig.
    const Abnf let_dig = extend(Alt({alpha, digit}));
    const Abnf ldh_str = Seq({Star(Alt({let_dig, Text("-")})), let_dig});
    const Abnf sub_domain = Seq({let_dig, Opt(ldh_str)});
    domain = Seq({sub_domain, Star(Seq({Text("."), sub_domain}))});

    // RFC 5322 §3.2.3.
    const Abnf atext = extend(Alt({alpha, digit, OneOf("!#$%&'*+-/=?^_`{|}~")}));
    const Abnf atom = Plus(atext);
    const Abnf dot_string = Seq({atom, Star(Seq({Text("."), atom}))});
    const Abnf qtext = extend(Alt({Range(32, 33), Range(35, 91), Range(93, 126)}));
    const Abnf quoted_pair = Seq({Range(92, 92), Range(32, 126)});
    const Abnf quoted_string = Seq({dquote, Star(Alt({qtext, quoted_pair})), dquote});
    local_part = Alt({dot_string, quoted_string});
    string = Alt({atom, quoted_string});

    // RFC 5321 §4.1.3.
    const Abnf ascii_let_dig = Alt({alpha, digit});
    const Abnf snum_digits = Repeat(1, 3, digit);
    const Abnf snum = [snum_digits](std::string_view in, const Positions& from) {
      Positions to;
      for (size_t i = from._Find_first(); i <= in.size(); i = from._Find_next(i)) {
        Positions one;
        one.set(i);
        const Positions ends = snum_digits(in, one);
        for (size_t j = ends._Find_first(); j <= in.size(); j = ends._Find_next(j)) {
          if (std::stoi(std::string(in.substr(i, j - i))) <= 255) to.set(j);
        }
      }
      return to;
    };
    ipv4 = Seq({snum, Repeat(3, 3, Seq({Text("."), snum}))});
    const Abnf hex = Repeat(1, 4, hexdig);
    const Abnf colon_hex = Seq({Text(":"), hex});
    const Abnf ipv6_full = Seq({hex, Repeat(7, 7, colon_hex)});
    const Abnf ipv6v4_full = Seq({hex, Repeat(5, 5, colon_hex), Text(":"), ipv4});
    std::vector<Abnf> forms = {ipv6_full, ipv6v4_full};
    // The comments of IPv6-comp and IPv6v4-comp bound the groups of both sides together: every way
    // to share them out is a rule of its own.
    const auto groups = [&](int n) {
      return n == 0 ? Text("") : Seq({hex, Repeat(n - 1, n - 1, colon_hex)});
    };
    for (int before = 0; before <= 6; ++before) {
      for (int behind = 0; before + behind <= 6; ++behind) {
        forms.push_back(Seq({groups(before), Text("::"), groups(behind)}));
        if (before + behind > 4) continue;
        const Abnf colon = Text(behind == 0 ? "" : ":");
        forms.push_back(Seq({groups(before), Text("::"), groups(behind), colon, ipv4}));
      }
    }
    ipv6 = Alt(forms);
    const Abnf dcontent = Alt({Range(33, 90), Range(94, 126)});
    const Abnf tag = Seq({Star(Alt({ascii_let_dig, Text("-")})), ascii_let_dig});
    const Abnf general = Seq({tag, Text(":"), Plus(dcontent)});
    const Abnf ipv6_tag = Text("IPv6:");
    const Abnf other_tag = [general, ipv6_tag](std::string_view in, const Positions& from) {
      Positions allowed;
      for (size_t i = from._Find_first(); i <= in.size(); i = from._Find_next(i)) {
        Positions one;
        one.set(i);
        if (ipv6_tag(in, one).none()) allowed.set(i);
      }
      return general(in, allowed);
    };
    address_literal = Seq({Text("["), Alt({ipv4, Seq({ipv6_tag, ipv6}), other_tag}), Text("]")});

    mailbox = Seq({local_part, Text("@"), Alt({domain, address_literal})});
    const Abnf at_domain = Seq({Text("@"), domain});
    const Abnf a_d_l = Seq({at_domain, Star(Seq({Text(","), at_domain}))});
    const Abnf path = Seq({Text("<"), Opt(Seq({a_d_l, Text(":")})), mailbox, Text(">")});
    reverse_path = Alt({path, Text("<>")});
    forward_path = Alt({path, Text("<Postmaster>")});

    const Abnf keyword = Seq({ascii_let_dig, Star(Alt({ascii_let_dig, Text("-")}))});
    const Abnf value = Plus(extend(Alt({Range(33, 60), Range(62, 126)})));
    const Abnf parameter = Seq({keyword, Opt(Seq({Text("="), value}))});
    parameters = Star(Seq({Text(" "), parameter}));
  }

  const Abnf& Get(Rule rule) const {
    switch (rule) {
      case Rule::kDomain:
        return domain;
      case Rule::kAddressLiteral:
        return address_literal;
      case Rule::kIpv4:
        return ipv4;
      case Rule::kIpv6:
        return ipv6;
      case Rule::kLocalPart:
        return local_part;
      case Rule::kMailbox:
        return mailbox;
      case Rule::kReversePath:
        return reverse_path;
      case Rule::kForwardPath:
        return forward_path;
      case Rule::kString:
        return string;
      case Rule::kParameters:
        return parameters;
      case Rule::kUtf8String:
        break;
    }
    return utf8_string;
  }

  Abnf domain, address_literal, ipv4, ipv6, local_part, mailbox, reverse_path, forward_path, string,
      parameters, utf8_string;
};

const Grammar& GrammarFor(bool utf8) {
  static const Grammar& ascii = *new Grammar(false);
  static const Grammar& extended = *new Grammar(true);
  return utf8 ? extended : ascii;
}

}  // namespace

std::bitset<kMaxOctets + 1> MatchingPrefixes(Rule rule, std::string_view in, bool utf8) {
  Positions from;
  from.set(0);
  return GrammarFor(utf8).Get(rule)(in, from);
}

bool Matches(Rule rule, std::string_view in, bool utf8) {
  return MatchingPrefixes(rule, in, utf8).test(in.size());
}

}  // namespace postern::syntax::reference
