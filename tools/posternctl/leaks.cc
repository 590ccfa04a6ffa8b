// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/leaks.h"

#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/repeated_field.h"

namespace postern {
namespace ctl {
namespace {

struct Pattern {
  std::regex words;
  const char* what;
  const char* mend;
  bool numbers = false;  // other numbers with dots are no match
};

std::regex Words(const char* pattern) {
  return std::regex(pattern, std::regex::ECMAScript | std::regex::icase | std::regex::optimize);
}

// Anywhere.
const std::vector<Pattern>& Anywhere() {
  static const auto* const patterns = new std::vector<Pattern>{
      {Words("\\b(postern|postfix|exim|sendmail|opensmtpd|qmail|exchange server|courier|haraka|"
             "dovecot|zimbra|mdaemon|hmailserver|nginx|apache|openssl|spamassassin|rspamd|amavis|"
             "clamav|microsoft esmtp)\\b"),
       "names a product, which tells an attacker what to try", "leave the name out"},
      {Words("\\b(debian|ubuntu|centos|red ?hat|rhel|fedora|suse|freebsd|openbsd|netbsd|linux|"
             "windows|solaris)\\b"),
       "names an operating system, which tells an attacker what to try", "leave the name out"},
      {Words(
           "\\b(v|version|release|build)[ .:=-]?[0-9]|\\b[0-9]+\\.[0-9]+\\.[0-9]+(-[a-z0-9]+)?\\b"),
       "tells a version, which tells an attacker what to try", "leave the number out", true},
      {Words("\\b(10(\\.[0-9]{1,3}){3}|192\\.168(\\.[0-9]{1,3}){2}|172\\.(1[6-9]|2[0-9]|3[01])(\\."
             "[0-9]{1,3}){2})\\b"),
       "shows an address of the inner network", "leave it out"},
      {Words("(^|[ '\"(=])/(etc|var|home|usr|opt|root|srv|tmp)/|\\b[a-z]:\\\\\\\\?[a-z]"),
       "shows a path of the server's file system", "leave it out"},
  };
  return *patterns;
}

// In replies about senders, recipients and lists.
const std::vector<Pattern>& AboutUsers() {
  static const auto* const patterns = new std::vector<Pattern>{
      {Words("\\b(full|over ?quota|quota)\\b"),
       "tells a stranger that a mailbox exists and is full",
       "word it like any other refusal for now, and answer 450 or 452"},
      {Words("\\b(disabled|suspended|locked|inactive|deactivated|expired|blocked account|"
             "on vacation|on leave|left the company|no longer (works|employed))\\b"),
       "tells a stranger what became of a mailbox or its owner",
       "word it like the refusal of a mailbox that does not exist"},
      {Words("\\b(exists|is valid|verified|is known|found)\\b"),
       "tells a stranger that a mailbox or list exists",
       "answer as VRFY_CANNOT_VERIFY does (252), or word it so that both cases read alike"},
      {Words("\\b(password|credentials) (is|are) (wrong|right)\\b|\\b(unknown|no such) (account|"
             "login)\\b"),
       "tells apart a wrong name and a wrong password", "use one text for both"},
  };
  return *patterns;
}

bool IsAboutUsers(v1::ReplyId id) {
  const std::string name = v1::ReplyId_Name(id);
  for (const char* prefix : {"RCPT_", "VRFY_", "EXPN_", "MAIL_", "MAILBOX_", "AUTH_", "LMTP_"}) {
    if (absl::StartsWith(name, prefix)) return true;
  }
  return false;
}

// Numbers with dots that are no versions: sections of RFCs, addresses, enhanced codes.
std::string WithoutOtherNumbers(const std::string& line) {
  static const auto* const others = new std::regex(
      "sections? [0-9][0-9.]*( and "
      "[0-9][0-9.]*)?|[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\b[245]\\.[0-9]\\.[0-9]"
      "{1,3}\\b",
      std::regex::ECMAScript | std::regex::icase | std::regex::optimize);
  return std::regex_replace(line, *others, "#");
}

void Look(const google::protobuf::RepeatedPtrField<std::string>& lines, const std::string& entry,
          const std::string& field, bool about_users, std::vector<Leak>* leaks) {
  for (int i = 0; i < lines.size(); ++i) {
    // Long text would make std::regex recurse; a line of a reply is far below that.
    const std::string line = lines.Get(i).substr(0, 1000);
    for (const std::vector<Pattern>* patterns : {&Anywhere(), &AboutUsers()}) {
      if (patterns == &AboutUsers() && !about_users) continue;
      for (const Pattern& pattern : *patterns) {
        std::smatch match;
        const std::string text = pattern.numbers ? WithoutOtherNumbers(line) : line;
        if (!std::regex_search(text, match, pattern.words)) continue;
        leaks->push_back({entry, absl::StrCat(field, " line ", i + 1),
                          absl::StrCat("\"", match.str(0), "\" ", pattern.what), pattern.mend});
      }
    }
  }
}

}  // namespace

std::vector<Leak> FindLeaks(const v1::ReplyTable& table) {
  std::vector<Leak> leaks;
  for (int i = 0; i < table.replies_size(); ++i) {
    const v1::Reply& reply = table.replies(i);
    const std::string entry = absl::StrCat("replies[", i, "] ", v1::ReplyId_Name(reply.id()));
    const bool about_users = IsAboutUsers(reply.id());
    Look(reply.text(), entry, "text", about_users, &leaks);
    Look(reply.utf8_text(), entry, "utf8_text", about_users, &leaks);
  }
  for (int i = 0; i < table.help_topics_size(); ++i) {
    const v1::HelpTopic& topic = table.help_topics(i);
    const std::string entry = absl::StrCat("help_topics[", i, "] ", topic.topic());
    Look(topic.text(), entry, "text", false, &leaks);
    Look(topic.utf8_text(), entry, "utf8_text", false, &leaks);
  }
  for (int i = 0; i < table.footers_size(); ++i) {
    Look(table.footers(i).text(),
         absl::StrCat("footers[", i, "] class ", table.footers(i).reply_class()), "text", false,
         &leaks);
  }
  return leaks;
}

}  // namespace ctl
}  // namespace postern
