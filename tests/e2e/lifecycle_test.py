# SPDX-License-Identifier: Apache-2.0
"""SIGHUP while sessions run, and SIGTERM: what changes, what stays, and that nobody is dropped."""

import os
import shutil
import signal
import ssl
import tempfile
import time
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main


def _table(words):
    return ('replies {\n  id: NOOP_OK\n  code: 250\n  enhanced_code: "2.0.0"\n'
            f'  text: "{words}"\n}}\n')


class ReloadTest(unittest.TestCase):

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="postern-reload-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.table = self.write("table.textproto", _table("first table"))
        self.config = self.write("config.textproto", "engine { limits { message_octets: 100000 } }")
        self.certificate, self.key = posternd_fixture.make_certificate(self.scratch)
        self.server = posternd_fixture.Posternd(
            f"--table={self.table}", f"--config={self.config}", f"--tls_cert={self.certificate}",
            f"--tls_key={self.key}")
        self.addCleanup(self.server.close)
        self.reloads = 0
        self.refusals = 0

    def write(self, name, text):
        path = os.path.join(self.scratch, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)
        return path

    def reload(self):
        self.server.signal(signal.SIGHUP)
        self.reloads += 1
        self.server.wait_for_log(r"reloaded: ", self.reloads)

    def refused_reload(self):
        self.server.signal(signal.SIGHUP)
        self.refusals += 1
        log = self.server.wait_for_log(r"reload refused, everything stays as it was", self.refusals)
        return [line for line in log.splitlines() if "reload refused" in line][-1]

    def session(self):
        wire = self.server.connect()
        self.addCleanup(wire.close)
        wire.greeting = wire.hello()
        return wire

    def test_running_sessions_keep_their_table(self):
        old = self.session()
        self.assertIn(b"first table", old.command(b"NOOP"))
        old.open_transaction()
        self.write("table.textproto", _table("second table"))
        self.reload()
        new = self.session()
        self.assertIn(b"second table", new.command(b"NOOP"))
        self.assertIn(b"first table", old.command(b"NOOP"))
        # And its transaction goes on.
        self.assertRegex(old.command(b"DATA"), rb"^354")
        old.send(b"x\r\n.\r\n")
        self.assertRegex(old.read_reply(), rb"^250")
        self.assertEqual(len(self.server.messages()), 1)

    def test_bad_tables_keep_the_old_one_and_say_why(self):
        for name, text, word in (
                ("code", _table("x").replace("250", "500").replace("2.0.0", "5.0.0"), "NOOP_OK"),
                ("placeholder", _table("x {nonsense} y"), "NOOP_OK"),
                ("syntax", "replies { id: NOOP_", "table.textproto")):
            with self.subTest(table=name):
                self.write("table.textproto", text)
                line = self.refused_reload()
                self.assertIn("table.textproto", line)
                self.assertIn(word, line)
                self.assertIn(b"first table", self.session().command(b"NOOP"))
        self.write("table.textproto", _table("mended table"))
        self.reload()
        self.assertIn(b"mended table", self.session().command(b"NOOP"))

    def test_configuration(self):
        old = self.session()
        self.assertIn(b"SIZE 100000", old.greeting)
        self.write("config.textproto",
                   'domains: "example.org"\nengine { limits { message_octets: 200000 } }')
        self.reload()
        self.assertIn(b"SIZE 100000", old.command(b"EHLO client.example"))
        new = self.session()
        self.assertIn(b"SIZE 200000", new.greeting)
        new.command(b"MAIL FROM:<a@example.org>")
        self.assertRegex(new.command(b"RCPT TO:<b@example.net>"), rb"^550")

    def test_bad_configuration_keeps_table_and_configuration(self):
        self.write("table.textproto", _table("second table"))
        for text, word in (("engine { limits { recipients: 3 } }", "limits.recipients"),
                           ("engine { no_such_field: 1 }", "no_such_field")):
            with self.subTest(config=text):
                self.write("config.textproto", text)
                self.assertIn(word, self.refused_reload())
                wire = self.session()
                self.assertIn(b"SIZE 100000", wire.greeting)
                self.assertIn(b"first table", wire.command(b"NOOP"))

    def test_certificate(self):
        def fingerprint(path):
            with open(path, encoding="ascii") as file:
                return ssl.PEM_cert_to_DER_cert(file.read())

        before = fingerprint(self.certificate)
        old = self.session()
        self.assertEqual(old.start_tls(), before)
        posternd_fixture.make_certificate(self.scratch, name="renewed")
        self.reload()
        after = fingerprint(self.certificate)
        self.assertNotEqual(before, after)
        self.assertEqual(self.session().start_tls(), after)
        # The old session's encryption goes on.
        old.command(b"EHLO client.example")
        self.assertRegex(old.deliver(b"x\r\n"), rb"^250")
        # A key that does not belong to the certificate: the renewed one stays.
        key = self.key
        posternd_fixture.make_certificate(self.scratch, stem="other")
        os.replace(os.path.join(self.scratch, "other.key"), key)
        self.assertIn("server.key", self.refused_reload())
        self.assertEqual(self.session().start_tls(), after)

    def test_log_file_is_opened_again(self):
        """For logrotate: move the file away, SIGHUP, and lines go to a new file."""
        os.rename(self.server.log_path, self.server.log_path + ".1")
        self.reload()
        self.session().command(b"QUIT")
        self.server.wait_for_log(r" session ")

    def test_reload_under_load(self):
        """Many reloads while mail flows: not one session is dropped, not one message lost."""
        wires = [self.session() for _ in range(4)]
        for i in range(10):
            self.write("table.textproto", _table(f"table {i}"))
            self.server.signal(signal.SIGHUP)
            for wire in wires:
                self.assertRegex(wire.deliver(b"message %d\r\n" % i), rb"^250")
        self.server.wait_for_log(r"reloaded: ", 1)
        self.assertEqual(len(self.server.messages()), 40)


