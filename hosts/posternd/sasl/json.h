// SPDX-License-Identifier: Apache-2.0
//
// JSON as Jansson reads it (RFC 8259), held to what tokens and keys need: one object, no name twice
// in it (RFC 7515 §4, RFC 7517 §4, RFC 7519 §4: one or the other would be believed), no NUL in a
// string, valid UTF-8, bounded depth.
//
// Threads: plain values.
#ifndef POSTERN_HOSTS_POSTERND_SASL_JSON_H_
#define POSTERN_HOSTS_POSTERND_SASL_JSON_H_

#include <jansson.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace postern {
namespace posternd {

struct FreeJson {
  void operator()(json_t* json) const { json_decref(json); }
};
using JsonPtr = std::unique_ptr<json_t, FreeJson>;

// Null if the text is no such object; then, where it is given, *error is what Jansson says of it.
inline JsonPtr ParseJsonObject(absl::string_view text, json_error_t* error = nullptr) {
  JsonPtr json(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, error));
  if (json != nullptr && !json_is_object(json.get())) json.reset();
  return json;
}

// The member, null if there is none.
inline const json_t* JsonMember(const json_t* object, const std::string& name) {
  return json_object_get(object, name.c_str());
}

// Of a string.
inline absl::string_view JsonText(const json_t* string) {
  return absl::string_view(json_string_value(string), json_string_length(string));
}

// The text of a member that is a string; empty for another or none.
inline absl::string_view JsonTextOf(const json_t* object, const std::string& name) {
  const json_t* const member = JsonMember(object, name);
  return json_is_string(member) ? JsonText(member) : absl::string_view();
}

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SASL_JSON_H_
