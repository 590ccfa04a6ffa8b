// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/json.h"

#include "absl/strings/str_format.h"
#include "engine/syntax/utf8.h"

namespace postern {
namespace ctl {

std::string JsonString(const std::string& text) {
  std::string out = "\"";
  std::string_view rest(text);
  while (!rest.empty()) {
    const size_t good = syntax::WellFormedUtf8Prefix(rest);
    for (const char c : rest.substr(0, good)) {
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        default:
          if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += absl::StrFormat("\\u%04x", static_cast<unsigned>(c));
          } else {
            out += c;
          }
      }
    }
    rest.remove_prefix(good);
    if (!rest.empty()) {
      out += "\xef\xbf\xbd";
      rest.remove_prefix(1);
    }
  }
  return out + "\"";
}

JsonWriter& JsonWriter::Key(const std::string& name) {
  BeginValue();
  out_ += JsonString(name) + ": ";
  behind_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::Real(double value) { return Raw(absl::StrFormat("%.6g", value)); }

JsonWriter& JsonWriter::Texts(const std::string& name, const std::vector<std::string>& values) {
  Key(name).BeginList();
  for (const std::string& value : values) Text(value);
  return EndList();
}

JsonWriter& JsonWriter::Open(char bracket) {
  BeginValue();
  out_ += bracket;
  has_items_.push_back(false);
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  const bool had_items = has_items_.back();
  has_items_.pop_back();
  if (had_items) out_ += "\n" + std::string(2 * has_items_.size(), ' ');
  out_ += bracket;
  return *this;
}

JsonWriter& JsonWriter::Raw(const std::string& value) {
  BeginValue();
  out_ += value;
  return *this;
}

void JsonWriter::BeginValue() {
  if (behind_key_) {
    behind_key_ = false;
    return;
  }
  if (has_items_.empty()) return;
  if (has_items_.back()) out_ += ",";
  has_items_.back() = true;
  out_ += "\n" + std::string(2 * has_items_.size(), ' ');
}

}  // namespace ctl
}  // namespace postern
