# SPDX-License-Identifier: Apache-2.0
"""posternd from outside: the program itself, with the real plugin, over sockets of this machine."""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from tests.support import py_unittest_main

WAIT = 20  # seconds that anything may take; passing runs take a fraction


def program():
    """The runfiles tree's program, or the one that the environment names."""
    return os.environ.get("POSTERND") or os.path.abspath("hosts/posternd/posternd")


class Server:
    """A running posternd with one plain listener, and what it printed."""

    def __init__(self, folder, *flags, listen=True, preexec=None):
        self.maildir = os.path.join(folder, "Maildir")
        self.log_path = os.path.join(folder, "log")
        command = [program(), "--server_name=mail.example", "--log_file=" + self.log_path]
        if listen:
            command.append("--listen=127.0.0.1:0")
        if "--discard" not in flags:
            command.append("--maildir=" + self.maildir)
        if "POSTERND_PLUGIN" in os.environ:
            command.append("--plugin=" + os.environ["POSTERND_PLUGIN"])
        self.process = subprocess.Popen(
            command + list(flags), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, preexec_fn=preexec)
        self.ports = []
        self.lines = 0
        self.closed = False

    def wait_for_ports(self, count=1):
        for _ in range(count):
            line = self.process.stdout.readline().decode()
            match = re.fullmatch(r"listening on (?:\[[0-9a-f:]+\]|[0-9.]+):(\d+)\n", line)
            if match is None:
                self.process.kill()
                raise AssertionError("no listening line: %r, %r"
                                     % (line, self.process.stderr.read()))
            self.ports.append(int(match.group(1)))
        return self

    @property
    def port(self):
        return self.ports[0]

    def connect(self, port=None):
        client = Client(port or self.port)
        return client

    def log(self, pattern, count=1):
        """Waits for `count` log lines that match, and gives them."""
        end = time.monotonic() + WAIT
        while True:
            found = []
            if os.path.exists(self.log_path):
                with open(self.log_path, encoding="ascii") as lines:
                    found = [line for line in lines if re.search(pattern, line)]
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                with open(self.log_path, encoding="ascii") as lines:
                    raise AssertionError("not in the log: %s\n%s" % (pattern, lines.read()))
            time.sleep(0.02)

    def messages(self):
        folder = os.path.join(self.maildir, "new")
        found = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                found.append(file.read())
        return found

    def stop(self, number=signal.SIGTERM):
        if self.closed:
            return self.process.returncode
        self.closed = True
        self.process.send_signal(number)
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.errors = self.process.stderr.read()
            self.process.stdout.close()
            self.process.stderr.close()
        if b"Sanitizer" in self.errors:
            raise AssertionError(self.errors.decode(errors="replace"))
        return self.process.returncode


