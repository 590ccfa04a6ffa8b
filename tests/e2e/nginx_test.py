# SPDX-License-Identifier: Apache-2.0
"""The module in the real nginx, before posternd (docs/hosts/nginx.md)."""

import os
import re
import resource
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from tests.e2e import nginx_fixture
from tests.e2e import posternd_fixture
from tests.e2e import scripted_server
from tests.support import py_unittest_main

CONTENT = (b"From: a@example.net\r\nTo: b@example.org\r\nSubject: x\r\n\r\n"
           b".dot\r\n..two\r\n.\r\n\r\n\x00\xff\xc3\xa4 end\r\n")

TABLE = """replies {{
  id: NOOP_OK
  code: 250
  enhanced_code: "2.0.0"
  text: "table {name}"
}}
"""

# The message ends in one of these, if a server behind can be talked into it.
SMUGGLING = (b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n\x00.\r\n")


class NginxTest(unittest.TestCase):
    def upstream(self, *flags, **options):
        server = posternd_fixture.Posternd("--server_name=mta.example", *flags, **options)
        self.addCleanup(server.close)
        return server

    def nginx(self, *servers, **options):
        nginx = nginx_fixture.Nginx(list(servers), **options)
        self.addCleanup(nginx.close)
        return nginx

    def pair(self, more="", **options):
        """posternd, and nginx before it."""
        upstream = self.upstream()
        return upstream, self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port}; {more}"),
                                    **options)

    def wire(self, port, source="127.0.0.1"):
        wire = posternd_fixture.Wire(port, source)
        self.addCleanup(wire.close)
        return wire

    def greet(self, port, source="127.0.0.1"):
        wire = self.wire(port, source)
        wire.hello()
        return wire

    def scratch(self):
        directory = tempfile.TemporaryDirectory(prefix="nginx-test-", dir="/tmp")
        self.addCleanup(directory.cleanup)
        os.chmod(directory.name, 0o755)
        return directory.name

    def certificate(self):
        """Directives for one."""
        certificate, key = posternd_fixture.make_certificate(self.scratch())
        return f"ssl_certificate {certificate}; ssl_certificate_key {key};"