class StopTest(unittest.TestCase):

    def test_idle_sessions_get_421_and_the_process_ends(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                with posternd_fixture.Posternd() as server:
                    with server.connect() as idle, server.connect() as silent:
                        idle.hello()
                        silent.read_reply()
                        server.signal(number)
                        for wire in (idle, silent):
                            self.assertRegex(wire.read_reply(), rb"^421 4\.3\.2 ")
                            self.assertEqual(wire.read_to_end(), b"")
                    self.assertEqual(server.wait(), 0)
                    log = server.log()
                    self.assertIn("stopping", log)
                    self.assertRegex(log, r"session .*reason=shutdown")

    def test_transaction_in_progress_finishes(self):
        with posternd_fixture.Posternd("--grace_seconds=15") as server:
            with server.connect() as wire:
                wire.hello()
                wire.open_transaction()
                self.assertRegex(wire.command(b"DATA"), rb"^354")
                wire.send(b"first half\r\n")
                server.signal(signal.SIGTERM)
                server.wait_for_log("stopping")
                self.assertTrue(wire.silent(0.3))
                with self.assertRaises((ConnectionError, EOFError)):
                    with server.connect() as late:
                        late.read_reply()
                wire.send(b"second half\r\n.\r\n")
                self.assertRegex(wire.read_reply(), rb"^250 2\.")
                self.assertRegex(wire.read_reply(), rb"^421 4\.3\.2 ")
                self.assertEqual(wire.read_to_end(), b"")
            self.assertEqual(server.wait(), 0)
            self.assertEqual(server.message().content, b"first half\r\nsecond half\r\n")

    def test_grace_is_bounded(self):
        """A client that never finishes is told 421 when the grace is over."""
        with posternd_fixture.Posternd("--grace_seconds=1") as server:
            with server.connect() as wire:
                wire.hello()
                wire.open_transaction()
                wire.command(b"DATA")
                wire.send(b"and then nothing")
                started = time.monotonic()
                server.signal(signal.SIGTERM)
                self.assertRegex(wire.read_reply(), rb"^421 ")
                self.assertEqual(wire.read_to_end(), b"")
                self.assertGreater(time.monotonic() - started, 0.8)
            self.assertEqual(server.wait(10), 0)
            self.assertEqual(server.messages(), [])
            self.assertEqual(server.in_tmp(), [])

    def test_second_signal_ends_it_at_once(self):
        with posternd_fixture.Posternd("--grace_seconds=300") as server:
            with server.connect() as wire:
                wire.hello()
                wire.open_transaction()
                server.signal(signal.SIGTERM)
                server.wait_for_log("stopping")
                server.signal(signal.SIGTERM)
                self.assertEqual(server.wait(10), 0)

    def test_restart_finds_what_was_delivered(self):
        directory = tempfile.mkdtemp(prefix="posternd-restart-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        for expected in (1, 2):
            with posternd_fixture.Posternd(directory=directory) as server:
                with server.connect() as wire:
                    wire.hello()
                    self.assertRegex(wire.deliver(b"x\r\n"), rb"^250")
                server.signal(signal.SIGTERM)
                self.assertEqual(server.wait(), 0)
                self.assertEqual(len(server.messages()), expected)


if __name__ == "__main__":
    py_unittest_main.main()
