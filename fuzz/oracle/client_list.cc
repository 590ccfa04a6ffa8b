// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/client_list.h"

#include <algorithm>
#include <iterator>

#include "fuzz/oracle/esmtp_grammar.h"

namespace postern::fuzz::oracle {
namespace {

// In the order of their numbers, from 1.
constexpr std::string_view kNames[] = {"NAME",  "ADDR",     "PORT",     "PROTO", "HELO",
                                       "LOGIN", "DESTADDR", "DESTPORT", "IDENT", "SOURCE"};

std::string Upper(std::string_view text) {
  std::string s(text);
  for (char& c : s) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return s;
}

// RFC 3461 section 4; the grammar of the list took it.
std::string FromXtext(std::string_view in) {
  std::string out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '+') {
      out += in[i];
      continue;
    }
    out += static_cast<char>(std::stoi(std::string(in.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return out;
}

}  // namespace

bool ReadClientList(std::string_view list, bool xclient, std::map<uint32_t, ClientValue>* given) {
  const std::string prefix = xclient ? "xclient-" : "xforward-";
  given->clear();
  if (!MatchesEsmtp(prefix + "list", list)) return false;
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find(' ', at), list.size());
    const std::string_view one = list.substr(at, end - at);
    at = end + 1;
    const size_t equals = one.find('=');
    const std::string name = Upper(one.substr(0, equals));
    const std::string_view raw = one.substr(equals + 1);
    ClientValue value;
    value.text = FromXtext(raw);
    if (raw.size() > 255 || !MatchesEsmtp(prefix + name, value.text)) return false;
    const std::string upper = Upper(value.text);
    value.state = upper == "[UNAVAILABLE]"                                ? 2
                  : upper == "[TEMPUNAVAIL]" && xclient && name == "NAME" ? 3
                                                                          : 1;
    if (value.state != 1) value.text.clear();
    const bool address = name == "ADDR" || name == "DESTADDR";
    if (address && upper.compare(0, 5, "IPV6:") == 0) value.text.erase(0, 5);
    const auto number = static_cast<uint32_t>(
        std::find(std::begin(kNames), std::end(kNames), name) - std::begin(kNames) + 1);
    if (!given->emplace(number, value).second) return false;
  }
  return true;
}

}  // namespace postern::fuzz::oracle
