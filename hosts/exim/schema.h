// SPDX-License-Identifier: Apache-2.0
//
// The descriptor set of EngineConfig and ReplyTable, made at build (schema.cc).
#ifndef POSTERN_HOSTS_EXIM_SCHEMA_H_
#define POSTERN_HOSTS_EXIM_SCHEMA_H_

#include <cstddef>

namespace postern {
namespace exim {

extern const unsigned char kSchema[];
extern const size_t kSchemaSize;

}  // namespace exim
}  // namespace postern

#endif  // POSTERN_HOSTS_EXIM_SCHEMA_H_