class Mail(NginxTest):
    def test_mail_goes_through_octet_for_octet(self):
        upstream, nginx = self.pair()
        wire = self.greet(nginx.port)
        for content in (CONTENT, b"", b".\r\n", b"x" * 900 + b"\r\n", b"\r\n" * 2000,
                        bytes(range(128, 256)) * 3000 + b"\r\n"):
            self.assertEqual(wire.deliver(content), b"250 2.0.0 Message accepted\r\n")
            self.assertEqual(upstream.message().content, content)
        self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
        self.assertEqual(wire.read_to_end(), b"")

    def test_the_words_are_the_tables(self):
        _, nginx = self.pair()
        wire = self.greet(nginx.port)
        self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 gate\.example")
        self.assertRegex(wire.command(b"XYZZY"), rb'^500 5\.5\.1 Command "XYZZY" is unknown')
        self.assertRegex(wire.command(b"\x80\xff"), rb"^500[ -]5\.5\.")
        self.assertRegex(wire.command(b"MAIL FROM:<a@b"), rb"^501[ -]5\.")
        self.assertRegex(wire.command(b"XCLIENT ADDR=127.0.0.3"), rb"^502[ -]5\.5\.1 ")
        wire.send(b"NOOP\n")
        self.assertRegex(wire.read_reply(), rb"^500[ -]5\.5\.2 ")

    def test_recipients_are_upstreams_to_decide_about(self):
        upstream = self.upstream("--domains=example.org")
        nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port};"))
        wire = self.greet(nginx.port)
        wire.command(b"MAIL FROM:<a@example.net>")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.com>"), rb"^550 5\.7\.1 ")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.org>"), rb"^250 ")

    def test_pipelined_whole(self):
        upstream, nginx = self.pair()
        wire = self.greet(nginx.port)
        wire.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nHELP\r\nXYZZY\r\n"
                  b"RCPT TO:<c@example.org>\r\nDATA\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(6)],
                         [b"250", b"250", b"214", b"500", b"250", b"354"])
        wire.send(b"one\r\n.\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
                  b"two\r\n.\r\nQUIT\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(6)],
                         [b"250", b"250", b"250", b"354", b"250", b"221"])
        self.assertEqual([message.content for message in upstream.messages()],
                         [b"one\r\n", b"two\r\n"])

    def test_octet_by_octet(self):
        upstream, nginx = self.pair()
        wire = self.greet(nginx.port)
        for octet in (b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n..x\r\n"
                      b".\r\nQUIT\r\n"):
            wire.send(bytes([octet]))
            time.sleep(0.001)
        self.assertEqual([wire.read_reply()[:3] for _ in range(5)],
                         [b"250", b"250", b"354", b"250", b"221"])
        self.assertEqual(upstream.message().content, b".x\r\n")

    def test_smuggling(self):
        upstream, nginx = self.pair()
        for end in SMUGGLING:
            with self.subTest(end=end):
                wire = self.greet(nginx.port)
                wire.open_transaction()
                wire.command(b"DATA")
                wire.send(b"Subject: smuggled\r\n\r\nx" + end + b"MAIL FROM:<evil@example.net>\r\n"
                          b"RCPT TO:<b@example.org>\r\nDATA\r\ny\r\n.\r\n")
                reply = wire.read_reply()
                if b"\x00" in end:
                    # An octet like others: what follows is content.
                    self.assertRegex(reply, rb"^250 ")
                    self.assertIn(b"evil@example.net", upstream.message().content)
                else:
                    self.assertRegex(reply, rb"^554[ -]")
                self.assertTrue(wire.silent(0.1))
        self.assertEqual(upstream.messages(), [])

    def test_a_client_that_reads_late(self):
        """Its replies wait in the session's bounded output, then nothing more is read."""
        _, nginx = self.pair("postern_config {root}/engine.textproto;", files={
            "engine.textproto": "limits { commands_without_progress: 1000000 }\n"})
        (worker,) = nginx.worker_pids()
        wire = self.greet(nginx.port)
        before = resident_octets(worker)
        count = 20000
        sent = threading.Thread(target=wire.send, args=(b"HELP\r\n" * count,))
        sent.start()
        time.sleep(0.5)
        self.assertLess(resident_octets(worker) - before, 4 << 20)
        for _ in range(count):
            self.assertEqual(wire.read_reply()[:4], b"214-")
        sent.join()
        self.assertRegex(wire.command(b"NOOP"), rb"^250 ")

    def test_a_client_that_says_all_and_closes_its_side(self):
        upstream, nginx = self.pair()
        wire = self.wire(nginx.port)
        wire.send(b"EHLO client.example\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\n"
                  b"DATA\r\nx\r\n.\r\nQUIT\r\n")
        wire.socket.shutdown(socket.SHUT_WR)
        self.assertEqual([wire.read_reply()[:3] for _ in range(7)],
                         [b"220", b"250", b"250", b"250", b"354", b"250", b"221"])
        self.assertEqual(wire.read_to_end(), b"")
        self.assertEqual(upstream.message().content, b"x\r\n")

    def test_what_is_offered_is_what_upstream_has(self):
        class Old(threading.Thread):
            """A server that has SIZE alone."""

            def __init__(self):
                super().__init__(daemon=True)
                self.listener = socket.create_server(("127.0.0.1", 0))
                self.port = self.listener.getsockname()[1]
                self.start()

            def run(self):
                while True:
                    try:
                        client, _ = self.listener.accept()
                    except OSError:
                        return
                    client.sendall(b"220 old\r\n")
                    for line in client.makefile("rb"):
                        client.sendall(b"250-old\r\n250 SIZE 100000\r\n"
                                       if line.startswith(b"EHLO") else b"221 bye\r\n")

        old = Old()
        self.addCleanup(old.listener.close)
        upstream = self.upstream()
        nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port};"),
                           ("", f"postern_pass 127.0.0.1:{old.port};"))
        nginx.wait_for_log("postern: upstream .* was seen", 2)
        self.assertIn(b"8BITMIME", self.wire(nginx.ports[0]).hello())
        hello = self.wire(nginx.ports[1]).hello()
        self.assertNotIn(b"8BITMIME", hello)
        self.assertNotIn(b"CHUNKING", hello)
        self.assertIn(b"SIZE 100000\r\n", hello)

    def test_a_server_that_comes_late_is_seen(self):
        port = free_port()
        nginx = self.nginx(("", f"postern_pass 127.0.0.1:{port};"))
        nginx.wait_for_log(r"\[warn\] .*postern: upstream 127\.0\.0\.1:\d+: not reachable")
        self.assertNotIn(b"8BITMIME", self.wire(nginx.port).hello())
        self.upstream(listen=(f"127.0.0.1:{port}",))
        nginx.wait_for_log("postern: upstream .* was seen")
        self.assertIn(b"8BITMIME", self.wire(nginx.port).hello())

    def test_bdat(self):
        upstream, nginx = self.pair()
        nginx.wait_for_log("postern: upstream .* was seen")
        wire = self.wire(nginx.port)
        self.assertIn(b"CHUNKING", wire.hello())
        wire.open_transaction()
        content = b".\r\nno line end"
        wire.send(b"BDAT 3\r\n" + content[:3])
        self.assertRegex(wire.read_reply(), rb"^250 ")
        wire.send(b"BDAT %d LAST\r\n" % (len(content) - 3) + content[3:])
        self.assertRegex(wire.read_reply(), rb"^250 ")
        self.assertEqual(upstream.message().content, content)

    def test_the_servers_pause_is_not_the_clients_silence(self):
        with scripted_server.ScriptedServer(keywords=(b"8BITMIME",)) as upstream:
            nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port}; "
                                    "postern_config {root}/engine.textproto;"),
                               files={"engine.textproto": "limits { content_timeout_ms: 1000 }\n"})
            wire = self.greet(nginx.port)
            self.assertRegex(scripted_server.deliver_while_it_pauses(upstream, wire, 2.5), rb"^250 ")
            # The client's own silence still is.
            wire.open_transaction()
            wire.command(b"DATA")
            self.assertRegex(wire.read_reply(), rb"^421 ")

    def test_no_piece_waits_for_an_ack(self):
        with scripted_server.ScriptedServer() as upstream:
            nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port};"))
            self.assertLess(scripted_server.quickest(self.greet(nginx.port)), 0.03)

    def test_timeout(self):
        _, nginx = self.pair("postern_config {root}/engine.textproto;", files={
            "engine.textproto": "limits { command_timeout_ms: 1000 }\n"})
        wire = self.greet(nginx.port)
        self.assertRegex(wire.read_reply(), rb"^421 4\.4\.2 ")
        self.assertEqual(wire.read_to_end(), b"")
        self.assertIn("closed=timeout", nginx.access_log()[0])

    def test_too_many_errors(self):
        _, nginx = self.pair()
        wire = self.greet(nginx.port)
        wire.send(b"XYZZY\r\n" * 100)
        octets = wire.read_to_end()
        self.assertRegex(octets, rb"\r\n421 [^\r\n]*\r\n$")
        self.assertIn("closed=errors", nginx.access_log()[0])

    def test_swaks_and_smtp_source(self):
        upstream, nginx = self.pair(workers=2)
        subprocess.run([posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port",
                        str(nginx.port), "--from", "a@example.net", "--to", "b@example.org",
                        "--header", "Subject: swaks"], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.assertIn(b"Subject: swaks\r\n", upstream.message().content)
        self.smtp_source(nginx, 100, 5, "-d")
        self.smtp_source(nginx, 100, 5)
        self.assertEqual(len(upstream.messages()), 200)

    def smtp_source(self, nginx, messages, sessions, *options):
        subprocess.run([posternd_fixture.tool("smtp-source", "postfix"), "-s", str(sessions), "-m",
                        str(messages), "-l", "3000", "-f", "a@example.net", "-t", "b@example.org",
                        *options, f"inet:127.0.0.1:{nginx.port}"], check=True, timeout=300,
                       stdin=subprocess.DEVNULL)

    def test_large_message_through_a_slow_upstream(self):
        """Back-pressure both ways: nginx keeps no message."""
        upstream, nginx = self.pair()
        (worker,) = nginx.worker_pids()
        content = (b"0123456789abcdef" * 60 + b"\r\n") * 20000
        wire = self.greet(nginx.port)
        before = resident_octets(worker)
        os.kill(upstream.pid, signal.SIGSTOP)
        wire.socket.settimeout(60)
        sent = threading.Thread(target=lambda: (
            wire.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"),
            wire.send(content + b".\r\n")))
        sent.start()
        time.sleep(0.3)
        self.assertTrue(sent.is_alive())
        os.kill(upstream.pid, signal.SIGCONT)
        self.assertEqual([wire.read_reply()[:3] for _ in range(4)],
                         [b"250", b"250", b"354", b"250"])
        sent.join()
        self.assertLess(resident_octets(worker) - before, 4 << 20)
        self.assertEqual(upstream.message().content, content)


class Tls(NginxTest):
    def serve(self, *options):
        upstream = self.upstream()
        servers = [(option, f"postern_pass 127.0.0.1:{upstream.port};") for option in options]
        return upstream, self.nginx(*servers, stream=self.certificate())

    def test_starttls(self):
        upstream, nginx = self.serve("")
        wire = self.wire(nginx.port)
        self.assertRegex(wire.hello(), rb"250[ -]STARTTLS\r\n")
        wire.start_tls()
        self.assertNotIn(b"STARTTLS", wire.command(b"EHLO client.example"))
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        self.assertEqual(upstream.message().content, CONTENT)
        self.assertRegex(wire.command(b"STARTTLS"), rb"^503 ")
        wire.command(b"QUIT")
        wire.close()
        self.assertRegex(nginx.access_log()[0], r"tls=TLSv1\.[23]")

    def test_implicit(self):
        upstream, nginx = self.serve("ssl", "")
        wire = self.wire(nginx.port)
        wire.wrap_tls()
        self.assertNotIn(b"STARTTLS", wire.hello())
        big = (b"x" * 70 + b"\r\n") * 20000
        self.assertRegex(wire.deliver(big), rb"^250 ")
        self.assertEqual(upstream.message().content, big)
        # The plain one beside it still has STARTTLS.
        plain = self.wire(nginx.ports[1])
        plain.hello()
        plain.start_tls()

    def test_what_follows_starttls_in_the_clear_is_dropped(self):
        """CVE-2011-0411: commands of somebody in between must not count after the handshake."""
        upstream, nginx = self.serve("")
        wire = self.wire(nginx.port)
        wire.hello()
        wire.send(b"STARTTLS\r\nMAIL FROM:<evil@example.net>\r\nRCPT TO:<b@example.org>\r\n")
        self.assertRegex(wire.read_reply(), rb"^220 ")
        wire.wrap_tls()
        self.assertRegex(wire.command(b"RCPT TO:<b@example.org>"), rb"^503 ")
        self.assertEqual(upstream.messages(), [])

    def test_a_failed_handshake_ends_the_session(self):
        _, nginx = self.serve("")
        wire = self.wire(nginx.port)
        wire.hello()
        wire.command(b"STARTTLS")
        wire.send(b"NOOP\r\nNOOP\r\nNOOP\r\n")
        wire.read_to_end()
        self.assertRegex(nginx.access_log()[0], r"closed=tls")
        # The worker lives.
        self.greet(nginx.port)

    def test_a_handshake_that_never_comes(self):
        upstream = self.upstream()
        nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port}; "
                                "ssl_handshake_timeout 1s;"), stream=self.certificate())
        wire = self.wire(nginx.port)
        wire.hello()
        wire.command(b"STARTTLS")
        self.assertEqual(wire.read_to_end(), b"")
        self.assertIn("closed=tls", nginx.access_log()[0])

    def test_one_server_with_both(self):
        upstream = self.upstream()
        nginx = self.nginx(("", "return x;"), ("", "return x;"))
        nginx.configure([("ssl", f"listen 127.0.0.1:{{port1}}; "
                                 f"postern_pass 127.0.0.1:{upstream.port};")], self.certificate())
        nginx.reload()
        plain, tls = self.wire(nginx.ports[1]), self.wire(nginx.port)
        plain.hello()
        plain.start_tls()
        tls.wrap_tls()
        self.assertNotIn(b"STARTTLS", tls.hello())

    def test_required(self):
        upstream = self.upstream()
        nginx = self.nginx(
            ("", f"postern_pass 127.0.0.1:{upstream.port}; postern_config {{root}}/engine.textproto;"),
            stream=self.certificate(),
            files={"engine.textproto": "require_tls: true\n"})
        wire = self.greet(nginx.port)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^530 5\.7\.0 ")
        wire.start_tls()
        wire.command(b"EHLO client.example")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^250 ")

    def test_off(self):
        upstream = self.upstream()
        nginx = self.nginx(
            ("", f"postern_pass 127.0.0.1:{upstream.port}; postern_starttls off;"),
            stream=self.certificate())
        self.assertNotIn(b"STARTTLS", self.wire(nginx.port).hello())


