// SPDX-License-Identifier: Apache-2.0
//
// The descriptor set of EngineConfig and ReplyTable, made at build (schema.cc).

#ifndef POSTERN_FUZZ_SCHEMA_H_
#define POSTERN_FUZZ_SCHEMA_H_

#include <cstddef>

namespace postern::fuzz {

extern const unsigned char kSchema[];
extern const size_t kSchemaSize;

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_SCHEMA_H_
