#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# negative_control_test.sh PROGRAM SANITIZER...: the faults of negative_control.cc that these sanitizers are
# for end the program, with a report that names them; an oracle does so always. Without such an octet it
# ends well.

set -u
program=$1
shift
input=$TEST_TMPDIR/input
failed=0

expect_failure() { # OCTET, WORDS OF THE REPORT
  printf '%s' "$1" >"$input"
  if output=$("$program" "$input" 2>&1); then
    echo "the fault '$1' was not found"
    failed=1
  elif [[ $output != *$2* ]]; then
    echo "the fault '$1' ended the program without \"$2\":"
    echo "$output"
    failed=1
  fi
}

printf 'x' >"$input"
"$program" "$input" || { echo "an input without a fault failed"; failed=1; }
expect_failure o "negative control"
for sanitizer in "$@"; do
  case $sanitizer in
    address)
      expect_failure a "heap-buffer-overflow"
      expect_failure l "LeakSanitizer"
      ;;
    undefined) expect_failure u "signed integer overflow" ;;
    memory) expect_failure m "use-of-uninitialized-value" ;;
    *)
      echo "unknown sanitizer $sanitizer"
      failed=1
      ;;
  esac
done
exit "$failed"
