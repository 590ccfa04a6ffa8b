/* SPDX-License-Identifier: Apache-2.0
 * postern.h as C99, first in the file and twice: it needs nothing before it. */
#include "plugin_api/postern.h"

#define POSTERN_LAYOUT_FUNCTION postern_layout_c99
#include "tests/abi/layout_text.inc"
