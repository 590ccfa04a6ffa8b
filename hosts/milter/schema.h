// SPDX-License-Identifier: Apache-2.0
//
// The descriptor set of EngineConfig and ReplyTable, made at build (schema.cc).
#ifndef POSTERN_HOSTS_MILTER_SCHEMA_H_
#define POSTERN_HOSTS_MILTER_SCHEMA_H_

#include <cstddef>

namespace postern {
namespace milter {

extern const unsigned char kSchema[];
extern const size_t kSchemaSize;

}  // namespace milter
}  // namespace postern

#endif  // POSTERN_HOSTS_MILTER_SCHEMA_H_
