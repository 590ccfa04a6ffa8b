# SPDX-License-Identifier: Apache-2.0
"""Submission (RFC 6409, RFC 8314) at posternd: --listen_submission and --listen_submissions beside
port 25, with programs that people have and line by line.
"""

import os
import smtplib
import ssl
import subprocess
import time

from tests.e2e import posternd_fixture
from tests.e2e.auth_fixture import CONTENT, PASSWORD, AuthTest, log_in, secure
from tests.support import py_unittest_main


class SubmissionTest(AuthTest):
    """One server for all three kinds of address, as docs/posternd.md has it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        config = cls.write("c.textproto",
                           "engine { hold_max_s: 3600 extensions { futurerelease: SWITCH_ON } }")
        cls.server = posternd_fixture.Posternd(
            f"--config={config}", f"--password_file={cls.password_file}", *cls.tls,
            "--listen_submission=127.0.0.1:0", "--listen_submissions=127.0.0.1:0",
            "--domains=example.net", "--authenticated_header", "--auth_failures_per_client=0",
            listeners=3)
        cls.addClassCleanup(cls.server.close)
        cls.mx, cls.submission, cls.submissions = cls.server.ports

    def run_client(self, command, status=0):
        done = subprocess.run(command, input=CONTENT, timeout=50, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              env=dict(os.environ, LC_ALL="C.UTF-8", HOME=self.scratch))
        self.assertEqual(done.returncode == 0, status == 0,
                         f"{command}: {done.returncode} {done.stdout[-2000:]!r}")
        return done.stdout

    def assert_submitted(self):
        message = self.server.message()
        self.assertEqual((message.protocol, message.user), (b"ESMTPSA", b"anna"))

    def logged_in(self):
        wire = self.client(self.server, port=self.submission)
        secure(wire)
        self.assertRegex(log_in(wire), rb"^235 ")
        return wire

    def test_swaks(self):
        base = [posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--from",
                "anna@example.org", "--to", "bob@example.net", "--ehlo", "client.example",
                "--timeout", "20"]
        login = ["--auth", "PLAIN", "--auth-user", "anna", "--auth-password", PASSWORD]
        self.run_client(base + ["--port", str(self.submission), "--tls"] + login)
        self.assert_submitted()
        self.run_client(base + ["--port", str(self.submissions), "--tls-on-connect"] + login)
        self.assert_submitted()
        told = self.run_client(base + ["--port", str(self.submission), "--tls"], status=23)
        self.assertIn(b"530 5.7.0 Authentication required", told)

    def test_curl(self):
        base = [posternd_fixture.tool("curl", "curl"), "--silent", "--show-error", "--max-time",
                "45", "--cacert", self.certificate, "--ssl-reqd", "--mail-from",
                "anna@example.org", "--mail-rcpt", "bob@example.net", "--upload-file", "-",
                "--user", f"anna:{PASSWORD}", "--url"]
        self.run_client(base + [f"smtp://127.0.0.1:{self.submission}/client.example"])
        self.assert_submitted()
        self.run_client(base + [f"smtps://127.0.0.1:{self.submissions}/client.example"])
        self.assert_submitted()

    def test_msmtp(self):
        for port, starttls in ((self.submission, "on"), (self.submissions, "off")):
            self.run_client(
                [posternd_fixture.tool("msmtp", "msmtp"), "--host=127.0.0.1", f"--port={port}",
                 "--auth=plain", "--user=anna", f"--passwordeval=echo '{PASSWORD}'",
                 "--domain=client.example", "--timeout=20", "--tls=on",
                 f"--tls-starttls={starttls}", f"--tls-trust-file={self.certificate}",
                 "--from=anna@example.org", "--", "bob@example.net"])
            self.assert_submitted()

    def test_port_25_is_for_servers(self):
        """No AUTH there, and mail without it."""
        wire = self.client(self.server, port=self.mx)
        self.assertNotIn(b"AUTH", secure(wire))
        self.assertRegex(log_in(wire), rb"^502 ")
        self.assertRegex(wire.command(b"MAIL FROM:<a@client>"), rb"^250 ")
        self.assertRegex(wire.command(b"RCPT TO:<bob@example.net>"), rb"^250 ")

    def test_530_before_auth(self):
        """RFC 6409 section 4.3; in the clear no AUTH is offered."""
        wire = self.client(self.server, port=self.submission)
        self.assertNotIn(b"AUTH", wire.hello())
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 5\.7\.0 ")
        wire.start_tls()
        self.assertIn(b"AUTH ", wire.command(b"EHLO client.example"))
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 5\.7\.0 ")
        self.assertRegex(wire.command(b"VRFY a"), rb"^530 ")
        self.assertRegex(log_in(wire), rb"^235 ")
        self.assertRegex(wire.command(b"MAIL FROM:<>"), rb"^250 ")

    def test_domains_are_given_in_full(self):
        """RFC 6409 section 4.2."""
        wire = self.logged_in()
        self.assertRegex(wire.command(b"MAIL FROM:<anna@client>"), rb"^554 5\.1\.8 ")
        self.assertRegex(wire.command(b"MAIL FROM:<anna@[192.0.2.1]>"), rb"^250 ")
        self.assertRegex(wire.command(b"RCPT TO:<bob@example>"), rb"^554 5\.1\.2 ")
        self.assertRegex(wire.command(b"RCPT TO:<Postmaster>"), rb"^250 ")
        self.assertRegex(wire.command(b"RCPT TO:<bob@example.net>"), rb"^250 ")
        # A Maildir is no place for others' mail.
        self.assertRegex(wire.command(b"RCPT TO:<bob@example.com>"), rb"^550 5\.7\.1 ")

    def test_a_message_is_held(self):
        """RFC 4865: what is asked for goes with the message."""
        wire = self.client(self.server, port=self.submission)
        self.assertRegex(secure(wire), rb"FUTURERELEASE 3600 20[0-9T:-]+Z\r\n")
        self.assertRegex(log_in(wire), rb"^235 ")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org> HOLDFOR=3601"), rb"^501 5\.5\.4 ")
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1800)).encode()
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org> HOLDUNTIL=" + until), rb"^250 ")
        self.assertRegex(wire.command(b"RCPT TO:<bob@example.net>"), rb"^250 ")
        self.assertRegex(wire.command(b"DATA"), rb"^354 ")
        self.assertRegex(wire.command(CONTENT + b"."), rb"^250 ")
        self.assertEqual(self.server.message().mail_parameters, b"HOLDUNTIL=" + until)

    def test_not_held_at_port_25(self):
        """RFC 4865 section 4.2 item 2."""
        wire = self.client(self.server, port=self.mx)
        self.assertNotIn(b"FUTURERELEASE", secure(wire))
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org> HOLDFOR=60"), rb"^555 ")

    def test_smtplib(self):
        context = ssl.create_default_context(cafile=self.certificate)
        with smtplib.SMTP_SSL("localhost", self.submissions, timeout=20, context=context) as client:
            with self.assertRaises(smtplib.SMTPSenderRefused) as refused:
                client.sendmail("anna@example.org", ["bob@example.net"], CONTENT)
            self.assertEqual(refused.exception.smtp_code, 530)
            client.login("anna", PASSWORD)
            client.sendmail("anna@example.org", ["bob@example.net"], CONTENT)
        self.assert_submitted()


class EverywhereTest(AuthTest):

    def test_where_all_have_to_log_in_all_can(self):
        server = self.start("--require_auth", "--listen_submission=127.0.0.1:0", listeners=2)
        for port in server.ports:
            wire = self.client(server, port=port)
            secure(wire)
            self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 ")
            self.assertRegex(log_in(wire), rb"^235 ")
            self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^250 ")

    def test_the_configuration_makes_all_addresses_so(self):
        config = self.write("s.textproto", "engine { submission: true }")
        server = self.start(f"--config={config}")
        wire = self.client(server)
        secure(wire)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 ")
        self.assertRegex(log_in(wire), rb"^235 ")
        self.assertRegex(wire.command(b"MAIL FROM:<a@client>"), rb"^554 5\.1\.8 ")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^250 ")


class TrustedProxyTest(AuthTest):
    """A proxy in front that checks passwords itself, as nginx does: XCLIENT with LOGIN=."""

    def test_who_logged_in_at_the_proxy(self):
        server = self.start("--trusted_networks=127.0.0.0/8", "--authenticated_header",
                            "--listen_submission=127.0.0.1:0", listen=(), listeners=1)
        wire = self.client(server)
        wire.hello()
        self.assertRegex(wire.command(b"XCLIENT ADDR=198.51.100.7 LOGIN=anna"), rb"^220 ")
        wire.command(b"EHLO client.example")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        message = server.message()
        self.assertEqual((message.protocol, message.client, message.user),
                         (b"ESMTPA", b"[198.51.100.7]", b"anna"))
        self.assertRegex(wire.command(b"XCLIENT ADDR=198.51.100.8 LOGIN=[UNAVAILABLE]"), rb"^220 ")
        wire.command(b"EHLO client.example")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 ")
        server.wait_for_log(r"message .* user=anna octets=")


if __name__ == "__main__":
    py_unittest_main.main()
