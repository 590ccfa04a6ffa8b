# SPDX-License-Identifier: Apache-2.0
"""What posternd answers to octets typed into a socket: the 500-path contract seen from outside.
Rule ids are the contract's (docs/extensions.md names them); the engine's own tests go deeper."""

import os
import re
import tempfile
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main


class ProtocolTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.server = posternd_fixture.Posternd("--server_name=mx.example.net")

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        self.wire = self.server.connect()
        self.addCleanup(self.wire.close)

    def assert_reply(self, reply, code, enhanced, *words):
        """One reply: code on all lines, enhanced code on all lines (R4, R5), and its words."""
        for line in reply.splitlines(keepends=True):
            self.assertLessEqual(len(line), 512)
            self.assertRegex(line, rb"^%d[ -]%s " % (code, re.escape(enhanced)))
        for word in words:
            self.assertIn(word.lower(), reply.lower())

    def assert_still_works(self):
        """R2: what worked before a 5yz answer works after it; R1: no second answer is on its way."""
        self.assert_reply(self.wire.command(b"NOOP"), 250, b"2.0.0")

    # Greeting and the good path

    def test_greeting_and_ehlo_name_the_server(self):
        greeting = self.wire.read_reply()
        self.assertRegex(greeting, rb"^220 mx\.example\.net ")
        reply = self.wire.command(b"EHLO client.example")
        lines = reply.splitlines()
        self.assertRegex(lines[0], rb"^250-mx\.example\.net\b")
        self.assertEqual([line[4:] for line in lines[1:]],
                         [b"SIZE 52428800", b"8BITMIME", b"PIPELINING", b"ENHANCEDSTATUSCODES",
                          b"SMTPUTF8", b"CHUNKING", b"BINARYMIME", b"DSN", b"HELP"])

    def test_quit_closes(self):
        self.wire.hello()
        self.assertRegex(self.wire.command(b"QUIT"), rb"^221 2\.0\.0 mx\.example\.net")
        self.assertEqual(self.wire.read_to_end(), b"")

    # C500

    def test_unknown_verb(self):
        self.wire.hello()
        self.assert_reply(self.wire.command(b"FROBNICATE now"), 500, b"5.5.1", b"HELP")
        self.assert_still_works()

    def test_unknown_verb_before_helo(self):
        self.wire.read_reply()
        self.assert_reply(self.wire.command(b"GET / HTTP/1.1"), 500, b"5.5.1")
        self.assert_still_works()

    def test_empty_line_and_lines_without_a_letter(self):
        self.wire.hello()
        for line in (b"", b"   ", b"123", b"<xml/>", b"\t"):
            with self.subTest(line=line):
                self.assert_reply(self.wire.command(line), 500, b"5.5.1")
        self.assert_still_works()

    # F2 to F6

    def test_line_of_exactly_512_octets_is_not_too_long(self):
        """F4, RFC 5321 section 4.3.2."""
        self.wire.hello()
        self.assert_reply(self.wire.command(b"NOOP " + b"x" * (512 - 7)), 250, b"2.0.0")
        self.assert_reply(self.wire.command(b"NOOP " + b"x" * (513 - 7)), 500, b"5.5.2", b"512")
        self.assert_still_works()

    def test_line_too_long_whatever_its_verb(self):
        """F4, F5: one 500 for a line of any length up to the total."""
        self.wire.hello()
        for octets in (513, 4096, 100_000, 1_000_000):
            with self.subTest(octets=octets):
                self.assert_reply(self.wire.command(b"A" * octets), 500, b"5.5.2", b"512")
        self.assert_still_works()

    def test_line_that_never_ends(self):
        """F5: 421 4.7.0 after 4 MiB, and the session closes."""
        self.wire.hello()
        try:
            for _ in range(80):
                self.wire.send(b"A" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assert_reply(self.wire.read_reply(), 421, b"4.7.0")
        self.assertEqual(self.wire.read_to_end(), b"")

    def test_mail_line_grows_by_the_extensions_in_force(self):
        """F4: SIZE 26, 8BITMIME 14, SMTPUTF8 10, BINARYMIME 2, DSN 116 on MAIL; DSN 530 on RCPT."""
        self.wire.hello()
        line = b"MAIL FROM:<a@example.org> X="
        limit = 512 + 26 + 14 + 10 + 2 + 116
        fits = line + b"x" * (limit - 2 - len(line))
        self.assert_reply(self.wire.command(fits), 555, b"5.5.4")
        self.assert_reply(self.wire.command(fits + b"x"), 500, b"5.5.2", b"%d" % limit)
        rcpt = b"RCPT TO:<a@example.org> X="
        self.assert_reply(self.wire.command(rcpt + b"x" * (512 + 530 - 1 - len(rcpt))), 500, b"5.5.2",
                          b"1042")
        self.assert_reply(self.wire.command(b"NOOP " + b"x" * (511 - 5)), 500, b"5.5.2", b"512")

    def test_bare_lf_is_answered_as_soon_as_it_is_seen(self):
        """F2: a person at a socket learns why; the rest up to CR LF is the same line."""
        self.wire.hello()
        self.wire.send(b"NOOP\n")
        self.assert_reply(self.wire.read_reply(), 500, b"5.5.2", b"LF", b"HELP")
        self.wire.send(b"MAIL FROM:<smuggled@example.org>\nDATA\nQUIT\r\n")
        self.assertTrue(self.wire.silent())
        self.assert_still_works()

    def test_bare_cr(self):
        """F3: one 500, when the line ends."""
        self.wire.hello()
        self.wire.send(b"NOOP\rQUIT\r")
        self.assertTrue(self.wire.silent())
        self.wire.send(b"\r\n")
        self.assert_reply(self.wire.read_reply(), 500, b"5.5.2")
        self.assert_still_works()

    def test_nul(self):
        """F3."""
        self.wire.hello()
        self.assert_reply(self.wire.command(b"NO\0OP"), 500, b"5.5.2")
        self.assert_reply(self.wire.command(b"NOOP \0"), 500, b"5.5.2")
        self.assert_still_works()

    def test_control_octets_are_named(self):
        """F6."""
        self.wire.hello()
        self.assert_reply(self.wire.command(b"NOOP \x07"), 500, b"5.5.2", b"0x07")
        self.assert_reply(self.wire.command(b"NOOP \x7f"), 500, b"5.5.2", b"0x7F")

    def test_eight_bit_octets(self):
        """F6: valid only in arguments, only under EHLO with SMTPUTF8, only as UTF-8."""
        self.wire.read_reply()
        self.wire.command(b"HELO client.example")
        self.assert_reply(self.wire.command("NOOP ü".encode()), 500, b"5.5.2", b"0xC3")
        self.wire.command(b"EHLO client.example")
        self.assert_reply(self.wire.command(b"NOOP \xff"), 500, b"5.5.2")
        self.assert_reply(self.wire.command("NÖÖP".encode()), 500, b"5.5.2")
        self.assert_still_works()

    def test_replies_hold_nothing_unprintable_of_the_client(self):
        """R4: no octet of a client reaches a reply unless it is printable ASCII."""
        self.wire.hello()
        for line in (b"X\x1b[31m", b"X\xc3\xbc", b"%s%n{server}", b"X" + b"{verb}" * 50):
            with self.subTest(line=line):
                reply = self.wire.command(line)
                self.assertRegex(reply, rb"^500")
                self.assertRegex(reply, rb"^(?:[\t\x20-\x7e]*\r\n)+$")
                self.assertNotIn(b"{server}mx", reply)

    def test_binary_garbage(self):
        """A TLS ClientHello, an HTTP request, random octets: answers in 5yz, then 421, no delivery."""
        for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
                        b"POST / HTTP/1.1\r\nHost: mx\r\nContent-Length: 9\r\n\r\nRSET\r\nX\r\n",
                        bytes(range(256)) * 300):
            with self.server.connect() as wire:
                self.assertRegex(wire.read_reply(), rb"^220")
                wire.send(garbage + b"\r\nQUIT\r\n")
                said = wire.read_to_end()
                self.assertRegex(said, rb"^(?:(?:5[0-9]{2}|421|250|221)[ -][\t\x20-\x7e]*\r\n)+$")
                self.assertRegex(said, rb"(?:221|421) [^\r\n]*\r\n$")
        self.assertEqual(self.server.messages(), [])

    # C501 to C555

    def test_arguments(self):
        self.wire.hello()
        for line, code, enhanced in (
                (b"RSET now", 501, b"5.5.4"), (b"DATA x", 501, b"5.5.4"),
                (b"QUIT x", 501, b"5.5.4"), (b"MAIL", 501, b"5.5.4"), (b"VRFY", 501, b"5.5.4"),
                (b"HELO", 501, b"5.5.4"), (b"MAIL FROM:a@example.org", 501, b"5.1.7"),
                (b"MAIL FROM:<a@b@c>", 501, b"5.1.7"), (b"MAIL FROM: <a@example.org>", 501, b"5.1.7"),
                (b"MAIL FROM:<a@example.org> SIZE=x", 501, b"5.5.4"),
                (b"MAIL FROM:<a@example.org> SIZE=99999999999", 552, b"5.3.4"),
                (b"MAIL FROM:<a@example.org> AUTH=<>", 555, b"5.5.4"),
                (b"MAIL FROM:<a@example.org> SIZE=1 SIZE=1", 555, b"5.5.4")):
            with self.subTest(line=line):
                with self.server.connect() as wire:
                    wire.hello()
                    if line.startswith(b"DATA"):
                        wire.open_transaction()
                    self.assert_reply(wire.command(line), code, enhanced)
                    self.assert_reply(wire.command(b"NOOP"), 250, b"2.0.0")

    def test_bad_forward_path(self):
        self.wire.hello()
        self.wire.command(b"MAIL FROM:<a@example.org>")
        for path in (b"<>", b"bob", b"<bob>", b"<a b@example.net>", b"<" + b"x" * 65 + b"@e.net>"):
            with self.subTest(path=path):
                self.assert_reply(self.wire.command(b"RCPT TO:" + path), 501, b"5.1.3")
        self.assert_reply(self.wire.command(b"RCPT TO:<bob@example.net>"), 250, b"2.1.5")

    def test_commands_not_offered(self):
        """C502: known, and never offered here."""
        self.wire.hello()
        for verb in (b"EXPN list", b"TURN", b"SEND FROM:<a@b.c>", b"SOML FROM:<a@b.c>",
                     b"SAML FROM:<a@b.c>", b"STARTTLS"):
            with self.subTest(verb=verb):
                self.assert_reply(self.wire.command(verb), 502, b"5.5.1")
        self.assert_reply(self.wire.command(b"VRFY bob"), 252, b"2.0.0")

    def test_sequence(self):
        """C503; the transaction is untouched."""
        self.wire.read_reply()
        self.assert_reply(self.wire.command(b"MAIL FROM:<a@example.org>"), 503, b"5.5.1")
        self.wire.command(b"EHLO client.example")
        self.assert_reply(self.wire.command(b"RCPT TO:<b@example.net>"), 503, b"5.5.1")
        self.assert_reply(self.wire.command(b"DATA"), 503, b"5.5.1")
        self.wire.open_transaction()
        self.assert_reply(self.wire.command(b"MAIL FROM:<c@example.org>"), 503, b"5.5.1")
        self.assertRegex(self.wire.command(b"DATA"), rb"^354 [^\r\n]*\r\n$")
        self.wire.send(b"x\r\n.\r\n")
        self.assert_reply(self.wire.read_reply(), 250, b"2.0.0")
        self.assertEqual(self.server.message().reverse_path, b"<a@example.org>")

    # C214, C504

    def test_help_lists_what_is_in_force(self):
        self.wire.hello()
        reply = self.wire.command(b"HELP")
        self.assert_reply(reply, 214, b"2.0.0", *(b"HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY "
                                                b"HELP".split()))
        words = set(re.findall(rb"[A-Z]{4,}", reply))
        self.assertFalse(words & {b"EXPN", b"TURN", b"SEND", b"SOML", b"SAML", b"STARTTLS"}, reply)

    def test_help_before_helo_and_inside_a_transaction(self):
        self.wire.read_reply()
        self.assert_reply(self.wire.command(b"HELP"), 214, b"2.0.0")
        self.wire.command(b"EHLO client.example")
        self.wire.open_transaction()
        self.assert_reply(self.wire.command(b"HELP MAIL"), 214, b"2.0.0", b"MAIL FROM:")
        self.assert_reply(self.wire.command(b"RCPT TO:<c@example.net>"), 250, b"2.1.5")

    def test_help_of_reply_codes(self):
        """HELP 500 and HELP 214: what they mean and what to do."""
        self.wire.hello()
        self.assert_reply(self.wire.command(b"HELP 500"), 214, b"2.0.0", b"500")
        self.assert_reply(self.wire.command(b"help 214"), 214, b"2.0.0", b"214")

    def test_help_of_each_command_in_force(self):
        self.wire.hello()
        for verb in (b"HELO", b"EHLO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"NOOP", b"QUIT",
                     b"VRFY", b"HELP"):
            with self.subTest(verb=verb):
                self.assert_reply(self.wire.command(b"HELP " + verb), 214, b"2.0.0", verb)

    def test_help_topic_unknown(self):
        self.wire.hello()
        self.assert_reply(self.wire.command(b"HELP FROBNICATE"), 504, b"5.5.4")
        self.assert_reply(self.wire.command(b"HELP EXPN"), 504, b"5.5.4")

    # R6

    def test_too_many_errors(self):
        """Twenty 5yz answers, then 421 4.7.0 in place of the next one, and the end."""
        self.wire.hello()
        for _ in range(20):
            self.assertRegex(self.wire.command(b"X"), rb"^500")
        self.assert_reply(self.wire.command(b"X"), 421, b"4.7.0")
        self.assertEqual(self.wire.read_to_end(), b"")
        log = self.server.wait_for_log(r"session .*rules=[^\n]*R6")
        self.assertRegex(log, r"refused .*code=500 rule=C500 line=X")

    # Content

    def test_end_of_data_is_one_sequence_only(self):
        """D1, D3 (CVE-2023-51764): look-alikes are content, and a bare newline refuses it whole."""
        for fake in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n",
                     b"\r\n.\r\r\n"):
            with self.subTest(fake=fake):
                with self.server.connect() as wire:
                    wire.hello()
                    wire.open_transaction()
                    wire.command(b"DATA")
                    wire.send(b"Subject: a" + fake + b"MAIL FROM:<smuggled@example.org>\r\n"
                              b"RCPT TO:<b@example.net>\r\nDATA\r\nSubject: b")
                    self.assertTrue(wire.silent(0.1))
                    wire.send(b"\r\n.\r\n")
                    self.assert_reply(wire.read_reply(), 554, b"5.6.0")
                    self.assertRegex(wire.command(b"NOOP"), rb"^250")
        self.assertEqual(self.server.messages(), [])
        self.assertEqual(self.server.in_tmp(), [])

    def test_nul_before_the_dot_is_content(self):
        """D1: CR LF NUL . CR LF and CR LF . NUL CR LF end nothing, and nothing is changed."""
        content = b"a\r\n\0.\r\nb\r\n.\0\r\nc\r\n"
        self.wire.hello()
        self.assertRegex(self.wire.deliver(content), rb"^250")
        self.assertEqual(self.server.message().content, content)

    def test_message_over_the_limit(self):
        """D4: read to its end, 552, nothing kept, and the session goes on."""
        self.wire.hello()
        self.wire.open_transaction()
        self.wire.command(b"DATA")
        line = b"z" * 998 + b"\r\n"
        for _ in range(530):
            self.wire.send(line * 100)
        self.wire.send(b".\r\n")
        self.assert_reply(self.wire.read_reply(), 552, b"5.3.4")
        self.assertRegex(self.wire.deliver(b"after\r\n"), rb"^250")
        self.assertEqual(self.server.message().content, b"after\r\n")
        self.assertEqual(self.server.in_tmp(), [])

    def test_disconnect_inside_content_leaves_nothing(self):
        self.wire.hello()
        self.wire.open_transaction()
        self.wire.command(b"DATA")
        self.wire.send(b"half a mess")
        self.wire.close()
        self.server.wait_for_log(r"message .*verdict=refused")
        self.assertEqual(self.server.messages(), [])
        self.assertEqual(self.server.in_tmp(), [])

    def test_rset_voids_the_transaction(self):
        self.wire.hello()
        self.wire.open_transaction()
        self.assert_reply(self.wire.command(b"RSET"), 250, b"2.0.0")
        self.assert_reply(self.wire.command(b"DATA"), 503, b"5.5.1")


class BareNewlineNormalizeTest(unittest.TestCase):
    """The one leniency of content: `bare_newline: BARE_NEWLINE_NORMALIZE`."""

    def test_bare_newlines_become_crlf_and_end_nothing(self):
        with tempfile.TemporaryDirectory() as directory:
            config = os.path.join(directory, "posternd.textproto")
            with open(config, "w", encoding="utf-8") as file:
                file.write("engine { bare_newline: BARE_NEWLINE_NORMALIZE }\n")
            with posternd_fixture.Posternd(f"--config={config}") as server:
                with server.connect() as wire:
                    wire.hello()
                    wire.open_transaction()
                    wire.command(b"DATA")
                    wire.send(b"a\nb\rc\n.\nd\r\n.\r\n")
                    self.assertRegex(wire.read_reply(), rb"^250")
                self.assertEqual(server.message().content, b"a\r\nb\r\nc\r\n.\r\nd\r\n")


if __name__ == "__main__":
    py_unittest_main.main()
