# SPDX-License-Identifier: Apache-2.0
"""OpenSMTPD sends to posternd: DSN, STARTTLS, several messages in a session."""

from tests.interop import debian_mta
from tests.interop import interop_case
from tests.interop import messages
from tests.support import py_unittest_main


class _OpenSmtpdCase(interop_case.InteropCase):

    def opensmtpd(self, **options):
        mta = debian_mta.OpenSmtpd(self.wire.port, **options)
        self.addCleanup(mta.close)
        return mta


class OpenSmtpdTest(_OpenSmtpdCase):

    def test_dsn_and_dots(self):
        self.start()
        mta = self.opensmtpd()
        self.give(mta, messages.dots(), mail=["RET=HDRS", "ENVID=QQ314"],
                  rcpt=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;bob@example.net"])
        message, sent = self.arrived_as_sent(messages.dots(), mta)
        self.assertEqual(sent.mail, b"MAIL FROM:<anna@example.com> RET=HDRS ENVID=QQ314")
        self.assertEqual(sent.rcpts, [b"RCPT TO:<bob@example.net> NOTIFY=SUCCESS,FAILURE "
                                      b"ORCPT=rfc822;bob@example.net"])
        self.assertIsNone(sent.chunks)
        self.assertFalse(self.wire.pipelined(rb"MAIL [^\n]*\nRCPT "))
        self.assertEqual(message.mail_parameters, b"RET=HDRS ENVID=QQ314")
        self.assertIn(b"NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@example.net", message.rcpt_parameters)

    def test_large_eight_bit_message(self):
        self.start()
        mta = self.opensmtpd()
        given = messages.large(400_000)
        self.give(mta, given, mail=["BODY=8BITMIME"])
        self.arrived_as_sent(given, mta)

    def test_one_recipient_is_refused(self):
        self.start("--domains=example.net")
        mta = self.opensmtpd()
        self.give(mta, messages.dots(), recipients=["bob@example.net", "carl@elsewhere.example"])
        message, _ = self.arrived_as_sent(messages.dots(), mta)
        self.assertEqual(message.recipients, [b"<bob@example.net>"])
        mta.wait_for_log(r"to=<carl@elsewhere\.example> .*result=\"PermFail\" stat=\"550 5\.7\.1 ")
        mta.wait_for_log(r"to=<bob@example\.net> .*result=\"Ok\" stat=\"250 2\.0\.0 ")

    def test_several_messages_in_one_session(self):
        self.start()
        mta = self.opensmtpd()
        for i in range(5):
            self.give(mta, messages.large(3_000, seed=i))
        found = self.arrived(5, mta)
        self.assertEqual(sorted(message.content for message in found),
                         sorted(each.content for each in self.wire.transactions()))
        self.assertEqual(len(self.wire.sessions), 1)

    def test_starttls(self):
        self.start(tls=True)
        mta = self.opensmtpd(scheme="smtp+tls", more="tls no-verify")
        given = messages.large(100_000)
        self.give(mta, given, mail=["RET=FULL", "ENVID=tls"])
        message, = self.arrived(1, mta)
        self.assert_octets(message.content[-len(given):], given)
        self.assertEqual(message.protocol, b"ESMTPS")
        self.assertEqual(message.mail_parameters, b"RET=FULL ENVID=tls")
        self.assertIn(b"STARTTLS\r\n", self.wire.commands())


class ManyTest(_OpenSmtpdCase):

    def test_many_messages(self):
        self.start()
        self.many(self.opensmtpd(), 300)


if __name__ == "__main__":
    py_unittest_main.main()
