#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs a Python program of the runfiles tree, in whose root it is started, with that root as import
# path. -B: no bytecode is written there, it may be somebody's source tree.
command -v python3 >/dev/null || {
  echo "python3 is missing: apt-get install python3" >&2
  exit 1
}
PYTHONPATH=$PWD exec python3 -B "$@"
