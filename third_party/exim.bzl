# SPDX-License-Identifier: Apache-2.0
"""Exim's headers for loadable functions, as Debian's exim4-dev has them.

POSTERN_EXIM_DEV names the folder and POSTERN_EXIM_VERSION the release they belong to, which the
headers themselves do not tell; ./bazelw sets both. A machine without exim4-dev gets a repository that
says so (EXIM = False), and hosts/exim has no module there.
"""

def _exim_headers_impl(ctx):
    folder = ctx.path(ctx.os.environ.get("POSTERN_EXIM_DEV", "/usr/include/exim4"))
    version = ctx.os.environ.get("POSTERN_EXIM_VERSION", "")
    there = version != "" and folder.exists and folder.get_child("local_scan.h").exists
    if there:
        for name in ["config.h", "local_scan.h", "mytypes.h", "store.h"]:
            ctx.symlink(folder.get_child(name), "exim4/" + name)
    ctx.file("exim.bzl", "EXIM = %s\nEXIM_VERSION = \"%s\"\n" % (there, version))
    if there:
        ctx.symlink(ctx.attr._build, "BUILD.bazel")
    else:
        ctx.file("BUILD.bazel", "")

exim_headers = repository_rule(
    implementation = _exim_headers_impl,
    attrs = {"_build": attr.label(default = "//third_party:exim.BUILD")},
    environ = [
        "POSTERN_EXIM_DEV",
        "POSTERN_EXIM_VERSION",
    ],
    local = True,
)
