# SPDX-License-Identifier: Apache-2.0
"""posternd --upstream=exec:: a program is started for each connection, and may do anything at all."""

import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

CONTENT = b"Subject: x\r\n\r\n.dot\r\n..two\r\n.\r\nend \xc3\xa4\r\n"
PROGRAM = os.path.abspath("tests/e2e/scripted_program.py")
STEPS = ("220", "EHLO", "MAIL", "RCPT", "DATA", ".")
FAULTS = ("kill", "close", "half", "shut", "deaf", "nonsense", "421", "451 4.3.0 later",
          "554 5.7.1 never")


class ExecTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="exec-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, True)
        os.mkdir(os.path.join(self.folder, "messages"))

    def command(self, *words):
        return " ".join(["exec:" + sys.executable, "-B", PROGRAM, self.folder, *words])

    def gate(self, *flags, command=None):
        front = posternd_fixture.Posternd(f"--upstream={command or self.command()}",
                                          "--server_name=gate.example", *flags, maildir=False)
        self.addCleanup(front.close)
        # Asked at the start what it offers, which left a record.
        for path in glob.glob(os.path.join(self.folder, "process-*")):
            os.unlink(path)
        return front

    def greet(self, front, source="127.0.0.1"):
        wire = front.connect(source)
        self.addCleanup(wire.close)
        wire.hello(b"some.example")
        return wire

    def write(self, name, octets):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "wb") as file:
            file.write(octets)
        os.rename(path + ".new", path)

    def messages(self):
        found = []
        for path in sorted(glob.glob(os.path.join(self.folder, "messages/*"))):
            if not path.endswith(".part"):
                with open(path, "rb") as file:
                    found.append(file.read())
        return found

    def processes(self):
        found = []
        for path in sorted(glob.glob(os.path.join(self.folder, "process-*"))):
            with open(path, encoding="utf-8") as file:
                found.append(json.load(file))
        return found

    def wait_until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not come true")
            time.sleep(0.02)

    def assert_no_children(self, front):
        """Neither running ones nor such as nobody has asked how they ended."""
        self.wait_until(lambda: not children(front.pid))

    @staticmethod
    def one_message(wire):
        """The codes up to the first that is no success."""
        codes = []
        for line in (b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.org>", b"DATA"):
            codes.append(wire.command(line)[:3])
            if codes[-1][:1] not in b"23":
                return codes
        wire.send(b"Subject: x\r\n\r\nhello\r\n.\r\n")
        codes.append(wire.read_reply()[:3])
        return codes

    def test_mail_goes_through_and_the_program_is_told_the_client(self):
        front = self.gate(command=self.command("-oMa", "{client_address}.{client_port}"))
        wire = self.greet(front, "127.0.0.77")
        port = wire.socket.getsockname()[1]
        for content in (CONTENT, b"", b"".join(b".%d\r\n" % i for i in range(100000))):
            self.assertEqual(wire.deliver(content), b"250 2.0.0 queued\r\n")
            self.assertEqual(self.messages()[-1].partition(b"\n")[2], content)
        wire.command(b"QUIT")
        self.assert_no_children(front)
        (process,) = self.processes()
        self.assertEqual(process["words"], ["-oMa", f"127.0.0.77.{port}"])
        self.assertEqual(process["environment"].pop("TCPREMOTEPORT"), str(port))
        environment = process["environment"]
        self.assertEqual(environment["TCPREMOTEIP"], "127.0.0.77")
        self.assertEqual(environment["TCPLOCALPORT"], str(front.port))
        self.assertLessEqual(set(environment), {
            "PATH", "PROTO", "TZ", "TCPREMOTEIP", "TCPLOCALIP", "TCPLOCALPORT", "LC_CTYPE"})
        # A descriptor of its listing is there no more when it is looked at.
        self.assertEqual(process["descriptors"], ["0", "1", "2"])
        self.assertTrue(process["socket"] and process["session"])
        self.assertEqual(int(process["blocked"], 16), 0)

    def test_what_the_program_lacks_is_not_offered(self):
        self.write("keywords", b"SIZE 70000")
        wire = self.gate().connect()
        self.addCleanup(wire.close)
        offered = wire.hello()
        self.assertIn(b"SIZE 70000\r\n", offered)
        self.assertNotIn(b"8BITMIME", offered)

    def test_faults_at_every_step(self):
        front = self.gate()
        for verb in STEPS:
            for what in FAULTS:
                with self.subTest(verb=verb, what=what):
                    for path in glob.glob(os.path.join(self.folder, "messages/*")):
                        os.unlink(path)
                    self.write("fault", f"{verb} {what}".encode())
                    wire = self.greet(front)
                    # Of these it could be waited for, five minutes; the client has no time.
                    codes = self.one_message(wire)
                    self.assertFalse(os.path.exists(os.path.join(self.folder, "fault")))
                    said = codes[-1] == b"250" and len(codes) == 4
                    self.assertEqual(codes[:-1], [b"250", b"250", b"354"][:len(codes) - 1])
                    if said:
                        self.assertIn(what, ("deaf", "554 5.7.1 never"))
                    elif what[:1] == "5" and verb in ("MAIL", "RCPT", "DATA", "."):
                        self.assertEqual(codes[-1], b"554")
                    else:
                        self.assertIn(codes[-1], (b"450", b"451"))
                    if verb == ".":
                        self.assertLessEqual(len(self.messages()), 1)
                    else:
                        self.assertEqual(len(self.messages()), int(said))
                    # And the next one is none the worse for it.
                    before = len(self.messages())
                    wire.command(b"RSET")
                    self.assertEqual(self.one_message(wire), [b"250", b"250", b"354", b"250"])
                    self.assertEqual(len(self.messages()), before + 1)
                    wire.close()
        self.assert_no_children(front)

    def test_octet_by_octet(self):
        self.write("octet-by-octet", b"")
        wire = self.greet(self.gate())
        talk = (b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" +
                posternd_fixture.stuff(CONTENT) + b".\r\n")
        for i in range(len(talk)):
            wire.send(talk[i:i + 1])
        self.assertEqual([wire.read_reply()[:3] for _ in range(4)], [b"250", b"250", b"354", b"250"])
        self.assertTrue(self.messages()[0].endswith(b"\n" + CONTENT))

    def test_programs_that_cannot_be_started(self):
        for command, why in (("exec:/nonexistent/exim4 -bs", "No such file or directory"),
                             ("exec:/etc -bs", "Permission denied"),
                             ("exec:/bin/false", "")):
            front = self.gate(command=command)
            wire = self.greet(front)
            for _ in range(2):
                self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^451 ")
            self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
            if why:
                front.wait_for_log(f"cannot be started: {why}", 3)
            self.assert_no_children(front)

    def test_the_number_of_programs_is_bounded(self):
        front = self.gate("--max_upstream_programs=2")
        wires = [self.greet(front) for _ in range(3)]
        for wire in wires[:2]:
            wire.open_transaction()
        self.assertRegex(wires[2].command(b"MAIL FROM:<a@example.org>"), rb"^451 ")
        front.wait_for_log("2 programs run already")
        self.assertEqual(len(children(front.pid)), 2)
        wires[0].command(b"QUIT")
        self.wait_until(lambda: len(children(front.pid)) == 1)
        self.assertRegex(wires[2].deliver(b"x\r\n"), rb"^250 ")

    def test_one_that_does_not_end_is_ended(self):
        front = self.gate("--max_upstream_programs=1")
        self.write("fault", b"QUIT linger")
        wire = self.greet(front)
        self.assertRegex(wire.deliver(b"x\r\n"), rb"^250 ")
        wire.command(b"QUIT")
        front.wait_for_log("does not end, and gets signal 15", seconds=20)
        front.wait_for_log("does not end, and gets signal 9", seconds=20)
        self.assert_no_children(front)
        self.assertRegex(self.greet(front).deliver(b"x\r\n"), rb"^250 ")

    def test_nothing_is_left_behind(self):
        front = self.gate()
        descriptors = f"/proc/{front.pid}/fd"
        self.assertRegex(self.greet(front).deliver(b"x\r\n"), rb"^250 ")
        before = len(os.listdir(descriptors))
        for i in range(20):
            wire = front.connect()
            wire.hello()
            if i % 4 != 3:
                wire.open_transaction()
            if i % 2:
                wire.command(b"QUIT")
            wire.close()
        self.wait_until(lambda: len(os.listdir(descriptors)) <= before)
        self.wait_until(lambda: len(children(front.pid)) <= 1)
        front.signal(15)
        self.assertEqual(front.wait(), 0)

    def test_inetd_starts_one_program(self):
        for words in ((), ("{client_address}",)):
            for path in glob.glob(os.path.join(self.folder, "process-*")):
                os.unlink(path)
            listener = socket.create_server(("127.0.0.1", 0))
            wire = posternd_fixture.Wire(listener.getsockname()[1], "127.0.0.77")
            client, _ = listener.accept()
            listener.close()
            process = subprocess.Popen(
                [posternd_fixture.posternd_path(), "--inetd", "--server_name=gate.example",
                 f"--upstream={self.command(*words)}"], stdin=client, stdout=client, stderr=client)
            client.close()
            self.assertIn(b"SMTPUTF8", wire.hello())
            self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
            self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
            self.assertEqual(wire.read_to_end(), b"")
            wire.close()
            self.assertEqual(process.wait(20), 0)
            (started,) = self.processes()
            self.assertEqual(started["words"], ["127.0.0.77"] if words else [])

    def test_inetd_on_pipes_has_no_address_to_tell(self):
        result = subprocess.run(
            [posternd_fixture.posternd_path(), "--inetd",
             f"--upstream={self.command('{client_address}')}"],
            input=b"EHLO c\r\nMAIL FROM:<a@example.org>\r\nQUIT\r\n", stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=30, check=False)
        self.assertEqual(re.findall(rb"(?m)^([0-9]{3}) ", result.stdout),
                         [b"220", b"250", b"451", b"221"])
        self.assertIn(b"has no address for {client_address}", result.stderr)
        self.assertEqual(self.processes(), [])


def children(pid):
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path, encoding="ascii") as file:
                found += file.read().split()
        except FileNotFoundError:
            pass
    return found


if __name__ == "__main__":
    py_unittest_main.main()
