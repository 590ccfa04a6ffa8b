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
                "//fuzz/mutants:room_mutants.py",
            ],
            visibility = ["//fuzz/mutants:__pkg__"],
        )
    return select({
        "//:mutants": ["planted/" + src for src in srcs],
        "//conditions:default": srcs,
    })

# The targets that find them, by name.
TARGETS = {
    "abi_calls": "//fuzz:abi_calls",
    "auth_exchange": "//fuzz:auth_exchange",
    "bdat_decoder": "//fuzz:bdat_decoder",
    "command_line": "//fuzz:command_line",
    "config_loader": "//fuzz:config_loader",
    "domain": "//fuzz:domain",
    "inspect_vs_session": "//fuzz:inspect_vs_session",
    "parameters": "//fuzz:parameters",
    "path": "//fuzz:path",
    "proxy_header": "//fuzz:proxy_header",
    "reply_format": "//fuzz:reply_format",
    "session": "//fuzz/session:session",
    "table_loader": "//fuzz:table_loader",
    "xtext_base64_date": "//fuzz:xtext_base64_date",
}