class Identity(NginxTest):
    def test_proxy_header_in(self):
        upstream = self.upstream()
        nginx = self.nginx(("proxy_protocol", f"postern_pass 127.0.0.1:{upstream.port}; "
                                              "set_real_ip_from 127.0.0.0/8;"))
        for header in (b"PROXY TCP4 192.0.2.7 192.0.2.1 50000 25\r\n",
                       b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x01"
                       b"\xc3\x50\x00\x19"):
            wire = self.wire(nginx.port)
            wire.send(header)
            wire.hello()
            wire.command(b"QUIT")
            wire.read_to_end()
        for line in nginx.access_log(2):
            self.assertRegex(line, r"^client=192\.0\.2\.7 ")

    def test_proxy_header_out(self):
        for identity in ("proxy1", "proxy2"):
            with self.subTest(identity=identity):
                upstream = self.upstream("--proxy_networks=127.0.0.1/32")
                nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port}; "
                                        f"postern_identity {identity};"))
                wire = self.greet(nginx.port, "127.0.0.77")
                self.assertRegex(wire.deliver(b"x\r\n"), rb"^250 ")
                self.assertRegex(upstream.message().client, rb"\[127\.0\.0\.77\]")

    def test_proxy_header_through(self):
        """In front of nginx a balancer, behind it a server that wants to know: the client's address
        goes all the way."""
        upstream = self.upstream("--proxy_networks=127.0.0.1/32")
        nginx = self.nginx(("proxy_protocol", f"postern_pass 127.0.0.1:{upstream.port}; "
                                              "set_real_ip_from 127.0.0.1; postern_identity proxy2;"))
        wire = self.wire(nginx.port)
        wire.send(b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 25\r\n")
        wire.hello()
        self.assertRegex(wire.deliver(b"x\r\n"), rb"^250 ")
        self.assertRegex(upstream.message().client, rb"2001:db8::7")


class Groups(NginxTest):
    def test_in_turn(self):
        first, second = self.upstream(), self.upstream()
        nginx = self.nginx(("", "postern_pass mta;"),
                           stream=f"upstream mta {{ server 127.0.0.1:{first.port}; "
                                  f"server 127.0.0.1:{second.port}; }}")
        for _ in range(4):
            self.greet(nginx.port).deliver(b"x\r\n")
        self.assertEqual((len(first.messages()), len(second.messages())), (2, 2))

    def test_by_address(self):
        first, second = self.upstream(), self.upstream()
        nginx = self.nginx(("", "postern_pass mta;"),
                           stream=f"upstream mta {{ hash $remote_addr consistent; "
                                  f"server 127.0.0.1:{first.port}; "
                                  f"server 127.0.0.1:{second.port}; }}")
        for _ in range(5):
            self.assertRegex(self.greet(nginx.port).deliver(b"x\r\n"), rb"^250 ")
        self.assertIn((len(first.messages()), len(second.messages())), [(5, 0), (0, 5)])

    def test_one_that_is_down_is_passed_over_and_the_backup_takes_its_place(self):
        dead = self.upstream()
        backup = self.upstream()
        nginx = self.nginx(("", "postern_pass mta;"),
                           stream=f"upstream mta {{ zone mta 64k; server 127.0.0.1:{dead.port} "
                                  f"max_fails=1 fail_timeout=60s; "
                                  f"server 127.0.0.1:{backup.port} backup; }}")
        self.assertRegex(self.greet(nginx.port).deliver(b"x\r\n"), rb"^250 ")
        dead.kill()
        wire = self.greet(nginx.port)
        for _ in range(3):
            self.assertRegex(wire.deliver(b"x\r\n"), rb"^250 ")
        self.assertRegex(self.greet(nginx.port).deliver(b"x\r\n"), rb"^250 ")
        self.assertEqual(len(backup.messages()), 4)
        # Tried once, and then known to be down.
        self.assertEqual(len(re.findall("connect\\(\\) failed", nginx.log())), 1)
        self.assertIn("temporarily disabled", nginx.log())

    def test_one_that_does_not_greet_is_passed_over(self):
        """Before the client's decision runs out of time, and not after."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        upstream = self.upstream()
        nginx = self.nginx(("", "postern_pass mta; postern_greeting_timeout 500ms;"),
                           stream=f"upstream mta {{ server 127.0.0.1:{silent.getsockname()[1]}; "
                                  f"server 127.0.0.1:{upstream.port}; }}")
        for _ in range(2):
            self.assertRegex(self.greet(nginx.port).deliver(b"x\r\n"), rb"^250 ")
        self.assertRegex(nginx.wait_for_log("does not begin"), "does not begin: timeout")

    def test_one_that_greets_with_554_is_passed_over(self):
        refusing = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(refusing.close)

        def refuse():
            while True:
                try:
                    client, _ = refusing.accept()
                except OSError:
                    return
                client.sendall(b"554 5.3.2 not today\r\n")
                client.recv(100)
                client.close()

        threading.Thread(target=refuse, daemon=True).start()
        good = self.upstream()
        nginx = self.nginx(("", "postern_pass mta;"),
                           stream=f"upstream mta {{ server 127.0.0.1:{refusing.getsockname()[1]}; "
                                  f"server 127.0.0.1:{good.port}; }}")
        for _ in range(3):
            self.assertRegex(self.greet(nginx.port).deliver(b"x\r\n"), rb"^250 ")
        self.assertEqual(len(good.messages()), 3)

    def test_nobody_there(self):
        dead = self.upstream()
        dead.kill()
        nginx = self.nginx(("", f"postern_pass 127.0.0.1:{dead.port};"))
        wire = self.greet(nginx.port)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^451 ")
        # The session goes on, and asks again.
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^451 ")
        wire.command(b"QUIT")
        self.assertRegex(nginx.access_log()[0], r'failure="not reachable"')

    def test_unix_socket(self):
        path = os.path.join(self.scratch(), "mta")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        os.chmod(path, 0o666)
        listener.listen()
        self.addCleanup(listener.close)
        heard = []

        replies = {b"LHLO": b"250-lmtp\r\n250 8BITMIME\r\n", b"MAIL": b"250 ok\r\n",
                   b"RCPT": b"250 ok\r\n", b"DATA": b"354 go\r\n", b".\r\n": b"250 kept\r\n",
                   b"QUIT": b"221 bye\r\n"}

        def serve():
            # The worker asks what is offered, then the session comes.
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                client.sendall(b"220 lmtp\r\n")
                try:
                    for line in client.makefile("rb"):
                        heard.append(line)
                        if line[:4] in replies:
                            client.sendall(replies[line[:4]])
                except OSError:
                    pass
                client.close()

        threading.Thread(target=serve, daemon=True).start()
        nginx = self.nginx(("", f"postern_pass unix:{path}; postern_protocol lmtp;"))
        self.assertEqual(self.greet(nginx.port).deliver(b"hello\r\n"), b"250 2.0.0 kept\r\n")
        self.assertEqual(heard[0][:4], b"LHLO")
        self.assertIn(b"hello\r\n", heard)


class Logs(NginxTest):
    def test_variables(self):
        upstream, nginx = self.pair()
        wire = self.greet(nginx.port)
        wire.deliver(b"x\r\n")
        wire.command(b"XYZZY")
        wire.command(b"RCPT TO:<b@example.org>")
        wire.command(b"QUIT")
        wire.read_to_end()
        self.assertEqual(
            nginx.access_log()[0],
            f"client=127.0.0.1 code=221 rule=C503 rules=C500,C503 errors=2 messages=1 "
            f"upstream=127.0.0.1:{upstream.port} upstream_code=250 failure=\"-\" "
            f"helo=client.example closed=quit tls=-")

    def test_refused_lines_are_told_and_cannot_forge_the_log(self):
        _, nginx = self.pair()
        wire = self.greet(nginx.port)
        wire.command(b'XY"\x1b[31m\x80 [alert] forged')
        text = nginx.wait_for_log(r"postern: refused")
        self.assertRegex(text, r'refused with 500 by rule (F|C)\w+: "XY\\x22\\x1B\[31m\\x80 \[alert\]')
        self.assertNotIn("\x1b", text)
        # The fixture looks for alerts of nginx's own.
        nginx.write("error.log", text.replace("[alert] forged", ""))

    def test_messages_are_told(self):
        _, nginx = self.pair()
        self.greet(nginx.port).deliver(b"x\r\n")
        nginx.wait_for_log(r"postern: message from <a@example\.org> for 1 recipients relayed, "
                           r'upstream says 250.* client: 127\.0\.0\.1, .*upstream: "127\.0\.0\.1:\d+"')


    def test_an_idle_server_that_closes_is_no_alarm(self):
        with scripted_server.ScriptedServer() as upstream:
            nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port};"))
            wire = self.greet(nginx.port)
            for _ in range(3):
                self.assertRegex(wire.deliver(b"x\r\n"), rb"^250 ")
                upstream.cut()
                time.sleep(0.1)
            wire.command(b"QUIT")
            self.assertIn('failure="-"', nginx.access_log()[0])
            self.assertNotIn("[error]", nginx.log())

    def test_a_message_refused_in_the_middle_is_told_as_its_own(self):
        """Its answer is there at once, and so is the next message in the same read."""
        with scripted_server.ScriptedServer() as upstream:
            nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port};"))
            wire = self.greet(nginx.port)
            wire.open_transaction()
            upstream.fault = ("content", "early")
            wire.command(b"DATA")
            wire.send(b"one\r\n")
            # Until the refusal is there.
            end = time.monotonic() + 20
            while upstream.fault is not None and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(0.2)
            wire.send(b"two\r\n.\r\nMAIL FROM:<next@example.org>\r\nRCPT TO:<b@example.org>\r\n"
                      b"DATA\r\n")
            self.assertEqual([wire.read_reply()[:3] for _ in range(4)],
                             [b"552", b"250", b"250", b"354"])
            wire.send(b"x\r\n.\r\n")
            self.assertRegex(wire.read_reply(), rb"^250 ")
            text = nginx.wait_for_log("postern: message from", 2)
            told = re.findall(r"message from (\S+) for \d recipients (\w+), upstream says (\d+)", text)
            self.assertEqual(told, [("<a@example.org>", "refused", "552"),
                                    ("<next@example.org>", "relayed", "250")])


class Reload(NginxTest):
    def test_a_table_is_swapped_and_no_session_lost(self):
        _, nginx = self.pair("postern_table {root}/table.textproto;",
                             files={"table.textproto": TABLE.format(name="one")})
        before = self.greet(nginx.port)
        before.open_transaction()
        nginx.write("table.textproto", TABLE.format(name="two"))
        nginx.reload()
        self.assertEqual(self.greet(nginx.port).command(b"NOOP"), b"250 2.0.0 table two\r\n")
        self.assertEqual(before.command(b"NOOP"), b"250 2.0.0 table one\r\n")
        self.assertRegex(before.command(b"DATA"), rb"^354 ")
        before.send(b"x\r\n.\r\n")
        self.assertRegex(before.read_reply(), rb"^250 ")
        self.assertRegex(before.command(b"QUIT"), rb"^221 ")
        # With its last session the old worker goes.
        before.close()
        nginx.wait_for_log(r"worker process \d+ exited with code 0")

    def test_a_bad_table_leaves_the_old_one_in_force(self):
        _, nginx = self.pair("postern_table {root}/table.textproto;",
                             files={"table.textproto": TABLE.format(name="one")})
        nginx.write("table.textproto", TABLE.format(name="two").replace("250", "550"))
        # nginx looks before it signals; and the master looks again.
        with self.assertRaises(subprocess.CalledProcessError):
            nginx.signal("reload")
        self.assertEqual(nginx.test()[0], 1)
        os.kill(nginx.pid, signal.SIGHUP)
        nginx.wait_for_log(r"table\.textproto:2: replies\[0\] NOOP_OK: code: 550")
        self.assertEqual(self.greet(nginx.port).command(b"NOOP"), b"250 2.0.0 table one\r\n")

    def test_while_mail_flows(self):
        upstream, nginx = self.pair("postern_table {root}/table.textproto;", workers=2,
                                    files={"table.textproto": TABLE.format(name="0")})
        stop = threading.Event()
        faults, sent, tables = [], [0], set()

        def send(number):
            try:
                while not stop.is_set():
                    with posternd_fixture.Wire(nginx.port) as wire:
                        wire.hello()
                        seen = set()
                        for _ in range(3):
                            seen.add(wire.command(b"NOOP"))
                            reply = wire.deliver(b"Subject: %d\r\n\r\nx\r\n" % number)
                            if not reply.startswith(b"250"):
                                faults.append(reply)
                            sent[0] += 1
                        if len(seen) != 1:
                            faults.append(seen)
                        tables.update(seen)
            except (OSError, EOFError, AssertionError) as error:
                faults.append(error)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for round_ in range(1, 6):
            nginx.write("table.textproto", TABLE.format(name=str(round_)))
            nginx.reload()
            time.sleep(0.2)
        stop.set()
        for thread in threads:
            thread.join(60)
        self.assertEqual(faults, [])
        self.assertGreater(len(tables), 3)
        self.assertEqual(len(upstream.messages()), sent[0])

    def test_reloads_leave_nothing_behind(self):
        """The master makes engine and table anew each time."""
        _, nginx = self.pair("postern_table {root}/table.textproto;",
                             files={"table.textproto": TABLE.format(name="one")})
        for _ in range(5):
            nginx.reload()
        before = resident_octets(nginx.pid)
        for _ in range(20):
            nginx.reload()
        self.assertLess(resident_octets(nginx.pid) - before, 1 << 20)

    def test_shutdown_timeout_says_421(self):
        _, nginx = self.pair(main="worker_shutdown_timeout 1s;")
        wire = self.greet(nginx.port)
        nginx.signal("quit")
        self.assertRegex(wire.read_reply(), rb"^421 4\.3\.2 ")
        self.assertEqual(wire.read_to_end(), b"")
        self.assertEqual(nginx.wait(), 0)
        nginx.wait_for_log("exited with code 0")


class Refusals(NginxTest):
    """`nginx -t`, with the file and the line."""

    def refuse(self, body, stream="", files=None):
        nginx = self.nginx(("", "postern_pass 127.0.0.1:25;"), files=files)
        nginx.configure([("", body)], stream)
        status, text = nginx.test()
        self.assertNotEqual(status, 0, text)
        return text.replace(nginx.root, "ROOT")

    def test_table(self):
        text = self.refuse("postern_pass 127.0.0.1:25;\npostern_table {root}/table.textproto;",
                           files={"table.textproto": TABLE.format(name="x").replace("250", "550")})
        self.assertRegex(text, r"\[emerg\] ROOT/table\.textproto:2: replies\[0\] NOOP_OK: code: 550 "
                               r"is not allowed here.* in ROOT/nginx\.conf:\d+")
        line = int(re.search(r"nginx\.conf:(\d+)", text)[1])
        self.assertGreater(line, 10)

    def test_table_that_is_no_text(self):
        text = self.refuse("postern_pass 127.0.0.1:25; postern_table {root}/table.textproto;",
                           files={"table.textproto": "replies {\n  id: NO_SUCH_REPLY\n}\n"})
        self.assertRegex(text, r"\[emerg\] ROOT/table\.textproto:\d:\d+: .*NO_SUCH_REPLY.* in "
                               r"ROOT/nginx\.conf:\d+")

    def test_no_such_file(self):
        text = self.refuse("postern_pass 127.0.0.1:25; postern_table {root}/nowhere.textproto;")
        self.assertRegex(text, r"\[emerg\] ROOT/nowhere\.textproto: .* in ROOT/nginx\.conf:\d+")

    def test_engine_configuration(self):
        text = self.refuse("postern_pass 127.0.0.1:25; postern_config {root}/engine.textproto;",
                           files={"engine.textproto": "limits {\n  recipients: 7\n}\n"})
        self.assertRegex(text, r"\[emerg\] ROOT/engine\.textproto:2: .*recipients.* in "
                               r"ROOT/nginx\.conf:\d+")
        text = self.refuse("postern_pass 127.0.0.1:25; postern_config {root}/engine.textproto;",
                           files={"engine.textproto": "# x\nlimitz { }\n"})
        self.assertRegex(text, r"\[emerg\] ROOT/engine\.textproto:2:\d+: .*limitz.* in "
                               r"ROOT/nginx\.conf:\d+")

    def test_server_name(self):
        text = self.refuse("postern_pass 127.0.0.1:25;\n\npostern_server_name not_a_name;")
        self.assertRegex(text, r"\[emerg\] postern_server_name: .* in ROOT/nginx\.conf:\d+")

    def test_plugin(self):
        text = self.refuse("postern_pass 127.0.0.1:25; postern_plugin {root}/nowhere.so;")
        self.assertRegex(text, r"\[emerg\] cannot load the plugin ROOT/nowhere\.so: .*"
                               r"postern_plugin.* in ROOT/nginx\.conf:\d+")

    def test_identity(self):
        text = self.refuse("postern_pass 127.0.0.1:25; postern_identity guess;")
        self.assertRegex(text, r"\[emerg\] invalid value \"guess\" in ROOT/nginx\.conf:\d+")

    def test_starttls_without_a_certificate(self):
        text = self.refuse("postern_pass 127.0.0.1:25; postern_starttls on;")
        self.assertRegex(text, r"\[emerg\] no \"ssl_certificate\" is defined for "
                               r"\"postern_starttls on\" in ROOT/nginx\.conf:\d+")

    def test_two_handlers(self):
        text = self.refuse("proxy_pass 127.0.0.1:25; postern_pass 127.0.0.1:25;")
        self.assertRegex(text, r"\[emerg\] \"postern_pass\" directive stands beside another handler"
                               r".* in ROOT/nginx\.conf:\d+")
        text = self.refuse("postern_pass 127.0.0.1:25; postern_pass 127.0.0.1:26;")
        self.assertRegex(text, r"\[emerg\] \"postern_pass\" directive is duplicate")

    def test_upstream_without_a_port(self):
        text = self.refuse("postern_pass 127.0.0.1;")
        self.assertRegex(text, r"\[emerg\] no port in upstream \"127\.0\.0\.1\" in ROOT/nginx\.conf")


class Faults(NginxTest):
    def test_upstream_is_restarted_in_mid_flow_and_nothing_is_lost(self):
        port = free_port()
        scratch = self.scratch()
        upstream = self.upstream(listen=(f"127.0.0.1:{port}",), directory=scratch)
        nginx = self.nginx(("", f"postern_pass 127.0.0.1:{port};"))
        accepted, wrong = set(), []

        def send(number):
            for _ in range(100):
                try:
                    with posternd_fixture.Wire(nginx.port) as wire:
                        wire.hello()
                        reply = wire.deliver(b"Subject: number-%d.\r\n\r\n" % number + CONTENT[4:40])
                    if reply.startswith(b"250"):
                        accepted.add(number)
                        return
                    if not reply.startswith(b"4"):
                        wrong.append(reply)
                        return
                except AssertionError as error:
                    if ": b'4" not in str(error):
                        wrong.append(error)
                        return
                time.sleep(0.05)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(60)]
        for number, thread in enumerate(threads):
            thread.start()
            if number in (20, 40):
                upstream.kill()
                upstream.ports = []
                upstream._start()  # pylint: disable=protected-access
        for thread in threads:
            thread.join(60)
        self.assertEqual(wrong, [])
        self.assertEqual(accepted, set(range(60)))
        kept = b"".join(message.content for message in upstream.messages())
        for number in accepted:
            self.assertIn(b"Subject: number-%d." % number, kept)

    def test_upstream_dies_at_each_step(self):
        for step in range(5):
            with self.subTest(step=step):
                upstream, nginx = self.pair()
                wire = self.greet(nginx.port)
                replies = []
                commands = [b"MAIL FROM:<a@example.net>\r\n", b"RCPT TO:<b@example.org>\r\n",
                            b"DATA\r\n", b"x\r\n.\r\n"]
                for number, command in enumerate(commands):
                    if number == step:
                        upstream.kill()
                    if number == 3 and replies[2][:1] != b"3":
                        break
                    wire.send(command)
                    replies.append(wire.read_reply())
                if step < 4:
                    self.assertTrue(any(reply[:1] == b"4" for reply in replies), replies)
                else:
                    self.assertRegex(replies[-1], rb"^250 ")
                    self.assertEqual(len(upstream.messages()), 1)
                wire.command(b"RSET")
                self.assertRegex(wire.command(b"NOOP"), rb"^250 ")
                wire.close()

    def test_client_goes_away_in_content(self):
        upstream, nginx = self.pair()
        for _ in range(20):
            wire = self.greet(nginx.port)
            wire.open_transaction()
            wire.command(b"DATA")
            wire.send(b"half a mess")
            wire.close()
        for line in nginx.access_log(20):
            self.assertIn("closed=disconnected", line)
        self.assertEqual(upstream.messages(), [])


class Load(NginxTest):
    def test_two_thousand_messages_without_a_leak(self):
        upstream = self.upstream("--discard", maildir=False)
        nginx = self.nginx(("", f"postern_pass 127.0.0.1:{upstream.port};"))
        (worker,) = nginx.worker_pids()
        self.source(nginx, 200)
        before = resident_octets(worker)
        self.source(nginx, 1000, "-d")
        self.source(nginx, 1000)
        self.assertLess(resident_octets(worker) - before, 1 << 20)
        self.assertEqual(nginx.worker_pids(), [worker])
        self.assertEqual(len(re.findall("recipients relayed", nginx.log())), 2200)
        self.assertEqual(open_descriptors(worker, upstream.port), 0)

    def source(self, nginx, messages, *options):
        subprocess.run([posternd_fixture.tool("smtp-source", "postfix"), "-s", "20", "-m",
                        str(messages), "-l", "2000", "-f", "a@example.net", "-t", "b@example.org",
                        *options, f"inet:127.0.0.1:{nginx.port}"], check=True, timeout=300,
                       stdin=subprocess.DEVNULL)

    def test_idle_sessions(self):
        count = 2000
        upstream, nginx = self.pair(connections=3 * count, main=f"worker_rlimit_nofile {4 * count};")
        (worker,) = nginx.worker_pids()
        raise_descriptor_limit(2 * count)
        self.greet(nginx.port)
        before = resident_octets(worker)
        idle = []
        self.addCleanup(lambda: [client.close() for client in idle])
        for number in range(count):
            client = socket.create_connection(("127.0.0.1", nginx.port), 20,
                                              source_address=(f"127.0.1.{number % 250 + 1}", 0))
            client.sendall(b"EHLO client.example\r\n")
            idle.append(client)
        for client in idle:
            octets = b""
            while not octets.endswith(b"250 HELP\r\n"):
                octets += client.recv(4096)
        each = (resident_octets(worker) - before) // count
        self.assertLess(each, 12 * 1024)
        # The worker is not blocked by any of them.
        self.assertRegex(self.greet(nginx.port).deliver(b"x\r\n"), rb"^250 ")
        self.assertEqual(upstream.message().content, b"x\r\n")
        for client in idle[:50]:
            client.sendall(b"NOOP\r\n")
        for client in idle[:50]:
            self.assertRegex(client.recv(4096), rb"^250 ")


def resident_octets(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_descriptors(pid, port):
    """Connections of the process to `port` of 127.0.0.1, once those that said goodbye are gone."""
    end = time.monotonic() + 15
    while True:
        inodes = set()
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                inodes.add(os.readlink(f"/proc/{pid}/fd/{name}"))
            except FileNotFoundError:
                pass
        with open("/proc/net/tcp", encoding="ascii") as file:
            count = sum(f"socket:[{line.split()[9]}]" in inodes for line in file.readlines()[1:]
                        if line.split()[2] == f"0100007F:{port:04X}")
        if count == 0 or time.monotonic() > end:
            return count
        time.sleep(0.1)


def raise_descriptor_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


if __name__ == "__main__":
    py_unittest_main.main()
