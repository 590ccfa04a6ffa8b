// SPDX-License-Identifier: Apache-2.0

#include "plugin_api/adapter_edge.h"

namespace postern::plugin {

bool IsValid(const postern_error* error) {
  if (error == nullptr) return true;
  return error->struct_size >= kFirstSize<postern_error> &&
         (error->text != nullptr || error->capacity == 0);
}

void WriteError(std::string_view text, postern_error* error) {
  if (error == nullptr) return;
  error->size = text.size();
  if (error->capacity == 0) return;
  size_t size = std::min(text.size(), error->capacity - 1);
  // Not through the middle of a UTF-8 sequence: octets 10xxxxxx continue one.
  if (size < text.size()) {
    while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xc0) == 0x80) --size;
  }
  if (size > 0) std::memcpy(error->text, text.data(), size);
  error->text[size] = '\0';
}

}  // namespace postern::plugin
