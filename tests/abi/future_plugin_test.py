# SPDX-License-Identifier: Apache-2.0
"""Hosts of today on a libpostern.so of tomorrow (future_plugin.c): the examples, and posternd."""

import os
import smtplib
import subprocess
import sys
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

REAL = os.path.abspath("plugin_api/libpostern.so")
FUTURE = os.path.abspath("tests/abi/libfuture_plugin.so")
HOSTS = {
    "C": ["plugin_api/stdio_host"],
    "Python": [sys.executable, "-B", "plugin_api/examples/stdio_host.py"],
}
SESSION = (b"EHLO client.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
           b"DATA\r\nhello\r\n.\r\nHELP\r\nFROBNICATE\r\nQUIT\r\n")


class FuturePluginTest(unittest.TestCase):

    def setUp(self):
        os.environ["POSTERN_REAL_PLUGIN"] = REAL

    def run_host(self, command, plugin):
        done = subprocess.run([*command, plugin], input=SESSION, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, done.stderr

    def test_the_examples_serve_as_if_it_were_todays(self):
        for name, command in HOSTS.items():
            with self.subTest(host=name):
                output, events = self.run_host(command, FUTURE)
                self.assertIn(b"message complete\n", events)
                self.assertEqual((output, events), self.run_host(command, REAL))

    def test_posternd_delivers_as_if_it_were_todays(self):
        with posternd_fixture.Posternd("--plugin=" + FUTURE) as server:
            for number in range(3):
                with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
                    self.assertEqual(client.sendmail(
                        "a@example.org", ["b@example.com"],
                        "Subject: %d\r\n\r\nhello\r\n" % number), {})
                message = server.message()
                self.assertIn(b"Subject: %d" % number, message.content)
            self.assertTrue(server.running(), server.stderr())

    def test_a_host_that_answers_what_it_does_not_know_is_found_out(self):
        # The negative control: the example in Python, told to accept everything.
        with open("plugin_api/examples/stdio_host.py", encoding="utf-8") as file:
            host = file.read()
        eager = host.replace("answer = Answer(struct_size=c.sizeof(Answer))",
                             "answer = Answer(struct_size=c.sizeof(Answer), verdict=ACCEPT)")
        self.assertNotEqual(eager, host)
        done = subprocess.run([sys.executable, "-B", "-c", eager, FUTURE], input=SESSION,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=30)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"not answered with POSTERN_VERDICT_DEFAULT", done.stderr)


if __name__ == "__main__":
    py_unittest_main.main()
