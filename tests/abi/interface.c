/* SPDX-License-Identifier: Apache-2.0
 *
 * What abidw reads: one exported pointer for each struct of postern.h, and one for the entry.
 * Events reach a host by a cast, so no signature names their types; through these it sees them all.
 * The list is that of the pins. Never linked into anything. */
#include "plugin_api/postern.h"

#define POSTERN_PIN_SIZE(type, size) \
  extern const type *pointer_##type; \
  const type *pointer_##type;
#define POSTERN_PIN_MEMBER(type, member, offset, size)
#define POSTERN_PIN_CONSTANT(name, value)
#include "tests/abi/layout_pins.inc"

extern postern_plugin_v1_fn pointer_postern_plugin_v1;
postern_plugin_v1_fn pointer_postern_plugin_v1 = postern_plugin_v1;
