# SPDX-License-Identifier: Apache-2.0
"""posternd --protocol=lmtp with clients that people have (RFC 2033): a message and a verdict for each
recipient. Postfix's lmtp(8) is in lmtp_postfix_test.
"""

import smtplib
import socket
import subprocess
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

_MESSAGE = b"From: <anna@example.org>\r\nSubject: x\r\n\r\n.dot\r\nbye\r\n"


class LmtpTest(unittest.TestCase):

    def setUp(self):
        self.server = posternd_fixture.Posternd(
            "--protocol=lmtp", "--server_name=mx.example.net", "--domains=example.net")
        self.addCleanup(self.server.close)

    def recipients(self):
        return sorted(message.recipients for message in self.server.messages())

    def test_smtplib(self):
        # It reads one reply behind the content, as if this were SMTP: one accepted recipient.
        with smtplib.LMTP("127.0.0.1", self.server.port, local_hostname="client.example") as client:
            refused = client.sendmail(
                "anna@example.org", ["bob@example.net", "carl@elsewhere.example"], _MESSAGE)
        self.assertEqual(list(refused), ["carl@elsewhere.example"])
        self.assertEqual(refused["carl@elsewhere.example"][0], 550)
        message, = self.server.messages()
        self.assertEqual(message.recipients, [b"<bob@example.net>"])
        self.assertEqual(message.content, _MESSAGE)
        self.assertEqual(message.protocol, b"LMTP")

    def test_one_reply_for_each_recipient_of_each_message(self):
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as client:
            client.sendall(
                b"LHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.net>\r\n"
                b"RCPT TO:<b@example.net>\r\nRCPT TO:<a@example.net>\r\nDATA\r\nhello\r\n.\r\n"
                b"MAIL FROM:<>\r\nRCPT TO:<a@example.net>\r\nRCPT TO:<b@example.net>\r\n"
                b"BDAT 3\r\nhelBDAT 4 LAST\r\nlo\r\nEHLO client.example\r\nQUIT\r\n")
            octets = b""
            while piece := client.recv(4096):
                octets += piece
        codes = [line[:3] for line in octets.split(b"\r\n")[:-1] if line[3:4] == b" "]
        self.assertEqual(codes, [b"220"] + [b"250"] * 5 + [b"354"] + [b"250"] * 3 +
                         [b"250"] * 4 + [b"250"] * 2 + [b"500", b"221"])
        self.assertEqual(self.recipients(), [[b"<a@example.net>"]] * 3 + [[b"<b@example.net>"]] * 2)
        self.assertEqual({message.content for message in self.server.messages()}, {b"hello\r\n"})

    def test_swaks(self):
        done = subprocess.run(
            [posternd_fixture.tool("swaks", "swaks"), "--protocol", "LMTP", "--server", "127.0.0.1",
             "--port", str(self.server.port), "--ehlo", "client.example", "--from",
             "anna@example.org", "--to", "bob@example.net,dora@example.net", "--body", "hello"],
            timeout=50, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:])
        self.assertEqual(self.recipients(), [[b"<bob@example.net>"], [b"<dora@example.net>"]])

    def test_smtp_is_told_that_this_is_lmtp(self):
        with self.assertRaises(smtplib.SMTPHeloError) as caught:
            with smtplib.SMTP("127.0.0.1", self.server.port, local_hostname="client.example") as client:
                client.sendmail("anna@example.org", ["bob@example.net"], _MESSAGE)
        self.assertEqual(caught.exception.smtp_code, 500)
        self.assertEqual(self.recipients(), [])


if __name__ == "__main__":
    py_unittest_main.main()
