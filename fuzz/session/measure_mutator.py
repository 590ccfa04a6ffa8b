#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the mutator of the session target gains over libFuzzer's own.

    ./bazelw build --config=fuzz //fuzz/session
    python3 fuzz/session/measure_mutator.py [--runs N] [--plain_times T] [--seeds S]
                                            [--from corpus|nothing]

Runs the target with and without its mutator (POSTERN_PLAIN_MUTATOR=1 leaves all to libFuzzer) for the
same number of executions, from the same start and with several seeds of chance, and prints how many
features and edges of the engine each has reached: the mean, the least and the most. As ours makes longer dialogues, which
take longer, --plain_times gives libFuzzer's own that many times the executions.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAST = re.compile(rb"cov: (\d+) ft: (\d+)")


def measure(program, runs, chance, start, plain):
    with tempfile.TemporaryDirectory() as scratch:
        corpus = os.path.join(scratch, "corpus")
        os.mkdir(corpus)
        for file in start:
            shutil.copy(file, corpus)
        done = subprocess.run(
            [program, f"-seed={chance}", f"-runs={runs}", "-max_len=2048",
             f"-artifact_prefix={scratch}/", corpus],
            env=dict(os.environ, **({"POSTERN_PLAIN_MUTATOR": "1"} if plain else {})),
            check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode != 0:
            sys.exit("measure_mutator.py: the target found something; mend that first")
        edges, features = LAST.findall(done.stderr)[-1]
        return int(edges), int(features)


def show(name, results):
    for what, index in (("edges", 0), ("features", 1)):
        values = [result[index] for result in results]
        print(f"{name:8} {what:9} mean {sum(values) / len(values):9.1f}  least {min(values):6}  "
              f"most {max(values):6}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=10000)
    parser.add_argument("--plain_times", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--from", dest="start", choices=["corpus", "nothing"], default="nothing")
    parser.add_argument("--program", default=os.path.join(ROOT, "bazel-bin/fuzz/session/session"))
    options = parser.parse_args()
    start = []
    if options.start == "corpus":
        start = sorted(glob.glob(os.path.join(ROOT, "corpus/session/*")))
    both = {"ours": [], "plain": []}
    for chance in range(1, options.seeds + 1):
        for name, results in both.items():
            plain = name == "plain"
            runs = options.runs * (options.plain_times if plain else 1)
            results.append(measure(options.program, runs, chance, start, plain))
    for name, results in both.items():
        show(name, results)
    ours = sum(result[1] for result in both["ours"])
    others = sum(result[1] for result in both["plain"])
    print(f"gain in features: {100 * (ours / others - 1):+.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
