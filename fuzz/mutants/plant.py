#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a copy of an engine source with the planted bugs in it, or the header that chooses one.

    plant.py SOURCE          the source, by its path in the workspace, with its bugs
    plant.py --header        planted.h
    plant.py --check ROOT    whether every bug still has its place
"""

import importlib.util
import os
import sys

HEADER = """\
// SPDX-License-Identifier: Apache-2.0
//
// Made by fuzz/mutants/plant.py. Which of the planted bugs is there is chosen once, by name, when the
// program starts: POSTERN_MUTANT=name. Without it, none is.

#ifndef POSTERN_FUZZ_MUTANTS_PLANTED_H_
#define POSTERN_FUZZ_MUTANTS_PLANTED_H_

#include <cstdlib>
#include <string_view>

namespace postern::mutants {{

enum class Mutant {{
  kNone,
{enumerators}}};

inline Mutant Choose() {{
  const char* const name = std::getenv("POSTERN_MUTANT");
  if (name == nullptr || *name == 0) return Mutant::kNone;
  const std::string_view wanted(name);
{choices}  std::abort();  // a bug that nobody planted would pass every test
}}

inline const Mutant chosen = Choose();

inline bool Planted(Mutant mutant) {{ return chosen == mutant; }}

}}  // namespace postern::mutants

#endif  // POSTERN_FUZZ_MUTANTS_PLANTED_H_
"""


def module(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def load():
    """(name, story, edits) of every bug."""
    rooms = module("room_mutants").ROOM_MUTANTS
    return module("mutants").MUTANTS + [(name, story, edits) for name, _, story, edits in rooms]


def enumerator(name):
    return "k" + "".join(part.capitalize() for part in name.split("_"))


def edits_of(source):
    for name, _, edits in load():
        for path, old, new in edits:
            if path == source:
                yield name, old, new


def plant(source, text):
    for name, old, new in edits_of(source):
        if text.count(old) != 1:
            sys.exit(f"plant.py: {source}: the place of {name} is there {text.count(old)} times; "
                     "mend its edit in fuzz/mutants/mutants.py")
        condition = f"::postern::mutants::Planted(::postern::mutants::Mutant::{enumerator(name)})"
        text = text.replace(old, new.replace("FAULT", condition))
    lines = text.split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("#include"))
    lines.insert(first, '#include "fuzz/mutants/planted.h"')
    return "\n".join(lines)


def main(arguments):
    if arguments == ["--header"]:
        names = [name for name, _, _ in load()]
        print(HEADER.format(
            enumerators="".join(f"  {enumerator(name)},\n" for name in names),
            choices="".join(f'  if (wanted == "{name}") return Mutant::{enumerator(name)};\n'
                            for name in names)), end="")
        return 0
    if len(arguments) == 2 and arguments[0] == "--check":
        names = [name for name, _, _ in load()]
        if len(names) != len(set(names)):
            sys.exit("plant.py: two bugs of one name")
        for source in sorted({path for _, _, edits in load() for path, _, _ in edits}):
            with open(os.path.join(arguments[1], source), encoding="utf-8") as file:
                plant(source, file.read())
        print(f"{len(names)} bugs have their places")
        return 0
    if len(arguments) != 1:
        sys.exit(__doc__)
    with open(arguments[0], encoding="utf-8") as file:
        print(plant(arguments[0], file.read()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