class Client:
    """A raw SMTP client: octets out, replies in."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self.buffer = b""

    def send(self, octets):
        self.socket.sendall(octets)

    def line(self):
        while b"\n" not in self.buffer:
            octets = self.socket.recv(65536)
            if not octets:
                raise EOFError(self.buffer)
            self.buffer += octets
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line + b"\n"

    def reply(self):
        """All lines of one reply."""
        text = b""
        while True:
            line = self.line()
            text += line
            if line[3:4] != b"-":
                return text.decode("ascii")

    def ask(self, line):
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def at_end(self):
        if self.buffer:
            return False
        try:
            return self.socket.recv(65536) == b""
        except ConnectionResetError:
            return True

    def start_tls(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def close(self):
        self.socket.close()


def strip_trace(message):
    """The message without the fields that the delivery put before it."""
    lines = message.split(b"\r\n")
    assert lines[0].startswith(b"Return-Path: <"), lines[0]
    assert lines[1].startswith(b"Envelope-To: <"), lines[1]
    received = 2
    while lines[received].startswith((b"\t", b"Postern-")):
        received += 1
    assert lines[received].startswith(b"Received: from "), lines[received]
    return b"\r\n".join(lines[received + 3:])


class PosterndTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="posternd")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def serve(self, *flags, ports=1, **options):
        server = Server(self.folder, *flags, **options)
        self.addCleanup(self.end, server)
        return server.wait_for_ports(ports)

    @staticmethod
    def end(server):
        if not server.closed:
            server.stop(signal.SIGKILL)

    def client(self, server, greeting="220", port=None):
        client = server.connect(port)
        self.addCleanup(client.close)
        if greeting:
            self.assertEqual(client.reply()[:3], greeting)
        return client

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def certificate(self, name="cert"):
        paths = [os.path.join(self.folder, name + "." + kind) for kind in ("pem", "key")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=" + name, "-days", "2", "-out", paths[0], "-keyout", paths[1]],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return paths

    def deliver(self, client, content, sender="a@example.org", recipients=("b@example.net",)):
        self.assertEqual(client.ask("MAIL FROM:<%s>" % sender)[:3], "250")
        for recipient in recipients:
            self.assertEqual(client.ask("RCPT TO:<%s>" % recipient)[:3], "250")
        self.assertEqual(client.ask("DATA")[:3], "354")
        client.send(content + b".\r\n")
        return client.reply()

    # ---- Starting ----

    def refused(self, *flags, preexec=None):
        """Starts what must not start; gives the one sentence."""
        command = [program(), "--maildir=" + os.path.join(self.folder, "m"),
                   "--listen=127.0.0.1:0"]
        if "POSTERND_PLUGIN" in os.environ:
            command.append("--plugin=" + os.environ["POSTERND_PLUGIN"])
        result = subprocess.run(command + list(flags), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=WAIT, check=False,
                                preexec_fn=preexec)
        errors = [line for line in result.stderr.decode().splitlines()
                  if line.startswith("posternd: ")]
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(len(errors), 1, result.stderr)
        self.assertEqual(result.stdout, b"")
        return errors[0]

    def test_mistakes_get_one_sentence_and_exit_status_2(self):
        self.assertIn("did you mean --listen?", self.refused("--lisen=1"))
        self.assertIn("/nonexistent.so", self.refused("--plugin=/nonexistent.so"))
        self.assertIn("/nonexistent/c", self.refused("--config=/nonexistent/c"))
        self.assertIn("/nonexistent/t", self.refused("--table=/nonexistent/t"))
        self.assertIn("/dev/null: ", self.refused("--maildir=/dev/null/m"))
        self.assertIn("--user=nobody-here", self.refused("--user=nobody-here"))
        config = self.write("bad.textproto", "maildir: '/a'\nwhat: 1\n")
        self.assertIn("bad.textproto:2:", self.refused("--config=" + config))
        garbage = self.write("garbage.pem", "no certificate")
        self.assertIn("garbage.pem", self.refused("--tls_cert=" + garbage, "--tls_key=" + garbage))
        cert, _ = self.certificate("one")
        _, other = self.certificate("two")
        self.assertIn("does not belong", self.refused("--tls_cert=" + cert, "--tls_key=" + other))

    def test_a_bad_table_is_refused_with_file_and_line(self):
        table = self.write("bad.textproto", "name: 'x'\nreplies {\n  id: GREETING\n  code: 250\n"
                                            "  text: 'hello'\n}\n")
        sentence = self.refused("--table=" + table)
        self.assertIn("bad.textproto:3: ", sentence)
        self.assertIn("GREETING", sentence)

    def test_too_few_descriptors_for_the_loops(self):
        """Wherever they run out, at a socket or at a loop: one sentence, and what to do about it."""
        for limit in (12, 16, 40, 300):
            def few(limit=limit):
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            with self.subTest(limit=limit):
                self.assertIn("ulimit -n", self.refused("--threads=200", preexec=few))

    def test_a_taken_address_is_named(self):
        server = self.serve()
        self.assertIn("Address already in use", self.refused("--listen=127.0.0.1:%d" % server.port))

    def test_one_line_per_listener(self):
        server = self.serve("--listen=127.0.0.1:0", "--listen=127.0.0.2:0,127.0.0.1:0", ports=4)
        self.assertEqual(len(set(server.ports)), 4)
        for port in (server.ports[0], server.ports[1], server.ports[3]):
            self.client(server, port=port)
        self.assertEqual(server.stop(), 0)

    def test_help_lists_flags(self):
        result = subprocess.run([program(), "--help"], stdout=subprocess.PIPE, timeout=WAIT,
                                check=False)
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"--listen=ADDR:PORT", result.stdout)

    # ---- Mail ----

    def test_messages_lie_in_the_maildir_octet_for_octet(self):
        server = self.serve()
        client = self.client(server)
        client.ask("EHLO client.example")
        contents = [b"", b"\r\n", b"Subject: x\r\n\r\nhello\r\n", b"no header at all\r\n",
                    b"8bit \xe9\xff\r\n", b"a" * 998 + b"\r\n",
                    b"".join(b"%d: line\r\n" % i for i in range(20000))]
        for content in contents:
            self.assertEqual(self.deliver(client, content)[:3], "250")
        self.assertEqual(self.deliver(client, b"..one\r\n...\r\n")[:3], "250")
        expected = contents + [b".one\r\n..\r\n"]
        self.assertCountEqual([strip_trace(m) for m in server.messages()], expected)
        self.assertEqual(os.listdir(os.path.join(server.maildir, "tmp")), [])
        self.assertEqual(client.ask("QUIT")[:3], "221")
        self.assertTrue(client.at_end())

    def test_trace_fields_tell_the_envelope(self):
        server = self.serve()
        client = self.client(server)
        client.ask("EHLO client.example")
        self.deliver(client, b"x\r\n", "", ["a@one.example", "b@two.example"])
        message = server.messages()[0].decode()
        self.assertRegex(message, r"\AReturn-Path: <>\r\n"
                                  r"Envelope-To: <a@one\.example>,\r\n\t<b@two\.example>\r\n"
                                  r"Received: from client\.example \(\[127\.0\.0\.1\]\)\r\n"
                                  r"\tby mail\.example with ESMTP id [0-9a-f]+\r\n"
                                  r"\t\(2 recipients\); \w{3}, \d+ \w{3} \d{4} [0-9:]{8} \+0000\r\n"
                                  r"x\r\n\Z")

    def test_what_says_how_to_deliver_is_kept(self):
        """RFC 3461: whoever makes reports finds in the file what they need."""
        server = self.serve()
        client = self.client(server)
        self.assertRegex(client.ask("EHLO client.example"), r"250[- ]DSN\r\n")
        for command in ("MAIL FROM:<a@b.example> SIZE=3 RET=HDRS ENVID=a+2Bb",
                        "RCPT TO:<c@d.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+2Bx@d.example",
                        "RCPT TO:<e@f.example>"):
            self.assertEqual(client.ask(command)[:3], "250")
        self.assertEqual(client.ask("RCPT TO:<c@d.example> NOTIFY=ALWAYS")[:9], "501 5.5.4")
        self.assertEqual(client.ask("RCPT TO:<c@d.example> RET=FULL")[:9], "555 5.5.4")
        self.assertEqual(client.ask("DATA")[:3], "354")
        client.send(b"x\r\n.\r\n")
        self.assertEqual(client.reply()[:3], "250")
        message = server.messages()[0]
        self.assertIn(b"\r\nPostern-Mail: SIZE=3 RET=HDRS ENVID=a+2Bb\r\n"
                      b"Postern-Rcpt: <c@d.example>\r\n"
                      b"\tNOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+2Bx@d.example\r\nReceived: ", message)
        self.assertEqual(strip_trace(message), b"x\r\n")

    def test_delivery_extensions_that_are_switched_on(self):
        config = self.write("c.textproto", "engine { deliverby_min_s: 60 limits { transactions: 2 } "
                            "extensions { requiretls: SWITCH_ON deliverby: SWITCH_ON rrvs: SWITCH_ON "
                            "mt_priority: SWITCH_ON limits: SWITCH_ON } }")
        cert, key = self.certificate("first")
        server = self.serve("--config=" + config, "--tls_cert=" + cert, "--tls_key=" + key)
        client = self.client(server)
        self.assertNotIn("REQUIRETLS", client.ask("EHLO client.example"))
        self.assertEqual(client.ask("MAIL FROM:<a@b.example> REQUIRETLS")[:9], "555 5.5.4")
        self.assertEqual(client.ask("STARTTLS")[:3], "220")
        client.start_tls()
        reply = client.ask("EHLO client.example")
        for keyword in ("REQUIRETLS", "DELIVERBY 60", "MT-PRIORITY", "RRVS",
                        "LIMITS MAILMAX=2 RCPTMAX=1000"):
            self.assertRegex(reply, "250[- ]" + keyword + "\r\n")
        self.assertEqual(client.ask("MAIL FROM:<a@b.example> BY=59;R")[:9], "555 5.5.4")
        self.assertEqual(client.ask("MAIL FROM:<a@b.example> MT-PRIORITY=10")[:9], "501 5.5.4")
        self.assertEqual(client.ask("MAIL FROM:<a@b.example> REQUIRETLS BY=60;RT MT-PRIORITY=3")[:3],
                         "250")
        self.assertEqual(client.ask("RCPT TO:<c@d.example> RRVS=2014-04-03T23:01:00Z")[:3], "250")
        self.assertEqual(client.ask("DATA")[:3], "354")
        client.send(b"x\r\n.\r\n")
        self.assertEqual(client.reply()[:3], "250")
        self.assertIn(b"\r\nPostern-Mail: REQUIRETLS BY=60;RT MT-PRIORITY=3\r\n"
                      b"Postern-Rcpt: <c@d.example>\r\n\tRRVS=2014-04-03T23:01:00Z\r\n",
                      server.messages()[0])
        self.assertEqual(client.ask("MAIL FROM:<a@b.example>")[:3], "250")
        self.assertEqual(client.ask("RSET")[:3], "250")
        self.assertEqual(client.ask("MAIL FROM:<a@b.example>")[:9], "452 4.5.3")

    def test_garbage_gets_500_and_help_gets_214(self):
        server = self.serve()
        client = self.client(server)
        self.assertEqual(client.ask("GET / HTTP/1.1")[:3], "500")
        self.assertEqual(client.ask("HELP")[:3], "214")
        client.send(b"NOOP\nNOOP\r\n")
        self.assertEqual(client.reply()[:3], "500")
        self.assertEqual(client.ask("NOOP")[:3], "250")

    def test_a_whole_session_in_one_segment(self):
        server = self.serve()
        client = self.client(server)
        client.send(b"EHLO x.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        client.send(b"one\r\n.\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
                    b"two\r\n.\r\nQUIT\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        codes = []
        with contextlib.suppress(EOFError):
            while True:
                codes.append(client.reply()[:3])
        self.assertEqual(codes, ["250", "250", "250", "354", "250", "250", "250", "354", "250",
                                 "221"])
        self.assertCountEqual([strip_trace(m) for m in server.messages()], [b"one\r\n", b"two\r\n"])

    def test_replies_wait_for_a_client_that_does_not_read(self):
        config = self.write("c.textproto",
                            "engine { limits { commands_without_progress: 1000000000 } }")
        server = self.serve("--discard", "--config=" + config)
        client = self.client(server)
        count = 200000
        sender = threading.Thread(target=client.send, args=(b"NOOP\r\n" * count,))
        sender.start()
        time.sleep(0.5)
        for _ in range(count):
            self.assertEqual(client.line()[:4], b"250 ")
        sender.join()
        self.assertEqual(client.ask("QUIT")[:3], "221")

    def test_only_the_domains_served_are_accepted(self):
        server = self.serve("--domains=One.example,two.example")
        client = self.client(server)
        client.ask("EHLO x.example")
        client.ask("MAIL FROM:<a@b.example>")
        self.assertEqual(client.ask("RCPT TO:<x@three.example>")[:3], "550")
        self.assertEqual(client.ask("RCPT TO:<x@ONE.example>")[:3], "250")
        self.assertEqual(client.ask("RCPT TO:<x@two.EXAMPLE>")[:3], "250")
        self.assertEqual(client.ask("RCPT TO:<Postmaster>")[:3], "250")

    def test_a_final_dot_is_no_other_domain(self):
        config = self.write("c.textproto", "engine { leniency { trailing_dot_in_domain: true } }")
        server = self.serve("--config=" + config, "--domains=one.example,two.example.")
        client = self.client(server)
        client.ask("EHLO x.example")
        client.ask("MAIL FROM:<a@b.example>")
        for domain, code in (("one.example.", "250"), ("one.example", "250"),
                             ("two.example.", "250"), ("two.example", "250"),
                             ("three.example.", "550")):
            self.assertEqual(client.ask("RCPT TO:<x@%s>" % domain)[:3], code, domain)

    def test_a_failed_delivery_is_deferred_and_leaves_nothing(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        server = self.serve(preexec=limit)
        client = self.client(server)
        client.ask("EHLO x.example")
        self.assertRegex(self.deliver(client, b"line\r\n" * 100000), r"\A4\d\d ")
        self.assertEqual(server.messages(), [])
        self.assertEqual(os.listdir(os.path.join(server.maildir, "tmp")), [])
        self.assertEqual(self.deliver(client, b"small\r\n")[:3], "250")
        server.log("message .* verdict=deferred")

    def test_kill_9_loses_no_acknowledged_message(self):
        for round_ in range(3):
            server = self.serve()
            acknowledged = []

            def send(number):
                with contextlib.suppress(OSError, EOFError), \
                        contextlib.closing(Client(server.port)) as client:
                    client.reply()
                    client.ask("EHLO x.example")
                    for i in range(100000):
                        content = b"%d-%d-%d\r\n" % (round_, number, i) + b"x" * 70 + b"\r\nend\r\n"
                        client.ask("MAIL FROM:<a@b.example>")
                        client.ask("RCPT TO:<c@d.example>")
                        client.ask("DATA")
                        client.send(content + b".\r\n")
                        if client.reply()[:3] == "250":
                            acknowledged.append(content)

            threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            time.sleep(0.5 + 0.13 * round_)
            server.stop(signal.SIGKILL)
            for thread in threads:
                thread.join()
            delivered = [strip_trace(m) for m in server.messages()]
            self.assertGreater(len(acknowledged), 0)
            self.assertEqual(set(acknowledged) - set(delivered), set())
            for content in delivered:
                self.assertTrue(content.endswith(b"\r\nend\r\n"), content)

    # ---- TLS and PROXY ----

    def test_starttls(self):
        cert, key = self.certificate()
        server = self.serve("--tls_cert=" + cert, "--tls_key=" + key)
        client = self.client(server)
        self.assertIn("STARTTLS", client.ask("EHLO x.example"))
        self.assertEqual(client.ask("STARTTLS")[:3], "220")
        client.start_tls()
        self.assertNotIn("STARTTLS", client.ask("EHLO x.example"))
        body = b"".join(b"%d\r\n" % i for i in range(100000))
        self.assertEqual(self.deliver(client, body)[:3], "250")
        message = server.messages()[0]
        self.assertEqual(strip_trace(message), body)
        self.assertIn(b" with ESMTPS id ", message)
        self.assertEqual(client.ask("QUIT")[:3], "221")
        self.assertIn("TLSv1.", server.log("session .*tls=")[0])

    def test_what_comes_in_the_clear_behind_starttls_is_never_executed(self):
        cert, key = self.certificate()
        server = self.serve("--tls_cert=" + cert, "--tls_key=" + key)
        client = self.client(server)
        client.ask("EHLO x.example")
        client.send(b"STARTTLS\r\nMAIL FROM:<evil@example.org>\r\nNOOP\r\n")
        self.assertEqual(client.reply()[:3], "220")
        client.start_tls()
        # The only reply is to what was sent under TLS; nothing of before is remembered (B4).
        self.assertEqual(client.ask("RCPT TO:<a@b.example>")[:3], "503")
        self.assertEqual(client.ask("EHLO x.example")[:3], "250")
        self.assertEqual(client.ask("MAIL FROM:<a@b.example>")[:3], "250")

    def test_without_certificate_no_starttls(self):
        server = self.serve()
        client = self.client(server)
        self.assertNotIn("STARTTLS", client.ask("EHLO x.example"))
        self.assertEqual(client.ask("STARTTLS")[:3], "502")

    def test_implicit_tls(self):
        cert, key = self.certificate()
        server = self.serve("--tls_cert=" + cert, "--tls_key=" + key, "--listen_tls=127.0.0.1:0",
                            ports=2)
        client = self.client(server, greeting=None, port=server.ports[1])
        client.start_tls()
        self.assertEqual(client.reply()[:3], "220")
        self.assertNotIn("STARTTLS", client.ask("EHLO x.example"))
        self.assertEqual(self.deliver(client, b"x\r\n")[:3], "250")
        # Whoever speaks SMTP in the clear there gets no SMTP back.
        plain = self.client(server, greeting=None, port=server.ports[1])
        plain.send(b"EHLO x.example\r\n")
        with contextlib.suppress(EOFError, ConnectionResetError):
            self.assertNotIn(b"220", plain.line())

    def test_proxy_header_names_the_client(self):
        server = self.serve("--proxy_networks=127.0.0.0/8")
        client = self.client(server, greeting=None)
        client.send(b"PROXY TCP4 192.0.2.77 198.51.100.1 5555 25\r\n")
        self.assertEqual(client.reply()[:3], "220")
        client.ask("EHLO x.example")
        self.deliver(client, b"x\r\n")
        self.assertIn(b"([192.0.2.77])", server.messages()[0])
        client.ask("QUIT")
        server.log(r"session .*client=192\.0\.2\.77:5555 ")

    def test_proxy_header_is_demanded_from_listed_networks_and_refused_from_others(self):
        listed = self.serve("--proxy_networks=127.0.0.1")
        client = self.client(listed, greeting=None)
        client.send(b"EHLO x.example\r\n")
        self.assertTrue(client.at_end())
        listed.stop()
        other = self.serve("--proxy_networks=192.0.2.0/24")
        client = self.client(other)
        self.assertEqual(client.ask("PROXY TCP4 192.0.2.77 198.51.100.1 5555 25")[0], "5")

    def test_proxy_header_before_implicit_tls(self):
        cert, key = self.certificate()
        server = self.serve("--tls_cert=" + cert, "--tls_key=" + key, "--listen_tls=127.0.0.1:0",
                            "--proxy_networks=127.0.0.1", ports=2)
        for pieces in ([b"PROXY TCP6 2001:db8::5 2001:db8::1 5 25\r\n"],
                       [b"PROXY TCP6 2001:db8::5", b" 2001:db8::1 5 25\r", b"\n"]):
            client = self.client(server, greeting=None, port=server.ports[1])
            for piece in pieces:
                client.send(piece)
                time.sleep(0.05 if len(pieces) > 1 else 0)
            client.start_tls()
            self.assertEqual(client.reply()[:3], "220")
            client.ask("EHLO x.example")
            self.deliver(client, b"x\r\n")
            self.assertIn(b"([IPv6:2001:db8::5])", server.messages()[-1])

    # ---- Limits, stopping, reloading, logs ----

    def test_connections_over_the_limit_get_421(self):
        server = self.serve("--max_connections_per_client=2")
        first, _ = self.client(server), self.client(server)
        turned_away = self.client(server, greeting="421")
        self.assertTrue(turned_away.at_end())
        first.ask("QUIT")
        server.log("session .*reason=quit")
        self.client(server)
        server.stop()
        server = self.serve("--max_connections=1")
        self.client(server)
        self.client(server, greeting="421")

    def test_a_client_turned_away_before_tls_leaves_a_line_too(self):
        cert, key = self.certificate()
        server = self.serve("--max_connections=1", "--tls_cert=" + cert, "--tls_key=" + key,
                            "--listen_tls=127.0.0.1:0", ports=2)
        self.client(server)
        self.assertTrue(self.client(server, greeting=None, port=server.ports[1]).at_end())
        server.log(r"session .*client=127\.0\.0\.1:\d+ .*reason=\"connection limit\"")

    def test_connections_spread_over_the_loops(self):
        server = self.serve("--threads=4")
        for _ in range(64):
            self.client(server).ask("QUIT")
        # The last octet of an id is the loop's.
        ids = [re.search(r" id=([0-9a-f]+) ", line)[1] for line in server.log(" session ", 64)]
        self.assertEqual({int(number, 16) & 255 for number in ids}, {0, 1, 2, 3})
        self.assertEqual(len(set(ids)), 64)

    def test_deadlines_come_from_the_engine(self):
        config = self.write("c.textproto", "engine { limits { command_timeout_ms: 300 } }")
        server = self.serve("--config=" + config)
        client = self.client(server)
        start = time.monotonic()
        self.assertEqual(client.reply()[:3], "421")
        self.assertGreater(time.monotonic() - start, 0.2)
        self.assertTrue(client.at_end())
        server.log("session .*reason=timeout")

    def test_a_stop_finishes_transactions_and_tells_idle_sessions(self):
        server = self.serve("--grace_seconds=15")
        idle = self.client(server)
        busy = self.client(server)
        busy.ask("EHLO x.example")
        busy.ask("MAIL FROM:<a@b.example>")
        busy.ask("RCPT TO:<c@d.example>")
        busy.ask("DATA")
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(idle.reply()[:3], "421")
        with self.assertRaises(ConnectionRefusedError):
            for _ in range(100):
                Client(server.port).close()
                time.sleep(0.02)
        busy.send(b"late\r\n.\r\n")
        self.assertEqual(busy.reply()[:3], "250")
        self.assertEqual(busy.reply()[:3], "421")
        busy.close()
        idle.close()
        server.closed = True
        self.assertEqual(server.process.wait(WAIT), 0)
        server.process.stdout.close()
        server.process.stderr.close()
        self.assertEqual(len(server.messages()), 1)

    def test_a_stop_lets_in_whoever_is_connected_already(self):
        """The kernel has taken them, the server not yet: they get a reply and not a reset."""
        server = self.serve("--threads=1")
        server.process.send_signal(signal.SIGSTOP)
        waiting = [self.client(server, greeting=None) for _ in range(500)]
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)
        for client in waiting:
            self.assertEqual(client.reply()[:3], "220")
            self.assertEqual(client.reply()[:3], "421")
        server.closed = True
        self.assertEqual(server.process.wait(WAIT), 0)
        server.process.stdout.close()
        server.process.stderr.close()

    def test_the_grace_ends_and_a_second_signal_ends_it_at_once(self):
        for grace, signals in (("1", 1), ("600", 2)):
            server = self.serve("--grace_seconds=" + grace)
            client = self.client(server)
            client.ask("EHLO x.example")
            client.ask("MAIL FROM:<a@b.example>")
            for _ in range(signals):
                server.process.send_signal(signal.SIGINT)
                time.sleep(0.2)
            server.closed = True
            self.assertEqual(server.process.wait(WAIT), 0)
            server.process.stdout.close()
            server.process.stderr.close()

    def test_reload_changes_new_sessions_and_keeps_running_ones(self):
        config = self.write("c.textproto", "domains: 'old.example'")
        cert, key = self.certificate("first")
        server = self.serve("--config=" + config, "--tls_cert=" + cert, "--tls_key=" + key)
        old = self.client(server)
        old.ask("EHLO x.example")
        self.write("c.textproto", "domains: 'new.example' engine { limits { recipients: 100 } }")
        for path, new in zip((cert, key), self.certificate("second")):
            shutil.copy(new, path)
        server.process.send_signal(signal.SIGHUP)
        server.log("reloaded")
        old.ask("MAIL FROM:<a@b.example>")
        self.assertEqual(old.ask("RCPT TO:<x@old.example>")[:3], "250")
        client = self.client(server)
        client.ask("EHLO x.example")
        client.ask("MAIL FROM:<a@b.example>")
        self.assertEqual(client.ask("RCPT TO:<x@old.example>")[:3], "550")
        self.assertEqual(client.ask("RCPT TO:<x@new.example>")[:3], "250")
        client.ask("RSET")
        client.ask("STARTTLS")
        client.start_tls()
        self.assertIn(b"second", client.socket.getpeercert(binary_form=True))

    def test_bad_files_are_refused_at_reload_and_everything_stays(self):
        table = self.write("t.textproto", "name: 't' replies { id: NOOP_OK code: 250 "
                                          "enhanced_code: '2.0.0' text: 'first table' }")
        server = self.serve("--table=" + table)
        self.assertIn("first table", self.client(server).ask("NOOP"))
        for broken, place in (("replies {\n  id: NOOP_OK\n  code: 500\n  text: 'x'\n}\n",
                               r"t\.textproto:2: "),
                              ("replies {\n  text: 'x'\n", r"t\.textproto:\d+:")):
            self.write("t.textproto", broken)
            server.process.send_signal(signal.SIGHUP)
            server.log("reload refused.*" + place)
            self.assertIn("first table", self.client(server).ask("NOOP"))
            os.truncate(server.log_path, 0)
        self.write("t.textproto", "name: 't' replies { id: NOOP_OK code: 250 "
                                  "enhanced_code: '2.0.0' text: 'second table' }")
        server.process.send_signal(signal.SIGHUP)
        server.log("reloaded")
        self.assertIn("second table", self.client(server).ask("NOOP"))

    def test_a_certificate_that_is_gone_is_refused_at_reload_and_nothing_else_is_taken(self):
        cert, key = self.certificate()
        config = self.write("c.textproto", "listen: '127.0.0.1:0' listen_tls: '127.0.0.1:0' "
                            "tls_cert: '%s' tls_key: '%s' "
                            "engine { limits { message_octets: 100000 } }" % (cert, key))
        server = self.serve("--config=" + config, listen=False, ports=2)
        self.write("c.textproto", "engine { limits { message_octets: 200000 } }")
        server.process.send_signal(signal.SIGHUP)
        server.log("reload refused.*tls_cert is gone")
        client = self.client(server)
        self.assertIn("SIZE 100000", client.ask("EHLO x.example"))
        self.assertEqual(client.ask("STARTTLS")[:3], "220")

    def test_json_logs_tell_session_message_and_rules(self):
        server = self.serve("--log_format=json")
        client = self.client(server)
        client.ask("EHLO x.example")
        client.ask("what\x1b[31m is this")
        client.send(b"bare\n newline\r\n")
        client.reply()
        self.deliver(client, b"x\r\n")
        client.ask("QUIT")
        session = json.loads(server.log('"event":"session"')[0])
        message = json.loads(server.log('"event":"message"')[0])
        self.assertEqual(session["reason"], "quit")
        self.assertEqual(session["messages"], 1)
        self.assertEqual(session["errors"], 2)
        self.assertIn("F2", session["rules"].split(","))
        self.assertEqual(message["id"], session["id"])
        self.assertEqual((message["from"], message["rcpts"], message["verdict"]),
                         ("<a@example.org>", 1, "delivered"))

    def test_smtplib_sends_to_many_sessions_at_once(self):
        server = self.serve("--threads=2")
        failures = []

        def send(number):
            try:
                with smtplib.SMTP("127.0.0.1", server.port, timeout=WAIT) as smtp:
                    for i in range(20):
                        smtp.sendmail("a@b.example", ["c@d.example"], "Subject: %d.%d\r\n\r\nx\r\n"
                                      % (number, i))
            except (OSError, smtplib.SMTPException) as error:
                failures.append(error)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(server.messages()), 400)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    py_unittest_main.main()
