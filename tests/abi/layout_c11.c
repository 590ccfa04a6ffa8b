/* SPDX-License-Identifier: Apache-2.0
 * postern.h as C11, first in the file: it needs nothing before it. */
#include "plugin_api/postern.h"

#if __STDC_VERSION__ != 201112L
#error "this is the compilation as C11"
#endif

#define POSTERN_LAYOUT_FUNCTION postern_layout_c11
#include "tests/abi/layout_text.inc"

/* The pins themselves, where pointers have the width they were taken with. */
#if UINTPTR_MAX == 0xffffffffffffffffu
#define POSTERN_PIN_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type);
#define POSTERN_PIN_MEMBER(type, member, offset, size)                   \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member); \
  _Static_assert(sizeof(((type *)0)->member) == (size), #type "." #member);
#define POSTERN_PIN_CONSTANT(name, value) _Static_assert((name) == (value), #name);
#include "tests/abi/layout_pins.inc"
#endif
