# SPDX-License-Identifier: Apache-2.0
"""OAUTHBEARER (RFC 7628) and XOAUTH2 at posternd: line by line, by curl and msmtp, the limits, the
keys' reload, and where tokens must not be left.
"""

import base64
import json
import os
import signal
import subprocess
import time

from tests.e2e import posternd_fixture
from tests.e2e.auth_fixture import CONTENT, AuthTest, encode, in_memory, log_in
from tests.e2e.oauth_fixture import AUDIENCE, ISSUER, USER, Issuer, bearer, xoauth2
from tests.support import py_unittest_main

_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


def oauthbearer(wire, token, user=None):
    """The last reply; an error of the mechanism is answered as RFC 7628 section 3.2.3 wants it."""
    assert wire.command(b"AUTH OAUTHBEARER") == b"334 \r\n"
    reply = wire.command(encode(bearer(token, user)))
    return wire.command(b"AQ==") if reply.startswith(b"334 ") else reply


class OauthTest(AuthTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = Issuer(cls.scratch)
        cls.rules = [f"--oauth_issuer={ISSUER}", f"--oauth_audience={AUDIENCE}"]

    def start_oauth(self, *flags, keys=None, tls=True, **options):
        server = posternd_fixture.Posternd(f"--oauth_keys={keys or self.issuer.public}",
                                           *self.rules, *(self.tls if tls else []), *flags,
                                           **options)
        self.addCleanup(server.close)
        return server


class ExchangeTest(OauthTest):
    """Line by line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuers = [cls.issuer] + [Issuer(cls.scratch, name) for name in _ALGORITHMS[1:]]
        keys = [issuer.public for issuer in cls.issuers]
        cls.server = posternd_fixture.Posternd(
            f"--oauth_keys={','.join(keys)}", *cls.rules, *cls.tls,
            f"--password_file={cls.password_file}", "--authenticated_header",
            "--oauth_openid_configuration=https://login.example.org/.well-known/x",
            "--auth_failures_per_client=0")
        cls.addClassCleanup(cls.server.close)

    def test_offered_under_tls_alone(self):
        with self.server.connect() as wire:
            self.assertNotIn(b"AUTH", wire.hello())
            for mechanism in (b"OAUTHBEARER", b"XOAUTH2"):
                self.assertRegex(wire.command(b"AUTH " + mechanism), rb"^538 5\.7\.11 ")
            wire.start_tls()
            self.assertIn(b"AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN "
                          b"LOGIN\r\n", wire.command(b"EHLO client.example"))
            self.assertRegex(log_in(wire), rb"^235 ")

    def test_each_algorithm(self):
        for issuer in self.issuers:
            with self.subTest(issuer.algorithm):
                wire = self.secure_client(self.server)
                self.assertRegex(oauthbearer(wire, issuer.token()), rb"^235 2\.7\.0 ")
                self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
                message = self.server.message()
                self.assertEqual((message.protocol, message.user), (b"ESMTPSA", USER.encode()))

    def test_initial_response(self):
        """Where it fits into the 512 octets of a command: RFC 4954 section 4."""
        issuer = self.issuers[3]
        token = issuer.token(sub=None, iat=None)
        wire = self.secure_client(self.server)
        self.assertRegex(wire.command(b"AUTH OAUTHBEARER " + encode(bearer(token))), rb"^235 ")
        wire = self.secure_client(self.server)
        self.assertRegex(wire.command(b"AUTH XOAUTH2 " + encode(xoauth2(token))), rb"^235 ")

    def test_as_long_as_a_line_may_be(self):
        wire = self.secure_client(self.server)
        token = self.issuers[3].token(x="x" * 6500)
        line = encode(bearer(token))
        self.assertTrue(12000 < len(line) < 12286, len(line))
        self.assertEqual(wire.command(b"AUTH OAUTHBEARER"), b"334 \r\n")
        self.assertRegex(wire.command(line), rb"^235 ")
        wire = self.secure_client(self.server)
        self.assertEqual(wire.command(b"AUTH OAUTHBEARER"), b"334 \r\n")
        self.assertRegex(wire.command(encode(bearer(token + "x" * 200))), rb"^500 ")

    def refused(self, wire, command, message, last):
        """The error, as the mechanism tells it."""
        self.assertEqual(wire.command(command), b"334 \r\n")
        reply = wire.command(encode(message))
        self.assertRegex(reply, rb"^334 ")
        self.assertRegex(wire.command(last), rb"^535 5\.7\.8 ")
        return json.loads(base64.b64decode(reply[4:]))

    def test_refused_tokens(self):
        server = self.server
        old = int(time.time()) - 100
        good = self.issuer.token()
        head, claims, signature = good.split(".")
        cases = ((self.issuer.token(exp=old), "expired"),
                 (self.issuer.token(nbf=old + 1000), "not yet valid"),
                 (self.issuer.token(iss="https://other.example"), "other issuer"),
                 (self.issuer.token(aud=["imap.example.org"]), "other audience"),
                 (self.issuer.token(email=None), "names no user"),
                 (self.issuer.token(email_verified=False), "mail address not verified"),
                 (self.issuer.token(header={"typ": "logout+jwt"}), "other type of token"),
                 (self.issuer.token(header={"alg": "HS256"}), "algorithm not allowed"),
                 (self.issuer.token(header={"alg": "none"}), "algorithm not allowed"),
                 (f"{head}.{claims}.{'A' * len(signature)}", "bad signature"),
                 ("no.jwt", "no JSON Web Token"))
        for number, (token, why) in enumerate(cases):
            with self.subTest(why=why):
                wire = self.secure_client(server)
                if number % 2 == 0:
                    error = self.refused(wire, b"AUTH OAUTHBEARER", bearer(token, USER), b"AQ==")
                    self.assertEqual(error, {"status": "invalid_token", "openid-configuration":
                                             "https://login.example.org/.well-known/x"})
                else:
                    error = self.refused(wire, b"AUTH XOAUTH2", xoauth2(token), b"")
                    self.assertEqual(error, {"status": "401", "schemes": "bearer"})
                mechanism = "XOAUTH2" if number % 2 else "OAUTHBEARER"
                server.wait_for_log(f'mechanism={mechanism} user={USER} outcome=refused '
                                    f'why="?{why}"?$')
                # The session lives on.
                self.assertRegex(oauthbearer(wire, good), rb"^235 ")

    def test_without_a_token(self):
        """RFC 7628 section 4.3: what would be wanted."""
        wire = self.secure_client(self.server)
        error = self.refused(wire, b"AUTH OAUTHBEARER", b"n,,\1auth=\1\1", b"AQ==")
        self.assertEqual(error["status"], "invalid_token")

    def test_nobody_acts_for_somebody_else(self):
        token = self.issuer.token()
        wire = self.secure_client(self.server)
        self.assertRegex(oauthbearer(wire, token, "bob@example.org"), rb"^535 5\.7\.8 ")
        self.server.wait_for_log(r'user=bob@example\.org outcome=refused why="the token is another '
                                 r"user's\"$")
        self.refused(wire, b"AUTH XOAUTH2", xoauth2(token, "bob@example.org"), b"")
        self.assertRegex(oauthbearer(wire, token, USER), rb"^235 ")

    def test_the_session_ends_after_three_failures(self):
        wire = self.secure_client(self.server)
        for _ in range(3):
            self.assertRegex(oauthbearer(wire, "a.b.c"), rb"^535 ")
        self.assertRegex(oauthbearer(wire, "a.b.c"), rb"^421 4\.7\.0 ")

    def test_garbage(self):
        for message in (b"", b"\1", b"n,,\1auth=Bearer \1\1", b"n,,\1auth=Basic abc\1\1", b"x" * 9000):
            wire = self.secure_client(self.server)
            self.assertEqual(wire.command(b"AUTH OAUTHBEARER"), b"334 \r\n")
            self.assertRegex(wire.command(encode(message)), rb"^501 5\.5\.2 ", message[:30])

    def test_refused_is_what_the_log_says_however_the_client_leaves(self):
        for leave in (b"*", None):
            user = f"leaver{len(leave or b'')}@example.org"
            wire = self.secure_client(self.server)
            wire.command(b"AUTH XOAUTH2")
            self.assertRegex(wire.command(encode(xoauth2("a.b.c", user))), rb"^334 ")
            if leave:
                self.assertRegex(wire.command(leave), rb"^501 5\.7\.0 ")
            else:
                wire.close()
            self.server.wait_for_log(f'user={user} outcome=refused why="no JSON Web Token"$')

    def test_log_has_no_token(self):
        wire = self.secure_client(self.server)
        good, bad = self.issuer.token(), self.issuer.token(exp=1)
        for token in (bad, good):
            oauthbearer(wire, token)
        wire.command(b"QUIT")
        self.server.wait_for_log(f"session .* user={USER} ")
        log = self.server.log()
        for token in (good, bad):
            for part in token.split("."):
                self.assertNotIn(part, log)


class ServerTest(OauthTest):

    def test_scope(self):
        server = self.start_oauth("--oauth_scope=mail.send")
        wire = self.secure_client(server)
        for scope, status in (("openid", "insufficient_scope"), (None, "insufficient_scope")):
            self.assertEqual(wire.command(b"AUTH OAUTHBEARER"), b"334 \r\n")
            reply = wire.command(encode(bearer(self.issuer.token(scope=scope))))
            self.assertEqual(json.loads(base64.b64decode(reply[4:])),
                             {"status": status, "scope": "mail.send"})
            self.assertRegex(wire.command(b"AQ=="), rb"^535 ")
        server.wait_for_log(f'user={USER} outcome=refused why="scope missing"')
        self.assertRegex(oauthbearer(wire, self.issuer.token(scope="openid mail.send")), rb"^235 ")

    def test_other_claim_and_algorithms(self):
        server = self.start_oauth("--oauth_user_claim=sub", "--oauth_algorithms=PS256,RS256",
                                  "--oauth_leeway_seconds=0", "--authenticated_header")
        wire = self.secure_client(server)
        self.assertRegex(oauthbearer(wire, self.issuer.token(exp=int(time.time()) - 1)), rb"^535 ")
        self.assertRegex(oauthbearer(wire, self.issuer.token(email=None), "4711"), rb"^235 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        self.assertEqual(server.message().user, b"4711")
        only = self.start_oauth("--oauth_algorithms=ES256")
        self.assertRegex(oauthbearer(self.secure_client(only), self.issuer.token()), rb"^535 ")
        only.wait_for_log('why="algorithm not allowed"')

    def test_submission_in_the_clear_where_it_is_allowed(self):
        server = self.start_oauth("--auth_without_tls", "--require_auth", tls=False)
        wire = self.client(server)
        self.assertIn(b"AUTH OAUTHBEARER XOAUTH2\r\n", wire.hello())
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 5\.7\.0 ")
        self.assertRegex(oauthbearer(wire, self.issuer.token()), rb"^235 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")

    def test_a_network_that_fails_has_to_wait(self):
        """Failures count when they are told: those who never answer the error are no better off."""
        server = self.start_oauth("--auth_failures_per_client=4")
        for number in range(4):
            wire = self.secure_client(server)
            if number % 2 == 0:
                self.assertRegex(oauthbearer(wire, "a.b.c"), rb"^535 ")
                continue
            wire.command(b"AUTH XOAUTH2")
            self.assertRegex(wire.command(encode(xoauth2("a.b.c"))), rb"^334 ")
            self.assertRegex(wire.command(b"*"), rb"^501 ")
        wire = self.secure_client(server)
        self.assertRegex(wire.command(b"AUTH OAUTHBEARER"), rb"^454 4\.7\.0 ")
        server.wait_for_log(r"mechanism=OAUTHBEARER outcome=limited")
        wire = self.secure_client(server, source="127.0.0.2")
        self.assertRegex(oauthbearer(wire, self.issuer.token()), rb"^235 ")

    def test_no_token_stays_in_memory(self):
        server = self.start_oauth("--threads=1")
        good, bad = self.issuer.token(), self.issuer.token(exp=1)
        for token in (bad, good):
            for message in (bearer(token), xoauth2(token)):
                wire = self.secure_client(server)
                mechanism = b"XOAUTH2" if message.startswith(b"user") else b"OAUTHBEARER"
                self.assertEqual(wire.command(b"AUTH " + mechanism), b"334 \r\n")
                reply = wire.command(encode(message))
                if reply.startswith(b"334"):
                    reply = wire.command(b"")
                self.assertRegex(reply, rb"^235 " if token == good else rb"^535 ")
        found = []
        for token in (good, bad):
            signature = token.split(".")[2]
            octets = base64.urlsafe_b64decode(signature + "==")
            for form in (token[:60].encode(), token[-60:].encode(), octets[:24], octets[-24:],
                         octets[::-1][:24], encode(bearer(token))[-90:-20],
                         encode(xoauth2(token))[-90:-20]):
                if in_memory(server.pid, form):
                    found.append(form)
        self.assertEqual(found, [])
        # That the search finds what is there.
        self.assertTrue(in_memory(server.pid, ISSUER.encode()))


class ClientsTest(OauthTest):
    """Programs that people have."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        small = Issuer(cls.scratch, "EdDSA")
        cls.small = small.token(sub=None, iat=None)
        cls.flags = [f"--oauth_keys={cls.issuer.public},{small.public}", *cls.rules, *cls.tls,
                     "--authenticated_header", "--auth_failures_per_client=0"]

    def serve(self, mechanism):
        """With that mechanism alone, as these programs choose by themselves."""
        config = self.write(f"{mechanism}.textproto", f'engine {{ auth_mechanisms: "{mechanism}" }}')
        server = posternd_fixture.Posternd(*self.flags, f"--config={config}")
        self.addCleanup(server.close)
        return server

    def run_client(self, command, status):
        done = subprocess.run(command, input=CONTENT, timeout=50, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT,
                              env=dict(os.environ, LC_ALL="C.UTF-8", HOME=self.scratch))
        self.assertEqual(done.returncode, status, done.stdout[-2000:])
        return done.stdout

    def curl(self, server, mechanism, token, status=0):
        return self.run_client(
            [posternd_fixture.tool("curl", "curl"), "--silent", "--show-error", "--max-time", "45",
             "--verbose", "--cacert", self.certificate, "--ssl-reqd", "--url",
             f"smtp://127.0.0.1:{server.port}/client.example", "--user", USER, "--oauth2-bearer",
             token, "--login-options", f"AUTH={mechanism}", "--mail-from", USER, "--mail-rcpt",
             "bob@example.net", "--upload-file", "-"], status)

    def msmtp(self, server, mechanism, token, status=0):
        return self.run_client(
            [posternd_fixture.tool("msmtp", "msmtp"), "--host=127.0.0.1", f"--port={server.port}",
             f"--auth={mechanism.lower()}", f"--user={USER}", f"--passwordeval=echo '{token}'",
             "--domain=client.example", "--timeout=20", "--tls=on", "--tls-starttls=on",
             f"--tls-trust-file={self.certificate}", f"--from={USER}", "--", "bob@example.net"],
            status)

    def test_programs(self):
        old = self.issuer.token(exp=1)
        for mechanism in ("OAUTHBEARER", "XOAUTH2"):
            server = self.serve(mechanism)
            for program, token, failed in (
                    (self.curl, self.issuer.token(), 67), (self.curl, self.small, 67),
                    # msmtp sends OAUTHBEARER's message with the command, whatever its length
                    (self.msmtp, self.small if mechanism == "OAUTHBEARER" else self.issuer.token(),
                     77)):
                with self.subTest(program=program.__name__, mechanism=mechanism):
                    program(server, mechanism, token)
                    message = server.message()
                    self.assertEqual((message.protocol, message.user), (b"ESMTPSA", USER.encode()))
                    program(server, mechanism, old, status=failed)
            server.wait_for_log(f"mechanism={mechanism} user={USER} outcome=accepted", 3)
            server.wait_for_log(f"mechanism={mechanism} user={USER} outcome=refused why=expired", 2)


class ReloadTest(OauthTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.next = Issuer(cls.scratch, "ES256")
        cls.both = json.dumps({"keys": [cls.issuer.jwk("november"), cls.next.jwk("december")]})

    def setUp(self):
        self.old = self.issuer.token(header={"kid": "november"})
        self.new = self.next.token(header={"kid": "december"})

    def attempt(self, server, token):
        return oauthbearer(self.secure_client(server), token)[:3]

    def hup(self, server, words, count):
        server.signal(signal.SIGHUP)
        return server.wait_for_log(words, count)

    def test_rotation(self):
        keys = self.write("rotating.json", json.dumps({"keys": [self.issuer.jwk("november")]}))
        server = self.start_oauth("--auth_failures_per_client=0", keys=keys)
        self.assertEqual(self.attempt(server, self.old), b"235")
        self.assertEqual(self.attempt(server, self.new), b"535")
        server.wait_for_log('why="unknown key"')
        before = self.secure_client(server)
        self.write("rotating.json", self.both)
        self.hup(server, "reloaded: .* passwords and token keys are in force", 1)
        self.assertEqual(self.attempt(server, self.old), b"235")
        self.assertEqual(self.attempt(server, self.new), b"235")
        # A running session keeps what it began with.
        self.assertRegex(oauthbearer(before, self.new), rb"^535 ")
        self.write("rotating.json", json.dumps(self.next.jwk("december")))
        self.hup(server, "reloaded: ", 2)
        self.assertEqual(self.attempt(server, self.old), b"535")
        self.assertEqual(self.attempt(server, self.new), b"235")

    def test_a_bad_file_changes_nothing(self):
        keys = self.write("keys.pem", self.issuer.public_text())
        server = self.start_oauth("--auth_failures_per_client=0", keys=keys)
        with open(self.issuer.public.replace(".pem", ".key"), encoding="ascii") as file:
            private = file.read()
        symmetric = {"kty": "oct", "k": "c2VjcmV0"}
        for count, (text, sentence) in enumerate((
                ("nothing\n", r"keys\.pem: holds no key for any of RS256"),
                (self.issuer.public_text() + private, r"keys\.pem:\d+: begins a PEM block PRIVATE KEY"),
                ('{"keys":\n[,]}', r"keys\.pem:2: is no JSON"),
                (json.dumps({"keys": [self.next.jwk("x"), symmetric]}),
                 r"keys\.pem: keys\[1\]: is a symmetric key"))):
            self.write("keys.pem", text)
            log = self.hup(server, "reload refused, everything stays as it was", count + 1)
            self.assertRegex(log.splitlines()[-1], sentence)
            self.assertEqual(self.attempt(server, self.old), b"235")
            self.assertEqual(self.attempt(server, self.new), b"535")
        os.remove(keys)
        self.hup(server, "reload refused, everything stays as it was", 5)
        self.assertEqual(self.attempt(server, self.old), b"235")
        self.write("keys.pem", self.next.public_text())
        self.hup(server, "reloaded: ", 1)
        self.assertEqual(self.attempt(server, self.new), b"235")

    def test_watch(self):
        keys = self.write("watched.json", json.dumps(self.issuer.jwk("november")))
        server = self.start_oauth("--watch", keys=keys)
        self.assertEqual(self.attempt(server, self.new), b"535")
        self.write("watched.json", self.both)
        server.wait_for_log("reloaded: ")
        self.assertEqual(self.attempt(server, self.new), b"235")

    def test_a_bad_file_is_no_start(self):
        bad = self.write("bad.json", "{\n")
        done = subprocess.run(
            [posternd_fixture.posternd_path(), "--listen=127.0.0.1:0", "--discard", *self.tls,
             *self.rules, f"--oauth_keys={bad}"], timeout=20, stdin=subprocess.DEVNULL,
            capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, rb"^[^\n]*bad\.json:2: is no JSON[^\n]*\n$")


if __name__ == "__main__":
    py_unittest_main.main()
