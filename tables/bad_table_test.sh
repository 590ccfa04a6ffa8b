#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A bad table is refused with one line per mistake, naming the entry, and exit status 1.
# usage: bad_table_test.sh CHECKER TABLE.binpb
output=$("$1" "$2" 2>&1)
status=$?
echo "$output"
if [ "$status" -ne 1 ]; then
  echo "exit status $status, wanted 1"
  exit 1
fi
for wanted in \
  "replies\[0\] LINE_TOO_LONG: code: 501 is not allowed here .*; use 500" \
  "replies\[0\] LINE_TOO_LONG: enhanced_code: class 4 is not the first digit of code 501" \
  "replies\[0\] LINE_TOO_LONG: text line 1: placeholder {limt} is unknown; known here: {server} {limit}"; do
  if ! echo "$output" | grep -q "^$wanted"; then
    echo "missing: $wanted"
    exit 1
  fi
done
