// SPDX-License-Identifier: Apache-2.0
//
// The serialized default table, tables/en.textproto. The build makes the definition
// (embed_main.cc); no reply text stands in C++ (rule R7).

#ifndef POSTERN_ENGINE_REPLIES_DEFAULT_TABLE_H_
#define POSTERN_ENGINE_REPLIES_DEFAULT_TABLE_H_

#include <cstddef>

namespace postern::replies {

extern const unsigned char kDefaultTable[];
extern const size_t kDefaultTableSize;

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_DEFAULT_TABLE_H_
