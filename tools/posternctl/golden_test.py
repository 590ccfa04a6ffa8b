# SPDX-License-Identifier: Apache-2.0
"""posternctl's output for the cases of golden/cases.txt, and what no golden file can hold."""

import json
import os
import pty
import shlex
import subprocess
import sys
import tempfile
import unittest

from tests.support import py_unittest_main

_PROGRAM = os.path.abspath("tools/posternctl/posternctl")
_GOLDEN = "tools/posternctl/golden"


def run(*arguments, stdin=b"", environment=None):
    env = {"PATH": os.environ["PATH"], "TERM": "xterm"}
    env.update(environment or {})
    done = subprocess.run([_PROGRAM, *arguments], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, env=env)
    return done.returncode, done.stdout, done.stderr


def cases():
    with open(os.path.join(_GOLDEN, "cases.txt"), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, _, arguments = line.strip().partition(" ")
                yield name, shlex.split(arguments)


def transcript(arguments):
    """What a person sees: the command, what it prints, and its exit status."""
    status, stdout, stderr = run(*arguments)
    text = f"$ posternctl {shlex.join(arguments)}\n".encode() + stdout
    if stderr:
        text += b"(on standard error)\n" + stderr
    return text + f"(exit status {status})\n".encode()


class GoldenTest(unittest.TestCase):

    def test_cases(self):
        names = []
        for name, arguments in cases():
            names.append(name)
            with self.subTest(case=name):
                with open(os.path.join(_GOLDEN, name + ".txt"), "rb") as file:
                    wanted = file.read()
                self.assertEqual(transcript(arguments).decode("utf-8"), wanted.decode("utf-8"))
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(sorted(name + ".txt" for name in names),
                         sorted(name for name in os.listdir(_GOLDEN) if name != "cases.txt"),
                         "a golden file without a case, or the other way round")


class ProgramTest(unittest.TestCase):

    def test_what_a_translation_in_two_files_lost_is_told_where_it_stands(self):
        reply = ('replies { id: %s code: 500 enhanced_code: "5.5.1"\n'
                 '  text: "%s"\n  explanation: "x" }\n')
        with tempfile.TemporaryDirectory() as directory:
            paths = [os.path.join(directory, name) for name in ("a.textproto", "b.textproto")]
            for path, text in zip(paths, (reply % ("NOT_A_VERB", "x"),
                                          "# a comment\n" + reply % ("UNRECOGNIZED", "lost"))):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            status, text, _ = run("check", "--json", "--translation", *paths)
        self.assertEqual(status, 1)
        files = json.loads(text)["files"]
        self.assertIn(("replies[0] UNRECOGNIZED", "text", 3 - 1),
                      [(one["entry"], one["field"], one["line"]) for one in files[1]["findings"]
                       if "{verb}" in one["why"]])
        missing = [one["why"] for one in files[0]["findings"]]
        self.assertIn("no entry for BARE_LF", missing)
        self.assertNotIn("no entry for UNRECOGNIZED", missing)

    def test_every_command_has_help_with_examples_and_status_0(self):
        _, usage, _ = run("--help")
        commands = [line.split()[0] for line in usage.decode().splitlines()
                    if line.startswith("  ") and not line.startswith("  posternctl")]
        self.assertEqual(len(commands), 10)
        for command in commands:
            with self.subTest(command=command):
                status, text, errors = run(command, "--help")
                self.assertEqual((status, errors), (0, b""))
                self.assertIn(b"\nExamples:\n  ", text)
                self.assertIn(b"\nFlags:\n", text)
                self.assertEqual(run("help", command)[1], text)

    def test_json_is_json(self):
        for arguments in (["check", "--json", "tools/posternctl/testdata/broken.textproto"],
                          ["diff", "--json", "default", "tables/friendly.textproto"],
                          ["explain", "--json", "214", "500"], ["explain", "--json", "5.1.1"],
                          ["render", "--json"], ["bench", "--json", "--seconds=0.05"],
                          ["trace", "--json", "tools/posternctl/testdata/framing.txt"]):
            with self.subTest(arguments=arguments):
                json.loads(run(*arguments)[1])

    def test_compile_and_decompile_are_each_others_way_back(self):
        with tempfile.TemporaryDirectory() as directory:
            binary = os.path.join(directory, "a.binpb")
            text = os.path.join(directory, "a.textproto")
            again = os.path.join(directory, "b.binpb")
            self.assertEqual(run("compile", "tables/friendly.textproto", f"--output={binary}")[0], 0)
            self.assertEqual(run("decompile", binary, f"--output={text}")[0], 0)
            self.assertEqual(run("compile", text, f"--output={again}")[0], 0)
            with open(binary, "rb") as one, open(again, "rb") as other:
                self.assertEqual(one.read(), other.read())
            status, output, _ = run("diff", "tables/friendly.textproto", binary)
            self.assertEqual((status, output), (0, b"a client sees no difference\n"))
            self.assertEqual(run("check", binary)[0], 0)

    def test_standard_input(self):
        status, output, _ = run("trace", "-", stdin=b"FROB\n")
        self.assertEqual(status, 0)
        self.assertIn(b"C500 UNRECOGNIZED", output)
        status, output, _ = run("check", "-", stdin=b'replies { id: NOOP_OK code: 1 }')
        self.assertEqual(status, 1)
        self.assertIn(b"standard input:1:", output)

    def test_what_a_client_sends_cannot_speak_to_the_terminal(self):
        _, output, _ = run("trace", "--raw", "-", stdin=b"\x1b]0;title\x07\x9b31m\r\nHELP \x1b[2J\r\n")
        self.assertNotIn(b"\x1b", output)
        self.assertNotIn(b"\x9b", output)

    def test_colour_on_a_terminal_alone(self):
        def on_terminal(**environment):
            master, slave = pty.openpty()
            child = subprocess.Popen([_PROGRAM, "explain", "500"], stdout=slave,
                                     env={"TERM": "xterm", **environment})
            os.close(slave)
            octets = b""
            while True:
                try:
                    chunk = os.read(master, 65536)
                except OSError:
                    break
                if not chunk:
                    break
                octets += chunk
            child.wait(20)
            os.close(master)
            return octets

        self.assertIn(b"\x1b[", on_terminal())
        self.assertNotIn(b"\x1b[", on_terminal(NO_COLOR="1"))
        self.assertNotIn(b"\x1b[", on_terminal(TERM="dumb"))
        self.assertNotIn(b"\x1b[", run("explain", "500")[1])

    def test_bench_tells_ratios(self):
        status, output, _ = run("bench", "--seconds=0.05")
        self.assertEqual(status, 0)
        self.assertRegex(output, rb"[1-9][0-9]* times as long as memcpy")
        self.assertEqual(run("bench", "--seconds=-1")[0], 2)

    def test_a_skeleton_is_a_table_and_a_whole_translation(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "xx.textproto")
            self.assertEqual(run("new", "xx", f"--output={path}")[0], 0)
            status, output, _ = run("check", "--translation", "--nowarnings", path)
            self.assertEqual((status, output), (0, b"1 file: 0 errors, 0 warnings\n"))
            self.assertEqual(run("diff", "default", path)[1], b"a client sees no difference\n")

    def test_each_fault_has_its_line(self):
        """Every error of check names a line of the file that holds the entry or field it is about."""
        path = "tools/posternctl/testdata/broken.textproto"
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        findings = json.loads(run("check", "--json", path)[1])["files"][0]["findings"]
        self.assertGreater(len(findings), 12)
        for finding in findings:
            with self.subTest(finding=finding):
                self.assertGreater(finding["line"], 0)
                if finding["field"].startswith(("text", "code", "enhanced_code")):
                    field = finding["field"].split(" ")[0]
                    self.assertTrue(lines[finding["line"] - 1].strip().startswith(
                        (field, "replies", "codes")), lines[finding["line"] - 1])
                self.assertTrue(finding["why"])

    def test_output_that_cannot_be_written(self):
        status, _, errors = run("new", "de", "--output=/nonexistent/de.textproto")
        self.assertEqual(status, 2)
        self.assertIn(b"/nonexistent/de.textproto: cannot be written", errors)
        if os.path.exists("/dev/full"):
            self.assertEqual(run("new", "de", "--output=/dev/full")[0], 2)


def update():
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")
    wanted = set()
    for name, arguments in cases():
        wanted.add(name + ".txt")
        with open(os.path.join(root, _GOLDEN, name + ".txt"), "wb") as file:
            file.write(transcript(arguments))
    for name in os.listdir(os.path.join(root, _GOLDEN)):
        if name != "cases.txt" and name not in wanted:
            os.unlink(os.path.join(root, _GOLDEN, name))
    print(f"{len(wanted)} golden files written")


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        update()
    else:
        py_unittest_main.main()
