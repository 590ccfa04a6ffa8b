# SPDX-License-Identifier: Apache-2.0
"""BDAT, octet for octet: what lies in the Maildir is what the chunks held (RFC 3030; contract D1).

A raw client, because no client that people have sends BINARYMIME, or cuts chunks where it hurts.
"""

import random

from tests.interop import interop_case
from tests.support import py_unittest_main

# All that a reader of lines could take for something.
_BINARY = (b"Content-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256)) +
           b"\r\n.\r\n.\n.\r.\r\r\n\n\r\n..\r\nQUIT\r\nBDAT 5 LAST\r\nRSET\r\n\x00\xff\r\n.\r\n\r")


class BdatOctetsTest(interop_case.InteropCase):

    def setUp(self):
        self.start()
        self.client = self.server.connect()
        self.addCleanup(self.client.close)
        self.client.hello()

    def open(self, parameters=b" BODY=BINARYMIME"):
        self.client.open_transaction(sender=b"<a@example.org>" + parameters)

    def send_chunks(self, *chunks, last=b""):
        """Each chunk with its command in one write, and its reply; `last` is sent as LAST."""
        for chunk in chunks:
            self.client.send(b"BDAT %d\r\n" % len(chunk) + chunk)
            self.assertRegex(self.client.read_reply(), rb"^250 2\.0\.0 ")
        self.client.send(b"BDAT %d LAST\r\n" % len(last) + last)
        self.assertRegex(self.client.read_reply(), rb"^250 2\.0\.0 ")

    def stored(self):
        message, = self.arrived()
        self.assertEqual(self.client.command(b"NOOP")[:3], b"250")
        return self.server.message().content

    def test_every_octet_in_one_chunk(self):
        self.open()
        self.send_chunks(last=_BINARY)
        self.assert_octets(self.stored(), _BINARY)

    def test_chunks_of_one_octet(self):
        self.open()
        self.send_chunks(*[_BINARY[i:i + 1] for i in range(len(_BINARY))])
        self.assert_octets(self.stored(), _BINARY)

    def test_cut_at_every_octet_of_the_hard_part(self):
        begin = _BINARY.index(b"\r\n.\r\n.\n")
        for cut in range(begin, len(_BINARY)):
            with self.subTest(cut=cut):
                self.open()
                self.send_chunks(_BINARY[:cut], last=_BINARY[cut:])
                self.assert_octets(self.stored(), _BINARY)

    def test_all_in_one_write(self):
        """RFC 3030 section 4.2: the envelope and all chunks in one group; each has a reply."""
        source = random.Random(3030)
        octets = source.randbytes(50_000)
        cuts = sorted(source.sample(range(len(octets)), 40))
        group = (b"MAIL FROM:<a@example.org> BODY=BINARYMIME SIZE=50000\r\nRCPT TO:<b@example.net>\r\n")
        for begin, end in zip([0] + cuts, cuts):
            group += b"BDAT %d\r\n" % (end - begin) + octets[begin:end]
        group += b"BDAT %d LAST\r\n" % (len(octets) - cuts[-1]) + octets[cuts[-1]:] + b"NOOP\r\n"
        self.client.send(group)
        replies = [self.client.read_reply() for _ in range(2 + 41 + 1)]
        self.assertEqual({reply[:3] for reply in replies}, {b"250"})
        self.assert_octets(self.stored(), octets)

    def test_octet_by_octet_on_the_network(self):
        self.open()
        for octet in b"BDAT %d LAST\r\n" % len(_BINARY) + _BINARY:
            self.client.send(bytes([octet]))
        self.assertRegex(self.client.read_reply(), rb"^250 2\.0\.0 ")
        self.assert_octets(self.stored(), _BINARY)

    def test_no_octets_at_all(self):
        self.open()
        self.send_chunks()
        self.assertEqual(self.stored(), b"")

    def test_large_noise(self):
        octets = random.Random(6152).randbytes(4_000_000)
        self.open()
        self.send_chunks(octets[:1], octets[1:3_000_001], last=octets[3_000_001:])
        self.assert_octets(self.stored(), octets)

    def test_without_binarymime_a_bare_line_end_is_refused(self):
        """Text by BDAT is text (RFC 3030 section 2): CR and LF stand together, and dots are dots."""
        self.open(b"")
        text = b"Subject: x\r\n\r\n.\r\n..\r\n\r\n.\r\nQUIT\r\n"
        self.send_chunks(text[:16], last=text[16:])
        self.assert_octets(self.stored(), text)
        for bad in (b"a\nb\r\n", b"a\rb\r\n"):
            self.open(b"")
            self.client.send(b"BDAT %d LAST\r\n" % len(bad) + bad)
            self.assertRegex(self.client.read_reply(), rb"^554-5\.6\.0 ")
            self.assertEqual(self.client.command(b"RSET")[:3], b"250")
        self.assertEqual(self.server.messages(), [])

    def test_octets_of_refused_chunks_are_no_commands(self):
        self.client.send(b"BDAT %d LAST\r\n" % len(_BINARY) + _BINARY)
        self.assertRegex(self.client.read_reply(), rb"^503 ")
        self.client.send(b"MAIL FROM:<a@example.org>\r\nBDAT %d\r\n" % len(_BINARY) + _BINARY + b"NOOP\r\n")
        self.assertEqual([self.client.read_reply()[:3] for _ in range(3)], [b"250", b"503", b"250"])
        self.assertTrue(self.client.silent())
        self.assertEqual(self.server.messages(), [])


if __name__ == "__main__":
    py_unittest_main.main()
