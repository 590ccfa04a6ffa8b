#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Writes what the ABI tests compare with anew: tests/abi/layout_pins.inc (sizes, offsets, constants)
# and tests/abi/baseline.abi (abidw of the interface). Run it for a release, which empties
# accepted.txt, or for a new line in the pins; look at the diff before you commit it.
#
#   tests/abi/update.sh            both
#   tests/abi/update.sh pins       the pins alone: what an addition between releases needs

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
what=${1:-all}
[[ $what == all || $what == pins ]] || {
  echo "usage: tests/abi/update.sh [pins]" >&2
  exit 2
}

# The header's comment stays; the lines below it are made anew.
pins=tests/abi/layout_pins.inc
new=$(mktemp)
trap 'rm -f "$new"' EXIT
sed '/^POSTERN_PIN_/,$d' "$pins" >"$new"
# abidw is in the packages for tests.
POSTERN_SETUP=test ./bazelw build --ui_event_filters=-info --noshow_progress //tests/abi:layout_print
bazel-bin/tests/abi/layout_print >>"$new"
cat "$new" >"$pins"

if [[ $what == all ]]; then
  python3 -B tests/abi/interface.py >"$new"
  cat "$new" >tests/abi/baseline.abi
  # What was accepted is published now; the comment of the list ends with this line.
  sed '/^# A release makes the baseline anew/q' tests/abi/accepted.txt >"$new"
  cat "$new" >tests/abi/accepted.txt
fi
git --no-pager diff --stat -- tests/abi
