# SPDX-License-Identifier: Apache-2.0
"""XCLIENT and XFORWARD of peers in --trusted_networks, and of others."""

import smtplib
import socket
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main


class XclientTest(unittest.TestCase):

    def server(self, *flags):
        server = posternd_fixture.Posternd("--server_name=mx.example.net", *flags)
        self.addCleanup(server.close)
        return server

    def talk(self, server, octets):
        with socket.create_connection(("127.0.0.1", server.port), 20) as client:
            client.sendall(octets)
            got = b""
            while piece := client.recv(4096):
                got += piece
        return [line for line in got.split(b"\r\n")[:-1] if line[3:4] == b" "]

    def test_a_trusted_peer_speaks_for_its_client(self):
        server = self.server("--trusted_networks=127.0.0.0/8")
        lines = self.talk(
            server,
            b"EHLO proxy.example\r\nXCLIENT NAME=spike.example ADDR=198.51.100.7 PORT=4711\r\n"
            b"EHLO a.example\r\nXFORWARD IDENT=AB12\r\nMAIL FROM:<a@client.example>\r\n"
            b"RCPT TO:<b@example.net>\r\nDATA\r\nhello\r\n.\r\n"
            b"XCLIENT ADDR=IPV6:2001:db8::7\r\nHELO b.example\r\nMAIL FROM:<>\r\n"
            b"RCPT TO:<b@example.net>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n")
        self.assertEqual([line[:3] for line in lines],
                         [b"220", b"250", b"220", b"250", b"250", b"250", b"250", b"354", b"250",
                          b"220", b"250", b"250", b"250", b"354", b"250", b"221"])
        first, second = sorted(server.messages(), key=lambda message: message.helo)
        self.assertEqual((first.helo, first.client), (b"a.example", b"[198.51.100.7]"))
        self.assertEqual((second.helo, second.client), (b"b.example", b"[IPv6:2001:db8::7]"))
        server.wait_for_log("forwarded=AB12")

    def test_others_are_not_offered_it_and_refused(self):
        server = self.server("--trusted_networks=192.0.2.0/24")
        with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
            client.ehlo("client.example")
            self.assertFalse(client.has_extn("xclient"))
            self.assertEqual(client.docmd("XCLIENT", "ADDR=198.51.100.7")[0], 550)
            self.assertEqual(client.docmd("XFORWARD", "ADDR=198.51.100.7")[0], 550)

    def test_without_trusted_networks_it_is_off(self):
        server = self.server()
        with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
            client.ehlo("client.example")
            self.assertEqual(client.docmd("XCLIENT", "ADDR=198.51.100.7")[0], 502)

    def test_the_limit_for_one_client_is_about_the_client_told_of(self):
        server = self.server("--trusted_networks=127.0.0.0/8", "--max_connections_per_client=1")
        with socket.create_connection(("127.0.0.1", server.port), 20) as first:
            first.recv(100)
            first.sendall(b"XCLIENT ADDR=198.51.100.7\r\n")
            self.assertEqual(first.recv(100)[:3], b"220")
            lines = self.talk(server, b"XCLIENT ADDR=198.51.100.7\r\n")
            self.assertEqual([line[:3] for line in lines], [b"220", b"421"])


if __name__ == "__main__":
    py_unittest_main.main()
