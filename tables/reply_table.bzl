# SPDX-License-Identifier: Apache-2.0
"""Compiles and checks reply tables."""

def reply_table(name, src, check = True, visibility = None):
    """NAME: NAME.binpb, the serialized table; NAME_check_test: it loads.

    Args:
      name: of the compiled table.
      src: the table as protobuf text.
      check: whether to add the test.
      visibility: of the compiled table.
    """
    native.genrule(
        name = name,
        srcs = [
            src,
            "//engine/proto:reply_table.proto",
        ],
        outs = [name + ".binpb"],
        cmd = "$(execpath @postern_protoc//:protoc) --encode=postern.v1.ReplyTable " +
              "$(location //engine/proto:reply_table.proto) < $(location %s) > $@" % src,
        exec_tools = ["@postern_protoc//:protoc"],
        message = "Compiling reply table",
        visibility = visibility,
    )
    if check:
        native.sh_test(
            name = name + "_check_test",
            size = "small",
            srcs = ["//tables:check_table.sh"],
            args = [
                "$(rootpath //engine/replies:reply_table_check)",
                "$(rootpath :%s)" % name,
            ],
            data = [
                ":" + name,
                "//engine/replies:reply_table_check",
            ],
        )
