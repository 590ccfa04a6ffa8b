# SPDX-License-Identifier: Apache-2.0
"""Engine sources that bugs are planted in (mutants.py), where --define=mutants=on asks for them."""

# What they need beside their own dependencies.
MUTANT_DEPS = select({
    "//:mutants": ["//fuzz/mutants:planted"],
    "//conditions:default": [],
})

def mutable(srcs):
    """`srcs` as they are; with --define=mutants=on, their copies with bugs in them."""
    for src in srcs:
        native.genrule(
            name = "planted_" + src.replace(".", "_"),
            srcs = [src],
            outs = ["planted/" + src],
            cmd = "python3 $(location //fuzz/mutants:plant.py) $(location %s) > $@" % src,
            tags = ["manual"],
            tools = [
                "//fuzz/mutants:mutants.py",
                "//fuzz/mutants:plant.py",
            ],
            visibility = ["//fuzz/mutants:__pkg__"],
        )
    return select({
        "//:mutants": ["planted/" + src for src in srcs],
        "//conditions:default": srcs,
    })
