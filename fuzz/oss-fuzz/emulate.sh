#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs build.sh as OSS-Fuzz would, as far as a Debian machine allows, and looks at what it made:
#
#   fuzz/oss-fuzz/emulate.sh [address] [undefined] [coverage] [afl]     (none: all four)
#
# What is the same: names of compilers, flags, variables, a clean copy of what is committed as the current
# folder, build.sh as a copy elsewhere, targets run from another folder with nothing of the build's
# environment. What differs: clang 19 and its libc++ in place of OSS-Fuzz's newer ones; Debian's
# libclang_rt.fuzzer is made for libstdc++, so that comes in as well; afl++ is Debian's, which compiles with
# clang 14 and so without libc++; libraries come from Debian's sources (./bazelw). MemorySanitizer is left
# out: OSS-Fuzz has an instrumented libc++ for it, Debian has none.
#
# The checks are those of OSS-Fuzz's own: a target starts and runs, is instrumented by its sanitizer and
# by no other, has seeds, a dictionary and options that are taken. And one more: the target that must fail
# does. The last line is `N passed, M failed`.

set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
[[ $# -gt 0 ]] || set -- address undefined coverage afl
passed=0
failed=0

result() { # WHAT STATUS
  if [[ $2 -eq 0 ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $1"
  fi
}

need() {
  command -v "$1" >/dev/null && return
  echo "emulate: $1 is missing; as root: apt-get install $2" >&2
  echo "0 passed, 1 failed"
  exit 1
}
[[ -e $root/.git ]] || { echo "emulate: $root is no git checkout" >&2; exit 1; }
need clang-19 "clang-19 libclang-rt-19-dev lld-19"
need rsync rsync
need zip zip
need unzip unzip
[[ -e /usr/lib/llvm-19/lib/libc++.a ]] || need libc++-19 "libc++-19-dev libc++abi-19-dev"

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/path"
ln -s "$(command -v clang-19)" "$work/path/clang"
ln -s "$(command -v clang++-19)" "$work/path/clang++"

# From the base-builder image's Dockerfile.
common="-O1 -fno-omit-frame-pointer -gline-tables-only -Wno-error=enum-constexpr-conversion"
common+=" -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
checks=array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return
checks+=,returns-nonnull-attribute,shift,signed-integer-overflow,unreachable,vla-bound,vptr

calls_to() { objdump -d --no-show-raw-insn "$1" | grep -c "call.*<$2"; }

# PROGRAM SANITIZER
check_target() {
  local program=$1 sanitizer=$2 name out
  name=$(basename "$program")
  out=$(dirname "$program")
  # As it will run: another folder, nothing of the environment.
  local run=(env -i PATH=/usr/bin:/bin "$program")
  [[ $sanitizer == afl ]] && run=(env -i PATH=/usr/bin:/bin AFL_DEBUG=0 "$program")
  mkdir -p "$work/seeds/$name"
  unzip -q -o "$out/${name}_seed_corpus.zip" -d "$work/seeds/$name"
  result "$name has seeds" $?
  [[ -n $(ls "$work/seeds/$name") ]]
  result "$name has seeds in its archive" $?
  [[ -s $out/$name.options && -s $out/$name.dict ]]
  result "$name has options and a dictionary" $?
  if [[ $sanitizer == afl ]]; then
    # The driver of afl++ runs the files that it is given.
    (cd / && "${run[@]}" "$work/seeds/$name"/* >"$work/log" 2>&1)
    result "$name runs its seeds" $? || tail -n 5 "$work/log"
    return
  fi
  (cd / && "${run[@]}" -runs=4 -seed=1337 >"$work/log" 2>&1)
  result "$name starts and runs" $?
  (cd / && "${run[@]}" -runs=0 -timeout=25 -rss_limit_mb=2560 -dict="$out/$name.dict" \
    "$work/seeds/$name" >"$work/log" 2>&1)
  local status=$?
  result "$name runs its seeds" $status
  [[ $status -eq 0 ]] || tail -n 5 "$work/log"
  local asan ubsan
  asan=$(calls_to "$program" __asan_)
  ubsan=$(calls_to "$program" __ubsan_)
  case $sanitizer in
    # AddressSanitizer's runtime has a few calls of the other's inside it.
    address) [[ $asan -ge 1000 && $ubsan -lt 168 ]] ;;
    undefined) [[ $ubsan -ge 168 && $asan -eq 0 ]] ;;
    coverage) [[ $asan -eq 0 && $ubsan -lt 168 ]] && readelf -S -W "$program" | grep __llvm_covmap >/dev/null ;;
  esac
  result "$name is instrumented for $sanitizer (asan $asan, ubsan $ubsan)" $?
}

for kind in "$@"; do
  echo "=== $kind"
  export SRC=$work/src-$kind OUT=$work/out-$kind WORK=$work/work-$kind
  mkdir -p "$SRC" "$OUT" "$WORK"
  git clone -q "$root" "$SRC/postern"
  cp "$SRC/postern/fuzz/oss-fuzz/build.sh" "$SRC/build.sh"
  export CC=clang CXX=clang++ SANITIZER=$kind FUZZING_ENGINE=libfuzzer
  export LIB_FUZZING_ENGINE="-fsanitize=fuzzer -Wl,--push-state,--as-needed,-lstdc++,--pop-state"
  stdlib=-stdlib=libc++
  case $kind in
    address)
      CFLAGS="$common -fsanitize=address -fsanitize-address-use-after-scope -fsanitize=fuzzer-no-link"
      ;;
    undefined)
      CFLAGS="$common -fsanitize=$checks -fno-sanitize-recover=$checks -fsanitize=fuzzer-no-link"
      ;;
    coverage)
      CFLAGS="$common -fprofile-instr-generate -fcoverage-mapping -pthread -Wno-unused-command-line-argument"
      ;;
    afl)
      need afl-clang-fast afl++
      export CC=afl-clang-fast CXX=afl-clang-fast++ SANITIZER=address FUZZING_ENGINE=afl
      export LIB_FUZZING_ENGINE=/usr/lib/afl/libAFLDriver.a
      CFLAGS="$common -fsanitize=address -fsanitize-address-use-after-scope"
      stdlib=
      ;;
    *)
      echo "unknown: $kind" >&2
      exit 1
      ;;
  esac
  export CFLAGS CXXFLAGS="$CFLAGS $stdlib"
  # bazelw finds what it needs without a network, and keeps objects over runs.
  (cd "$SRC/postern" && export PATH=$work/path:$PATH BAZEL=./bazelw && bash -eu "$SRC/build.sh") \
    >"$work/build-$kind.log" 2>&1
  status=$?
  result "build.sh for $kind" $status
  (cd "$SRC/postern" && ./bazelw shutdown >/dev/null 2>&1)
  if [[ $status -ne 0 ]]; then
    tail -n 30 "$work/build-$kind.log"
    continue
  fi
  for program in "$OUT"/*; do
    [[ -f $program && -x $program ]] && check_target "$program" "$kind"
  done
  if [[ $kind == coverage ]]; then
    [[ -f $OUT/proc/self/cwd/engine/session/session.cc ]]
    result "sources for the coverage report" $?
  fi
  chmod -R u+w "$SRC"
  rm -rf "$SRC" "$WORK" "$work/seeds"
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[[ $failed -eq 0 ]]
