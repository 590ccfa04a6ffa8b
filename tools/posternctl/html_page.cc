// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/html_page.h"

#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/posternctl/embedded.h"

namespace postern {
namespace ctl {
namespace {

std::string Embedded(const unsigned char* octets, size_t size) {
  return std::string(reinterpret_cast<const char*>(octets), size);
}

std::string Anchor(const std::string& text) {
  std::string anchor = absl::AsciiStrToLower(text);
  for (char& c : anchor) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '-';
  }
  return anchor;
}

class Page {
 public:
  explicit Page(const MergedTable& table) : table_(table) {}

  std::string Make() {
    for (const auto& [code, reference] : table_.codes()) {
      for (const std::string& one : reference.enhanced_codes()) {
        const v1::EnhancedReference* found = table_.FindEnhanced(one);
        if (found != nullptr) used_with_[found->code()].insert(code);
      }
    }
    Head();
    Replies();
    Codes();
    Enhanced();
    Topics();
    Foot();
    return std::move(out_);
  }

 private:
  template <typename... Parts>
  void Add(const Parts&... parts) {
    absl::StrAppend(&out_, parts...);
  }

  std::string CodeLink(uint32_t code) const {
    const std::string name = absl::StrCat(code);
    if (table_.FindCode(code) == nullptr) return name;
    return absl::StrCat("<a class=\"code k", code / 100, "\" href=\"#code-", name, "\">", name,
                        "</a>");
  }

  std::string EnhancedLink(const std::string& code) const {
    const v1::EnhancedReference* found = table_.FindEnhanced(code);
    if (found == nullptr) return HtmlText(code);
    return absl::StrCat("<a href=\"#enhanced-", Anchor(found->code()), "\">", HtmlText(code),
                        "</a>");
  }

  // The beginning of a card. `words` is what the search looks at, in small letters.
  void OpenCard(const std::string& id, const std::string& kind, const std::string& words) {
    Add("<article class=\"card k", kind, "\" id=\"", id, "\" data-kind=\"", kind,
        "\" data-words=\"", HtmlText(absl::AsciiStrToLower(words)), "\">\n");
  }

  void Pre(const ReplyLines& lines) {
    Add("<pre>");
    for (size_t i = 0; i < lines.size(); ++i) Add(i > 0 ? "\n" : "", HtmlText(lines[i]));
    Add("</pre>\n");
  }

  void Head() {
    const std::string language = table_.language().empty() ? "en" : table_.language();
    const std::string name = table_.name().empty() ? "(no name)" : table_.name();
    Add("<!DOCTYPE html>\n<html lang=\"", HtmlText(language), "\">\n<head>\n",
        "<meta charset=\"utf-8\">\n<title>What ", HtmlText(table_.server()), " says</title>\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n",
        "<meta name=\"description\" content=\"Reply codes and texts of an SMTP server, what they "
        "mean and how to mend what they complain about\">\n",
        "<link rel=\"icon\" href=\"data:,\">\n<style>\n", Embedded(kPageStyle, kPageStyleSize),
        "</style>\n</head>\n<body>\n", "<a class=\"skip\" href=\"#main\">To the content</a>\n",
        "<header class=\"top\"><div class=\"wide\">\n<h1>What ", HtmlText(table_.server()),
        " says</h1>\n<p class=\"soft\">Reply table <b>", HtmlText(name), "</b>, language ",
        HtmlText(language),
        ". Every reply that a client of this server can get, with sample values, and what each "
        "code "
        "means.</p>\n<nav class=\"jump\" aria-label=\"Parts of this page\">",
        "<a href=\"#replies\">Replies</a> <a href=\"#codes\">Reply codes</a> <a "
        "class=\"needs-script\" "
        "hidden href=\"#compare\">Compare two codes</a> <a href=\"#enhanced\">Enhanced codes</a> "
        "<a href=\"#help\">HELP topics</a></nav>\n</div></header>\n");
    Add("<div class=\"bar needs-script\" hidden role=\"search\"><div class=\"wide\">\n",
        "<label for=\"search\" class=\"skip\">Search replies, codes and topics</label>\n",
        "<input type=\"search\" id=\"search\" placeholder=\"500, mailbox, TLS, the text you got "
        "...\" autocomplete=\"off\" spellcheck=\"false\">\n",
        "<div class=\"chips\" role=\"group\" aria-label=\"Show one class only\">\n",
        "<button type=\"button\" data-wanted=\"\" aria-pressed=\"true\">All</button>\n");
    for (const uint32_t digit : {2u, 3u, 4u, 5u}) {
      const v1::ClassReference* reference = table_.FindClass(digit);
      Add("<button type=\"button\" data-wanted=\"", digit, "\" aria-pressed=\"false\" title=\"",
          reference == nullptr ? "" : HtmlText(reference->name()), "\">", digit, "xx</button>\n");
    }
    Add("</div>\n<button type=\"button\" id=\"theme\" title=\"Light, dark, or as the system has "
        "it\">Auto</button>\n",
        "<div class=\"found\" id=\"found\" role=\"status\" aria-live=\"polite\"></div>\n",
        "</div></div>\n<main id=\"main\" class=\"wide\">\n");
  }

