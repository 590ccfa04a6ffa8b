# SPDX-License-Identifier: Apache-2.0
"""One macro for a fuzz target: the binary, its corpus, and the corpus as an ordinary test."""

load("//:postern.bzl", "postern_cc_binary", "postern_cc_test")

def postern_fuzz_target(
        name,
        srcs,
        deps = [],
        max_len = 4096,
        size = "small",
        data = [],
        tags = [],
        **kwargs):
    """A fuzz target. The folder corpus/NAME must exist and hold at least one file.

    Gives
      NAME              the fuzzer: ./bazelw build --config=fuzz //fuzz:NAME
      NAME_corpus       corpus/NAME/** and corpus/regressions/NAME/**
      NAME.options      what libFuzzer is told by whoever runs the target for long
      NAME_corpus_test  the same sources with a plain main that runs every file of the corpus;
                        uninstrumented and under the sanitizers, as any other test

    NAME is unique in the workspace, and of letters, digits and _ (OSS-Fuzz). The file with
    LLVMFuzzerTestOneInput must be in `srcs`: in a library it might not be linked in.
    """

    # It counts, where the engine is built to be counted (work.h).
    deps = deps + ["//fuzz:work"]
    postern_cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        data = data,
        linkstatic = 1,
        # manual: without the fuzzing engine it has no main.
        tags = ["fuzz-target", "manual"] + tags,
        deps = deps,
        **kwargs
    )
    native.alias(
        name = name + "_corpus",
        actual = "//corpus:" + name,
    )
    native.genrule(
        name = name + "_options",
        outs = [name + ".options"],
        cmd = "printf '[libfuzzer]\\nmax_len = %d\\n' > $@" % max_len,
    )
    postern_cc_test(
        name = name + "_corpus_test",
        size = size,
        srcs = srcs + ["//fuzz:standalone_main.cc"],
        args = [
            "corpus/" + name,
            "corpus/regressions/" + name,
        ],
        data = data + ["//corpus:" + name],
        linkstatic = 1,
        tags = tags,
        deps = deps,
        **kwargs
    )
