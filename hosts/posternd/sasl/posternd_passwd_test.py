# SPDX-License-Identifier: Apache-2.0
"""posternd-passwd from outside: the lines it writes and what it refuses."""

import os
import pty
import re
import subprocess
import unittest

from tests.support import py_unittest_main

PROGRAM = os.path.abspath("hosts/posternd/sasl/posternd_passwd")
CRYPT = r"\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]+\$[./A-Za-z0-9]+"
SCRAM = r"SCRAM-SHA-256\$%d:[+/A-Za-z0-9]{22}==\$[+/A-Za-z0-9]{43}=:[+/A-Za-z0-9]{43}="


def run(*args, password=b"open sesame\n"):
    return subprocess.run([PROGRAM, *args], input=password, capture_output=True, timeout=60, check=False)


class Passwd(unittest.TestCase):
    def check(self, pattern, *args, **kwargs):
        done = run(*args, **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.decode(), "^" + pattern + "\n$")
        self.assertEqual(done.stderr, b"")

    def test_writes_both_secrets(self):
        self.check("alice@example.com:" + CRYPT + " " + SCRAM % 65536, "alice@example.com")

    def test_writes_one_of_them(self):
        self.check("alice:" + CRYPT, "--crypt", "alice")
        self.check("alice:" + SCRAM % 4096, "--scram", "--iterations=4096", "alice")

    def test_names_are_prepared(self):
        self.check("j\u00fcrgen:" + CRYPT, "--crypt", "ju\u0308rgen")

    def test_the_end_of_the_line_is_no_part_of_the_password(self):
        for password in (b"open sesame", b"open sesame\r\n", b"open sesame\nmore\n"):
            self.check("a:" + CRYPT, "--crypt", "a", password=password)

    def test_refuses(self):
        for args, password, reason in (
            ([], b"x\n", "usage"),
            (["a", "b"], b"x\n", "usage"),
            (["--what", "a"], b"x\n", "usage"),
            (["--crypt", "--scram", "a"], b"x\n", "no option"),
            (["--iterations=4095", "a"], b"x\n", "4096"),
            (["a:b"], b"x\n", "name"),
            (["a b"], b"x\n", "name"),
            ([""], b"x\n", "usage"),
            (["a"], b"", "empty"),
            (["a"], b"\n", "empty"),
            (["a"], b"x" * 512 + b"\n", "longer"),
            (["a"], b"x\x07\n", "characters"),
        ):
            done = run(*args, password=password)
            self.assertEqual(done.returncode, 1, args)
            self.assertEqual(done.stdout, b"")
            self.assertIn(reason, done.stderr.decode())
            self.assertNotIn("xxxx", done.stderr.decode())

    def test_asks_twice_on_a_terminal_without_echo(self):
        for second, status in ((b"open sesame\n", 0), (b"open sesamE\n", 1)):
            master, slave = pty.openpty()
            program = subprocess.Popen(
                [PROGRAM, "--scram", "--iterations=4096", "alice"],
                stdin=slave,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            # Each answer behind its question: what is typed before the echo is off is dropped.
            self.assertEqual(program.stderr.read(10), b"Password: ")
            os.write(master, b"open sesame\n")
            self.assertEqual(program.stderr.read(12), b"\nOnce more: ")
            os.write(master, second)
            out, err = program.communicate(timeout=60)
            self.assertEqual(program.returncode, status, err)
            if status == 0:
                self.assertTrue(re.match("^alice:" + SCRAM % 4096, out.decode()))
            else:
                self.assertIn(b"differ", err)
            # All that the terminal showed: line ends at most.
            os.close(slave)
            shown = b""
            try:
                while True:
                    piece = os.read(master, 1000)
                    if not piece:
                        break
                    shown += piece
            except OSError:
                pass
            os.close(master)
            self.assertNotIn(b"sesam", shown)


if __name__ == "__main__":
    py_unittest_main.main()
