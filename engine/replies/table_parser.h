// SPDX-License-Identifier: Apache-2.0
//
// The octets of a reply table as protobuf's message.
//
// What it is: protobuf's own parser, called for one entry at a time. A repeated field of protobuf
// 3.21 loses the element it adds when there is no memory for its list to grow; here every list has
// its room before anything is added, so a bad_alloc leaves nothing behind (contract B3). An arena
// would do as well, but for its thread-local store: the first use of that in a thread allocates,
// and glibc ends the process where it cannot.
//
// What it is not: a judge of what the table says (table_checker.h).
//
// Threads: pure function. Throws std::bad_alloc.

#ifndef POSTERN_ENGINE_REPLIES_TABLE_PARSER_H_
#define POSTERN_ENGINE_REPLIES_TABLE_PARSER_H_

#include <string_view>

#include "engine/proto/reply_table.pb.h"

namespace postern::replies {

// `serialized` into the empty `table`, as table->ParseFromArray() would. False if it is no such
// message. Nothing is logged.
bool ParseTable(std::string_view serialized, v1::ReplyTable* table);

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_TABLE_PARSER_H_
