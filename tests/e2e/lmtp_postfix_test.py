# SPDX-License-Identifier: Apache-2.0
"""Postfix's lmtp(8) delivers to posternd --protocol=lmtp (RFC 2033)."""

import smtplib
import time
import unittest

from tests.e2e import posternd_fixture
from tests.e2e import postfix_fixture
from tests.support import py_unittest_main

_SERVICES = """
127.0.0.1:{port}   inet  n       -       n       -       -       smtpd
lmtp      unix  -       -       n       -       -       lmtp
"""
_MORE = """
virtual_transport = lmtp:inet:127.0.0.1:%d
virtual_destination_recipient_limit = 10
lmtp_destination_recipient_limit = 10
"""
_MESSAGE = b"From: <anna@example.org>\r\nSubject: x\r\n\r\n.dot\r\nbye\r\n"


class LmtpPostfixTest(unittest.TestCase):

    def test_each_recipient_has_a_copy_and_a_verdict(self):
        with posternd_fixture.Posternd("--protocol=lmtp", "--server_name=mx.example.net") as server:
            with postfix_fixture.Postfix(_SERVICES, _MORE % server.port) as postfix:
                with smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
                    client.sendmail("anna@example.com", ["bob@example.org", "dora@example.org"],
                                    _MESSAGE)
                end = time.monotonic() + 30
                while postfix.log().count("status=sent") < 2 and time.monotonic() < end:
                    time.sleep(0.1)
                self.assertEqual(postfix.log().count("status=sent"), 2, postfix.log())
            messages = server.messages()
            self.assertEqual(sorted(message.recipients for message in messages),
                             [[b"<bob@example.org>"], [b"<dora@example.org>"]])
            for message in messages:
                self.assertEqual(message.protocol, b"LMTP")
                self.assertTrue(message.content.endswith(b"\r\n.dot\r\nbye\r\n"), message.content)
            # One transaction for both.
            self.assertEqual(len({message.id for message in messages}), 1)


if __name__ == "__main__":
    py_unittest_main.main()
