# SPDX-License-Identifier: Apache-2.0
"""The C interface as abidw (libabigail) sees it, and its comparison with another by abidiff.

`interface.py`, started in the workspace's root, prints the interface of plugin_api/postern.h:
update.sh makes baseline.abi of it. abidiff_test.py uses the functions.

The machine's C compiler makes the library that is read: what is described is the header, not what
Bazel built from it, and the debug information costs libpostern.so nothing.
"""

import os
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

SOURCE = "tests/abi/interface.c"
HEADER = "plugin_api/postern.h"

# Nothing of the machine or of the place where it was made gets into the text.
_ABIDW = ["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-architecture",
          "--no-elf-needed", "--drop-undefined-syms", "--type-id-style", "hash"]

# A renamed member is harmless to a binary, and a break to whoever compiles against the header. A
# new struct, which interface.c makes a new symbol, is no change of what was there.
_ABIDIFF = ["abidiff", "--harmless", "--no-added-syms", "--no-architecture"]


def describe(header_text=None):
    """The interface as abidw's XML; of `header_text` in place of the header if given."""
    with tempfile.TemporaryDirectory() as folder:
        includes = ["-I."]
        if header_text is not None:
            os.mkdir(os.path.join(folder, "plugin_api"))
            with open(os.path.join(folder, HEADER), "w", encoding="utf-8") as file:
                file.write(header_text)
            includes.insert(0, "-I" + folder)
        library = os.path.join(folder, "interface.so")
        subprocess.run(["cc", "-std=c99", "-O0", "-g", "-fPIC", "-shared", "-Wall", "-Werror",
                        *includes, SOURCE, "-o", library], check=True)
        done = subprocess.run([*_ABIDW, library], check=True, stdout=subprocess.PIPE)
    return done.stdout.decode("utf-8")


def _struct(tree, name):
    for struct in tree.iter("class-decl"):
        if struct.get("name") == name and struct.get("is-declaration-only") != "yes":
            return struct
    raise ValueError("no struct " + name)


def _without(old, new, additions):
    """`new` as it would be without `additions`, which must lie behind the end of their struct."""
    old, new = ElementTree.fromstring(old), ElementTree.fromstring(new)
    for name, member in additions:
        before, now = _struct(old, name), _struct(new, name)
        end = int(before.get("size-in-bits"))
        places = [place for place in now.findall("data-member")
                  if place.find("var-decl").get("name") == member]
        if len(places) != 1:
            raise ValueError("%s has no member %s to accept" % (name, member))
        if int(places[0].get("layout-offset-in-bits")) < end:
            raise ValueError("%s.%s is not behind the published end" % (name, member))
        now.remove(places[0])
        # With another one that is not accepted the size stays, and is reported.
        if not any(int(place.get("layout-offset-in-bits")) >= end
                   for place in now.findall("data-member")):
            now.set("size-in-bits", str(end))
    return ElementTree.tostring(new, encoding="unicode")


def parse_accepted(text):
    """(struct, member) for each line of accepted.txt; ValueError for a line without a reason."""
    additions, before = [], ""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            if not before.startswith("# "):
                raise ValueError("no reason above: " + line)
            name, member = line.split()
            additions.append((name, member))
        before = line
    return additions


def compare(old, new, additions=()):
    """abidiff's report over two texts of describe() but for `additions`; "" if they are equal."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in (("old.abi", old), ("new.abi", _without(old, new, additions))):
            paths.append(os.path.join(folder, name))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([*_ABIDIFF, *paths], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    report = done.stdout.decode("utf-8")
    # The status is a set of bits: 1 and 2 are errors of the tool or its use, 4 and 8 are changes.
    if done.returncode & 3 or done.returncode < 0:
        raise RuntimeError("abidiff failed (%d): %s" % (done.returncode, report))
    if done.returncode == 0:
        return ""
    return report or "abidiff says %d and no more" % done.returncode


if __name__ == "__main__":
    sys.stdout.write(describe())
