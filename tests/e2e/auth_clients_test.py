# SPDX-License-Identifier: Apache-2.0
"""AUTH at posternd by programs that people have, over STARTTLS, with passwords and certificates."""

import os
import smtplib
import ssl
import subprocess

from tests.e2e import posternd_fixture
from tests.e2e.auth_fixture import CONTENT, PASSWORD, AuthTest, encode
from tests.support import py_unittest_main


class ClientsTest(AuthTest):
    """Programs that people have."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = posternd_fixture.Posternd(
            f"--password_file={cls.password_file}", *cls.tls, "--authenticated_header",
            "--auth_failures_per_client=0", listen_tls=["127.0.0.1:0"])
        cls.addClassCleanup(cls.server.close)

    def run_client(self, command, content=CONTENT, status=0):
        done = subprocess.run(command, input=content, timeout=50, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              env=dict(os.environ, LC_ALL="C.UTF-8", HOME=self.scratch))
        self.assertEqual(done.returncode == 0, status == 0,
                         f"{command}: {done.returncode} {done.stdout[-2000:]!r}")
        return done.stdout

    def assert_delivered(self):
        message = self.server.message()
        self.assertEqual(message.protocol, b"ESMTPSA")
        self.assertEqual(message.user, b"anna")

    def swaks(self, mechanism, password, status=0):
        return self.run_client(
            [posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port",
             str(self.server.port), "--tls", "--auth", mechanism, "--auth-user", "anna",
             "--auth-password", password, "--from", "anna@example.org", "--to", "bob@example.net",
             "--ehlo", "client.example", "--timeout", "20"], status=status)

    def test_swaks(self):
        for mechanism in ("PLAIN", "LOGIN"):
            with self.subTest(mechanism=mechanism):
                self.assertIn(b"<~  235 2.7.0 ", self.swaks(mechanism, PASSWORD))
                self.assert_delivered()
                self.assertIn(b"<~* 535 5.7.8 ", self.swaks(mechanism, "wrong", status=28))

    def curl(self, mechanism, password, status=0, scheme="smtp", port=None):
        return self.run_client(
            [posternd_fixture.tool("curl", "curl"), "--silent", "--show-error", "--max-time", "45",
             "--verbose", "--cacert", self.certificate, "--ssl-reqd", "--url",
             f"{scheme}://127.0.0.1:{port or self.server.port}/client.example", "--user",
             f"anna:{password}", "--login-options", f"AUTH={mechanism}", "--mail-from",
             "anna@example.org", "--mail-rcpt", "bob@example.net", "--upload-file", "-"],
            status=status)

    def test_curl(self):
        for mechanism in ("PLAIN", "LOGIN"):
            with self.subTest(mechanism=mechanism):
                self.curl(mechanism, PASSWORD)
                self.assert_delivered()
                self.assertIn(b"535 5.7.8", self.curl(mechanism, "wrong", status=67))

    def test_curl_on_a_port_with_tls_from_the_start(self):
        self.curl("PLAIN", PASSWORD, scheme="smtps", port=self.server.ports[1])
        self.assert_delivered()

    def test_smtplib(self):
        context = ssl.create_default_context(cafile=self.certificate)
        for mechanism in ("AUTH_PLAIN", "AUTH_LOGIN"):
            with self.subTest(mechanism=mechanism):
                with smtplib.SMTP("localhost", self.server.port, timeout=20) as client:
                    client.starttls(context=context)
                    client.ehlo()
                    client.user, client.password = "anna", "wrong"
                    method = getattr(client, mechanism.lower())
                    with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
                        client.auth(mechanism[5:], method)
                    self.assertEqual(refused.exception.smtp_code, 535)
                    client.password = PASSWORD
                    self.assertEqual(client.auth(mechanism[5:], method)[0], 235)
                    client.sendmail("anna@example.org", ["bob@example.net"], CONTENT)
                self.assert_delivered()

    def test_smtplib_chooses_by_itself(self):
        with smtplib.SMTP("localhost", self.server.port, timeout=20) as client:
            with self.assertRaises(smtplib.SMTPNotSupportedError):
                client.login("anna", PASSWORD)  # nothing is offered in the clear
            client.starttls(context=ssl.create_default_context(cafile=self.certificate))
            client.login("anna", PASSWORD)
            client.sendmail("anna@example.org", ["bob@example.net"], CONTENT)
        self.assert_delivered()

    def msmtp(self, mechanism, password, status=0):
        return self.run_client(
            [posternd_fixture.tool("msmtp", "msmtp"), "--host=127.0.0.1",
             f"--port={self.server.port}", f"--auth={mechanism}", "--user=anna",
             f"--passwordeval=echo '{password}'", "--domain=client.example", "--timeout=20",
             "--tls=on", "--tls-starttls=on", f"--tls-trust-file={self.certificate}",
             "--from=anna@example.org", "--", "bob@example.net"], status=status)

    def test_msmtp(self):
        for mechanism in ("plain", "login", "scram-sha-256"):
            with self.subTest(mechanism=mechanism):
                self.msmtp(mechanism, PASSWORD)
                self.assert_delivered()
                self.assertIn(b"535", self.msmtp(mechanism, "wrong", status=77))
        self.server.wait_for_log(r"mechanism=SCRAM-SHA-256 user=anna outcome=accepted")

    def gsasl(self, password, priority, status=0):
        return self.run_client(
            [posternd_fixture.tool("gsasl", "gsasl"), "--smtp",
             f"--connect=localhost:{self.server.port}", "--mechanism=SCRAM-SHA-256-PLUS",
             "--authentication-id=anna", f"--password={password}", f"--priority={priority}",
             f"--x509-ca-file={self.certificate}"], content=b"", status=status)

    def test_gsasl_binds_the_channel(self):
        """GNU SASL over GnuTLS: that the binding is the one that both sides see is no matter of our
        own code alone. TLS 1.3 has tls-exporter, TLS 1.2 tls-unique."""
        for priority in ("NORMAL", "NORMAL:-VERS-TLS1.3"):
            with self.subTest(priority=priority):
                self.assertIn(b"235 2.7.0", self.gsasl(PASSWORD, priority))
                self.assertNotIn(b"235 2.7.0", self.gsasl("wrong", priority, status=1))
        self.server.wait_for_log(r"mechanism=SCRAM-SHA-256-PLUS user=anna outcome=accepted", 2)
        self.server.wait_for_log(r"mechanism=SCRAM-SHA-256-PLUS user=anna outcome=refused", 2)


class ExternalTest(AuthTest):
    """Clients' certificates."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = cls.make("authority", "ca", "-addext", "basicConstraints=critical,CA:TRUE")
        other = cls.make("other", "ca2", "-addext", "basicConstraints=critical,CA:TRUE")
        cls.anna_cert = cls.sign("Anna", "anna", cls.authority, "email:anna@example.org")
        cls.name_cert = cls.sign("carol", "carol", cls.authority, "DNS:carol.example.org")
        cls.stranger = cls.sign("anna", "stranger", other, "email:anna@example.org")

    @classmethod
    def make(cls, name, stem, *options):
        path = os.path.join(cls.scratch, stem)
        subprocess.run([posternd_fixture.tool("openssl", "openssl"), "req", "-x509", "-newkey", "ec",
                        "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        f"/CN={name}", "-keyout", path + ".key", "-out", path + ".crt", *options],
                       check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        return path

    @classmethod
    def sign(cls, name, stem, authority, alternative):
        path = os.path.join(cls.scratch, stem)
        openssl = posternd_fixture.tool("openssl", "openssl")
        subprocess.run([openssl, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-subj", f"/CN={name}", "-keyout", path + ".key", "-out",
                        path + ".csr"], check=True, capture_output=True, timeout=30)
        with open(path + ".ext", "w", encoding="ascii") as file:
            file.write(f"subjectAltName={alternative}\n")
        subprocess.run([openssl, "x509", "-req", "-in", path + ".csr", "-CA", authority + ".crt",
                        "-CAkey", authority + ".key", "-CAcreateserial", "-days", "2", "-out",
                        path + ".crt", "-extfile", path + ".ext"], check=True, capture_output=True,
                       timeout=30)
        return path

    def connect(self, server, certificate=None, version=None):
        wire = self.client(server)
        wire.hello()
        wire.command(b"STARTTLS")
        context = posternd_fixture.client_tls_context()
        if certificate:
            context.load_cert_chain(certificate + ".crt", certificate + ".key")
        if version:
            context.maximum_version = version
        wire.socket = context.wrap_socket(wire.socket, server_hostname="localhost")
        return wire, wire.command(b"EHLO client.example")

    def test_whom_the_certificate_names(self):
        with posternd_fixture.Posternd(*self.tls, f"--tls_client_ca={self.authority}.crt",
                                       "--authenticated_header") as server:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                wire, offered = self.connect(server, self.anna_cert, version)
                self.assertIn(b"AUTH EXTERNAL\r\n", offered)
                self.assertRegex(wire.command(b"AUTH EXTERNAL " + encode(b"bob")), rb"^535 5\.7\.8 ")
                self.assertRegex(wire.command(b"AUTH EXTERNAL ="), rb"^235 ")
                self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
                self.assertEqual(server.message().user, b"anna@example.org")
            wire, _ = self.connect(server, self.name_cert)
            self.assertRegex(wire.command(b"AUTH EXTERNAL " + encode(b"carol")), rb"^235 ")

    def test_without_one_or_with_somebody_elses_mail_comes_all_the_same(self):
        server = self.start(f"--tls_client_ca={self.authority}.crt")
        for certificate in (None, self.stranger):
            wire, offered = self.connect(server, certificate)
            self.assertIn(b"AUTH SCRAM", offered)
            self.assertNotIn(b"EXTERNAL", offered)
            self.assertRegex(wire.command(b"AUTH EXTERNAL ="), rb"^504 5\.5\.4 ")
            self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
            self.assertEqual(server.message().protocol, b"ESMTPS")

    def test_msmtp(self):
        server = self.start(f"--tls_client_ca={self.authority}.crt", "--authenticated_header")
        subprocess.run(
            [posternd_fixture.tool("msmtp", "msmtp"), "--host=127.0.0.1", f"--port={server.port}",
             "--auth=external", "--user=anna@example.org", "--domain=client.example", "--timeout=20",
             "--tls=on", "--tls-starttls=on", f"--tls-trust-file={self.certificate}",
             f"--tls-cert-file={self.anna_cert}.crt", f"--tls-key-file={self.anna_cert}.key",
             "--from=anna@example.org", "--", "bob@example.net"], input=CONTENT, check=True,
            timeout=50, env=dict(os.environ, HOME=self.scratch))
        self.assertEqual(server.message().user, b"anna@example.org")

if __name__ == "__main__":
    py_unittest_main.main()
