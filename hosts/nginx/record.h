// SPDX-License-Identifier: Apache-2.0
//
// What a session leaves behind for logs: nginx's variables are made of it (variables.cc).
//
// Threads and lifetime: a plain value of one owner.
#ifndef POSTERN_HOSTS_NGINX_RECORD_H_
#define POSTERN_HOSTS_NGINX_RECORD_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hosts/common/upstream/client.h"

namespace postern {
namespace nginx {

// The code of the last reply in a stream of octets that are replies.
class LastCode {
 public:
  void See(const uint8_t* data, size_t size) {
    for (size_t i = 0; i < size;) {
      if (column_ < 3) {
        number_ = static_cast<uint16_t>(number_ * 10 + (data[i] - '0'));
        if (++column_ == 3) code_ = number_;
        ++i;
        continue;
      }
      const void* const end = std::memchr(data + i, '\n', size - i);
      if (end == nullptr) return;
      i = static_cast<size_t>(static_cast<const uint8_t*>(end) - data) + 1;
      column_ = 0;
      number_ = 0;
    }
  }
  uint16_t code() const { return code_; }  // 0: none

 private:
  uint16_t code_ = 0;
  uint16_t number_ = 0;
  uint8_t column_ = 0;
};

struct Record {
  LastCode sent;               // to the client
  uint32_t rule = 0;           // POSTERN_RULE_* of the last line that the engine refused
  std::bitset<128> rules;      // of all of them
  uint32_t errors = 0;         // lines refused, by the engine or upstream
  uint32_t messages = 0;       // relayed
  uint32_t closed = 0;         // POSTERN_CLOSED_*
  uint16_t upstream_code = 0;  // of the last reply to content
  upstream::Failure failure = upstream::Failure::kNone;  // why mail was last deferred
};

}  // namespace nginx
}  // namespace postern

#endif  // POSTERN_HOSTS_NGINX_RECORD_H_
