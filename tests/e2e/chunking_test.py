# SPDX-License-Identifier: Apache-2.0
"""BDAT and BINARYMIME (RFC 3030) against posternd: content lies in the Maildir octet for octet, and the
octets of chunks are never commands, also through the gate to a second posternd."""

import random
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

# Lines that would end or begin something were they read as SMTP.
TEXT = (b"Subject: chunks\r\n\r\n.\r\n..\r\nQUIT\r\nRSET\r\nBDAT 5 LAST\r\nMAIL FROM:<a@example.org>\r\n"
        b".\r\nnothing at the end")
# Every octet, newlines of every kind, and a CR last.
BINARY = bytes(range(256)) * 3 + b"\n.\n\r.\r\r\n.\r\n\0\r\n.\n\r"


def pieces(content, seed):
    """Content in chunks of any length, also none."""
    rng = random.Random(seed)
    while content:
        size = rng.choice((0, 1, 2, 3, 10, 100, 1000, len(content)))
        yield content[:size]
        content = content[size:]


class ChunkingTest(unittest.TestCase):

    def begin(self, wire, parameters=b""):
        for command in (b"MAIL FROM:<a@example.org>" + parameters, b"RCPT TO:<b@example.org>"):
            self.assertRegex(wire.command(command), rb"^250 ")

    def send_chunks(self, wire, content, seed, last_is_empty=False):
        """All at once, as PIPELINING allows; one reply to each comes behind it."""
        chunks = list(pieces(content, seed))
        if last_is_empty:
            chunks.append(b"")
        for i, chunk in enumerate(chunks):
            last = b" LAST" if i + 1 == len(chunks) else b""
            wire.send(b"BDAT %d%s\r\n" % (len(chunk), last) + chunk)
        for _ in chunks:
            self.assertRegex(wire.read_reply(), rb"^250 2\.0\.0 ")

    def deliver_all(self, server, wire):
        for seed in range(8):
            with self.subTest(seed=seed):
                self.begin(wire)
                self.send_chunks(wire, TEXT, seed, last_is_empty=seed % 2 == 1)
                self.assertEqual(server.message().content, TEXT)
                self.begin(wire, b" BODY=BINARYMIME")
                self.send_chunks(wire, BINARY, seed, last_is_empty=seed % 3 == 1)
                self.assertEqual(server.message().content, BINARY)

    def test_content_is_kept_octet_for_octet(self):
        with posternd_fixture.Posternd() as server, server.connect() as wire:
            self.assertRegex(wire.hello(), rb"250[- ]BINARYMIME\r\n")
            self.deliver_all(server, wire)

    def test_content_goes_through_the_gate_octet_for_octet(self):
        with posternd_fixture.Posternd() as back, \
                posternd_fixture.Posternd(f"--upstream=smtp://127.0.0.1:{back.port}",
                                          maildir=False) as front, front.connect() as wire:
            self.assertRegex(wire.hello(), rb"250[- ]BINARYMIME\r\n")
            self.deliver_all(back, wire)

    def test_chunks_of_a_refused_bdat_are_no_commands(self):
        with posternd_fixture.Posternd() as server, server.connect() as wire:
            wire.hello()
            # Outside of a transaction, with a bad argument, and after a chunk that was lost.
            wire.send(b"BDAT 12\r\nQUIT\r\nNOOP\r\n")
            self.assertRegex(wire.read_reply(), rb"^503 ")
            self.begin(wire)
            wire.send(b"BDAT 6 FIRST\r\nQUIT\r\nBDAT 6\r\nRSET\r\nBDAT 6 LAST\r\nQUIT\r\n")
            self.assertRegex(wire.read_reply(), rb"^501 ")
            self.assertRegex(wire.read_reply(), rb"^503 ")
            self.assertRegex(wire.read_reply(), rb"^503 ")
            self.assertTrue(wire.silent())
            self.assertEqual(server.messages(), [])
            self.begin(wire)
            self.send_chunks(wire, TEXT, 1)
            self.assertEqual(server.message().content, TEXT)

    def test_data_cannot_carry_what_comes_in_chunks(self):
        with posternd_fixture.Posternd() as server, server.connect() as wire:
            wire.hello()
            self.begin(wire, b" BODY=BINARYMIME")
            self.assertRegex(wire.command(b"DATA"), rb"^503 ")
            wire.send(b"BDAT 2\r\nxy")
            self.assertRegex(wire.read_reply(), rb"^250 ")
            self.assertRegex(wire.command(b"DATA"), rb"^503 ")
            self.assertRegex(wire.command(b"RSET"), rb"^250 ")
            self.assertEqual(server.messages(), [])

    def test_a_bare_newline_in_text_is_refused(self):
        with posternd_fixture.Posternd() as server, server.connect() as wire:
            wire.hello()
            for content in (b"a\nb\r\n", b"a\rb\r\n", b"a\r"):
                self.begin(wire)
                wire.send(b"BDAT %d LAST\r\n" % len(content) + content)
                self.assertRegex(wire.read_reply(), rb"^554[- ]5\.6\.0 ")
            self.assertEqual(server.messages(), [])

    def test_a_size_that_cannot_be_told_closes(self):
        with posternd_fixture.Posternd() as server:
            for argument in (b"", b" x", b" 9223372036854775808", b" -1"):
                with self.subTest(argument=argument), server.connect() as wire:
                    wire.hello()
                    self.begin(wire)
                    wire.send(b"BDAT" + argument + b"\r\nMAIL FROM:<smuggled@example.org>\r\n")
                    self.assertRegex(wire.read_reply(), rb"^501 ")
                    self.assertEqual(wire.read_to_end(), b"")

    def test_a_message_of_megabytes(self):
        content = random.Random(1).randbytes(8 * 1024 * 1024)
        with posternd_fixture.Posternd() as server, server.connect() as wire:
            wire.hello()
            self.begin(wire, b" BODY=BINARYMIME")
            for at in range(0, len(content), 1 << 20):
                wire.send(b"BDAT %d\r\n" % (1 << 20) + content[at:at + (1 << 20)])
                self.assertRegex(wire.read_reply(), rb"^250 ")
            self.assertRegex(wire.command(b"BDAT 0 LAST"), rb"^250 ")
            self.assertEqual(server.message().content, content)


if __name__ == "__main__":
    py_unittest_main.main()
