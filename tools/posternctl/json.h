// SPDX-License-Identifier: Apache-2.0
//
// A small JSON writer (RFC 8259): objects and lists in the order of writing, two spaces a level.
//
// Threads: one owner.
#ifndef POSTERN_TOOLS_POSTERNCTL_JSON_H_
#define POSTERN_TOOLS_POSTERNCTL_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

namespace postern {
namespace ctl {

// The text in quotation marks. Octets that are no UTF-8 become U+FFFD.
std::string JsonString(const std::string& text);

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginList() { return Open('['); }
  JsonWriter& EndList() { return Close(']'); }
  // The name of what is written next.
  JsonWriter& Key(const std::string& name);
  JsonWriter& Text(const std::string& value) { return Raw(JsonString(value)); }
  JsonWriter& Number(int64_t value) { return Raw(std::to_string(value)); }
  JsonWriter& Real(double value);
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Field(const std::string& name, const std::string& value) {
    return Key(name).Text(value);
  }
  JsonWriter& Texts(const std::string& name, const std::vector<std::string>& values);

  // With a line end behind it.
  std::string Done() { return out_ + "\n"; }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  JsonWriter& Raw(const std::string& value);
  void BeginValue();

  std::string out_;
  std::vector<bool> has_items_;
  bool behind_key_ = false;
};

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_JSON_H_
