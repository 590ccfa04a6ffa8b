#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Writes what the ABI tests compare with anew: tests/abi/layout_pins.inc (sizes and offsets) and
# tests/abi/baseline.abi (abidw of the interface). Run it for a release, or for a change that
# EXAMPLES rule 2 allows; look at the diff, and give the reason in tests/abi/accepted.abignore.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The header's comment stays; the lines below it are made anew.
pins=tests/abi/layout_pins.inc
new=$(mktemp)
trap 'rm -f "$new"' EXIT
sed '/^POSTERN_PIN_/,$d' "$pins" >"$new"
./bazelw run --ui_event_filters=-info //tests/abi:layout_print >>"$new"
cp "$new" "$pins"

./bazelw build //tests/abi:abi_dump
cp bazel-bin/tests/abi/current.abi tests/abi/baseline.abi
chmod 644 tests/abi/baseline.abi
git --no-pager diff --stat -- tests/abi
