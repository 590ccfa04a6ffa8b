// SPDX-License-Identifier: Apache-2.0
//
// How transcripts spell octets, events, replies and rules. See transcript.h.

#include <cstdio>

#include "engine/proto/reply_table.pb.h"
#include "engine/session/judge.h"
#include "tests/transcripts/transcript.h"

namespace postern::transcripts {
namespace {

constexpr size_t kShortestRun = 16;
constexpr size_t kLongest = 300;
constexpr size_t kHead = 60;

std::string EscapeOctet(char c) {
  switch (c) {
    case '\r':
      return "\\r";
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\0':
      return "\\0";
    case '\\':
      return "\\\\";
    case '{':
      return "\\{";
    case '"':
      return "\\\"";
    default:
      break;
  }
  const unsigned octet = static_cast<unsigned char>(c);
  if (octet >= 0x20 && octet < 0x7f) return std::string(1, c);
  char text[8];
  std::snprintf(text, sizeof(text), "\\x%02X", octet);
  return text;
}

}  // namespace

std::string Visible(std::string_view octets, bool stop_early) {
  std::string out;
  for (size_t i = 0; i < octets.size();) {
    size_t run = 1;
    while (i + run < octets.size() && octets[i + run] == octets[i]) ++run;
    const std::string one = EscapeOctet(octets[i]);
    if (run >= kShortestRun) {
      out += "{" + one + "*" + std::to_string(run) + "}";
      i += run;
    } else {
      out += one;
      ++i;
    }
  }
  if (!stop_early || out.size() <= kLongest) return out;
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : octets) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  char tail[64];
  std::snprintf(tail, sizeof(tail), "\" octets=%zu fnv=%016llx", octets.size(),
                static_cast<unsigned long long>(hash));
  return Visible(octets.substr(0, kHead), false) + "..." + tail;
}

std::string Quoted(std::string_view octets) {
  bool plain = !octets.empty();
  for (const char c : octets) {
    if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '{') plain = false;
  }
  if (plain && octets.size() < kHead) return std::string(octets);
  const std::string text = "\"" + Visible(octets, true);
  // A cut text brought its own closing mark.
  return text.find("\" octets=") == std::string::npos ? text + "\"" : text;
}

std::string EventName(session::EventType type) {
  static const char* const kNames[] = {
      "none",          "connect", "proxy_header", "helo",    "starttls",  "mail", "rcpt",
      "content_begin", "content", "content_end",  "reset",   "vrfy",      "expn", "help",
      "unknown",       "error",   "quit",         "closed",  "chunk_end", "auth", "auth_end",
      "etrn",          "atrn",    "burl",         "xclient", "xforward"};
  const size_t n = static_cast<size_t>(type);
  return n < sizeof(kNames) / sizeof(kNames[0]) ? kNames[n] : "";
}

std::string ReplyName(uint16_t reply) { return v1::ReplyId_Name(static_cast<v1::ReplyId>(reply)); }

std::string RuleName(uint8_t rule) {
  using session::Rule;
  switch (static_cast<Rule>(rule)) {
    case Rule::kNone:
      return "none";
    case Rule::kF1:
      return "F1";
    case Rule::kF2:
      return "F2";
    case Rule::kF3:
      return "F3";
    case Rule::kF4:
      return "F4";
    case Rule::kF5:
      return "F5";
    case Rule::kF6:
      return "F6";
    case Rule::kC500:
      return "C500";
    case Rule::kC501:
      return "C501";
    case Rule::kC502:
      return "C502";
    case Rule::kC503:
      return "C503";
    case Rule::kC504:
      return "C504";
    case Rule::kC555:
      return "C555";
    case Rule::kC214:
      return "C214";
    case Rule::kR6:
      return "R6";
    case Rule::kD3:
      return "D3";
    case Rule::kD4:
      return "D4";
    case Rule::kD5:
      return "D5";
    case Rule::kB4:
      return "B4";
    case Rule::kLimit:
      return "LIMIT";
  }
  return std::to_string(rule);
}

}  // namespace postern::transcripts
