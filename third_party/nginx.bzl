# SPDX-License-Identifier: Apache-2.0
"""nginx's headers as Debian's nginx-dev has them.

POSTERN_NGINX_DEV names the folder; ./bazelw sets it. A machine without nginx-dev gets a repository
that says so (NGINX = False), and hosts/nginx has no targets there.
"""

def _nginx_headers_impl(ctx):
    folder = ctx.os.environ.get("POSTERN_NGINX_DEV", "/usr/share/nginx/src")
    source = ctx.path(folder)
    there = source.exists and source.get_child("configure").exists
    if there:
        for name in ["auto", "conf_flags", "configure", "src"]:
            ctx.symlink(source.get_child(name), name)
    ctx.file("nginx.bzl", "NGINX = %s\n" % there)
    if there:
        ctx.symlink(ctx.attr._build, "BUILD.bazel")
    else:
        ctx.file("BUILD.bazel", "")

nginx_headers = repository_rule(
    implementation = _nginx_headers_impl,
    attrs = {"_build": attr.label(default = "//third_party:nginx.BUILD")},
    environ = ["POSTERN_NGINX_DEV"],
    local = True,
)