  void Replies() {
    Add("<section id=\"replies\" data-group>\n<h2>Replies</h2>\n",
        "<p class=\"soft\">In the order in which a session meets them.</p>\n");
    for (const SituationText& situation : Situations()) {
      Add("<section data-group>\n<h3>", situation.title, " <span class=\"soft\">", situation.about,
          "</span></h3>\n<div class=\"cards\">\n");
      for (const replies::ReplyRule* rule = replies::ReplyRulesBegin();
           rule != replies::ReplyRulesEnd(); ++rule) {
        if (rule->situation == situation.situation) Reply(*rule);
      }
      Add("</div>\n</section>\n");
    }
    Add("</section>\n");
  }

  void Reply(const replies::ReplyRule& rule) {
    const auto id = static_cast<uint32_t>(rule.id);
    const v1::Reply* reply = table_.FindReply(id);
    if (reply == nullptr) return;
    const std::string name(rule.name);
    const ReplyLines ascii = table_.Render(rule.id, false);
    const ReplyLines utf8 = table_.Render(rule.id, true);
    OpenCard("reply-" + Anchor(name), absl::StrCat(reply->code() / 100),
             absl::StrCat(name, " ", TitleOf(name), " ", absl::StrJoin(ascii, " "), " ",
                          absl::StrJoin(utf8, " "), " ", reply->explanation()));
    Add("<header>", CodeLink(reply->code()), " <h4>", HtmlText(TitleOf(name)),
        "</h4> <span class=\"id\">", name, "</span>",
        table_.IsOwn(id) ? "" : " <span class=\"tag\">from the default table</span>",
        "</header>\n");
    Pre(ascii);
    if (utf8 != ascii) {
      Add("<p class=\"note\">Where RFC 6531 lets UTF-8 out:</p>\n");
      Pre(utf8);
    }
    if (!reply->explanation().empty()) {
      Add("<p class=\"note\">", HtmlText(reply->explanation()), "</p>\n");
    }
    Add("</article>\n");
  }

  void Field(const char* name, const char* title, const std::string& html) {
    if (html.empty()) return;
    Add("<div data-field=\"", name, "\"><dt>", title, "</dt><dd>", html, "</dd></div>\n");
  }

  void Codes() {
    Add("<section id=\"codes\" class=\"ref\" data-group>\n<h2>Reply codes</h2>\n");
    for (const uint32_t digit : {2u, 3u, 4u, 5u}) {
      const v1::ClassReference* reference = table_.FindClass(digit);
      Add("<section data-group>\n<h3 id=\"class-", digit, "\"><span class=\"code k", digit, "\">",
          reference == nullptr ? absl::StrCat(digit, "xx") : HtmlText(reference->name()),
          "</span> <span class=\"soft\">",
          reference == nullptr ? "" : HtmlText(reference->meaning()),
          "</span></h3>\n<div class=\"cards\">\n");
      for (const auto& [code, one] : table_.codes()) {
        if (code / 100 == digit) Code(one);
      }
      Add("</div>\n</section>\n");
    }
    Add("</section>\n<section id=\"compare\" class=\"needs-script\" hidden>\n",
        "<h2>Compare two codes</h2>\n<div class=\"pick\">\n");
    for (const auto& [id, label, chosen] :
         {std::tuple<const char*, const char*, uint32_t>("left", "First code", 214),
          std::tuple<const char*, const char*, uint32_t>("right", "Second code", 500)}) {
      Add("<label for=\"", id, "\">", label, "</label>\n<select id=\"", id, "\">\n");
      for (const auto& [code, one] : table_.codes()) {
        Add("<option", code == chosen ? " selected" : "", ">", code, "</option>\n");
      }
      Add("</select>\n");
    }
    Add("</div>\n<div class=\"scroll\"><table id=\"compared\" class=\"compare\" "
        "aria-live=\"polite\">",
        "<thead><tr><td></td><th scope=\"col\" class=\"a\"></th><th scope=\"col\" "
        "class=\"b\"></th>",
        "</tr></thead><tbody></tbody></table></div>\n</section>\n");
  }

