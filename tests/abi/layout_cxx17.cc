// SPDX-License-Identifier: Apache-2.0
//
// postern.h as C++17, first in the file: it needs nothing before it.
#include "plugin_api/postern.h"

#if __cplusplus != 201703L
#error "this is the compilation as C++17"
#endif

#define POSTERN_LAYOUT_FUNCTION postern_layout_cxx17
#include "tests/abi/layout_text.inc"
