# SPDX-License-Identifier: Apache-2.0
"""Verdicts in the ACLs of the real Exim (postern_exim.so, dlfunc), by the lines of docs/hosts/exim.md."""

import os
import subprocess
import unittest

from tests.e2e import exim_fixture
from tests.e2e import nginx_mta_test
from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

CONTENT = nginx_mta_test.CONTENT

MAIN = """
acl_smtp_mail = check_mail
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
acl_smtp_etrn = postern
accept_8bitmime = true
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
dsn_advertise_hosts = *
"""

ACL = """
{documented}
check_mail:
{require}
  accept
check_rcpt:
{require}
  accept domains = example.org
  deny message = relay not permitted
"""

TABLE = """
extends: "default"
replies {
  id: REVERSE_PATH_AFTER_SPACE
  code: 501
  enhanced_code: "5.1.7"
  text: "%s"
  text: "and a second line"
}
"""


class EximAclTest(unittest.TestCase):
    def start(self, settings="", main="", files=None, start=True):
        lines = exim_fixture.replaced(exim_fixture.documented("acl-main"),
                                      [("/usr/local/lib/postern", "{root}/lib")])
        acl = ACL.format(documented=exim_fixture.documented("acl-acl"),
                         require=exim_fixture.documented("acl-require"))
        acl = acl.replace("{$smtp_command}", "{$smtp_command}" + settings)
        exim = exim_fixture.Exim(lines + MAIN + main, acl, files, start)
        self.addCleanup(exim.close)
        return exim

    def greet(self, exim):
        wire = exim.connect()
        self.addCleanup(wire.close)
        wire.hello()
        return wire

    def test_verdicts(self):
        """What is right goes on to Exim's ACLs; what is wrong gets the table's words."""
        wire = self.greet(self.start())
        for line, pattern in (
                (b"MAIL FROM: <a@example.net>", rb"501-5\.1\.7 No space may stand behind FROM"),
                (b"MAIL FROM:<a@example.net>", rb"250 OK"),
                (b"RCPT TO: <b@example.org>", rb"501 5\.1\.3 No space may stand behind TO"),
                (b"RCPT TO:<b@example.com>", rb"550 relay not permitted"),
                (b"RCPT TO:<\xc3\xa4@example.org>", rb"553-5\.6\.7 .* SMTPUTF8"),
                (b"RCPT TO:<b@example.org>", rb"250 Accepted"),
                (b"RSET", rb"250 "),
                (b"MAIL FROM:<a@example.net> SMTPUTF8", rb"250 OK"),
                (b"RCPT TO:<\xc3\xa4@example.org>", rb"250 Accepted"),
                (b"RSET", rb"250 "),
                (b"EXPN list", rb"502 5\.5\.1 "),
        ):
            with self.subTest(line=line):
                self.assertRegex(wire.command(line), rb"^" + pattern)

    def test_helo_allows_no_parameters(self):
        wire = self.start().connect()
        self.addCleanup(wire.close)
        wire.read_reply()
        self.assertRegex(wire.command(b"HELO client.example"), rb"^250 ")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net> SIZE=100"), rb"^5[05][0-9]")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^250 ")

    def test_etrn_has_the_class_that_exim_takes(self):
        exim = self.start()
        self.assertRegex(self.greet(exim).command(b"ETRN example.org"), rb"^458 4\.5\.1 ")
        self.assertNotIn("incorrect digit", exim.log())

    def test_what_exim_answers_itself(self):
        """The table of the page: what no ACL sees."""
        wire = self.greet(self.start())
        self.assertRegex(wire.command(b"HELP"), rb"^214-Commands supported:")
        self.assertRegex(wire.command(b"XYZZY"), rb"^500 unrecognized command")
        self.assertRegex(wire.command(b"NOOP\x00"), rb"^501 NUL")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net> FOO=1"), rb"^501 <a@example")

    def test_a_table_and_a_swap_of_it(self):
        exim = self.start(settings="{table={root}/table.textproto}",
                          files={"table.textproto": TABLE % "One"})
        wire = self.greet(exim)
        line = b"MAIL FROM: <a@example.net>"
        self.assertEqual(wire.command(line),
                         b"501-5.1.7 One\r\n501 5.1.7 and a second line\r\n")
        exim.write("new.textproto", TABLE % ("Another; " + "and longer " * 12 + "text: the end"))
        os.rename(os.path.join(exim.root, "new.textproto"),
                  os.path.join(exim.root, "table.textproto"))
        self.assertRegex(self.greet(exim).command(line), rb"^501-5\.1\.7 Another; and longer")
        # This one goes on with what it began with.
        self.assertRegex(wire.command(line), rb"^501-5\.1\.7 One\r\n")
        reply = self.greet(exim).command(line)
        self.assertEqual(b" ".join(part[10:] for part in reply.split(b"\r\n")[:-1]),
                         b"Another; " + b"and longer " * 12 + b"text: the end and a second line")

    def test_a_configuration(self):
        exim = self.start(settings="{config={root}/config.textproto}",
                          files={"config.textproto": "extensions { expn: SWITCH_ON }\n"})
        # Exim's own verdict on EXPN: the name is one that it delivers to.
        self.assertNotRegex(self.greet(exim).command(b"EXPN list"), rb"^502 ")

    def test_files_that_are_wrong_are_told_and_let_nobody_pass(self):
        for settings, files, why in (
                ("{table={root}/nowhere}", {}, r"postern: /\S+/nowhere"),
                ("{table={root}/table.textproto}", {"table.textproto": "extends: \"default\"\nfoo\n"},
                 r"postern: /\S+/table\.textproto:3"),
                ("{config={root}/config.textproto}", {"config.textproto": "limits {recipients: 1}"},
                 r"postern: /\S+/config\.textproto: .*recipients"),
                ("{tabel=x}", {}, r"postern: 'tabel=x' is no setting; did you mean 'table=\.\.\.'\?"),
                ("{table=$sender_helo_name}", {}, r"postern: 'table=.*write the whole path")):
            with self.subTest(settings=settings):
                exim = self.start(settings=settings, files=files)
                wire = exim.connect()
                self.addCleanup(wire.close)
                wire.read_reply()
                self.assertRegex(wire.command(b"EHLO client.example"), rb"^451 ")
                # Without a HELO that was accepted, to Exim.
                self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^503 ")
                exim.wait_for_log(why)

    def test_other_settings_in_a_later_call_are_a_mistake(self):
        exim = self.start(main="acl_smtp_connect = again\n", start=False)
        with open(os.path.join(exim.root, "exim.conf"), encoding="utf-8") as file:
            text = file.read()
        exim.write("exim.conf", text.replace("acl_smtp_helo = postern\n", "").replace(
            "begin acl\n", "begin acl\nagain:\n  accept condition = ${if eq{${dlfunc{POSTERN/postern_exim.so}"
            "{postern_check}{}{server_name=mx.example}}}{}}\n"))
        exim.start()
        self.assertRegex(self.greet(exim).command(b"MAIL FROM:<a@example.net>"), rb"^451 ")
        exim.wait_for_log("postern: the settings are not those of the first call")

    def test_another_release_is_refused(self):
        """What the module calls has changed from release to release."""
        exim = self.start(start=False)
        exim.install("hosts/exim/postern_exim_of_another_release.so")
        exim.write("exim.conf", exim.read("exim.conf").replace(
            "postern_exim.so", "postern_exim_of_another_release.so"))
        exim.start()
        with exim.connect() as wire:
            wire.read_reply()
            self.assertRegex(wire.command(b"EHLO client.example"), rb"^451 ")
        exim.wait_for_log(r"was built for Exim 3\.36, and this is Exim 4\.")
        call = "${dlfunc{%s/lib/postern_exim_of_another_release.so}{postern_takeover}{/x}}" % exim.root
        self.assertIn(b"was built for Exim 3.36", exim.run("-be", call).stdout)

    def test_taint_stays(self):
        """The message may quote the client, so Exim must not take it for a file's name."""
        exim = self.start(start=False)
        call = "${dlfunc{{root}/lib/postern_exim.so}{postern_check}{%s}}".replace(
            "{root}", exim.root)
        said = exim.run("-be", call % "XYZZY", f"${{readfile{{/tmp/{call % 'XYZZY'}}}}}").stdout
        self.assertRegex(said, rb"(?m)^500 5\.5\.1 .*XYZZY")
        self.assertRegex(said, rb"[Tt]ainted")

    def test_only_two_names_are_shown(self):
        names = subprocess.run(["nm", "-D", "-g", "--defined-only", "--format=just-symbols",
                                exim_fixture.built("hosts/exim/postern_exim.so")], check=True,
                               stdout=subprocess.PIPE).stdout.split()
        self.assertEqual(names, [b"postern_check", b"postern_takeover"])

    def test_mail_is_delivered_octet_for_octet(self):
        exim = self.start()
        wire = self.greet(exim)
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        (message,) = exim.messages(1)
        self.assertTrue(message.endswith(CONTENT.replace(b"\r\n", b"\n")), message)
        wire.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO: <b@example.org>\r\n"
                  b"RCPT TO:<b@example.org>\r\nDATA\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(4)], [b"250", b"501", b"250", b"354"])
        wire.send(posternd_fixture.stuff(CONTENT) + b".\r\nQUIT\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(2)], [b"250", b"221"])
        exim.messages(2)

    def test_swaks_and_smtp_source(self):
        exim = self.start()
        subprocess.run([posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port",
                        str(exim.port), "--from", "a@example.net", "--to", "b@example.org", "--tls",
                        "--header", "Subject: swaks"], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        subprocess.run([posternd_fixture.tool("smtp-source", "postfix"), "-s", "4", "-m", "40", "-l",
                        "3000", "-f", "a@example.net", "-t", "b@example.org",
                        f"inet:127.0.0.1:{exim.port}"], check=True, timeout=120,
                       stdin=subprocess.DEVNULL)
        self.assertEqual(len(exim.messages(41)), 41)


if __name__ == "__main__":
    py_unittest_main.main()
