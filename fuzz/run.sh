#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ./bazelw run //fuzz:run -- --target=NAME --time=SECONDS: see fuzz_tool.py.
exec python3 "$BUILD_WORKSPACE_DIRECTORY/fuzz/fuzz_tool.py" run "$@"
