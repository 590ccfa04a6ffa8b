# SPDX-License-Identifier: Apache-2.0
"""postern-milter and a HelpFile of posternctl with Debian's Sendmail (docs/hosts/sendmail.md)."""

import os
import re
import subprocess
import unittest

from tests.e2e import milter_fixture
from tests.e2e import posternd_fixture
from tests.e2e import sendmail_fixture
from tests.support import py_unittest_main

CONTENT = milter_fixture.CONTENT

# Sendmail's switches for clients that are let off: bare CR, bare LF, and any end of content that looks
# like one (cf/README, srv_features).
LENIENT = {"mc": "define(`_LOCAL_SRV_FEATURES_', `1')dnl",
           "rules": "LOCAL_RULESETS\nSLocal_srv_features\nR$*\t$# U G O"}


def documented(name):
    """The lines of docs/hosts/sendmail.md that are marked as tested under `name`."""
    with open("docs/hosts/sendmail.md", encoding="utf-8") as file:
        block = re.search(rf"<!-- tested: {name} -->\n((?:    [^\n]*\n|\n(?=    ))+)", file.read())
    return re.sub("(?m)^    ", "", block[1])


def helpfile(*arguments):
    return subprocess.run(["tools/posternctl/posternctl", "helpfile", *arguments], check=True,
                          timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout.decode()


class SendmailCase:

    def mta(self, milter, mc="", rules="", files=None, mounts=None):
        lines = documented("mc")
        self.assertIn("unix:/run/postern-milter/socket", lines)
        if not mounts:
            lines = lines.replace("unix:/run/postern-milter/socket", milter.sendmail())
        self.assertIn("/etc/mail/postern.helpfile", lines)
        lines = lines.replace("/etc/mail/postern.helpfile", "/var/lib/test/helpfile")
        files = dict({"helpfile": helpfile()}, **(files or {}))
        sendmail = sendmail_fixture.Sendmail(mc=lines + mc, rules=rules, files=files,
                                             mounts=mounts)
        self.addCleanup(sendmail.close)
        return sendmail

    def body(self, message):
        """The message behind the fields that Sendmail puts before it."""
        return message[message.index(b"From: a@"):]


class Mail(SendmailCase, milter_fixture.Cases, unittest.TestCase):

    def test_the_documented_service(self):
        milter, path = self.documented_service(documented("service"))
        self.assertEqual(path, "/run/postern-milter/socket")
        mounts = {"/run/postern-milter": os.path.join(milter.directory, "run")}
        wire = self.greet(self.mta(milter, mounts=mounts).port)
        self.assertRegex(wire.command(b"XYZZY"), rb"^500-5\.5\.1 This table")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")

    def test_tls_is_known(self):
        folder = self.folder()
        config = os.path.join(folder, "engine.textproto")
        with open(config, "w", encoding="ascii") as file:
            file.write("require_tls: true\n")
        files = {}
        for name, path in zip(("server.crt", "server.key"),
                              posternd_fixture.make_certificate(folder)):
            with open(path, encoding="ascii") as file:
                files[name] = file.read()
        mc = "".join(f"define(`{name}', `/var/lib/test{file}')dnl\n" for name, file in (
            ("confCACERT_PATH", ""), ("confCACERT", "/server.crt"),
            ("confSERVER_CERT", "/server.crt"), ("confSERVER_KEY", "/server.key")))
        wire = self.greet(self.mta(self.milter(f"--config={config}"), mc=mc, files=files).port)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^530[ -]5\.7\.0 ")
        wire.start_tls()
        self.assertRegex(wire.command(b"EHLO client.example"), rb"^250")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")

    def test_the_whole_line_of_an_unknown_command_is_seen(self):
        milter = self.milter()
        wire = self.greet(self.mta(milter).port)
        for line, shown in ((b"XYZZY  and more", '"XYZZY  and more"'), (b"", '""'),
                            (b"\xff\xfe x", '"\\xff\\xfe x"'), (b"EHLO\x01", r'"EHLO\x01"')):
            self.assertRegex(wire.command(line), rb"^50[01][ -]5\.5\.[124] ")
            milter.wait_for_log(re.escape(f"line={shown}\n"))
        # Cut at the NUL.
        self.assertRegex(wire.command(b"FROB\0NICATE"), rb"^500[ -]5\.5\.1 ")
        milter.wait_for_log("line=FROB\n")

    def test_help_is_the_tables(self):
        wire = self.greet(self.mta(self.milter()).port)
        overview = wire.command(b"HELP")
        self.assertRegex(overview, rb"^214-2\.0\.0 mx\.example speaks SMTP \(RFC 5321\)")
        self.assertRegex(overview, rb"\r\n214 2\.0\.0 End of HELP info\r\n$")
        self.assertRegex(overview, rb"HELO EHLO MAIL RCPT DATA")
        self.assertNotRegex(overview, rb"BDAT|LHLO")
        self.assertRegex(wire.command(b"HELP MAIL"), rb"^214-2\.0\.0 MAIL FROM:<user@example\.org> ")
        self.assertRegex(wire.command(b"HELP 500"), rb"(?s)^214-2\.0\.0 .*The line is no command")
        self.assertRegex(wire.command(b"HELP BDAT"), rb"^504 ")
        # Every topic of the file goes out as it is in the table.
        for topic, text in re.findall(r"(?m)^([a-z0-9]+)\t(.*)$", helpfile()):
            if topic != "smtp" and "$" not in text:
                # "#" is escaped, as else it would begin a comment.
                text = text.replace(r"\#", "#")
                self.assertIn(text.encode(), wire.command(b"HELP " + topic.encode()), topic)

    def test_help_of_a_table_of_ones_own(self):
        path = os.path.join(self.folder(), "table.textproto")
        with open(path, "w", encoding="ascii") as file:
            file.write('replies { id: HELP_OVERVIEW code: 214 enhanced_code: "2.0.0"\n'
                       '  text: "Ask {server}: $5 and 100%" text: "{commands}" }\n'
                       'help_topics { topic: "PRICE" text: "$5" text: "$j is no macro" }\n')
        wire = self.greet(self.mta(self.milter(), files={"helpfile": helpfile(path)}).port)
        self.assertRegex(wire.command(b"HELP"), 
                         rb"^214-2\.0\.0 Ask mx\.example: \$5 and 100%\r\n214-2\.0\.0 HELO EHLO ")
        self.assertEqual(wire.command(b"help price"),
                         b"214-2.0.0 $5\r\n214-2.0.0 $j is no macro\r\n"
                         b"214 2.0.0 End of HELP info\r\n")

    def smuggle(self, port, end):
        """What comes for a message whose middle may look like its end to somebody."""
        wire = self.greet(port)
        wire.open_transaction()
        wire.command(b"DATA")
        wire.send(b"From: a@example.net\r\nSubject: smuggled\r\n\r\nx" + end + b"y\r\n.\r\n")
        reply = wire.read_reply()
        wire.close()
        return reply

    def test_bare_newlines_are_refused_by_sendmail_itself(self):
        sendmail = self.mta(self.milter())
        for end in (b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n", b"\r"):
            self.assertRegex(self.smuggle(sendmail.port, end), rb"^421 4\.5\.0 Bare ")
        self.assertEqual(sendmail.messages(), [])

    def test_nul_is_refused_by_sendmail_itself(self):
        self.assertRegex(self.smuggle(self.mta(self.milter()).port, b"a\0b"), rb"^5")

    def test_what_sendmail_lets_pass_the_milter_refuses(self):
        milter = self.milter()
        sendmail = self.mta(milter, **LENIENT)
        for end in (b"\r", b"a\rb\r\n", b"\r.\r"):
            self.assertRegex(self.smuggle(sendmail.port, end), rb"^554[ -]5\.\d\.\d ", end)
        self.assertEqual(sendmail.messages(), [])
        milter.wait_for_log(r'queue_id=\S+ code=554 rule=D3 line="?\(content\)"?\n', count=3)
        # Of these Sendmail makes a line end, before anybody sees them.
        for count, end in enumerate((b"\n", b"\r\r\n"), 1):
            self.assertRegex(self.smuggle(sendmail.port, end), rb"^250 ")
            sendmail.messages(count)

    def test_long_and_awkward_replies(self):
        path = os.path.join(self.folder(), "table.textproto")
        lines = ["line %d: 100%% of %%s and %%d" % n for n in range(1, 41)]
        with open(path, "w", encoding="ascii") as file:
            file.write('replies { id: UNRECOGNIZED code: 500 enhanced_code: "5.5.1"\n' +
                       "".join('  text: "%s"\n' % line for line in lines) + "}\n")
        wire = self.greet(self.mta(self.milter(f"--table={path}")).port)
        reply = wire.command(b"XYZZY")
        words = re.sub(rb"(?m)^500[ -]5\.5\.1 |\r$", b"", reply).replace(b"\n", b" ").decode().strip()
        self.assertEqual(words, " ".join(lines))
        self.assertEqual(reply.count(b"\r\n"), 32)


class Load(SendmailCase, milter_fixture.Tools, unittest.TestCase):
    """test_many is for a run by hand."""

    def test_load(self):
        self.load(200)

    def test_many(self):
        self.load(2000)


if __name__ == "__main__":
    py_unittest_main.main()
