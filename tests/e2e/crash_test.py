# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any instant: no acknowledged message is lost, none lies in new/ in part.

What kill -9 cannot show, the loss of what the kernel has not written to the disk yet, the order of
system calls does: the file is synchronised before its rename, its directory after it, and only then
does 250 leave.
"""

import hashlib
import os
import random
import re
import shutil
import signal
import smtplib
import subprocess
import tempfile
import threading
import time
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

_SEED = 5321
_ROUNDS = 10
_CLIENTS = 6
# A round's load runs this long at the most before the kill.
_LONGEST_ROUND = 1.2


def _make_content(identity, size, generator):
    """A message that proves itself: its first line names it, its second is the hash of the rest."""
    lines = [generator.randbytes(35).hex().encode() for _ in range(size // 72)]
    lines.append(b".")
    rest = b"\r\n".join(lines) + b"\r\n"
    return b"Id: %s\r\nHash: %s\r\n\r\n%s" % (
        identity.encode(), hashlib.sha256(rest).hexdigest().encode(), rest)


def _identity_of_whole(content):
    """The message's id if all of it is there, else None."""
    match = re.match(rb"Id: (\S+)\r\nHash: ([0-9a-f]{64})\r\n\r\n", content)
    if match is None or hashlib.sha256(content[match.end():]).hexdigest().encode() != match[2]:
        return None
    return match[1].decode()


class _Load(threading.Thread):
    """One client that sends until the server is gone, and remembers what was acknowledged."""

    def __init__(self, name, port, seed):
        super().__init__(daemon=True)
        self.prefix = name
        self.port = port
        self.generator = random.Random(seed)
        self.acknowledged = []
        self.sent = 0

    def next_content(self):
        size = self.generator.choice((0, 200, 2000, 20_000, 200_000))
        identity = f"{self.prefix}-{self.sent}"
        self.sent += 1
        return identity, _make_content(identity, size, self.generator)

    def run(self):
        try:
            self.send_all()
        except (OSError, EOFError, AssertionError, smtplib.SMTPException):
            pass  # the server was killed; what was acknowledged until then counts

    def send_all(self):
        raise NotImplementedError


class _SmtplibLoad(_Load):

    def send_all(self):
        while True:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
                for _ in range(self.generator.randrange(1, 20)):
                    identity, content = self.next_content()
                    client.sendmail("a@example.org", ["b@example.net"], content)
                    self.acknowledged.append(identity)


class _PipeliningLoad(_Load):
    """Several whole transactions in one write; replies are read one by one afterwards."""

    def send_all(self):
        while True:
            with posternd_fixture.Wire(self.port) as wire:
                wire.hello()
                for _ in range(20):
                    identities = []
                    octets = b""
                    for _ in range(self.generator.randrange(1, 5)):
                        identity, content = self.next_content()
                        identities.append(identity)
                        octets += (b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n"
                                   b"DATA\r\n" + posternd_fixture.stuff(content) + b".\r\n")
                    writer = threading.Thread(target=self.write, args=(wire, octets), daemon=True)
                    writer.start()
                    try:
                        for identity in identities:
                            codes = [wire.read_reply()[:3] for _ in range(4)]
                            if codes[3] == b"250":
                                self.acknowledged.append(identity)
                    finally:
                        writer.join(20)

    @staticmethod
    def write(wire, octets):
        try:
            wire.send(octets)
        except OSError:
            pass