  void Code(const v1::CodeReference& code) {
    const v1::ClassReference* in_words = table_.FindClass(code.code() / 100);
    const v1::SubjectReference* group = table_.FindSubject(code.code() / 10 % 10);
    const std::string class_name = in_words == nullptr ? "" : in_words->name();
    const std::string name = absl::StrCat(code.code());
    OpenCard("code-" + name, absl::StrCat(code.code() / 100),
             absl::StrCat(name, " ", class_name, " ", code.meaning(), " ", code.seen_when(), " ",
                          code.mend(), " ", code.use_when(), " ",
                          absl::StrJoin(code.enhanced_codes(), " ")));
    Add("<header><a class=\"code\" href=\"#code-", name, "\">", name, "</a> <h4>",
        HtmlText(code.meaning()), "</h4></header>\n<dl>\n");
    Field("class", "Class", HtmlText(class_name));
    Field("group", "Group", group == nullptr ? "" : HtmlText(group->name()));
    // For the comparison alone: the headline says it.
    Add("<div data-field=\"meaning\" hidden><dt>Meaning</dt><dd>", HtmlText(code.meaning()),
        "</dd></div>\n");
    Field("seen", "When seen", HtmlText(code.seen_when()));
    Field("fix", "How to fix", HtmlText(code.mend()));
    Field("use", "When to use", HtmlText(code.use_when()));
    std::string enhanced;
    for (const std::string& one : code.enhanced_codes()) {
      absl::StrAppend(&enhanced, enhanced.empty() ? "" : ", ", EnhancedLink(one));
    }
    Field("enhanced", "Usual with", enhanced);
    Field("rfc", "Written in", HtmlText(absl::StrJoin(code.rfc(), "; ")));
    std::string neighbours;
    for (const v1::CodeNeighbour& one : code.neighbours()) {
      absl::StrAppend(&neighbours, "<li data-neighbour=\"", one.code(), "\">", CodeLink(one.code()),
                      " <span>", HtmlText(one.differs()), "</span></li>");
    }
    if (!neighbours.empty()) neighbours = absl::StrCat("<ul>", neighbours, "</ul>");
    Field("neighbours", "Neighbours", neighbours);
    Add("<div data-field=\"differs\" hidden><dt>Differs</dt><dd>", HtmlText(code.differs()),
        "</dd></div>\n</dl>\n</article>\n");
  }

  void Enhanced() {
    Add("<section id=\"enhanced\" data-group>\n<h2>Enhanced status codes</h2>\n",
        "<p class=\"soft\">They stand behind the reply code (RFC 3463). X is any class: 2, 4 or 5."
        "</p>\n<div class=\"cards\">\n");
    for (const auto& [code, one] : table_.enhanced()) {
      const std::string kind = code[0] == 'X' ? "" : code.substr(0, 1);
      OpenCard("enhanced-" + Anchor(code), kind,
               absl::StrCat(code, " ", one.meaning(), " ", one.mend()));
      Add("<header><span class=\"code\">", HtmlText(code), "</span> <h4>", HtmlText(one.meaning()),
          "</h4></header>\n<p class=\"note\">", HtmlText(one.mend()), "</p>\n<p class=\"note\">",
          HtmlText(one.rfc()));
      const auto with = used_with_.find(code);
      if (with != used_with_.end()) {
        Add(" &middot; usual with");
        for (const uint32_t number : with->second) Add(" ", CodeLink(number));
      }
      Add("</p>\n</article>\n");
    }
    Add("</div>\n</section>\n");
  }

  void Topics() {
    Add("<section id=\"help\" data-group>\n<h2>HELP topics</h2>\n",
        "<p class=\"soft\">What <code>HELP TOPIC</code> sends. Every reply code is a topic as "
        "well, "
        "and so is the name of every reply.</p>\n<div class=\"cards\">\n");
    for (const auto& [name, topic] : table_.topics()) {
      const ReplyLines lines = table_.RenderTopic(name);
      OpenCard("help-" + Anchor(name), "2",
               absl::StrCat("help ", name, " ", absl::StrJoin(lines, " "), " ",
                            absl::StrJoin(topic.utf8_text(), " ")));
      Add("<header><h4>HELP ", HtmlText(name), "</h4></header>\n");
      Pre(lines);
      if (topic.utf8_text_size() > 0) Pre({topic.utf8_text().begin(), topic.utf8_text().end()});
      Add("</article>\n");
    }
    Add("</div>\n</section>\n");
  }

  void Foot() {
    Add("</main>\n<footer class=\"wide\">Made by <code>posternctl render --html</code>. Values in "
        "the replies are samples. RFC texts: <code>rfc-editor.org</code>.</footer>\n<script>\n",
        Embedded(kPageScript, kPageScriptSize), "</script>\n</body>\n</html>\n");
  }

  const MergedTable& table_;
  std::map<std::string, std::set<uint32_t>> used_with_;
  std::string out_;
};

}  // namespace

std::string HtmlText(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string HtmlPage(const MergedTable& table) { return Page(table).Make(); }

}  // namespace ctl
}  // namespace postern
