// SPDX-License-Identifier: Apache-2.0
//
// The edge of the plugin: structs of another size than ours, error texts, slices.
//
// What it is: the only place that reads struct_size. Everything behind it sees structs of our own
// layout, zeroed where the host's was shorter. What it is not: a judge of the values in them.
//
// Threads and lifetime: pure functions; nothing the host passed is kept.

#ifndef POSTERN_PLUGIN_API_ADAPTER_EDGE_H_
#define POSTERN_PLUGIN_API_ADAPTER_EDGE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "plugin_api/postern.h"

namespace postern::plugin {

// Size of each struct as version 1.0 published it: up to the end of its last member then. A struct
// that grows keeps its line here; that is what lets older hosts in.
template <typename T>
inline constexpr size_t kFirstSize = 0;
#define POSTERN_FIRST_SIZE(type, last) \
  template <>                          \
  inline constexpr size_t kFirstSize<type> = offsetof(type, last) + sizeof(type::last)
POSTERN_FIRST_SIZE(postern_host, deallocate);
POSTERN_FIRST_SIZE(postern_error, size);
POSTERN_FIRST_SIZE(postern_session_options, client_address);
POSTERN_FIRST_SIZE(postern_answer, text);
POSTERN_FIRST_SIZE(postern_session_info, fingerprint);
POSTERN_FIRST_SIZE(postern_inspect_context, client_address);
POSTERN_FIRST_SIZE(postern_verdict, reply_size);
#undef POSTERN_FIRST_SIZE

// The host's struct into a zeroed one of our layout. False: null, or a size below the first.
template <typename T>
bool CopyIn(const T* theirs, T* ours) {
  static_assert(kFirstSize<T> != 0, "name the first published size of this struct");
  if (theirs == nullptr || theirs->struct_size < kFirstSize<T>) return false;
  if (theirs->struct_size == sizeof(T)) {
    // A host of our own time: a copy whose size the compiler knows.
    *ours = *theirs;
    return true;
  }
  const size_t size = std::min<size_t>(theirs->struct_size, sizeof(T));
  std::memset(static_cast<void*>(ours), 0, sizeof(T));
  std::memcpy(static_cast<void*>(ours), theirs, size);
  ours->struct_size = static_cast<uint32_t>(size);
  return true;
}

// A struct that we fill: as much of it as the host's has room for, and struct_size says how much.
// `theirs` was checked to have at least the first size.
template <typename T>
void CopyOut(const T& ours, T* theirs) {
  const uint32_t size = std::min<uint32_t>(theirs->struct_size, sizeof(T));
  std::memcpy(static_cast<void*>(theirs), &ours, size);
  theirs->struct_size = size;
}

inline bool IsValid(const postern_bytes& bytes) { return bytes.data != nullptr || bytes.size == 0; }

inline std::string_view View(const uint8_t* data, size_t size) {
  return size == 0 ? std::string_view()
                   : std::string_view(reinterpret_cast<const char*>(data), size);
}
inline std::string_view View(const postern_bytes& bytes) { return View(bytes.data, bytes.size); }

inline postern_bytes Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Whether `error` may be written to; null may, as nobody wants the text.
bool IsValid(const postern_error* error);

// `text` into *error, cut between characters where it does not fit. `error` is valid or null.
void WriteError(std::string_view text, postern_error* error);

}  // namespace postern::plugin

#endif  // POSTERN_PLUGIN_API_ADAPTER_EDGE_H_
