# SPDX-License-Identifier: Apache-2.0
"""Mail from clients that people have: what they were given to send lies in the Maildir octet for
octet (contract D1, D2; RFC 5321 section 4.5.2).

Two oracles. A client that sends a file as it is, is compared with the file. A client that makes or
dresses the message itself goes through a WireTap, and what the Maildir holds is compared with what
went over the wire.
"""

import collections
import email.generator
import email.message
import email.policy
import hashlib
import io
import os
import random
import smtplib
import subprocess
import tempfile
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

_HEADER = (b"From: Anna <anna@example.org>\r\nTo: bob@example.net\r\n"
           b"Date: Tue, 24 Nov 2026 04:22:56 +0000\r\nMessage-ID: <%s@example.org>\r\n"
           b"Subject: %s\r\n")


def _header(subject):
    return _HEADER % (subject, subject)


def _attachment_message():
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = "anna@example.org"
    message["To"] = "bob@example.net"
    message["Date"] = "Tue, 24 Nov 2026 04:22:56 +0000"
    message["Message-ID"] = "<attachment@example.org>"
    message["Subject"] = "Two attachments"
    message.set_content("See the attachments.\n")
    octets = random.Random(5321).randbytes(200_000)
    message.add_attachment(octets, maintype="application", subtype="octet-stream",
                           filename="noise.bin")
    message.add_attachment("first\nsecond\n.\nlast\n", filename="text.txt")
    out = io.BytesIO()
    email.generator.BytesGenerator(out, policy=email.policy.SMTP).flatten(message)
    return out.getvalue()


def _messages():
    """Name and octets of each message; lines end in CR LF, as the standard wants them."""
    dots = b"".join(b"." * n + b"\r\n" for n in list(range(1, 70)) + [500, 998])
    return collections.OrderedDict([
        ("plain", _header(b"plain") + b"\r\nHello Bob,\r\n\r\nbye.\r\n"),
        ("attachments", _attachment_message()),
        ("dots", _header(b"dots") + b"\r\n.\r\n..\r\n...\r\n" + dots +
         b".a\r\n..b\r\na.\r\n .\r\n. \r\n.\t\r\n\r\n.\r\n\r\n.\r\n"),
        ("eight_bit", _header(b"eight-bit") + b"\r\n" + bytes(range(0x80, 0x100)) +
         b"\r\nGr\xc3\xbc\xc3\x9fe\r\n\xff\xfe\xc3\x28\r\n"),
        ("header_alone", _header(b"header-alone") + b"\r\n"),
        ("long_line", _header(b"long-line") + b"\r\n" + b"x" * 100_000 + b"\r\nend\r\n"),
        ("blank_lines", _header(b"blank-lines") + b"\r\n" + b"\r\n" * 50),
    ])


class _ServerTest(unittest.TestCase):
    """One server for all cases of a class: sessions must not disturb each other."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="postern-clients-")
        certificate, key = posternd_fixture.make_certificate(cls.scratch.name)
        cls.server = posternd_fixture.Posternd(
            f"--tls_cert={certificate}", f"--tls_key={key}", "--server_name=mx.example.net",
            listen_tls=["127.0.0.1:0"])
        cls.certificate = certificate
        cls.port, cls.tls_port = cls.server.ports

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.scratch.cleanup()

    def tearDown(self):
        for message in self.server.messages():
            os.unlink(os.path.join(self.server.maildir, "new", message.name))

    def file(self, content):
        path = os.path.join(self.scratch.name, "message")
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run_client(self, command, stdin=None):
        """Runs a client to its end; its failure is the test's, with all that it said."""
        done = subprocess.run(command, stdin=stdin or subprocess.DEVNULL, timeout=50,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, LC_ALL="C.UTF-8", HOME=self.scratch.name))
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout[-2000:]!r}")
        return done.stdout

    def assert_same(self, content, expected):
        """Equal octets; a failure shows the first difference and not megabytes."""
        if content == expected:
            return
        at = next((i for i, (a, b) in enumerate(zip(content, expected)) if a != b),
                  min(len(content), len(expected)))
        self.fail(f"{len(content)} octets instead of {len(expected)}, the first difference at {at}: "
                  f"{content[at:at + 60]!r} instead of {expected[at:at + 60]!r}")

    def smtplib_client(self, port=None):
        return smtplib.SMTP("127.0.0.1", port or self.port, local_hostname="client.example",
                            timeout=20)

    def curl(self, content, *options, port=None, scheme="smtp",
             mail_from="anna@example.org", rcpt="bob@example.net"):
        return self.run_client(
            [posternd_fixture.tool("curl", "curl"), "--silent", "--show-error", "--max-time", "45",
             "--url", f"{scheme}://127.0.0.1:{port or self.port}/client.example", "--mail-from",
             mail_from, "--mail-rcpt", rcpt, "--upload-file", self.file(content), *options])


