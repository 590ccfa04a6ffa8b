// SPDX-License-Identifier: Apache-2.0

#include "hosts/common/upstream/capabilities.h"

#include <algorithm>
#include <charconv>

namespace postern::upstream {
namespace {

struct Keyword {
  std::string_view word;
  Extension extension;
};
constexpr Keyword kKeywords[] = {
    {"SIZE", kSize},
    {"8BITMIME", kEightBitMime},
    {"SMTPUTF8", kSmtpUtf8},
    {"PIPELINING", kPipelining},
    {"CHUNKING", kChunking},
    {"BINARYMIME", kBinaryMime},
    {"ENHANCEDSTATUSCODES", kEnhancedStatusCodes},
    {"DSN", kDsn},
    {"DELIVERBY", kDeliverBy},
    {"FUTURERELEASE", kFutureRelease},
    {"MT-PRIORITY", kMtPriority},
    {"REQUIRETLS", kRequireTls},
    {"XCLIENT", kXclient},
    {"XFORWARD", kXforward},
    {"ETRN", kEtrn},
    {"BURL", kBurl},
};

struct AttributeWord {
  std::string_view word;
  Attribute attribute;
};
constexpr AttributeWord kAttributes[] = {
    {"NAME", kAttributeName},         {"ADDR", kAttributeAddr},
    {"PORT", kAttributePort},         {"PROTO", kAttributeProto},
    {"HELO", kAttributeHelo},         {"LOGIN", kAttributeLogin},
    {"DESTADDR", kAttributeDestAddr}, {"DESTPORT", kAttributeDestPort},
    {"SOURCE", kAttributeSource},
};

// The parameters that an extension alone gives a meaning to.
struct ParameterWord {
  std::string_view word;
  uint32_t extension;  // 0: never handed on, and no loss
};
constexpr ParameterWord kParameters[] = {
    {"SIZE", 0},
    {"BODY", 0},
    {"SMTPUTF8", 0},
    {"AUTH", 0},
    {"RET", kDsn},
    {"ENVID", kDsn},
    {"NOTIFY", kDsn},
    {"ORCPT", kDsn},
    {"BY", kDeliverBy},
    {"HOLDFOR", kFutureRelease},
    {"HOLDUNTIL", kFutureRelease},
    {"MT-PRIORITY", kMtPriority},
    {"REQUIRETLS", kRequireTls},
};

std::string_view TakeWord(std::string_view* text) {
  const size_t begin = text->find_first_not_of(' ');
  text->remove_prefix(std::min(begin, text->size()));
  const std::string_view word = text->substr(0, text->find(' '));
  text->remove_prefix(word.size());
  return word;
}

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

bool SameWord(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Upper(x) == Upper(y); });
}

void Capabilities::AddLine(std::string_view text) {
  const std::string_view word = TakeWord(&text);
  for (const Keyword& keyword : kKeywords) {
    if (!SameWord(keyword.word, word)) continue;
    extensions |= keyword.extension;
    if (keyword.extension == kSize) {
      const std::string_view number = TakeWord(&text);
      uint64_t value = 0;
      const auto [end, error] =
          std::from_chars(number.data(), number.data() + number.size(), value);
      const bool good = error == std::errc() && end == number.data() + number.size();
      size_limit = good ? value : 0;
    } else if (keyword.extension == kXclient || keyword.extension == kXforward) {
      uint32_t* const bits = keyword.extension == kXclient ? &xclient : &xforward;
      for (std::string_view name = TakeWord(&text); !name.empty(); name = TakeWord(&text)) {
        for (const AttributeWord& attribute : kAttributes) {
          if (SameWord(attribute.word, name)) *bits |= attribute.attribute;
        }
      }
    }
    return;
  }
}

bool operator==(const Capabilities& a, const Capabilities& b) {
  return a.extensions == b.extensions && a.size_limit == b.size_limit && a.xclient == b.xclient &&
         a.xforward == b.xforward;
}

Carry CarryParameters(std::string_view given, const Capabilities& capabilities,
                      Parameters* carried) {
  carried->Clear();
  for (std::string_view one = TakeWord(&given); !one.empty(); one = TakeWord(&given)) {
    const std::string_view word = one.substr(0, one.find('='));
    const auto known =
        std::find_if(std::begin(kParameters), std::end(kParameters),
                     [word](const ParameterWord& each) { return SameWord(each.word, word); });
    if (known == std::end(kParameters)) return Carry::kNo;
    if (known->extension == 0) continue;
    if ((capabilities.extensions & known->extension) == 0) return Carry::kLacking;
    if (!carried->Append(" ") || !carried->Append(one)) return Carry::kTooLong;
  }
  return Carry::kYes;
}

}  // namespace postern::upstream
