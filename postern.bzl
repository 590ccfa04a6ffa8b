# SPDX-License-Identifier: Apache-2.0
"""The rules Postern's own packages use: Bazel's, with our warnings as errors.

The attributes are those of the native rules. A target holds C++ or C sources, never both, because
the two languages know different warnings.
"""

_COMMON_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wimplicit-fallthrough",
    "-Wformat=2",
    "-Wvla",
    "-Wundef",
    "-Werror",
]

# The dependencies' headers are not held to our warnings. gcc drops a quote directory that is a
# system directory as well, which turns Bazel's -iquote into -isystem for these; clang does not and
# is told by --system-header-prefix in .bazelrc.
_FOREIGN_HEADERS = [
    "-isystem",
    "external/com_google_absl",
    "-isystem",
    "external/com_google_highway",
]

# Position-independent code must call a visible function as if the dynamic linker could put another
# one in its place, and cannot inline it. Nobody may replace ours; what is exported says so itself.
POSTERN_COPTS = _COMMON_COPTS + _FOREIGN_HEADERS + [
    "-fvisibility=hidden",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
]

POSTERN_C_COPTS = _COMMON_COPTS + [
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
]

def _copts_for(name, srcs, copts):
    # A select() cannot be looked into; such sources are taken for C++.
    if type(srcs) != "list":
        return POSTERN_COPTS + copts
    c = [s for s in srcs if s.endswith(".c")]
    cxx = [s for s in srcs if s.endswith(".cc")]
    if c and cxx:
        fail("%s mixes C and C++ sources; split it" % name)
    return (POSTERN_C_COPTS if c else POSTERN_COPTS) + copts

def postern_cc_library(name, srcs = [], copts = [], **kwargs):
    native.cc_library(
        name = name,
        srcs = srcs,
        copts = _copts_for(name, srcs, copts),
        **kwargs
    )

def postern_cc_binary(name, srcs = [], copts = [], **kwargs):
    native.cc_binary(
        name = name,
        srcs = srcs,
        copts = _copts_for(name, srcs, copts),
        **kwargs
    )

def postern_cc_test(name, srcs = [], copts = [], **kwargs):
    """cc_test; small unless said otherwise, so that a hang costs a minute and not five."""
    if "size" not in kwargs and "timeout" not in kwargs:
        kwargs["size"] = "small"
    native.cc_test(
        name = name,
        srcs = srcs,
        copts = _copts_for(name, srcs, copts),
        **kwargs
    )

def postern_py_test(name, src, deps = [], data = [], args = [], **kwargs):
    """A Python test whose cases are counted (tests/support/py_unittest_main.py).

    It runs on the machine's python3 with the workspace root as import path. Not py_test: that starts
    through a program called `python`, which Debian does not have.
    """
    if "size" not in kwargs and "timeout" not in kwargs:
        kwargs["size"] = "small"
    native.sh_test(
        name = name,
        srcs = ["//tests/support:run_python.sh"],
        args = ["$(location %s)" % src] + args,
        data = [src, "//tests/support:py_unittest_main"] + deps + data,
        **kwargs
    )

def postern_sh_test(name, **kwargs):
    """sh_test, small unless said otherwise. It counts as one test case."""
    if "size" not in kwargs and "timeout" not in kwargs:
        kwargs["size"] = "small"
    native.sh_test(name = name, **kwargs)