class ClientTest(_ServerTest):

    def test_missing_client_is_a_failure_that_tells_what_to_install(self):
        with self.assertRaisesRegex(AssertionError, "apt-get install no-such-package"):
            posternd_fixture.tool("no-such-client", "no-such-package")

    # smtplib

    def test_smtplib_all_messages_in_one_session(self):
        # Of an empty message it sends one CR LF.
        messages = dict(_messages(), empty=b"\r\n")
        with self.smtplib_client() as client:
            for name, content in messages.items():
                with self.subTest(message=name):
                    client.sendmail("anna@example.org", ["bob@example.net"], content,
                                    mail_options=["BODY=8BITMIME"])
                    message = self.server.message()
                    self.assert_same(message.content, content)
                    self.assertEqual(message.reverse_path, b"<anna@example.org>")
                    self.assertEqual(message.recipients, [b"<bob@example.net>"])
                    self.assertEqual(message.protocol, b"ESMTP")
                    self.assertEqual(message.server, b"mx.example.net")

    def test_smtplib_under_starttls(self):
        with self.smtplib_client() as client:
            client.starttls(context=posternd_fixture.client_tls_context())
            for name, content in _messages().items():
                with self.subTest(message=name):
                    client.sendmail("anna@example.org", ["bob@example.net"], content,
                                    mail_options=["BODY=8BITMIME"])
                    message = self.server.message()
                    self.assert_same(message.content, content)
                    self.assertEqual(message.protocol, b"ESMTPS")
                    self.assertRegex(message.tls, rb"^TLSv1\.[23] ")

    def test_smtplib_utf8_addresses(self):
        """RFC 6531: addresses in UTF-8 reach Return-Path, Envelope-To and Received unchanged."""
        content = _header(b"utf8") + "To: Bücher <jürgen@bücher.example>\r\n\r\nGrüße\r\n".encode()
        with self.smtplib_client() as client:
            client.sendmail("anna@grün.example", ["jürgen@bücher.example", "用户@例子.example"],
                            content, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        message = self.server.message()
        self.assert_same(message.content, content)
        self.assertEqual(message.reverse_path, "<anna@grün.example>".encode())
        self.assertEqual(message.recipients,
                         ["<jürgen@bücher.example>".encode(), "<用户@例子.example>".encode()])
        self.assertEqual(message.protocol, b"UTF8SMTP")

    def test_smtplib_many_recipients_and_null_sender(self):
        recipients = [f"user{i}@example.net" for i in range(250)]
        content = _header(b"many") + b"\r\nHello all\r\n"
        with self.smtplib_client() as client:
            self.assertEqual(client.sendmail("", recipients, content), {})
        message = self.server.message()
        self.assert_same(message.content, content)
        self.assertEqual(message.reverse_path, b"<>")
        self.assertEqual(message.recipients, [f"<{to}>".encode() for to in recipients])

    def test_smtplib_quoted_local_parts_and_literals(self):
        """RFC 5321 section 4.1.2: what the grammar allows is stored as it was sent."""
        paths = [b'<"a b@c"@example.net>', b'<"\\"q\\" \\\\"@example.net>', b"<x@[192.0.2.1]>",
                 b"<x@[IPv6:2001:db8::1]>", b"<Postmaster>"]
        with self.smtplib_client() as client:
            client.ehlo()
            for path in [b"MAIL FROM:" + paths[0]] + [b"RCPT TO:" + path for path in paths]:
                code, text = client.docmd(path.decode())
                self.assertEqual(code, 250, (path, text))
            client.data(_header(b"quoted") + b"\r\n")
        message = self.server.message()
        self.assertEqual(message.reverse_path, paths[0])
        self.assertEqual(message.recipients, paths)

    # curl

    def test_curl_all_messages(self):
        for name, content in _messages().items():
            with self.subTest(message=name):
                self.curl(content)
                self.assert_same(self.server.message().content, content)

    def test_curl_empty_message(self):
        with posternd_fixture.WireTap(self.port) as tap:
            self.curl(b"", port=tap.port)
            sent = tap.contents()
        self.assertEqual([self.server.message().content], sent)
        self.assertEqual(sent[0].strip(), b"")

    def test_curl_under_starttls_and_implicit_tls(self):
        content = _messages()["dots"]
        for scheme, port, options in (("smtp", self.port, ["--ssl-reqd"]),
                                      ("smtps", self.tls_port, [])):
            with self.subTest(scheme=scheme):
                self.curl(content, "--insecure", *options, port=port, scheme=scheme)
                message = self.server.message()
                self.assert_same(message.content, content)
                self.assertEqual(message.protocol, b"ESMTPS")

    def test_curl_verifies_the_certificate(self):
        """The handshake is a right one: with the certificate as root, nothing is insecure."""
        self.curl(_messages()["plain"], "--cacert", self.certificate, "--ssl-reqd")
        self.assertEqual(self.server.message().protocol, b"ESMTPS")

    def test_curl_utf8_addresses(self):
        content = _header(b"curl-utf8") + b"\r\nhello\r\n"
        self.curl(content, mail_from="jürgen@example.org", rcpt="用户@example.net")
        message = self.server.message()
        self.assert_same(message.content, content)
        self.assertEqual(message.reverse_path, "<jürgen@example.org>".encode())
        self.assertEqual(message.recipients, ["<用户@example.net>".encode()])
        self.assertEqual(message.protocol, b"UTF8SMTP")

    # swaks

    def swaks(self, *options, port=None):
        return self.run_client(
            [posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port",
             str(port or self.port), "--from", "anna@example.org", "--to", "bob@example.net",
             "--ehlo", "client.example", "--timeout", "20", *options])

    def test_swaks_own_message(self):
        """The command that posternd's start screen proposes."""
        with posternd_fixture.WireTap(self.port) as tap:
            said = self.swaks(port=tap.port)
            sent = tap.contents()
        self.assertIn(b"=== Connected to 127.0.0.1", said)
        self.assertEqual([self.server.message().content], sent)
        self.assertIn(b"Subject: test ", sent[0])

    def test_swaks_dots(self):
        # It takes a dot on the last line for the end that a person wrote, so another line is last.
        content = _messages()["dots"] + b"end\r\n"
        with posternd_fixture.WireTap(self.port) as tap:
            self.swaks("--data", "@" + self.file(content), port=tap.port)
            sent = tap.contents()
        message = self.server.message()
        self.assertEqual([message.content], sent)
        # It puts one more line end behind the data.
        self.assert_same(message.content.rstrip(b"\r\n"), content.rstrip(b"\r\n"))

    def test_swaks_attachment(self):
        octets = random.Random(2045).randbytes(100_000)
        path = self.file(octets)
        with posternd_fixture.WireTap(self.port) as tap:
            self.swaks("--attach", "@" + path, "--body", "text\n.\nmore\n", port=tap.port)
            sent = tap.contents()
        message = self.server.message()
        self.assertEqual([message.content], sent)
        parsed = email.message_from_bytes(message.content, policy=email.policy.default)
        self.assertEqual([part.get_content() for part in parsed.iter_attachments()], [octets])

    def test_swaks_under_starttls(self):
        self.swaks("--tls")
        self.assertEqual(self.server.message().protocol, b"ESMTPS")

    def test_swaks_on_connect_tls(self):
        self.swaks("--tls-on-connect", port=self.tls_port)
        self.assertEqual(self.server.message().protocol, b"ESMTPS")

    def test_swaks_pipelines(self):
        """RFC 2920: the envelope in one packet, and the replies in order."""
        said = self.swaks("--pipeline")
        self.assertRegex(said, rb" -> MAIL FROM[^\n]*\n -> RCPT TO[^\n]*\n -> DATA\n<-  250 ")
        self.assertEqual(self.server.message().recipients, [b"<bob@example.net>"])

    # msmtp

    def msmtp(self, content, *options, port=None):
        with open(self.file(content), "rb") as stdin:
            return self.run_client(
                [posternd_fixture.tool("msmtp", "msmtp"), "--host=127.0.0.1",
                 f"--port={port or self.port}", "--auth=off", "--domain=client.example",
                 "--timeout=20", "--from=anna@example.org", *options, "--", "bob@example.net"],
                stdin=stdin)

    def test_msmtp_all_messages(self):
        for name, content in _messages().items():
            with self.subTest(message=name):
                self.msmtp(content)
                self.assert_same(self.server.message().content, content)

    def test_msmtp_empty_message(self):
        """It writes From and Date itself; the rest of the message is empty."""
        with posternd_fixture.WireTap(self.port) as tap:
            self.msmtp(b"", port=tap.port)
            sent = tap.contents()
        self.assertEqual([self.server.message().content], sent)

    def test_msmtp_under_starttls(self):
        content = _messages()["attachments"]
        self.msmtp(content, "--tls=on", "--tls-starttls=on",
                   f"--tls-trust-file={self.certificate}")
        message = self.server.message()
        self.assert_same(message.content, content)
        self.assertEqual(message.protocol, b"ESMTPS")

    def test_msmtp_implicit_tls(self):
        content = _messages()["dots"]
        self.msmtp(content, "--tls=on", "--tls-starttls=off", "--tls-certcheck=off",
                   port=self.tls_port)
        self.assert_same(self.server.message().content, content)

    # smtp-source: parallel sessions and message sizes

    def smtp_source(self, sessions, messages, *options):
        with posternd_fixture.WireTap(self.port) as tap:
            self.run_client(
                [posternd_fixture.tool("smtp-source", "postfix"), "-s", str(sessions), "-m",
                 str(messages), "-f", "anna@example.org", "-t", "bob@example.net", *options,
                 f"127.0.0.1:{tap.port}"])
            sent = tap.contents()
        delivered = [message.content for message in self.server.messages()]
        self.assertEqual(len(delivered), messages)
        digests = [collections.Counter(hashlib.sha256(content).digest() for content in contents)
                   for contents in (delivered, sent)]
        self.assertEqual(digests[0], digests[1])
        return delivered

    def test_smtp_source_new_connection_for_each_message(self):
        for content in self.smtp_source(20, 200):
            self.assertIn(b"Message-Id: ", content)

    def test_smtp_source_reused_connections(self):
        self.smtp_source(10, 200, "-d")

    def test_smtp_source_several_recipients(self):
        self.smtp_source(5, 30, "-r", "20")
        for message in self.server.messages():
            self.assertEqual(len(message.recipients), 20)
            self.assertEqual(message.protocol, b"SMTP")  # it says HELO

    def test_smtp_source_message_sizes(self):
        for size in (1, 77, 1024, 65536, 1_000_000):
            with self.subTest(size=size):
                delivered = self.smtp_source(5, 20, "-d", "-l", str(size))
                self.assertTrue(all(len(content) >= size for content in delivered))
                self.tearDown()

    # openssl s_client

    def s_client(self, script, *options):
        """The lines of `script` typed into `openssl s_client`; what the server said."""
        openssl = posternd_fixture.tool("openssl", "openssl")
        with subprocess.Popen([openssl, "s_client", "-quiet", "-crlf", "-CAfile", self.certificate,
                               "-verify_return_error", *options],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            try:
                out, _ = process.communicate(script, timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return out

    def test_openssl_s_client(self):
        script = (b"EHLO client.example\nMAIL FROM:<anna@example.org>\nRCPT TO:<bob@example.net>\n"
                  b"DATA\nSubject: by hand\n\ntyped\n.\nQUIT\n")
        for options in (["-starttls", "smtp", "-connect", f"127.0.0.1:{self.port}"],
                        ["-connect", f"127.0.0.1:{self.tls_port}"]):
            with self.subTest(options=options[0]):
                said = self.s_client(script, *options)
                self.assertIn(b"354 ", said)
                self.assertRegex(said, rb"\r\n221 ")
                message = self.server.message()
                self.assert_same(message.content, b"Subject: by hand\r\n\r\ntyped\r\n")
                self.assertEqual(message.protocol, b"ESMTPS")

    # Raw octets: what no client sends by itself

    def test_raw_empty_content(self):
        """DATA and at once the dot: a message without a single octet."""
        with self.server.connect() as wire:
            wire.hello()
            self.assertRegex(wire.deliver(b""), rb"^250 2\.")
        self.assertEqual(self.server.message().content, b"")

    def test_raw_every_octet(self):
        """Content is no command: NUL, controls and 8-bit octets pass (D2); CR and LF stand together."""
        octets = bytes(i for i in range(256) if i not in (10, 13))
        content = b"".join(bytes([i]) + octets + b"\r\n" for i in octets)
        with self.server.connect() as wire:
            wire.hello()
            self.assertRegex(wire.deliver(content), rb"^250 2\.")
        self.assert_same(self.server.message().content, content)

    def test_raw_dots_cut_at_every_octet(self):
        """R3: the cuts of the network do not show in the message."""
        content = b".\r\n..\r\na\r\n.b\r\n\r\n.\r\n"
        with self.server.connect() as wire:
            wire.hello()
            wire.open_transaction()
            self.assertRegex(wire.command(b"DATA"), rb"^354")
            for octet in posternd_fixture.stuff(content) + b".\r\n":
                wire.send(bytes([octet]))
            self.assertRegex(wire.read_reply(), rb"^250")
        self.assert_same(self.server.message().content, content)

    def test_raw_pipelined_session_in_one_write(self):
        """RFC 2920, with two messages and the goodbye in one go."""
        one = (b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
               b"Subject: pipelined\r\n\r\n..dot\r\n.\r\n")
        with self.server.connect() as wire:
            wire.hello()
            wire.send(one + one + b"QUIT\r\n")
            codes = [wire.read_reply()[:3] for _ in range(9)]
            self.assertEqual(codes, [b"250", b"250", b"354", b"250"] * 2 + [b"221"])
            self.assertEqual(wire.read_to_end(), b"")
        messages = self.server.messages()
        self.assertEqual([m.content for m in messages],
                         [b"Subject: pipelined\r\n\r\n.dot\r\n"] * 2)


class LargeMessageTest(_ServerTest):
    """A target of its own, large_messages_test: tens of megabytes take their time under a sanitizer."""

    def test_smtplib_sends_fifty_megabytes(self):
        line = b"0123456789" * 7 + b"abcd\r\n"
        content = _header(b"big") + b"\r\n" + line * (50_000_000 // len(line))
        with self.smtplib_client() as client:
            client.sendmail("anna@example.org", ["bob@example.net"], content)
        self.assert_same(self.server.message().content, content)

    def test_curl_sends_the_greatest_message(self):
        """The greatest message there may be: 52428800 octets, SIZE's default."""
        line = b".123456789" * 7 + b"abcd\r\n"
        head = _header(b"greatest") + b"\r\n"
        rest = 52_428_800 - len(head)
        content = head + line * (rest // len(line) - 1)
        content += b"y" * (52_428_800 - len(content) - 2) + b"\r\n"
        self.assertEqual(len(content), 52_428_800)
        self.curl(content)
        self.assert_same(self.server.message().content, content)


if __name__ == "__main__":
    py_unittest_main.main()
