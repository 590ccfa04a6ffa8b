# SPDX-License-Identifier: Apache-2.0
"""curl, msmtp, swaks, nodemailer and Python's smtplib: the extensions that each uses of itself or when told
to. Their messages of every kind are in tests/e2e/clients_test.py, but nodemailer's, which are here.
"""

import json
import os
import smtplib
import subprocess

from tests.e2e import posternd_fixture
from tests.interop import interop_case
from tests.interop import messages
from tests.support import py_unittest_main

# Sends the mails of its standard input, one after another, and prints what sendMail gave for each.
_NODE = """
const nodemailer = require(process.argv[2] + "/usr/share/nodejs/nodemailer");
const {transport, mails} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const transporter = nodemailer.createTransport(transport);
(async () => {
  for (const mail of mails) {
    try {
      const info = await transporter.sendMail(mail);
      console.log(JSON.stringify({response: info.response, accepted: info.accepted, rejected: info.rejected}));
    } catch (error) {
      console.log(JSON.stringify({code: error.code, responseCode: error.responseCode, response: error.response}));
    }
  }
  transporter.close();
})();
"""


class ProgramsTest(interop_case.InteropCase):

    def run_program(self, command, stdin=b"", status=0):
        done = subprocess.run(command, input=stdin, timeout=50, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              env=dict(os.environ, LC_ALL="C.UTF-8", HOME=self.server.directory))
        self.assertEqual(done.returncode, status, f"{command}: {done.stdout[-2000:]!r}")
        return done.stdout

    # curl

    def curl(self, content, *options, mail_from="anna@example.com", rcpt="bob@example.net"):
        path = os.path.join(self.server.directory, "message")
        with open(path, "wb") as file:
            file.write(content)
        return self.run_program(
            [posternd_fixture.tool("curl", "curl"), "--silent", "--show-error", "--max-time", "45", "--url",
             f"smtp://127.0.0.1:{self.wire.port}/client.example", "--mail-from", mail_from, "--mail-rcpt",
             rcpt, "--upload-file", path, *options])

    def test_curl_size(self):
        self.start()
        self.curl(messages.dots())
        _, sent = self.arrived_as_sent(messages.dots())
        self.assertEqual(sent.mail, b"MAIL FROM:<anna@example.com> SIZE=%d" % len(messages.dots()))

    def test_curl_smtputf8(self):
        self.start()
        self.curl(messages.eight_bit(), mail_from="jürgen@example.com", rcpt="用户@example.net")
        message, sent = self.arrived_as_sent(messages.eight_bit())
        self.assertRegex(sent.mail, "^MAIL FROM:<jürgen@example.com> .*SMTPUTF8".encode())
        self.assertEqual(message.protocol, b"UTF8SMTP")

    def test_curl_one_recipient_is_refused(self):
        self.start("--domains=example.net")
        self.curl(messages.dots(), "--mail-rcpt", "carl@elsewhere.example", "--mail-rcpt-allowfails")
        message, sent = self.arrived_as_sent(messages.dots())
        self.assertEqual(len(sent.rcpts), 2)
        self.assertEqual(message.recipients, [b"<bob@example.net>"])

    # msmtp

    def msmtp(self, content, *options, sender="anna@example.com", status=0):
        return self.run_program(
            [posternd_fixture.tool("msmtp", "msmtp"), "--host=127.0.0.1", f"--port={self.wire.port}",
             "--auth=off", "--domain=client.example", "--timeout=20", f"--from={sender}", *options, "--",
             "bob@example.net"], content, status)

    def test_msmtp_dsn(self):
        self.start()
        self.msmtp(messages.dots(), "--dsn-notify=success,delay", "--dsn-return=headers")
        message, sent = self.arrived_as_sent(messages.dots())
        self.assertRegex(sent.mail, rb"RET=HDRS")
        self.assertEqual(sent.rcpts, [b"RCPT TO:<bob@example.net> NOTIFY=SUCCESS,DELAY"])
        self.assertIn(b"RET=HDRS", message.mail_parameters)
        self.assertIn(b"NOTIFY=SUCCESS,DELAY", message.rcpt_parameters)

    def test_msmtp_knows_no_smtputf8(self):
        """It sends the address all the same, and can tell its user what was wrong (RFC 6531 section 3.5)."""
        self.start()
        said = self.msmtp(messages.eight_bit(), sender="jürgen@example.com", status=65)
        self.assertIn(b"server message: 550 5.6.7 ", said)
        self.assertEqual(self.server.messages(), [])

    # swaks

    def test_swaks_pipelining(self):
        self.start()
        path = os.path.join(self.server.directory, "message")
        with open(path, "wb") as file:
            file.write(messages.dots())
        self.run_program(
            [posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port", str(self.wire.port),
             "--from", "anna@example.com", "--to", "bob@example.net,dora@example.net", "--ehlo",
             "client.example", "--timeout", "20", "--pipeline", "--data", "@" + path])
        message, = self.arrived()
        sent, = self.wire.transactions()
        self.assert_octets(message.content, sent.content)
        self.assertTrue(message.content.startswith(messages.dots()))
        self.assertTrue(self.wire.pipelined(rb"^MAIL [^\n]*\nRCPT [^\n]*\nRCPT [^\n]*\nDATA\r\n"))

    # Python's smtplib

    def test_smtplib_dsn_and_size(self):
        self.start()
        with smtplib.SMTP("127.0.0.1", self.wire.port, local_hostname="client.example", timeout=20) as client:
            client.sendmail("anna@example.com", ["bob@example.net"], messages.dots(),
                            mail_options=["RET=FULL", "ENVID=QQ+3D1", "BODY=8BITMIME"],
                            rcpt_options=["NOTIFY=FAILURE", "ORCPT=rfc822;bob@example.net"])
        message, sent = self.arrived_as_sent(messages.dots())
        self.assertRegex(sent.mail, rb"(?i)size=%d RET=FULL ENVID=QQ\+3D1 BODY=8BITMIME$" % len(messages.dots()))
        self.assertEqual(sent.rcpts, [b"rcpt TO:<bob@example.net> NOTIFY=FAILURE ORCPT=rfc822;bob@example.net"])
        self.assertIn(b"RET=FULL ENVID=QQ+3D1", message.mail_parameters)
        self.assertIn(b"NOTIFY=FAILURE ORCPT=rfc822;bob@example.net", message.rcpt_parameters)

    # nodemailer

    def nodemailer(self, *mails, **transport):
        tools = os.environ.get("POSTERN_TOOLS") or os.path.expanduser("~/.cache/postern/tools/bin")
        tree = os.path.join(os.path.dirname(tools), "nodemailer")
        script = os.path.join(self.server.directory, "send.js")
        with open(script, "w", encoding="utf-8") as file:
            file.write(_NODE)
        options = dict(host="127.0.0.1", port=self.wire.port, name="client.example", **transport)
        said = self.run_program([posternd_fixture.tool("node", "nodejs"), script, tree],
                                json.dumps({"transport": options, "mails": mails}).encode())
        return [json.loads(line) for line in said.splitlines()]

    @staticmethod
    def mail(content, to=("bob@example.net",), sender="anna@example.com", **more):
        envelope = dict({"from": sender, "to": list(to)}, **more.pop("envelope", {}))
        return dict(raw=content.decode(), envelope=envelope, **more)

    def test_nodemailer_dsn(self):
        self.start()
        said, = self.nodemailer(self.mail(messages.dots(), dsn={
            "id": "QQ+314", "return": "headers", "notify": ["success", "delay"],
            "recipient": "bob@example.net"}))
        self.assertRegex(said["response"], r"^250 2\.0\.0 ")
        message, sent = self.arrived_as_sent(messages.dots())
        self.assertRegex(sent.mail, rb"RET=HDRS ENVID=QQ\+2B314")
        self.assertRegex(sent.rcpts[0], rb"NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@example\.net$")
        self.assertIn(b"RET=HDRS ENVID=QQ+2B314", message.mail_parameters)
        self.assertIn(b"NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@example.net", message.rcpt_parameters)

    def test_nodemailer_smtputf8_and_8bitmime(self):
        self.start()
        said, = self.nodemailer(self.mail(messages.eight_bit(), to=["用户@example.net"],
                                          sender="jürgen@example.com", envelope={"use8BitMime": True}))
        self.assertRegex(said.get("response", said), r"^250 2\.0\.0 ")
        message, sent = self.arrived_as_sent(messages.eight_bit())
        self.assertRegex(sent.mail, b"SMTPUTF8")
        self.assertRegex(sent.mail, b"BODY=8BITMIME")
        self.assertEqual(message.protocol, b"UTF8SMTP")
        self.assertEqual(message.recipients, ["<用户@example.net>".encode()])

    def test_nodemailer_pool_under_starttls(self):
        self.start(tls=True)
        given = [messages.large(20_000, seed=i) for i in range(10)]
        said = self.nodemailer(*[self.mail(content) for content in given], pool=True, maxConnections=1,
                               requireTLS=True, tls={"rejectUnauthorized": False})
        self.assertEqual([each["accepted"] for each in said], [["bob@example.net"]] * 10)
        found = self.arrived(10)
        self.assertEqual(sorted(message.content for message in found), sorted(given))
        self.assertEqual({message.protocol for message in found}, {b"ESMTPS"})
        self.assertEqual(len(self.wire.sessions), 1)

    def test_nodemailer_sees_refusals(self):
        self.start("--domains=example.net")
        one, all_of_them = self.nodemailer(
            self.mail(messages.dots(), to=["bob@example.net", "carl@elsewhere.example"]),
            self.mail(messages.dots(), to=["carl@elsewhere.example"]))
        self.assertEqual(one["rejected"], ["carl@elsewhere.example"])
        self.assertEqual(all_of_them["code"], "EENVELOPE")
        self.assertEqual(all_of_them["responseCode"], 550)
        message, = self.arrived()
        self.assertEqual(message.recipients, [b"<bob@example.net>"])


if __name__ == "__main__":
    py_unittest_main.main()
