# SPDX-License-Identifier: Apache-2.0
"""The example hosts do what they say, in C and in Python alike: whole sessions on their standard
input and output. One target runs CHostTest, another PythonHostTest."""

import subprocess
import sys
import unittest

from tests.support import py_unittest_main

PLUGIN = "plugin_api/libpostern.so"
SOURCE = "plugin_api/examples/stdio_host.c"

# What a client sends after each reply.
CONTENT = b"Subject: one\r\n\r\n..a dot\r\n"
STEPS = [b"EHLO client.example\r\n",
         b"MAIL FROM:<a@example.org>\r\n",
         b"RCPT TO:<b@example.com>\r\n",
         b"DATA\r\n",
         CONTENT + b".\r\n",
         b"FROBNICATE\r\n",
         b"QUIT\r\n"]
SESSION = b"".join(STEPS)
CODES = ["220", "250", "250", "250", "354", "250", "500", "221"]
EVENTS = ["helo client.example",
          "mail from a@example.org",
          "rcpt to b@example.com",
          "content N octets",
          "message complete",
          "refused with 500 by rule C500",
          "closed, reason 1"]


def codes(output):
    """The code of each reply (the last line of each)."""
    return [line[:3] for line in output.decode("ascii").split("\r\n") if line[3:4] == " "]


def events(errors):
    """What the host told, without the sizes of content slices, which depend on the cuts."""
    lines = []
    for line in errors.decode("utf-8").splitlines():
        if line.startswith("content "):
            line = "content N octets"
            if lines and lines[-1] == line:
                continue
        lines.append(line)
    return lines


class HostCases:
    HOST = []

    def run_host(self, octets, *arguments):
        return subprocess.run([*self.HOST, *(arguments or (PLUGIN,))], input=octets,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

    def test_serves_a_whole_session(self):
        done = self.run_host(SESSION)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(codes(done.stdout), CODES)
        self.assertEqual(events(done.stderr), EVENTS)
        self.assertTrue(done.stdout.endswith(b"\r\n"))
        self.assertEqual(done.stdout.count(b"\n"), done.stdout.count(b"\r\n"))

    def test_serves_a_client_that_waits_for_each_reply(self):
        with subprocess.Popen([*self.HOST, PLUGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            output = b""
            for step in [b"", *STEPS]:
                process.stdin.write(step)
                process.stdin.flush()
                line = b""
                while line[3:4] != b" ":
                    line = process.stdout.readline()
                    self.assertNotEqual(line, b"", output)
                    output += line
            process.stdin.close()
            errors = process.stderr.read()
            self.assertEqual(process.wait(60), 0, errors)
        self.assertEqual(codes(output), CODES)
        self.assertEqual(events(errors), EVENTS)

    def test_tells_of_a_client_that_goes_away(self):
        done = self.run_host(b"EHLO client.example\r\nMAIL FR")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(codes(done.stdout), ["220", "250"])
        self.assertEqual(events(done.stderr), ["helo client.example", "closed, reason 2"])

    def test_takes_a_message_of_many_reads(self):
        size = 100000
        content = b"x" * 98 + b"\r\n"
        before, after = SESSION.split(CONTENT)
        done = self.run_host(before + content * (size // 100) + after)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(codes(done.stdout), CODES)
        told = sum(int(line.split()[1]) for line in done.stderr.decode("utf-8").splitlines()
                   if line.startswith("content "))
        self.assertEqual(told, size)

    def test_says_how_it_is_started(self):
        done = self.run_host(b"", PLUGIN, "more")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"usage: ", done.stderr)
        done = self.run_host(b"", "/nonexistent/libpostern.so")
        self.assertNotEqual(done.returncode, 0)
        self.assertNotEqual(done.stderr, b"")


class CHostTest(HostCases, unittest.TestCase):
    HOST = ["plugin_api/stdio_host"]

    def test_is_short(self):
        with open(SOURCE, encoding="utf-8") as file:
            self.assertLess(len(file.readlines()), 150)


class PythonHostTest(HostCases, unittest.TestCase):
    HOST = [sys.executable, "-B", "plugin_api/examples/stdio_host.py"]


if __name__ == "__main__":
    py_unittest_main.main()
