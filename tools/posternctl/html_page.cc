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

  // The beginning of a card. `words` is what the search looks at.
  void OpenCard(const std::string& id, const std::string& kind, const std::string& words) {
    Add("<article class=\"card k", kind, "\" id=\"", id, "\" data-kind=\"", kind,
        "\" data-words=\"", HtmlText(words), "\">\n");
  }

  std::string Word(const std::string& caption) const { return HtmlText(table_.Caption(caption)); }

  void Pre(const ReplyLines& lines) {
    Add("<pre>");
    for (size_t i = 0; i < lines.size(); ++i) Add(i > 0 ? "\n" : "", HtmlText(lines[i]));
    Add("</pre>\n");
  }

  void Head() {
    const std::string language = table_.language().empty() ? "en" : table_.language();
    const std::string name = table_.name().empty() ? table_.Caption("no_name") : table_.name();
    const std::string title = HtmlText(table_.Caption("page_title", {{"server", table_.server()}}));
    Add("<!DOCTYPE html>\n<html lang=\"", HtmlText(language), "\">\n<head>\n",
        "<meta charset=\"utf-8\">\n<title>", title, "</title>\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n",
        "<meta name=\"description\" content=\"", Word("page_description"), "\">\n",
        "<link rel=\"icon\" href=\"data:,\">\n<style>\n", Embedded(kPageStyle, kPageStyleSize),
        "</style>\n</head>\n<body>\n", "<a class=\"skip\" href=\"#main\">", Word("page_to_content"),
        "</a>\n", "<header class=\"top\"><div class=\"wide\">\n<h1>", title,
        "</h1>\n<p class=\"soft\">",
        HtmlText(table_.Caption("page_intro", {{"name", name}, {"language", language}})),
        "</p>\n<nav class=\"jump\" aria-label=\"", Word("page_parts"), "\">",
        "<a href=\"#replies\">", Word("replies"), "</a> <a href=\"#codes\">", Word("reply_codes"),
        "</a> <a class=\"needs-script\" hidden href=\"#compare\">", Word("page_compare"),
        "</a> <a href=\"#enhanced\">", Word("enhanced_codes"), "</a> <a href=\"#help\">",
        Word("help_topics"), "</a></nav>\n</div></header>\n");
    Add("<div class=\"bar needs-script\" hidden role=\"search\"><div class=\"wide\">\n",
        "<label for=\"search\" class=\"skip\">", Word("page_search"), "</label>\n",
        "<input type=\"search\" id=\"search\" placeholder=\"", Word("page_search_sample"),
        "\" autocomplete=\"off\" spellcheck=\"false\">\n",
        "<div class=\"chips\" role=\"group\" aria-label=\"", Word("page_one_class"), "\">\n",
        "<button type=\"button\" data-wanted=\"\" aria-pressed=\"true\">", Word("page_every_class"),
        "</button>\n");
    for (const uint32_t digit : {2u, 3u, 4u, 5u}) {
      const v1::ClassReference* reference = table_.FindClass(digit);
      Add("<button type=\"button\" data-wanted=\"", digit, "\" aria-pressed=\"false\" title=\"",
          reference == nullptr ? "" : HtmlText(reference->name()), "\">", digit, "xx</button>\n");
    }
    // What the script says of them stands in their data.
    Add("</div>\n<button type=\"button\" id=\"theme\" title=\"", Word("page_colours"),
        "\" data-auto=\"", Word("page_colours_auto"), "\" data-light=\"",
        Word("page_colours_light"), "\" data-dark=\"", Word("page_colours_dark"), "\">",
        Word("page_colours_auto"), "</button>\n",
        "<div class=\"found\" id=\"found\" role=\"status\" aria-live=\"polite\" data-all=\"",
        Word("page_all_shown"), "\" data-some=\"", Word("page_some_shown"), "\" data-none=\"",
        Word("page_none_shown"), "\" data-hint=\"", Word("page_search_hint"), "\"></div>\n",
        "</div></div>\n<main id=\"main\" class=\"wide\">\n");
  }

  void Replies() {
    Add("<section id=\"replies\" data-group>\n<h2>", Word("replies"), "</h2>\n<p class=\"soft\">",
        Word("page_replies_intro"), "</p>\n");
    for (const SituationName& situation : Situations()) {
      Add("<section data-group>\n<h3>", Word("situation_" + situation.name),
          " <span class=\"soft\">", Word("about_" + situation.name),
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
    // The id in words is English.
    const bool english = table_.language().empty() || table_.language().compare(0, 2, "en") == 0;
    Add("<header>", CodeLink(reply->code()), " <h4",
        english ? ">" + HtmlText(TitleOf(name)) + "</h4> <span class=\"id\">" + name + "</span>"
                : " class=\"id\">" + name + "</h4>");
    if (!table_.IsOwn(id)) Add(" <span class=\"tag\">", Word("from_default"), "</span>");
    Add("</header>\n");
    Pre(ascii);
    if (utf8 != ascii) {
      Add("<p class=\"note\">", Word("utf8_form"), "</p>\n");
      Pre(utf8);
    }
    if (!reply->explanation().empty()) {
      Add("<p class=\"note\">", HtmlText(reply->explanation()), "</p>\n");
    }
    Add("</article>\n");
  }

  void Field(const char* name, const char* caption, const std::string& html) {
    if (html.empty()) return;
    Add("<div data-field=\"", name, "\"><dt>", Word(caption), "</dt><dd>", html, "</dd></div>\n");
  }

  void Codes() {
    Add("<section id=\"codes\" class=\"ref\" data-group>\n<h2>", Word("reply_codes"), "</h2>\n");
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
    Add("</section>\n<section id=\"compare\" class=\"needs-script\" hidden>\n", "<h2>",
        Word("page_compare"), "</h2>\n<div class=\"pick\">\n");
    for (const auto& [id, label, chosen] :
         {std::tuple<const char*, const char*, uint32_t>("left", "page_first_code", 214),
          std::tuple<const char*, const char*, uint32_t>("right", "page_second_code", 500)}) {
      Add("<label for=\"", id, "\">", Word(label), "</label>\n<select id=\"", id, "\">\n");
      for (const auto& [code, one] : table_.codes()) {
        Add("<option", code == chosen ? " selected" : "", ">", code, "</option>\n");
      }
      Add("</select>\n");
    }
    Add("</div>\n<div class=\"scroll\"><table id=\"compared\" class=\"compare\" "
        "aria-live=\"polite\" data-differs=\"",
        Word("key_differences"), "\">",
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
    Field("class", "class", HtmlText(class_name));
    Field("group", "group", group == nullptr ? "" : HtmlText(group->name()));
    // For the comparison alone: the headline says it.
    Add("<div data-field=\"meaning\" hidden><dt>", Word("meaning"), "</dt><dd>",
        HtmlText(code.meaning()), "</dd></div>\n");
    Field("seen", "when_seen", HtmlText(code.seen_when()));
    Field("fix", "how_to_fix", HtmlText(code.mend()));
    Field("use", "when_to_use", HtmlText(code.use_when()));
    std::string enhanced;
    for (const std::string& one : code.enhanced_codes()) {
      absl::StrAppend(&enhanced, enhanced.empty() ? "" : ", ", EnhancedLink(one));
    }
    Field("enhanced", "usual_with", enhanced);
    Field("rfc", "written_in", HtmlText(absl::StrJoin(code.rfc(), "; ")));
    std::string neighbours;
    for (const v1::CodeNeighbour& one : code.neighbours()) {
      absl::StrAppend(&neighbours, "<li data-neighbour=\"", one.code(), "\">", CodeLink(one.code()),
                      " <span>", HtmlText(one.differs()), "</span></li>");
    }
    if (!neighbours.empty()) neighbours = absl::StrCat("<ul>", neighbours, "</ul>");
    Field("neighbours", "neighbours", neighbours);
    Add("<div data-field=\"differs\" hidden><dt>", Word("key_differences"), "</dt><dd>",
        HtmlText(code.differs()), "</dd></div>\n</dl>\n</article>\n");
  }

  void Enhanced() {
    Add("<section id=\"enhanced\" data-group>\n<h2>", Word("enhanced_codes"),
        "</h2>\n<p class=\"soft\">", Word("page_enhanced_intro"), "</p>\n<div class=\"cards\">\n");
    for (const auto& [code, one] : table_.enhanced()) {
      const std::string kind = code[0] == 'X' ? "" : code.substr(0, 1);
      OpenCard("enhanced-" + Anchor(code), kind,
               absl::StrCat(code, " ", one.meaning(), " ", one.mend()));
      Add("<header><span class=\"code\">", HtmlText(code), "</span> <h4>", HtmlText(one.meaning()),
          "</h4></header>\n<p class=\"note\">", HtmlText(one.mend()), "</p>\n<p class=\"note\">",
          HtmlText(one.rfc()));
      const auto with = used_with_.find(code);
      if (with != used_with_.end()) {
        Add(" &middot; ", Word("usual_with"));
        for (const uint32_t number : with->second) Add(" ", CodeLink(number));
      }
      Add("</p>\n</article>\n");
    }
    Add("</div>\n</section>\n");
  }

  void Topics() {
    Add("<section id=\"help\" data-group>\n<h2>", Word("help_topics"), "</h2>\n<p class=\"soft\">",
        Word("page_help_intro"), "</p>\n<div class=\"cards\">\n");
    for (const auto& [name, topic] : table_.topics()) {
      const ReplyLines lines = table_.RenderTopic(name);
      OpenCard("help-" + Anchor(name), "2",
               absl::StrCat("help ", name, " ", absl::StrJoin(lines, " "), " ",
                            absl::StrJoin(table_.Utf8Topic(topic), " ")));
      Add("<header><h4>HELP ", HtmlText(name), "</h4></header>\n");
      Pre(lines);
      const ReplyLines utf8 = table_.Utf8Topic(topic);
      if (!utf8.empty()) Pre(utf8);
      Add("</article>\n");
    }
    Add("</div>\n</section>\n");
  }

  void Foot() {
    Add("</main>\n<footer class=\"wide\">", Word("page_made_by"), "</footer>\n<script>\n",
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
