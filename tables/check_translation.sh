#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: check_translation.sh POSTERNCTL TABLE.binpb
exec "$1" check --translation --nowarnings "$2"
