# SPDX-License-Identifier: Apache-2.0
"""Compiles and checks reply tables."""

def reply_table(name, srcs, check = True, visibility = None):
    """NAME: NAME.binpb, the serialized table; NAME_check_test: it loads.

    Args:
      name: of the compiled table.
      srcs: the table as protobuf text; several files are read as one.
      check: whether to add the test.
      visibility: of the compiled table.
    """
    native.genrule(
        name = name,
        srcs = srcs + ["//engine/proto:reply_table.proto"],
        outs = [name + ".binpb"],
        cmd = "cat %s | " % " ".join(["$(location %s)" % src for src in srcs]) +
              "$(execpath @postern_protoc//:protoc) --encode=postern.v1.ReplyTable " +
              "$(location //engine/proto:reply_table.proto) > $@",
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
