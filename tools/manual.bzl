# SPDX-License-Identifier: Apache-2.0
"""Man page and shell completions of a program, from what its --help says."""

def program_manual(name, program, section):
    """NAME: the files PROGRAM.SECTION, PROGRAM.bash and _PROGRAM.

    Args:
      name: of the target.
      program: label of the program; its last part is the program's name.
      section: of the manual: "1" for tools, "8" for servers.
    """
    short = program.split(":")[-1].split("/")[-1]
    native.genrule(
        name = name,
        # Not a tool: it is the program as it is built that is asked, and built once.
        srcs = [program],
        outs = [
            short + "." + section,
            short + ".bash",
            "_" + short,
        ],
        cmd = "python3 $(location //tools:manual.py) $(location %s) %s $(OUTS)" % (program, section),
        tools = ["//tools:manual.py"],
        visibility = ["//visibility:public"],
    )
