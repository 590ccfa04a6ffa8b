# SPDX-License-Identifier: Apache-2.0
"""postern-milter without a mail server: this test speaks the milter protocol (version 6) to it, rightly and
wrongly."""

import os
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from tests.e2e import milter_fixture
from tests.support import py_unittest_main

CONTINUE = (b"c", b"")


class Mta:
    """A mail server's side of one connection: it sends a packet and takes the answer."""

    def __init__(self, milter, connect=True):
        host, port = milter.socket[len("inet:"):].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 20)
        self._octets = b""
        if connect:
            answer = self.ask(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
            assert answer[0] == b"O", answer
            self.steps = struct.unpack(">III", answer[1])[2]
            assert self.ask(b"C", b"client.example\0004\x10\x00192.0.2.7\0") == CONTINUE

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, command, data=b""):
        self.socket.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def _take(self, count):
        while len(self._octets) < count:
            octets = self.socket.recv(65536)
            if not octets:
                raise EOFError("the milter closed")
            self._octets += octets
        taken, self._octets = self._octets[:count], self._octets[count:]
        return taken

    def ask(self, command, data=b""):
        self.send(command, data)
        (size,) = struct.unpack(">I", self._take(4))
        packet = self._take(size)
        return packet[:1], packet[1:]

    def mail(self, *body, fields=((b"Subject", b" x"),)):
        """One message; the answer at its end."""
        for command, data in [(b"M", b"<a@example.net>\0"), (b"R", b"<b@example.org>\0"), (b"T", b""),
                              *[(b"L", name + b"\0" + value + b"\0") for name, value in fields],
                              (b"N", b""), *[(b"B", chunk) for chunk in body]]:
            answer = self.ask(command, data)
            if answer != CONTINUE:
                return answer
        return self.ask(b"E")

    def greet(self, name=b"client.example"):
        return self.ask(b"H", name + b"\0")


