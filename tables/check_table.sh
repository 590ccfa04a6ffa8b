#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: check_table.sh CHECKER TABLE.binpb
exec "$1" "$2"
