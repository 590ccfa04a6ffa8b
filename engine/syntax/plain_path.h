// SPDX-License-Identifier: Apache-2.0
//
// The path that nearly all mail has: "<" Dot-string "@" Domain ">", in ASCII, without source route,
// quotes or literal (RFC 5321 §4.1.2), recognised by SIMD.
//
// What it is: a shortcut of ParsePath. It says yes only to what ParsePath takes, and then gives the
// same parts; all else, faults included, it leaves to ParsePath.
// What it is not: complete. It says no to parts of more than 63 octets and to input shorter than
// one vector, though they may be right.
//
// Threads: pure; chosen at run time by Highway like the scans of engine/wire.

#ifndef POSTERN_ENGINE_SYNTAX_PLAIN_PATH_H_
#define POSTERN_ENGINE_SYNTAX_PLAIN_PATH_H_

#include <cstddef>

namespace postern::syntax {

struct PlainPath {
  size_t at = 0;     // offset of "@"
  size_t close = 0;  // offset of ">"
};

// Reads p[0, n) only.
bool ScanPlainPath(const char* p, size_t n, PlainPath* path);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_PLAIN_PATH_H_