class CrashTest(unittest.TestCase):

    def test_acknowledged_messages_survive_kill_9(self):
        generator = random.Random(_SEED)
        directory = tempfile.mkdtemp(prefix="posternd-crash-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        acknowledged = []
        interrupted = 0
        for round_number in range(_ROUNDS):
            delay = generator.uniform(0.05, _LONGEST_ROUND)
            with self.subTest(round=round_number, seed=_SEED, delay=round(delay, 3)):
                server = posternd_fixture.Posternd(directory=directory)
                try:
                    clients = []
                    for i in range(_CLIENTS):
                        kind = (_SmtplibLoad, _PipeliningLoad)[i % 2]
                        clients.append(kind(f"{round_number}-{i}", server.port,
                                            generator.getrandbits(64)))
                    for client in clients:
                        client.start()
                    time.sleep(delay)
                    self.assertTrue(server.running(), "it crashed by itself")
                finally:
                    server.kill()
                for client in clients:
                    client.join(30)
                    self.assertFalse(client.is_alive())
                    acknowledged += client.acknowledged
                    interrupted += client.sent - len(client.acknowledged)
                self.check(server, acknowledged)
        self.assertGreater(len(acknowledged), 10 * _ROUNDS, "there was no load")
        self.assertGreater(interrupted, 0, "no kill met a delivery in progress")
        # What was left in tmp/ is no message, and the next start removes it.
        with posternd_fixture.Posternd(directory=directory) as server:
            self.assertEqual(server.in_tmp(), [])
            self.check(server, acknowledged)
            with server.connect() as wire:
                wire.hello()
                self.assertRegex(wire.deliver(b"alive\r\n"), rb"^250")
        print(f"{_ROUNDS} kills, {len(acknowledged)} messages acknowledged, "
              f"{interrupted} interrupted")

    def check(self, server, acknowledged):
        """All of new/ is whole, and all that was acknowledged is there."""
        found = set()
        for message in server.messages():
            identity = _identity_of_whole(message.content)
            self.assertIsNotNone(identity, f"{message.name} is not whole")
            found.add(identity)
        missing = set(acknowledged) - found
        self.assertEqual(missing, set(), f"{len(missing)} acknowledged messages are lost")

    def test_the_check_notices_a_loss_and_a_part(self):
        """The oracle itself: a message cut anywhere is told from a whole one."""
        content = _make_content("x-1", 500, random.Random(1))
        self.assertEqual(_identity_of_whole(content), "x-1")
        for cut in range(len(content)):
            self.assertIsNone(_identity_of_whole(content[:cut]))


class SystemCallOrderTest(unittest.TestCase):

    def test_fsync_rename_fsync_and_only_then_250(self):
        strace = posternd_fixture.tool("strace", "strace")
        directory = tempfile.mkdtemp(prefix="posternd-strace-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        trace = os.path.join(directory, "trace")
        with posternd_fixture.Posternd("--threads=1", "--delivery_threads=1",
                                       directory=directory) as server:
            tracer = subprocess.Popen(
                [strace, "-f", "-y", "-s", "200", "-o", trace, "-e",
                 "trace=openat,write,writev,pwrite64,fsync,fdatasync,rename,renameat,renameat2,"
                 "link,linkat,sendto,sendmsg", "-p", str(server.pid)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                attached = tracer.stderr.readline()
                self.assertIn(b"attached", attached, "strace may not trace here")
                time.sleep(0.2)  # all threads, not only the first
                with server.connect() as wire:
                    wire.hello()
                    self.assertRegex(wire.deliver(b"Subject: traced\r\n\r\ntraced content\r\n"),
                                     rb"^250")
                    wire.command(b"QUIT")
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.wait(10)
                tracer.stderr.close()
        with open(trace, encoding="utf-8", errors="replace") as file:
            calls = file.read().splitlines()

        def first(pattern, start=0):
            for i in range(start, len(calls)):
                if re.search(pattern, calls[i]):
                    return i
            self.fail(f"no {pattern!r} after line {start} of:\n" + "\n".join(calls))

        written = first(r"writev?\([^)]*/tmp/.*traced content")
        synchronised = first(r"f(data)?sync\([0-9]+<[^>]*/tmp/", written)
        renamed = first(r"(rename|link)(at2?)?\(.*/new", synchronised)
        directory_synchronised = first(r"fsync\([0-9]+<[^>]*/new>\)", renamed)
        replied = first(r"send(to|msg)\(.*\"250 2\.\S+ .*", directory_synchronised)
        # And no 250 to the content left before all that.
        data = first(r"send(to|msg)\(.*\"354 ")
        early = [call for call in calls[data + 1:directory_synchronised]
                 if re.search(r"send(to|msg)\(", call)]
        self.assertEqual(early, [])
        self.assertGreater(replied, directory_synchronised)


if __name__ == "__main__":
    py_unittest_main.main()
