// SPDX-License-Identifier: Apache-2.0
//
// The descriptor set of PosterndConfig, EngineConfig and ReplyTable, made at build (schema.cc).
#ifndef POSTERN_HOSTS_POSTERND_SCHEMA_H_
#define POSTERN_HOSTS_POSTERND_SCHEMA_H_

#include <cstddef>

namespace postern {
namespace posternd {

extern const unsigned char kSchema[];
extern const size_t kSchemaSize;

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_SCHEMA_H_
