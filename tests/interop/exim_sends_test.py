# SPDX-License-Identifier: Apache-2.0
"""Exim sends to posternd: CHUNKING, DSN, SMTPUTF8, SIZE, PIPELINING, STARTTLS."""

import re

from tests.interop import debian_mta
from tests.interop import interop_case
from tests.interop import messages
from tests.support import py_unittest_main


class _EximCase(interop_case.InteropCase):

    def exim(self, **options):
        mta = debian_mta.Exim(self.wire.port, **options)
        self.addCleanup(mta.close)
        return mta


class EximTest(_EximCase):

    def test_chunking_and_dsn(self):
        self.start()
        mta = self.exim()
        self.give(mta, messages.dots(), mail=["RET=HDRS", "ENVID=QQ+2B314"],
                  rcpt=["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;bob+2B1@example.net"])
        message, sent = self.arrived_as_sent(messages.dots(), mta)
        # One chunk, which counts the octets and stuffs no dot (RFC 3030 section 2).
        self.assertEqual(sent.chunks, [len(message.content)])
        self.assertNotIn(b"\r\nDATA\r\n", self.wire.commands())
        self.assertRegex(sent.mail, rb"^MAIL FROM:<anna@example\.com> SIZE=[0-9]+ RET=HDRS ENVID=QQ\+2B314$")
        self.assertEqual(sent.rcpts, [b"RCPT TO:<bob@example.net> NOTIFY=SUCCESS,DELAY "
                                      b"ORCPT=rfc822;bob+2B1@example.net"])
        self.assertEqual(message.mail_parameters, sent.mail.partition(b"> ")[2])
        self.assertIn(b"NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob+2B1@example.net", message.rcpt_parameters)
        self.assertEqual(message.protocol, b"ESMTP")
        # Envelope and chunk went out in one group (RFC 2920 section 3.1; RFC 3030 section 4.2).
        self.assertTrue(self.wire.pipelined(rb"^MAIL [^\n]*\nRCPT [^\n]*\nBDAT [0-9]+ LAST\r\n"))

    def test_a_large_message_goes_in_several_chunks(self):
        self.start()
        mta = self.exim()
        given = messages.large(400_000)
        self.give(mta, given)
        message, sent = self.arrived_as_sent(given, mta)
        # The header and what fits beside it, and the rest as the last.
        self.assertGreater(len(sent.chunks), 1)
        self.assertEqual(sum(sent.chunks), len(message.content))

    def test_without_chunking(self):
        self.start()
        mta = self.exim(transport="hosts_try_chunking =")
        self.give(mta, messages.dots())
        _, sent = self.arrived_as_sent(messages.dots(), mta)
        self.assertIsNone(sent.chunks)
        self.assertTrue(self.wire.pipelined(rb"^MAIL [^\n]*\nRCPT [^\n]*\nDATA\r\n"))

    def test_smtputf8(self):
        self.start()
        mta = self.exim()
        self.give(mta, messages.eight_bit(), recipients=["用户@bücher.example"], sender="jürgen@example.com",
                  mail=["SMTPUTF8", "BODY=8BITMIME"])
        message, sent = self.arrived_as_sent(messages.eight_bit(), mta)
        self.assertRegex(sent.mail, "^MAIL FROM:<jürgen@example.com> .*SMTPUTF8".encode())
        self.assertEqual(message.reverse_path, "<jürgen@example.com>".encode())
        self.assertEqual(message.recipients, ["<用户@bücher.example>".encode()])
        self.assertEqual(message.protocol, b"UTF8SMTP")

    def test_one_recipient_is_refused(self):
        """The chunk was under way with the envelope; it is the other recipient's message."""
        self.start("--domains=example.net")
        mta = self.exim()
        self.give(mta, messages.dots(), recipients=["bob@example.net", "carl@elsewhere.example"])
        message, sent = self.arrived_as_sent(messages.dots(), mta)
        self.assertEqual(message.recipients, [b"<bob@example.net>"])
        self.assertEqual(len(sent.rcpts), 2)
        mta.wait_for_log(r"\*\* carl@elsewhere\.example .*550 5\.7\.1 ")
        mta.wait_for_log(r"=> bob@example\.net .* K C=\"250 2\.0\.0")

    def test_all_recipients_are_refused(self):
        """The octets of a refused chunk are no commands: DOTS has QUIT and BDAT in it."""
        self.start("--domains=example.net")
        mta = self.exim()
        self.give(mta, messages.dots(), recipients=["carl@elsewhere.example"])
        log = mta.wait_for_log(r"\*\* carl@elsewhere\.example .*550 5\.7\.1 ")
        self.assertNotRegex(log, r"=> carl")
        session = self.wire.sessions[0]
        self.assertIn(b"BDAT ", session.said(0))
        self.assertTrue(self.wire.pipelined(rb"^MAIL [^\n]*\nRCPT [^\n]*\nBDAT [0-9]+ LAST\r\n"))
        # One reply each to EHLO, MAIL, RCPT, BDAT (and what Exim says after), behind the greeting.
        codes = re.findall(rb"(?m)^([0-9]{3}) ", session.said(1))
        self.assertEqual(codes[:5], [b"220", b"250", b"250", b"550", b"503"])
        self.assertNotIn(b"500", codes)
        self.assertEqual(self.server.messages(), [])

    def test_starttls(self):
        self.start(tls=True)
        mta = self.exim(transport="hosts_require_tls = *\ntls_verify_certificates = " + self.certificate +
                        "\ntls_verify_hosts = *\ntls_verify_cert_hostnames =")
        given = messages.large(100_000)
        self.give(mta, given, mail=["RET=FULL", "ENVID=tls"])
        message, = self.arrived(1, mta)
        self.assert_octets(message.content[-len(given):], given)
        self.assertEqual(message.protocol, b"ESMTPS")
        self.assertRegex(message.tls, rb"^TLSv1\.3 ")
        self.assertRegex(message.mail_parameters, rb"RET=FULL ENVID=tls$")
        self.assertIn(b"STARTTLS\r\n", self.wire.commands())
        # K: by BDAT; CV=yes: the certificate was verified.
        mta.wait_for_log(r"=> bob@example\.net .* X=TLS1\.3\S* CV=yes K C=")


class ManyTest(_EximCase):

    def test_many_messages(self):
        self.start()
        self.many(self.exim(), 300)


if __name__ == "__main__":
    py_unittest_main.main()