class MilterTest(unittest.TestCase):

    def milter(self, *flags, **options):
        milter = milter_fixture.Milter(*flags, **options)
        self.addCleanup(milter.close)
        return milter

    def mta(self, milter, **options):
        mta = Mta(milter, **options)
        self.addCleanup(mta.socket.close)
        return mta

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def file(self, name, text):
        path = os.path.join(self.folder(), name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def test_a_session(self):
        milter = self.milter()
        mta = self.mta(milter)
        self.assertEqual(mta.greet(), CONTINUE)
        for _ in range(2):
            self.assertEqual(mta.mail(b"text\r\n"), CONTINUE)
        kind, reply = mta.ask(b"U", b"XYZZY\0")
        self.assertEqual(kind, b"y")
        self.assertRegex(reply, rb"^500[ -]5\.5\.1 ")
        self.assertEqual(mta.mail(b"text\r\n"), CONTINUE)
        mta.send(b"A")
        mta.send(b"Q")
        milter.wait_for_log(r"session id=1 client=192\.0\.2\.7 messages=3 refused=1")

    def test_a_connection_that_goes_on_with_another_client(self):
        milter = self.milter()
        mta = self.mta(milter)
        for number, (address, name) in enumerate(((b"6\x10\x00IPv6:2001:db8::7\0", "2001:db8::7"),
                                                  (b"L\0\0/run/x\0", "unknown")), 2):
            mta.greet()
            self.assertEqual(mta.mail(b"text\r\n"), CONTINUE)
            mta.send(b"K")
            self.assertEqual(mta.ask(b"C", b"other\0" + address), CONTINUE)
            mta.greet()
            self.assertEqual(mta.ask(b"M", b"bad\0")[0], b"y")
            milter.wait_for_log(rf"refused id={number} client={name} code=501")
        mta.socket.close()
        milter.wait_for_log(" session ", count=3)

    def test_content_is_refused_however_it_is_cut(self):
        mta = self.mta(self.milter())
        mta.greet()
        for body, good in (((b"a\r", b"\nb\r", b"\n"), True), ((b"a\r", b"b"), False),
                           ((b"a", b"\n"), False), ((b"a\r\n", b".", b"\r\nb"), True),
                           ((b"a\r\n.\r", b"\n.\r\n"), True), ((b"\r", b"\r\n"), False),
                           ((), True), ((b"a\0b",), True), ((b"x" * 65535, b"y" * 65535), True)):
            answer = mta.mail(*body)
            self.assertEqual(answer == CONTINUE, good, body)
            if not good:
                self.assertRegex(answer[1], rb"^554[ -]5\.")
        fold = ((b"Subject", b" a\n b\n\tc"), (b"X-Crlf", b"a\r\n b"))
        self.assertEqual(mta.mail(b"x", fields=fold), CONTINUE)
        self.assertEqual(mta.mail(b"x", fields=((b"Subject", b" a\rb"),))[0], b"y")
        self.assertEqual(mta.mail(b"x", fields=((b"Subject", b" a\nb"),))[0], b"y")

    def test_macros_tell_of_tls_and_of_who_logged_in(self):
        config = self.file("engine.textproto", "require_tls: true require_auth: true\n")
        milter = self.milter(f"--config={config}")
        mta = self.mta(milter)
        mta.greet()
        self.assertRegex(mta.ask(b"M", b"<a@example.net>\0")[1], rb"^530 5\.7\.0 ")
        mta.send(b"D", b"H{tls_version}\0TLSv1.3\0")
        mta.greet()
        mta.send(b"D", b"M{auth_authen}\0somebody\0i\0QUEUE1\0")
        self.assertEqual(mta.ask(b"M", b"<a@example.net>\0"), CONTINUE)
        self.assertEqual(mta.ask(b"R", b"b\0")[0], b"y")
        milter.wait_for_log("queue_id=QUEUE1 code=501")

    def test_a_string_without_its_end(self):
        # libmilter took what lay behind it in memory for a part of it.
        milter = self.milter()
        mta = self.mta(milter)
        self.assertEqual(mta.ask(b"U", b"FROB!")[0], b"y")
        milter.wait_for_log("line=FROB\n")

    def test_what_cannot_be_judged(self):
        # No server hands on a line end within a line.
        for flags, answer in ((), (b"t", b"")), (("--on_failure=accept",), CONTINUE):
            milter = self.milter(*flags)
            mta = self.mta(milter)
            self.assertEqual(mta.ask(b"U", b"NOOP\r\nNOOP\0"), answer)
            milter.wait_for_log('failed id=1 client=192.0.2.7 why="the engine could not judge this"')

    def test_watch_and_hup(self):
        folder = self.folder()
        table = os.path.join(folder, "table.textproto")
        milter_fixture.table(table, "One")
        milter = self.milter(f"--table={table}", "--watch")
        old = self.mta(milter)
        milter_fixture.table(table, "Two")
        milter.wait_for_log("reloaded")
        self.assertIn(b"Two", self.mta(milter).ask(b"U", b"XYZZY\0")[1])
        self.assertIn(b"One", old.ask(b"U", b"XYZZY\0")[1])
        with open(table, "w", encoding="ascii") as file:
            file.write("replies { id: FROB }\n")
        self.assertIn(f"{table}:1:", milter.wait_for_log("reload refused"))
        self.assertIn(b"Two", self.mta(milter).ask(b"U", b"XYZZY\0")[1])
        # A burst of them, whichever thread the kernel might choose.
        for _ in range(50):
            milter.signal(signal.SIGHUP)
        milter_fixture.table(table, "Three")
        milter.wait_for_log("reloaded", count=2)
        self.assertIn(b"Three", self.mta(milter).ask(b"U", b"XYZZY\0")[1])

    def test_hup_without_watch_never_stops_it(self):
        milter = self.milter()
        for _ in range(200):
            milter.signal(signal.SIGHUP)
        milter.wait_for_log("reloaded")
        self.assertEqual(self.mta(milter).greet(), CONTINUE)

    def test_a_stop(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            milter = self.milter("--grace_seconds=20")
            mta = self.mta(milter)
            mta.greet()
            milter.signal(number)
            milter.wait_for_log("stopping: 1 sessions are open")
            # Nobody new, and the one that is there goes on.
            with self.assertRaises((OSError, EOFError)):
                Mta(milter)
            self.assertEqual(mta.mail(b"text\r\n"), CONTINUE)
            mta.send(b"Q")
            self.assertEqual(milter.wait(), 0)
            self.assertRegex(milter.log(), "stopped\n$")

    def test_a_stop_does_not_wait_for_ever(self):
        milter = self.milter("--grace_seconds=1")
        mta = self.mta(milter)
        mta.greet()
        milter.signal(signal.SIGTERM)
        self.assertEqual(milter.wait(), 0)
        # A second signal is for those in a hurry.
        milter = self.milter("--grace_seconds=1000")
        mta = self.mta(milter)
        mta.greet()
        milter.signal(signal.SIGTERM)
        milter.wait_for_log("stopping")
        milter.signal(signal.SIGTERM)
        self.assertEqual(milter.wait(), 0)

    def test_nonsense_harms_one_connection_alone(self):
        milter = self.milter()
        good = self.mta(milter)
        good.greet()
        rng = random.Random(1)
        commands = b"ABCDEHLMNOQRTUKxyz\0\xff"
        for number in range(300):
            mta = Mta(milter, connect=number % 3 != 0)
            try:
                for _ in range(rng.randrange(8)):
                    data = bytes(rng.choice(b"\0\r\n<>@a .4:\xff%") for _ in range(rng.randrange(30)))
                    if rng.randrange(3):
                        data += b"\0"
                    mta.send(bytes([rng.choice(commands)]), data)
                if rng.randrange(2):
                    mta.socket.sendall(bytes(rng.randrange(256) for _ in range(rng.randrange(12))))
            except OSError:
                pass
            mta.socket.close()
        self.assertEqual(good.mail(b"text\r\n"), CONTINUE)
        good.send(b"Q")
        milter.wait_for_log("session id=1 client=192.0.2.7 messages=1")
        milter.signal(signal.SIGTERM)
        self.assertEqual(milter.wait(), 0)
        self.assertEqual(milter.log().count(" connect "), milter.log().count(" session "))

    def test_many_at_once_while_tables_change(self):
        folder = self.folder()
        table = os.path.join(folder, "table.textproto")
        milter_fixture.table(table, "Text 0")
        milter = self.milter(f"--table={table}")
        wrong = []

        def session():
            try:
                for _ in range(10):
                    with Mta(milter) as mta:
                        mta.greet()
                        first = mta.ask(b"U", b"XYZZY\0")
                        for _ in range(5):
                            if mta.mail(b"a\r\n", b".b\r\n") != CONTINUE or \
                                    mta.mail(b"a\r", b"b")[0] != b"y":
                                wrong.append("mail")
                        if mta.ask(b"U", b"XYZZY\0") != first:
                            wrong.append("the table changed under a session")
                        mta.send(b"Q")
            except Exception as error:  # pylint: disable=broad-except
                wrong.append(error)

        threads = [threading.Thread(target=session) for _ in range(12)]
        for thread in threads:
            thread.start()
        for number in range(1, 9):
            milter_fixture.table(table, f"Text {number}")
            milter.signal(signal.SIGHUP)
            milter.wait_for_log("reloaded", count=number)
        for thread in threads:
            thread.join(60)
        self.assertEqual(wrong, [])
        milter.signal(signal.SIGTERM)
        self.assertEqual(milter.wait(), 0)
        self.assertEqual(milter.log().count("messages=5 refused=7"), 120)

    def run_program(self, *flags):
        done = subprocess.run([milter_fixture.milter_path(), *flags], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_what_it_is_told_wrongly(self):
        table = self.file("table.textproto", "\n\nreplies { id: NOOP_OK code: 550 text: \"x\" }\n")
        status, output, said = self.run_program("--check_config", f"--table={table}")
        self.assertEqual((status, output), (2, ""))
        self.assertRegex(said, rf"^postern-milter: {table}:3: [^\n]*\n$")
        self.assertEqual(self.run_program("--check_config"),
                         (0, "configuration and reply table are right\n", ""))
        for flags, words in ((("--frob",), "unknown flag --frob"),
                             (("--socket=inet:192.0.2.1:1",), "cannot be bound"),
                             (("--socket=unix:/nonexistent/x",), "cannot be made"),
                             (("--socket=unix:/etc/passwd",), "this file is no socket"),
                             (("--socket=unix:/tmp/x-%d" % os.getpid(), "--socket_group=frob"),
                              "no such group"),
                             (("--user=nobody-there", "--socket=inet:127.0.0.1:0"), "no such user"),
                             (("--plugin=/nonexistent",), "/nonexistent"),
                             (("--log_file=/nonexistent/log",), "/nonexistent/log")):
            status, output, said = self.run_program(*flags)
            self.assertEqual((status, output), (2, ""), flags)
            self.assertRegex(said, rf"^postern-milter: [^\n]*{words}[^\n]*\n$")
        self.assertRegex(self.run_program("--version")[1], r"^postern-milter, engine \S+, ABI 1\.\d+\n$")
        self.assertIn("--check_config\n", self.run_program("--help")[1])


if __name__ == "__main__":
    py_unittest_main.main()
