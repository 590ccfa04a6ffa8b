/* SPDX-License-Identifier: Apache-2.0
 * Prints the lines of layout_pins.inc as they are now; update.sh takes them. */
#include <stdio.h>

#include "tests/abi/layout.h"

int main(void) {
  fputs(postern_layout_c99(), stdout);
  return 0;
}
