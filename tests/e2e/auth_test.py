# SPDX-License-Identifier: Apache-2.0
"""AUTH (RFC 4954) at posternd line by line, the password file's reload, the limits of guessing, and
where passwords must not be left.
"""

import os
import signal
import ssl
import subprocess
import threading
import time
import unittest

from tests.e2e import posternd_fixture
from tests.e2e import scripted_server
from tests.e2e.auth_fixture import CONTENT, PASSWORD, AuthTest, Scram, encode, in_memory
from tests.e2e.auth_fixture import log_in, passwd, plain, secure
from tests.support import py_unittest_main


def line_of(secret):
    return plain("anna", secret)[11:]


def all_answered(wires):
    return not any(wire.silent(0.001) for wire in wires)


class ExchangeTest(AuthTest):
    """Line by line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = posternd_fixture.Posternd(f"--password_file={cls.password_file}", *cls.tls,
                                               "--auth_failures_per_client=0")
        cls.addClassCleanup(cls.server.close)

    def test_offered_under_tls_alone(self):
        with self.server.connect() as wire:
            self.assertNotIn(b"AUTH", wire.hello())
            self.assertRegex(log_in(wire), rb"^538 5\.7\.11 ")
            self.assertRegex(wire.command(b"AUTH LOGIN"), rb"^538 5\.7\.11 ")
            wire.start_tls()
            self.assertIn(b"AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n",
                          wire.command(b"EHLO client.example"))
            self.assertRegex(log_in(wire), rb"^235 2\.7\.0 ")

    def test_after_success(self):
        wire = self.secure_client(self.server)
        self.assertRegex(log_in(wire), rb"^235 ")
        self.assertRegex(log_in(wire), rb"^503 5\.5\.1 ")
        # RFC 4954 section 5: believed of those who are trusted; it does no harm here.
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org> AUTH=anna@example.org"), rb"^250 ")
        self.assertRegex(wire.command(b"RSET"), rb"^250 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        message = self.server.message()
        self.assertEqual(message.protocol, b"ESMTPSA")
        self.assertIsNone(message.user)  # without --authenticated_header

    def test_one_reply_for_wrong_password_and_unknown_user(self):
        wire = self.secure_client(self.server)
        replies = {log_in(wire, "anna", "wrong"), log_in(wire, "nobody", "wrong")}
        self.assertEqual(len(replies), 1, replies)
        self.assertRegex(replies.pop(), rb"^535 5\.7\.8 ")
        self.assertRegex(log_in(wire), rb"^235 ")

    def test_nobody_acts_for_somebody_else(self):
        wire = self.secure_client(self.server)
        self.assertRegex(wire.command(plain("anna", authzid="bob")), rb"^535 5\.7\.8 ")
        self.assertRegex(wire.command(plain("anna", authzid="anna")), rb"^235 ")

    def test_login(self):
        wire = self.secure_client(self.server)
        self.assertEqual(wire.command(b"AUTH LOGIN"), b"334 " + encode(b"Username:") + b"\r\n")
        self.assertEqual(wire.command(encode(b"bob")), b"334 " + encode(b"Password:") + b"\r\n")
        self.assertRegex(wire.command(encode(b"bob's own")), rb"^235 ")

    def test_login_with_the_name_at_once(self):
        wire = self.secure_client(self.server)
        self.assertEqual(wire.command(b"AUTH LOGIN " + encode(b"bob")),
                         b"334 " + encode(b"Password:") + b"\r\n")
        self.assertRegex(wire.command(encode(b"bob's own")), rb"^235 ")

    def test_cancelled(self):
        wire = self.secure_client(self.server)
        for command in (b"AUTH PLAIN", b"AUTH LOGIN", b"AUTH SCRAM-SHA-256"):
            self.assertRegex(wire.command(command), rb"^334 ")
            self.assertRegex(wire.command(b"*"), rb"^501 5\.7\.0 ")
        self.server.wait_for_log(r"mechanism=PLAIN outcome=cancelled")
        self.assertRegex(log_in(wire), rb"^235 ")

    def test_garbage(self):
        """501 for what is no base64 and for what is no message of the mechanism; neither is a guess."""
        wire = self.secure_client(self.server)
        for line in (b"AUTH PLAIN ?", b"AUTH PLAIN AAA", b"AUTH PLAIN =", b"AUTH PLAIN AGE=",
                     b"AUTH SCRAM-SHA-256 " + encode(b"x")):
            self.assertRegex(wire.command(line), rb"^501 5\.5\.2 ", line)
            wire = self.secure_client(self.server)
        self.assertRegex(wire.command(b"AUTH PLAIN"), rb"^334 ")
        self.assertRegex(wire.command(b"NOOP"), rb"^501 5\.5\.2 ")  # a response, and no command
        self.assertRegex(wire.command(b"NOOP"), rb"^250 ")
        self.assertRegex(wire.command(b"AUTH CRAM-MD5"), rb"^504 5\.5\.4 ")
        for mechanism in (b"OAUTHBEARER", b"XOAUTH2", b"EXTERNAL"):
            self.assertRegex(wire.command(b"AUTH " + mechanism), rb"^504 5\.5\.4 ")
        self.assertRegex(log_in(wire), rb"^235 ")

    def test_the_session_ends_after_three_failures(self):
        """limits.auth_failures, RFC 4954 section 9."""
        wire = self.secure_client(self.server)
        for _ in range(3):
            self.assertRegex(log_in(wire, "anna", "wrong"), rb"^535 ")
        self.assertRegex(log_in(wire, "anna", "wrong"), rb"^421 4\.7\.0 ")
        self.assertEqual(wire.read_to_end(), b"")
        self.server.wait_for_log(r'session .*reason="too many failed logins"')

    def test_scram(self):
        wire = self.secure_client(self.server)
        # Bob has no keys, mallory is nobody; neither is told from who has a wrong password.
        for user in ("anna", "bob", "mallory"):
            self.assertRegex(Scram(user, "wrong").run(wire), rb"^535 5\.7\.8 ")
        wire = self.secure_client(self.server)
        self.assertRegex(Scram("anna", PASSWORD).run(wire), rb"^235 ")

    def tls12_client(self):
        wire = self.client(self.server)
        wire.hello()
        wire.command(b"STARTTLS")
        context = posternd_fixture.client_tls_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        wire.socket = context.wrap_socket(wire.socket, server_hostname="localhost")
        wire.command(b"EHLO client.example")
        return wire

    def test_scram_plus(self):
        wire = self.tls12_client()
        binding = wire.socket.get_channel_binding("tls-unique")
        self.assertRegex(Scram("anna", PASSWORD, ("tls-unique", bytes(12))).run(wire), rb"^535 ")
        self.assertRegex(Scram("anna", "wrong", ("tls-unique", binding)).run(wire), rb"^535 ")
        self.assertRegex(Scram("anna", PASSWORD, ("tls-unique", binding)).run(wire), rb"^235 ")

    def test_scram_sees_that_plus_was_hidden(self):
        """RFC 5802 section 6: "y" says that the client could bind the channel and was offered no
        PLUS, which is not what we offered."""
        wire = self.tls12_client()
        self.assertRegex(Scram("anna", PASSWORD).flag("y,,").run(wire), rb"^535 ")
        self.assertRegex(Scram("anna", PASSWORD).run(wire), rb"^235 ")

    def test_half_a_line_at_a_time(self):
        wire = self.secure_client(self.server)
        for octet in plain("anna") + b"\r\n":
            wire.send(bytes([octet]))
        self.assertRegex(wire.read_reply(), rb"^235 ")

    def test_what_comes_behind_waits(self):
        """R1: replies in order, though the password is checked elsewhere."""
        wire = self.secure_client(self.server)
        wire.send(b"NOOP\r\n" + plain("anna") + b"\r\nMAIL FROM:<a@example.org>\r\nNOOP\r\n")
        for code in (b"250", b"235", b"250", b"250"):
            self.assertEqual(wire.read_reply()[:3], code)

    def test_log_has_mechanism_user_and_outcome_and_no_secret(self):
        wire = self.secure_client(self.server)
        log_in(wire, "anna", "my wrong secret")
        log_in(wire, "evil\x1b[31m\nuser", "another secret")
        self.assertRegex(log_in(wire), rb"^235 ")
        wire.command(b"QUIT")
        self.server.wait_for_log(r"^\S+ auth id=\w+ client=127\.0\.0\.1:\d+ mechanism=PLAIN "
                                 r"user=anna outcome=accepted$")
        self.server.wait_for_log(r"mechanism=PLAIN user=anna outcome=refused$")
        self.server.wait_for_log(r'user="evil\\x1b\[31m(\\n|\\x0a)user" outcome=refused$')
        self.server.wait_for_log(r"session .* user=anna messages=")
        for secret in (PASSWORD, "my wrong secret", "another secret"):
            for form in (secret, encode(secret.encode()).decode(),
                         plain("anna", secret)[11:].decode()):
                self.assertNotIn(form, self.server.log())


class LoopTest(AuthTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A second or so for each check, whatever the machine.
        cls.slow_users = cls.write("slow", passwd("slow", PASSWORD, "--scram",
                                                  "--iterations=2000000"))

    def test_other_sessions_are_served_while_passwords_are_checked(self):
        server = self.start("--threads=1", users=self.slow_users)
        other = self.secure_client(server)
        logins = [self.secure_client(server) for _ in range(4)]
        for wire in logins:
            wire.send(plain("slow") + b"\r\n")
        replies = 0
        while not all_answered(logins):
            self.assertRegex(other.command(b"RSET"), rb"^250 ")
            replies += 1
            if replies == 50:
                break
        # Checked one after the other on the loop, all four would be answered before any of these.
        self.assertTrue(not all_answered(logins), "all logins were done before 50 replies")
        for wire in logins:
            self.assertRegex(wire.read_reply(), rb"^235 ")

    def test_clients_that_leave_while_their_password_is_checked(self):
        server = self.start("--auth_failures_per_client=0")
        for _ in range(5):
            wires = [self.secure_client(server) for _ in range(8)]
            for wire in wires:
                wire.send(plain("anna") + b"\r\n")
            for wire in wires:
                wire.close()
        wire = self.secure_client(server)
        self.assertRegex(log_in(wire), rb"^235 ")
        server.wait_for_log(r"session ", 40)

    def test_stop_while_passwords_are_checked(self):
        server = self.start("--auth_failures_per_client=0", "--grace_seconds=1")
        wires = [self.secure_client(server) for _ in range(30)]
        for wire in wires:
            wire.send(plain("anna") + b"\r\n")
        server.signal(signal.SIGTERM)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)

    def test_decision_timeout(self):
        """A check that comes too late is not counted as a login."""
        config = self.write("late.textproto", "engine { limits { decision_timeout_ms: 100 } }")
        server = self.start(f"--config={config}", "--require_auth", users=self.slow_users)
        wire = self.secure_client(server)
        self.assertRegex(log_in(wire, "slow"), rb"^454 4\.7\.0 ")
        server.wait_for_log(r"mechanism=PLAIN outcome=timeout")
        time.sleep(2)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 5\.7\.0 ")
        self.assertNotIn("outcome=accepted", server.log())

    def test_no_password_stays_in_memory(self):
        """Neither as it is nor in base64: in the read buffers, OpenSSL's, the engine's, or what was
        freed."""
        server = self.start("--threads=1")
        secret = "K3v9-nobody-else-has-this"
        for line in (plain("anna", secret), b"AUTH PLAIN", b"AUTH LOGIN"):
            wire = self.secure_client(server)
            reply = wire.command(line)
            while reply.startswith(b"334"):
                reply = wire.command(encode(secret.encode()) if b"UGFzc3" in reply else
                                     encode(b"anna") if b"VXNlcm" in reply else line_of(secret))
            self.assertRegex(reply, rb"^535 ")
        wire = self.secure_client(server)
        self.assertRegex(log_in(wire), rb"^235 ")
        found = [form for form in (secret.encode(), encode(secret.encode())[:30],
                                   plain("anna", secret)[11:50], PASSWORD.encode(),
                                   plain("anna")[11:40]) if in_memory(server.pid, form)]
        self.assertEqual(found, [])
        # That the search finds what is there.
        self.assertTrue(in_memory(server.pid, self.anna.split("$")[4][:20].encode()))


class SubmissionTest(AuthTest):

    def test_mail_only_after_login(self):
        """RFC 6409 section 4.3, RFC 4954 section 6."""
        server = self.start("--require_auth", "--domains=example.org")
        wire = self.secure_client(server)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 5\.7\.0 ")
        self.assertRegex(wire.command(b"NOOP"), rb"^250 ")
        self.assertRegex(log_in(wire), rb"^235 ")
        wire.open_transaction()
        # posternd does not relay: its Maildir is no place for others' mail, whoever asks.
        self.assertRegex(wire.command(b"RCPT TO:<b@example.com>"), rb"^550 5\.7\.1 ")
        self.assertRegex(wire.command(b"RSET"), rb"^250 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        self.assertEqual(server.message().protocol, b"ESMTPSA")

    def test_in_the_clear_where_it_is_allowed(self):
        server = self.start("--auth_without_tls", "--require_auth", "--authenticated_header",
                            tls=False)
        wire = self.client(server)
        self.assertIn(b"AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n", wire.hello())
        self.assertRegex(log_in(wire), rb"^235 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        message = server.message()
        self.assertEqual(message.protocol, b"ESMTPA")
        self.assertEqual(message.user, b"anna")
        server.wait_for_log(r"message .* user=anna octets=")

    def test_starttls_makes_the_client_unknown_again(self):
        """RFC 3207 section 4.2."""
        server = self.start("--auth_without_tls", "--require_auth")
        wire = self.client(server)
        wire.hello()
        self.assertRegex(log_in(wire), rb"^235 ")
        wire.start_tls()
        wire.command(b"EHLO client.example")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^530 ")
        self.assertRegex(log_in(wire, "bob", "bob's own"), rb"^235 ")

    def test_xclient_makes_another_client_of_it(self):
        """Who logged in before it was the other one; and guesses are those of the one told of."""
        server = self.start("--auth_without_tls", "--authenticated_header",
                            "--trusted_networks=127.0.0.0/8", "--auth_failures_per_client=2",
                            tls=False)
        wire = self.client(server)
        wire.hello()
        self.assertRegex(log_in(wire), rb"^235 ")
        self.assertRegex(wire.command(b"XCLIENT ADDR=198.51.100.7"), rb"^220 ")
        wire.command(b"EHLO client.example")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        message = server.message()
        self.assertEqual((message.protocol, message.user), (b"ESMTP", None))
        for code in (b"535", b"535", b"454"):
            self.assertEqual(log_in(wire, "bob", "guess")[:3], code)
        self.assertRegex(wire.command(b"XCLIENT ADDR=198.51.100.8"), rb"^220 ")
        wire.command(b"EHLO client.example")
        self.assertRegex(log_in(wire, "bob", "bob's own"), rb"^235 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        message = server.message()
        self.assertEqual((message.client, message.user), (b"[198.51.100.8]", b"bob"))

    def test_mechanisms_may_be_left_out(self):
        config = self.write("some.textproto", 'engine { auth_mechanisms: "plain" '
                            'auth_mechanisms: "SCRAM-SHA-256" }')
        server = self.start(f"--config={config}")
        wire = self.client(server)
        self.assertIn(b"AUTH SCRAM-SHA-256 PLAIN\r\n", secure(wire))
        self.assertRegex(wire.command(b"AUTH LOGIN"), rb"^504 5\.5\.4 ")
        self.assertRegex(log_in(wire), rb"^235 ")

    def test_switched_off(self):
        config = self.write("off.textproto", "engine { extensions { auth: SWITCH_OFF } }")
        wire = self.client(self.start(f"--config={config}"))
        self.assertNotIn(b"AUTH", secure(wire))
        self.assertRegex(log_in(wire), rb"^502 5\.5\.1 ")

    def test_without_a_password_file_nothing_is_offered(self):
        with posternd_fixture.Posternd(*self.tls) as server:
            wire = self.client(server)
            self.assertNotIn(b"AUTH", secure(wire))
            self.assertRegex(log_in(wire), rb"^502 5\.5\.1 ")


class LimiterTest(AuthTest):

    def fail_at(self, server, count, user="anna", source="127.0.0.1"):
        for i in range(count):
            if i % 3 == 0:
                wire = self.secure_client(server, source=source)
            self.assertRegex(log_in(wire, user, f"guess {i}"), rb"^535 ")

    def test_a_network_that_guesses_has_to_wait(self):
        server = self.start("--auth_failures_per_client=4")
        self.fail_at(server, 2)
        self.fail_at(server, 2, user="bob")
        wire = self.secure_client(server)
        for _ in range(3):
            # The right password as well, and without being looked at.
            self.assertRegex(log_in(wire), rb"^454 4\.7\.0 ")
        self.assertRegex(Scram("anna", PASSWORD).run(wire), rb"^454 ")
        server.wait_for_log(r"mechanism=PLAIN outcome=limited", 3)
        self.assertRegex(log_in(self.secure_client(server, source="127.0.0.2")), rb"^235 ")

    def test_guesses_side_by_side(self):
        server = self.start("--auth_failures_per_client=4")
        wires = [self.secure_client(server) for _ in range(30)]
        for i, wire in enumerate(wires):
            wire.send(plain("anna", f"guess {i}") + b"\r\n")
        codes = [wire.read_reply()[:3] for wire in wires]
        # Those that were on their way on another thread may go past it.
        self.assertLess(codes.count(b"535"), 4 + 16)
        self.assertGreaterEqual(codes.count(b"535"), 4)
        self.assertEqual(set(codes), {b"535", b"454"})

    def test_a_user_at_whom_many_networks_guess(self):
        server = self.start("--auth_failures_per_user=5")
        self.assertRegex(log_in(self.secure_client(server, source="127.0.0.9")), rb"^235 ")
        for number in range(5):
            self.fail_at(server, 1, source=f"127.0.0.{10 + number}")
        # From a new network a right password is of no use; from where the user came, it is; and
        # nobody else is concerned.
        wire = self.secure_client(server, source="127.0.0.20")
        replies = {log_in(wire), log_in(wire, "anna", "wrong"), Scram("anna", PASSWORD).run(wire),
                   Scram("anna", "wrong").run(wire)}
        self.assertEqual(len(replies), 1, replies)
        self.assertRegex(replies.pop(), rb"^454 4\.7\.0 ")
        self.assertRegex(log_in(self.secure_client(server, source="127.0.0.9")), rb"^235 ")
        wire = self.secure_client(server, source="127.0.0.20")
        self.assertRegex(log_in(wire, "bob", "bob's own"), rb"^235 ")


class ReloadTest(AuthTest):

    def setUp(self):
        self.users = self.write("changing", self.anna)

    def attempt(self, server, user, password=PASSWORD):
        return log_in(self.secure_client(server), user, password)[:3]

    def hup(self, server, words, count):
        server.signal(signal.SIGHUP)
        return server.wait_for_log(words, count)

    def test_sighup(self):
        server = self.start(users=self.users)
        self.assertEqual(self.attempt(server, "carol"), b"535")
        before = self.secure_client(server)
        self.write("changing", self.bob + passwd("carol"))
        self.hup(server, "reloaded: ", 1)
        self.assertEqual(self.attempt(server, "carol"), b"235")
        self.assertEqual(self.attempt(server, "anna"), b"535")
        # A running session keeps what it began with.
        self.assertRegex(log_in(before), rb"^235 ")

    def test_a_bad_file_changes_nothing(self):
        server = self.start(users=self.users)
        for count, (text, sentence) in enumerate((
                (self.bob + "\nno line of a password file\n", r"changing:3: is not NAME:SECRETS"),
                (self.bob + "anna:cleartext\n", r"changing:2: has a password hash that"),
                (self.anna + self.anna, r"changing:2: is the second of user anna"))):
            self.write("changing", text)
            log = self.hup(server, "reload refused, everything stays as it was", count + 1)
            self.assertRegex(log.splitlines()[-1], sentence)
            self.assertEqual(self.attempt(server, "anna"), b"235")
            self.assertEqual(self.attempt(server, "bob", "bob's own"), b"535")
        self.write("changing", self.bob)
        os.chmod(self.users, 0o644)
        log = self.hup(server, "reload refused, everything stays as it was", 4)
        self.assertIn("may be read or changed by others", log.splitlines()[-1])
        os.remove(self.users)
        self.hup(server, "reload refused, everything stays as it was", 5)
        self.assertEqual(self.attempt(server, "anna"), b"235")
        self.write("changing", self.bob)
        self.hup(server, "reloaded: ", 1)
        self.assertEqual(self.attempt(server, "bob", "bob's own"), b"235")

    def test_watch(self):
        server = self.start("--watch", users=self.users)
        self.assertEqual(self.attempt(server, "bob", "bob's own"), b"535")
        self.write("changing", self.anna + "nonsense\n")
        server.wait_for_log(r"reload refused.*changing:2: ")
        self.assertEqual(self.attempt(server, "anna"), b"235")
        self.write("changing", self.anna + self.bob)
        server.wait_for_log("reloaded: ")
        self.assertEqual(self.attempt(server, "bob", "bob's own"), b"235")

    def test_reloads_under_logins(self):
        """Files come and go while passwords are checked: every login is answered, by one of them."""
        server = self.start("--auth_failures_per_client=0", users=self.users)
        stop = threading.Event()
        codes = []

        def guess():
            while not stop.is_set():
                with server.connect() as wire:
                    secure(wire)
                    codes.append(log_in(wire)[:3])
        threads = [threading.Thread(target=guess) for _ in range(3)]
        for thread in threads:
            thread.start()
        for count in range(10):
            self.write("changing", self.bob if count % 2 == 0 else self.anna)
            self.hup(server, "reloaded: ", count + 1)
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join(60)
        self.assertEqual(set(codes), {b"235", b"535"})


class StartTest(AuthTest):
    """Exit status 2 and one sentence."""

    def refused(self, *flags):
        done = subprocess.run([posternd_fixture.posternd_path(), "--listen=127.0.0.1:0", "--discard",
                               *flags], timeout=20, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count(b"\n"), 1)
        return done.stderr.decode()

    def test_mistakes(self):
        users = f"--password_file={self.password_file}"
        self.assertIn("nobody could log in, as that takes TLS", self.refused(users))
        self.assertIn("give --password_file=FILE", self.refused("--require_auth"))
        self.assertIn("clients show certificates under TLS only",
                      self.refused(f"--tls_client_ca={self.certificate}"))
        missing = os.path.join(self.scratch, "missing")
        self.assertIn(missing, self.refused(f"--password_file={missing}", *self.tls))
        self.assertIn(missing, self.refused(f"--tls_client_ca={missing}", *self.tls))
        self.assertIn("holds no certificates",
                      self.refused(f"--tls_client_ca={self.password_file}", *self.tls))
        bad = self.write("bad", "# users\nanna:secret\n")
        self.assertIn("bad:2: ", self.refused(f"--password_file={bad}", *self.tls))
        for text, words in (('engine { extensions { auth: SWITCH_ON } }', "nobody could log in"),
                            ('engine { auth_mechanisms: "CRAM-MD5" }', "'CRAM-MD5' is not served")):
            config = self.write("mistake.textproto", text)
            self.assertIn(words, self.refused(f"--config={config}"))


class GateTest(AuthTest):

    def test_who_logged_in_may_send_anywhere_and_the_server_is_told(self):
        keywords = scripted_server.KEYWORDS + (b"XCLIENT NAME ADDR PORT PROTO HELO LOGIN",)
        with scripted_server.ScriptedServer(keywords=keywords) as back:
            server = self.start(f"--upstream=smtp://127.0.0.1:{back.port}",
                                "--upstream_identity=xclient", "--domains=example.org",
                                maildir=False)
            wire = self.secure_client(server)
            self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^250 ")
            self.assertRegex(wire.command(b"RCPT TO:<b@example.com>"), rb"^550 5\.7\.1 ")
            self.assertRegex(wire.command(b"RSET"), rb"^250 ")
            self.assertRegex(log_in(wire), rb"^235 ")
            self.assertRegex(wire.deliver(CONTENT, recipients=(b"<b@example.com>",)), rb"^250 ")
            told = [line for line in back.commands if line.startswith(b"XCLIENT")]
            self.assertEqual(len(told), 2, back.commands)
            self.assertIn(b"LOGIN=[UNAVAILABLE]", told[0])
            self.assertIn(b"LOGIN=anna", told[1])
            self.assertEqual(back.messages[0][1], [b"<b@example.com>"])
            server.wait_for_log(r"message .*user=anna .*verdict=relayed")

if __name__ == "__main__":
    py_unittest_main.main()
