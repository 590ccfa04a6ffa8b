// SPDX-License-Identifier: Apache-2.0
//
// Prints a libFuzzer dictionary made from the command table: what a mutator would take long to
// spell.
//
// What it is: a program of the build (//fuzz:dictionary). Verbs and EHLO keywords come from the
// table itself, so a new extension is in the dictionary on the day it is in the table. What it is
// not: a copy of it.

#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>

#include "engine/commands/command_table.h"

namespace {

using namespace postern::commands;

void Print(std::string_view octets) {
  std::string line = "\"";
  for (const char c : octets) {
    char text[8];
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet > 0x7E || c == '"' || c == '\\') {
      std::snprintf(text, sizeof(text), "\\x%02X", octet);
      line += text;
    } else {
      line += c;
    }
  }
  std::printf("%s\"\n", line.c_str());
}

}  // namespace

int main() {
  std::printf("# Made from the command table by //fuzz:dictionary.\n");
  for (size_t i = 1; i < kVerbCount; ++i) {
    const Command& command = GetCommand(static_cast<Verb>(i));
    Print(command.name);
    Print(std::string(command.name) + (command.arguments == Arguments::kForbidden ? "\r\n" : " "));
  }
  // Everything that EHLO can list; without TLS, so that STARTTLS is there.
  const Conditions all = {~uint32_t{0}, true, false, true};
  Keyword keywords[kMaxKeywords];
  const size_t count = KeywordsInForce(all, keywords);
  for (size_t i = 0; i < count; ++i) Print(keywords[i].name);
  // What stands between and around them (RFC 5321 §4.1.1-3, RFC 1870, RFC 6152), and the line ends
  // that are none (contract F1-F3, D1).
  for (const char* text : {"MAIL FROM:<a@b.example>\r\n",
                           "RCPT TO:<c@d.example>\r\n",
                           "EHLO c.example\r\n",
                           "LHLO c.example\r\n",
                           "XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE]\r\n",
                           "XFORWARD IDENT=1 SOURCE=LOCAL\r\n",
                           "ETRN @c.example\r\n",
                           "ETRN #queue\r\n",
                           "ATRN c.example,d.example\r\n",
                           "BURL imap://mail.example/x\r\n",
                           "BURL imap://mail.example/x LAST\r\n",
                           "imap://",
                           "FROM:<",
                           "TO:<",
                           "<>",
                           "<Postmaster>",
                           "@",
                           "\\",
                           "\"",
                           "[IPv6:",
                           "[127.0.0.1]",
                           "::",
                           " SIZE=",
                           " BODY=7BIT",
                           " BODY=8BITMIME",
                           " BODY=BINARYMIME",
                           " SMTPUTF8",
                           " RET=FULL",
                           " RET=HDRS",
                           " ENVID=",
                           " NOTIFY=NEVER",
                           " NOTIFY=SUCCESS,FAILURE,DELAY",
                           " ORCPT=rfc822;",
                           " REQUIRETLS",
                           " BY=120;R",
                           " BY=-1;NT",
                           " MT-PRIORITY=-9",
                           " RRVS=2014-04-03T23:01:00Z;C",
                           " HOLDFOR=60",
                           " HOLDUNTIL=2026-11-25T10:00:00Z",
                           " ORCPT=utf-8;",
                           " XHOST=",
                           "+2B",
                           "=",
                           "\r\n",
                           "\n",
                           "\r",
                           "\r\n.\r\n",
                           "\n.\n",
                           "\n.\r\n",
                           "\r.\r",
                           "\r\n.\n",
                           "\r\n.\r",
                           "\r\n..",
                           "\xC3\xA9",
                           "\xE2\x82\xAC",
                           "\xF0\x9F\x98\x80",
                           "\xED\xA0\x80",
                           "\xC0\xAF",
                           "PROXY TCP4 ",
                           "PROXY TCP6 ",
                           "PROXY UNKNOWN\r\n",
                           "\r\n\r\n"}) {
    Print(text);
  }
  Print(std::string_view("\0", 1));
  Print(std::string_view("\r\n\r\n\0\r\nQUIT\n", 12));  // PROXY version 2
  return 0;
}
