# SPDX-License-Identifier: Apache-2.0
"""postern-milter with Debian's Postfix (docs/hosts/postfix.md)."""

import os
import re
import signal
import unittest

from tests.e2e import milter_fixture
from tests.e2e import postfix_fixture
from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

CONTENT = milter_fixture.CONTENT


def documented(name):
    """The lines of docs/hosts/postfix.md that are marked as tested under `name`."""
    with open("docs/hosts/postfix.md", encoding="utf-8") as file:
        block = re.search(rf"<!-- tested: {name} -->\n((?:    [^\n]*\n|\n(?=    ))+)", file.read())
    return re.sub("(?m)^    ", "", block[1])


class Postfix(postfix_fixture.Postfix):

    def restart(self, number):
        self.stop(number)
        self.start()


class PostfixCase:

    def mta(self, milter, more="", services=""):
        lines = documented("milter")
        self.assertIn("unix:milter/postern", lines)
        lines = lines.replace("unix:milter/postern", milter.postfix())
        postfix = Postfix(services="127.0.0.1:{port} inet n - n - - smtpd\n" + services,
                          more=lines + more)
        self.addCleanup(postfix.close)
        return postfix

    def body(self, message):
        """The message behind the fields that Postfix puts before it, with CR LF."""
        return message[message.index(b"From: a@"):].replace(b"\n", b"\r\n")


class Mail(PostfixCase, milter_fixture.Cases, unittest.TestCase):

    def test_by_a_socket_of_the_file_system(self):
        milter = self.milter("--socket_mode=0660", f"--socket_group={postfix_fixture.OWNER}",
                             socket="unix:DIRECTORY/postern")
        path = milter.socket[len("unix:"):]
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
        wire = self.greet(self.mta(milter).port)
        self.assertRegex(wire.command(b"XYZZY"), rb"^500[ -]5\.5\.1 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        wire.close()
        milter.wait_for_log(" session ", count=2)
        # A path that was left behind is no hindrance, one that is in use is.
        milter.kill()
        self.assertTrue(os.path.exists(path))
        milter.start()
        second = milter_fixture.Milter(socket=milter.socket, start=False)
        self.addCleanup(second.close)
        with self.assertRaisesRegex(AssertionError, "somebody serves there"):
            second.start()
        milter.signal(signal.SIGTERM)
        self.assertEqual(milter.wait(), 0)
        self.assertFalse(os.path.exists(path))

    def test_the_documented_service(self):
        milter, path = self.documented_service(documented("milter_service"))
        self.assertEqual(path, "/var/spool/postfix/milter/postern")
        wire = self.greet(self.mta(milter).port)
        self.assertRegex(wire.command(b"XYZZY"), rb"^500-5\.5\.1 This table")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")

    def test_tls_is_known(self):
        folder = self.folder()
        config = os.path.join(folder, "engine.textproto")
        with open(config, "w", encoding="ascii") as file:
            file.write("require_tls: true\n")
        milter = self.milter(f"--config={config}")
        certificate, key = posternd_fixture.make_certificate(folder)
        wire = self.greet(self.mta(
            milter, services="tlsmgr unix - - n 1000? 1 tlsmgr\n",
            more=f"smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {certificate}\n"
                 f"smtpd_tls_key_file = {key}\n").port)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^530[ -]5\.7\.0 ")
        wire.start_tls()
        self.assertRegex(wire.command(b"EHLO client.example"), rb"^250")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")

    def test_only_the_verb_is_seen_and_help_cannot_be_214(self):
        milter = self.milter()
        wire = self.greet(self.mta(milter).port)
        self.assertRegex(wire.command(b"XYZZY and more"), rb"^500[ -]5\.5\.1 ")
        milter.wait_for_log("line=XYZZY\n")
        self.assertRegex(wire.command(b"HELP"), rb"^502[ -]5\.5\.1 ")
        self.assertRegex(wire.command(b"EXPN list"), rb"^502[ -]5\.5\.1 ")
        milter.wait_for_log("rule=C502", count=2)

    def test_bare_newlines_are_refused_by_postfix_as_documented(self):
        postfix = self.mta(self.milter(), more="smtpd_forbid_bare_newline_exclusions =\n")
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n"):
            wire = self.greet(postfix.port)
            wire.open_transaction()
            wire.command(b"DATA")
            wire.send(b"Subject: smuggled\r\n\r\nx" + end +
                      b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\ny\r\n.\r\n")
            # The message is refused; what was to be smuggled is refused with it, or never a command.
            self.assertRegex(wire.read_reply(), rb"^550 5\.5\.2 ")
            wire.close()
        self.assertEqual(postfix.messages(), [])

    def test_a_stop_waits_for_sessions(self):
        milter = self.milter("--grace_seconds=15")
        wire = self.greet(self.mta(milter).port)
        wire.open_transaction()
        milter.signal(signal.SIGTERM)
        milter.wait_for_log("stopping: 1 sessions are open")
        wire.command(b"DATA")
        wire.send(posternd_fixture.stuff(CONTENT) + b".\r\n")
        self.assertRegex(wire.read_reply(), rb"^250 ")
        wire.command(b"QUIT")
        self.assertEqual(milter.wait(), 0)

    def test_a_large_message_is_refused_with_the_words_of_the_table(self):
        config = os.path.join(self.folder(), "engine.textproto")
        with open(config, "w", encoding="ascii") as file:
            file.write("limits { message_octets: 100000 }\n")
        milter = self.milter(f"--config={config}")
        wire = self.greet(self.mta(milter).port)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net> SIZE=200000"), rb"^552[ -]5\.3\.4 ")
        self.assertRegex(wire.deliver(CONTENT + b"x" * 70 + b"\r\n"), rb"^250 ")
        self.assertRegex(wire.deliver(CONTENT + (b"x" * 70 + b"\r\n") * 2000), rb"^552[ -]5\.3\.4 ")
        milter.wait_for_log(r'code=552 rule=\S+ line=\(content\)')


class Load(PostfixCase, milter_fixture.Tools, unittest.TestCase):
    """test_many is for a run by hand."""

    def test_load(self):
        self.load(200)

    def test_many(self):
        self.load(2000)


if __name__ == "__main__":
    py_unittest_main.main()
