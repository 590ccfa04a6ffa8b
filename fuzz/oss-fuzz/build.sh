#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
#
# Builds every fuzz target for OSS-Fuzz and ClusterFuzzLite: run as a copy in $SRC, from the project's folder,
# with CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE, SANITIZER and OUT set. For each target it puts into $OUT
# the program, its seeds, the dictionary and the options; no target reads a file of its own at run time.
#
# BAZEL: what to call in place of `bazel` (fuzz/oss-fuzz/emulate.sh, where there is no network).

BAZEL=${BAZEL:-bazel}

flags=(
  --verbose_failures --noshow_progress --dynamic_mode=off --strip=never
  --repo_env=CC="$CC" --repo_env=CXX="$CXX" --action_env=PATH="$PATH"
  # A library of the machine that runs the targets would be missing there, and is not instrumented.
  --override_repository=zlib="$PWD/fuzz/oss-fuzz/zlib_static"
  # The warnings of a compiler newer than ours are not what is looked for.
  --per_file_copt=.*@-Wno-error
)
for flag in $CFLAGS; do flags+=("--conlyopt=$flag"); done
for flag in $CXXFLAGS; do flags+=("--cxxopt=$flag" "--linkopt=$flag"); done
for flag in $LIB_FUZZING_ENGINE; do flags+=("--linkopt=$flag"); done
# Bazel links with $CC. This makes it the C++ compiler's link: its library, and the C++ half of the
# sanitizers' runtimes.
flags+=(--linkopt=--driver-mode=g++ --linkopt=-Wl,--as-needed)

labels=$("$BAZEL" query 'attr(tags, "\bfuzz-target\b", kind(cc_binary, //fuzz/...)) except
  attr(tags, "\bfuzz-control\b", //fuzz/...)' 2>/dev/null)
[[ -n $labels ]] || { echo "no fuzz targets" >&2; exit 1; }
options=()
for label in $labels; do options+=("${label}_options"); done
# shellcheck disable=SC2086 # one word for each target
"$BAZEL" build "${flags[@]}" $labels "${options[@]}" //fuzz:dictionary

bin=$("$BAZEL" info "${flags[@]}" bazel-bin 2>/dev/null)
for label in $labels; do
  name=${label##*:}
  built=$bin/${label#//}
  built=${built/:/\/}
  install -m 755 "$built" "$OUT/$name"
  install -m 644 "$built.options" "$OUT/$name.options"
  install -m 644 "$bin/fuzz/smtp.dict" "$OUT/$name.dict"
  # Seeds, what was found worth keeping, and what once failed; some are both.
  rm -f "$OUT/${name}_seed_corpus.zip"
  find "corpus/$name" "corpus/regressions/$name" -type f 2>/dev/null | awk -F/ '!seen[$NF]++' |
    zip -q -j "$OUT/${name}_seed_corpus.zip" -@
done

if [[ ${SANITIZER:-} == coverage ]]; then
  # The coverage mapping names sources below /proc/self/cwd; the report finds them there.
  mkdir -p "$OUT/proc/self/cwd"
  rsync -aLk --include='*/' --include='*.h' --include='*.inc' --include='*.cc' --include='*.c' \
    --exclude='*' "$("$BAZEL" info "${flags[@]}" execution_root 2>/dev/null)/" "$OUT/proc/self/cwd/"
  # A copy of the folder that is made later would walk into Bazel's own tree.
  rm -f bazel-*
fi
