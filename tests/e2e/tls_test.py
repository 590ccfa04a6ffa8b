# SPDX-License-Identifier: Apache-2.0
"""STARTTLS (RFC 3207), TLS from the start (RFC 8314), and what must not pass between them (B4)."""

import os
import socket
import ssl
import tempfile
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main


class TlsTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="postern-tls-")
        certificate, key = posternd_fixture.make_certificate(cls.scratch.name)
        with open(certificate, encoding="ascii") as file:
            cls.certificate = ssl.PEM_cert_to_DER_cert(file.read())
        cls.flags = [f"--tls_cert={certificate}", f"--tls_key={key}"]
        cls.server = posternd_fixture.Posternd(*cls.flags, listen_tls=["127.0.0.1:0"])

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.scratch.cleanup()

    def test_starttls_is_listed_before_and_not_after(self):
        with self.server.connect() as wire:
            self.assertIn(b"250-STARTTLS\r\n", wire.hello())
            self.assertEqual(wire.start_tls(), self.certificate)
            reply = wire.command(b"EHLO client.example")
            self.assertNotIn(b"STARTTLS", reply)
            self.assertRegex(wire.command(b"STARTTLS"), rb"^503 5\.5\.1")

    def test_knowledge_from_before_tls_is_dropped(self):
        """B4, RFC 3207 section 4.2: the client has to say EHLO again."""
        with self.server.connect() as wire:
            wire.hello()
            wire.start_tls()
            self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^503 5\.5\.1")

    def test_octets_behind_starttls_are_never_executed(self):
        """B4, CVE-2011-0411: in the same packet, and in the next."""
        for injected in (b"STARTTLS\r\nEHLO evil.example\r\nNOOP\r\nMAIL FROM:<x@example.org>\r\n",
                         b"STARTTLS\r\nRSET"):
            with self.subTest(injected=injected):
                with self.server.connect() as wire:
                    wire.hello()
                    wire.send(injected)
                    reply = wire.read_reply()
                    self.assertRegex(reply, rb"^220 2\.0\.0")
                    # Either the handshake goes on over a stream from which they are gone, or it
                    # fails; in no case is there an answer to them.
                    try:
                        wire.wrap_tls()
                    except (ssl.SSLError, ConnectionError):
                        continue
                    self.assertTrue(wire.silent(0.2))
                    self.assertRegex(wire.command(b"NOOP"), rb"^250")
                    self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^503")

    def test_starttls_takes_no_argument(self):
        with self.server.connect() as wire:
            wire.hello()
            self.assertRegex(wire.command(b"STARTTLS now"), rb"^501 5\.5\.4")
            wire.start_tls()

    def test_starttls_inside_a_transaction_is_out_of_sequence(self):
        with self.server.connect() as wire:
            wire.hello()
            wire.open_transaction()
            self.assertRegex(wire.command(b"STARTTLS"), rb"^503 5\.5\.1")
            self.assertRegex(wire.command(b"DATA"), rb"^354")

    def test_failed_handshake_closes_without_a_reply(self):
        with self.server.connect() as wire:
            wire.hello()
            wire.command(b"STARTTLS")
            wire.send(b"this is no ClientHello\r\n")
            said = wire.read_to_end()
            self.assertNotRegex(said, rb"(?m)^[245][0-9]{2}[ -]")
        self.server.wait_for_log(r"session .*reason=\S*tls")

    def test_implicit_tls(self):
        with self.server.connect(port=self.server.ports[1]) as wire:
            self.assertEqual(wire.wrap_tls(), self.certificate)
            self.assertNotIn(b"STARTTLS", wire.hello())
            self.assertRegex(wire.deliver(b"over TLS\r\n"), rb"^250")
        message = self.server.message()
        self.assertEqual(message.content, b"over TLS\r\n")
        self.assertEqual(message.protocol, b"ESMTPS")

    def test_nothing_in_the_clear_on_the_tls_port(self):
        with self.server.connect(port=self.server.ports[1]) as wire:
            self.assertTrue(wire.silent(0.2))
            wire.send(b"EHLO client.example\r\n")
            self.assertNotRegex(wire.read_to_end(), rb"(?m)^[245][0-9]{2}[ -]")

    def test_old_tls_is_refused(self):
        context = posternd_fixture.client_tls_context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", self.server.ports[1]), 20) as plain:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(plain)

    def test_tls_session_cut_at_every_record(self):
        """R3 under TLS: one octet per record."""
        with self.server.connect() as wire:
            wire.hello()
            wire.start_tls()
            wire.command(b"EHLO client.example")
            wire.open_transaction()
            wire.command(b"DATA")
            for octet in b"..a\r\n\r\n..\r\n.\r\n":
                wire.send(bytes([octet]))
            self.assertRegex(wire.read_reply(), rb"^250")
        self.assertEqual(self.server.message().content, b".a\r\n\r\n.\r\n")

    def test_require_tls(self):
        """`require_tls`: 530 to what must not come before TLS (RFC 3207 section 4)."""
        config = os.path.join(self.scratch.name, "require.textproto")
        with open(config, "w", encoding="utf-8") as file:
            file.write("engine { require_tls: true }\n")
        with posternd_fixture.Posternd(f"--config={config}", *self.flags) as server:
            with server.connect() as wire:
                wire.hello()
                self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 5\.7\.0")
                self.assertRegex(wire.command(b"NOOP"), rb"^250")
                wire.start_tls()
                wire.command(b"EHLO client.example")
                self.assertRegex(wire.deliver(b"x\r\n"), rb"^250")


if __name__ == "__main__":
    py_unittest_main.main()
