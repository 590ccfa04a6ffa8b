// SPDX-License-Identifier: Apache-2.0
//
// What Exim shows to loadable functions (its manual, chapter "String expansions", dlfunc). Its
// macros have short names (OK, FAIL, ERROR): included last, and by module.cc alone.
#ifndef POSTERN_HOSTS_EXIM_EXIM_H_
#define POSTERN_HOSTS_EXIM_EXIM_H_

#define DLFUNC_IMPL
extern "C" {
#include "exim4/local_scan.h"
}

#endif  // POSTERN_HOSTS_EXIM_EXIM_H_
