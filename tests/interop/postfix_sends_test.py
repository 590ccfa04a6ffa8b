# SPDX-License-Identifier: Apache-2.0
"""Postfix sends to posternd: DSN, SMTPUTF8, 8BITMIME, SIZE, PIPELINING, STARTTLS; and by lmtp(8), where
recipients of one message have different ends.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile

from tests.e2e import posternd_fixture
from tests.e2e import postfix_fixture
from tests.interop import interop_case
from tests.interop import messages
from tests.support import py_unittest_main

_SERVICES = """
127.0.0.1:{port}   inet  n       -       n       -       -       smtpd
smtp      unix  -       -       n       -       -       smtp
lmtp      unix  -       -       n       -       -       lmtp
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
"""
_MORE = """
mynetworks = 127.0.0.0/8
default_transport = %s
disable_dns_lookups = yes
"""


class _PostfixCase(interop_case.InteropCase):

    def postfix(self, transport="smtp:[127.0.0.1]:%d", more=""):
        mta = postfix_fixture.Postfix(_SERVICES, _MORE % (transport % self.wire.port) + more)
        self.addCleanup(mta.close)
        return mta


class PostfixTest(_PostfixCase):

    def test_dsn_8bitmime_size_and_pipelining(self):
        self.start()
        mta = self.postfix()
        given = messages.dots() + messages.eight_bit()
        self.give(mta, given, mail=["BODY=8BITMIME", "RET=HDRS", "ENVID=QQ+2B314"],
                  rcpt=["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;bob+2B1@example.net"])
        message, sent = self.arrived_as_sent(given, mta)
        self.assertRegex(sent.mail, rb"^MAIL FROM:<anna@example\.com> SIZE=[0-9]+ BODY=8BITMIME "
                                    rb"ENVID=QQ\+2B314 RET=HDRS$")
        self.assertEqual(sent.rcpts, [b"RCPT TO:<bob@example.net> ORCPT=rfc822;bob+2B1@example.net "
                                      b"NOTIFY=SUCCESS,DELAY"])
        self.assertEqual(message.mail_parameters, sent.mail.partition(b"> ")[2])
        self.assertIn(b"ORCPT=rfc822;bob+2B1@example.net NOTIFY=SUCCESS,DELAY", message.rcpt_parameters)
        # RFC 2920 section 3.1: the envelope in one group.
        self.assertTrue(self.wire.pipelined(rb"^MAIL [^\n]*\nRCPT [^\n]*\nDATA\r\n"))

    def test_notify_never_and_an_original_recipient_of_its_own(self):
        self.start()
        mta = self.postfix()
        self.give(mta, messages.dots(), rcpt=["NOTIFY=NEVER"])
        _, sent = self.arrived_as_sent(messages.dots(), mta)
        # It adds the ORCPT that its client left out (RFC 3461 section 5.2.1).
        self.assertEqual(sent.rcpts, [b"RCPT TO:<bob@example.net> ORCPT=rfc822;bob@example.net "
                                      b"NOTIFY=NEVER"])

    def test_smtputf8(self):
        self.start()
        mta = self.postfix()
        self.give(mta, messages.eight_bit(), recipients=["用户@bücher.example"], sender="jürgen@example.com",
                  mail=["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS"])
        message, sent = self.arrived_as_sent(messages.eight_bit(), mta)
        self.assertRegex(sent.mail, "^MAIL FROM:<jürgen@example.com> .*SMTPUTF8".encode())
        # Not the utf-8 of RFC 6533; tests/transcripts/dsn/orcpt_utf8.txt.
        self.assertEqual(sent.rcpts, ["RCPT TO:<用户@bücher.example> ORCPT=rfc822;"
                                      "+E7+94+A8+E6+88+B7@b+C3+BCcher.example".encode()])
        self.assertEqual(message.reverse_path, "<jürgen@example.com>".encode())
        self.assertEqual(message.recipients, ["<用户@bücher.example>".encode()])
        self.assertEqual(message.protocol, b"UTF8SMTP")

    def test_smtputf8_that_is_not_offered_is_returned(self):
        """RFC 6531 section 3.2: a client does not send what it was not offered."""
        self.start("--config=" + self.configuration("engine { extensions { smtputf8: SWITCH_OFF } }"))
        mta = self.postfix()
        self.give(mta, messages.eight_bit(), recipients=["bob@example.net"], sender="jürgen@example.com",
                  mail=["SMTPUTF8", "BODY=8BITMIME"])
        mta.wait_for_log(r"to=<bob@example\.net>.* dsn=5\.6\.7, status=bounced \(SMTPUTF8 is required")
        self.assertNotIn(b"SMTPUTF8", self.wire.commands() + self.wire.replies())
        self.assertNotIn("jürgen".encode(), self.wire.commands().partition(b"\r\n\r\n")[0])

    def configuration(self, text):
        directory = tempfile.mkdtemp(prefix="interop-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        path = os.path.join(directory, "posternd.textproto")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_large_message(self):
        self.start()
        mta = self.postfix()
        given = messages.large(1_000_000)
        self.give(mta, given)
        self.arrived_as_sent(given, mta)

    def test_message_that_is_too_large_is_returned_at_mail(self):
        """RFC 1870 section 6.1: no content is sent that the server has no room for."""
        self.start("--config=" + self.configuration("engine { limits { message_octets: 65536 } }"))
        mta = self.postfix()
        self.give(mta, messages.large(100_000))
        mta.wait_for_log(r"to=<bob@example\.net>.* status=bounced \(.*(SIZE|size)")
        self.assertNotRegex(self.wire.commands(), rb"MAIL FROM:<anna")

    def test_recipients_are_refused(self):
        self.start("--domains=example.net")
        mta = self.postfix()
        self.give(mta, messages.dots(), recipients=["bob@example.net", "carl@elsewhere.example"])
        mta.wait_for_log(r"to=<carl@elsewhere\.example>.* dsn=5\.7\.1, status=bounced .*said: 550 5\.7\.1 ")
        mta.wait_for_log(r"to=<bob@example\.net>.* dsn=2\.0\.0, status=sent \(250 2\.0\.0 ")
        message, = [each for each in self.arrived(1, mta) if each.reverse_path != b"<>"]
        self.assertEqual(message.recipients, [b"<bob@example.net>"])
        self.assert_octets(message.content[-len(messages.dots()):], messages.dots())

    def test_starttls(self):
        self.start(tls=True)
        mta = self.postfix(more="smtp_tls_security_level = encrypt\nsmtp_tls_loglevel = 1\n")
        given = messages.large(100_000)
        self.give(mta, given, mail=["RET=FULL", "ENVID=tls"])
        message, = self.arrived(1, mta)
        self.assert_octets(message.content[-len(given):], given)
        self.assertEqual(message.protocol, b"ESMTPS")
        self.assertRegex(message.tls, rb"^TLSv1\.3 ")
        self.assertRegex(message.mail_parameters, rb"ENVID=tls RET=FULL$")
        self.assertIn(b"STARTTLS\r\n", self.wire.commands())
        mta.wait_for_log(r"TLS connection established to 127\.0\.0\.1.*TLSv1\.3")


class LmtpTest(_PostfixCase):
    """posternd --protocol=lmtp behind lmtp(8)."""

    def lmtp(self):
        return self.postfix(transport="lmtp:inet:127.0.0.1:%d")

    def test_dsn(self):
        self.start("--protocol=lmtp")
        mta = self.lmtp()
        self.give(mta, messages.dots(), mail=["RET=HDRS", "ENVID=QQ314"], rcpt=["NOTIFY=FAILURE"])
        message, sent = self.arrived_as_sent(messages.dots(), mta)
        self.assertEqual(sent.hello, b"LHLO mx.example")
        self.assertRegex(sent.mail, rb" ENVID=QQ314 RET=HDRS$")
        self.assertRegex(sent.rcpts[0], rb" ORCPT=rfc822;bob@example\.net NOTIFY=FAILURE$")
        self.assertEqual(message.protocol, b"LMTP")

    def test_one_recipient_is_refused_after_the_content(self):
        """RFC 2033 section 4.2. Three recipients of one message: the disk has no room for the copy of the
        second (its rename fails, by strace(1)). Only that one is kept in Postfix's queue."""
        self.start("--protocol=lmtp", "--threads=1", "--delivery_threads=1")
        trace = os.path.join(self.server.directory, "trace")
        tracer = subprocess.Popen(
            [posternd_fixture.tool("strace", "strace"), "-f", "-o", trace, "-e",
             "trace=rename,renameat,renameat2,link,linkat", "-e",
             "inject=rename,renameat,renameat2,link,linkat:error=ENOSPC:when=1", "-p",
             str(self.server.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(tracer.stderr.close)
        self.addCleanup(tracer.wait, 10)
        self.addCleanup(tracer.send_signal, signal.SIGINT)
        self.assertIn(b"attached", tracer.stderr.readline(), "strace may not trace here")
        mta = self.lmtp()
        self.give(mta, messages.dots(),
                  recipients=["bob@example.net", "dora@example.net", "emil@example.net"])
        log = mta.wait_for_log(r"to=<dora@example\.net>.* dsn=4\.3\.1, status=deferred "
                               r"\(host 127\.0\.0\.1\[127\.0\.0\.1\] said: 452 4\.3\.1 .*end of DATA")
        for name in ("bob", "emil"):
            self.assertRegex(log, rf"to=<{name}@example\.net>.* dsn=2\.0\.0, status=sent \(250 2\.0\.0 ")
        found = self.arrived(2, mta)
        self.assertEqual(sorted(message.recipients for message in found),
                         [[b"<bob@example.net>"], [b"<emil@example.net>"]])
        sent, = self.wire.transactions()
        self.assertEqual(len(sent.rcpts), 3)
        for message in found:
            self.assert_octets(message.content, sent.content)
        self.assertEqual(self.server.in_tmp(), [])
        with open(trace, encoding="utf-8") as file:
            self.assertEqual(len(re.findall("INJECTED", file.read())), 1)

    def test_one_recipient_is_refused_before_the_content(self):
        self.start("--protocol=lmtp", "--domains=example.net")
        mta = self.lmtp()
        self.give(mta, messages.dots(), recipients=["bob@example.net", "carl@elsewhere.example"])
        mta.wait_for_log(r"to=<carl@elsewhere\.example>.* status=bounced .*said: 550 5\.7\.1 ")
        mta.wait_for_log(r"to=<bob@example\.net>.* status=sent \(250 2\.0\.0 ")
        message, = self.arrived(1, mta)
        self.assertEqual(message.recipients, [b"<bob@example.net>"])


class ManyTest(_PostfixCase):

    def test_many_messages(self):
        self.start()
        self.many(self.postfix(), 150)

    def test_many_messages_by_lmtp(self):
        self.start("--protocol=lmtp")
        self.many(self.postfix(transport="lmtp:inet:127.0.0.1:%d"), 150)


if __name__ == "__main__":
    py_unittest_main.main()
