/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of postern.h as one language sees it, in the form of layout_pins.inc.
 *
 * The same source (layout_text.inc) is compiled as C99, C11 and C++17 with all warnings as errors;
 * that is also the proof that the header compiles as these. */
#ifndef POSTERN_TESTS_ABI_LAYOUT_H_
#define POSTERN_TESTS_ABI_LAYOUT_H_

#ifdef __cplusplus
extern "C" {
#endif

/* One line per pin, without the comment of the file. */
const char *postern_layout_c99(void);
const char *postern_layout_c11(void);
const char *postern_layout_cxx17(void);

#ifdef __cplusplus
}
#endif

#endif /* POSTERN_TESTS_ABI_LAYOUT_H_ */
