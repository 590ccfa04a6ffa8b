/* SPDX-License-Identifier: Apache-2.0
 * postern.h as C99, first in the file: it needs nothing before it. */
#include "plugin_api/postern.h"

#if __STDC_VERSION__ != 199901L
#error "this is the compilation as C99"
#endif

#define POSTERN_LAYOUT_FUNCTION postern_layout_c99
#include "tests/abi/layout_text.inc"
