# SPDX-License-Identifier: Apache-2.0
"""posternd --upstream: the gate before a second posternd and before a server that is scripted.

What the client is told is what the server says; 250 for content is said only if the server has it.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from tests.e2e import posternd_fixture
from tests.e2e import scripted_server
from tests.support import py_unittest_main

CONTENT = b"Subject: x\r\n\r\n.dot\r\n..two\r\n.\r\nend \xc3\xa4\r\n"


def gate(upstream, *flags, **options):
    return posternd_fixture.Posternd(f"--upstream={upstream}", "--server_name=gate.example", *flags,
                                     maildir=False, **options)


class GateTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="gate-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def scripted(self, **options):
        server = scripted_server.ScriptedServer(**options)
        self.addCleanup(server.close)
        return server

    def gate(self, upstream, *flags, **options):
        if isinstance(upstream, scripted_server.ScriptedServer):
            upstream = f"smtp://127.0.0.1:{upstream.port}"
        front = gate(upstream, *flags, **options)
        self.addCleanup(front.close)
        return front

    def client(self, front, **options):
        wire = front.connect(**options)
        self.addCleanup(wire.close)
        return wire

    def greet(self, front):
        wire = self.client(front)
        wire.hello()
        return wire

    def wait_until(self, condition, seconds=10):
        for _ in range(seconds * 20):
            if condition():
                return
            threading.Event().wait(0.05)
        self.fail(f"it did not come true in {seconds} seconds")


class BehindAnotherPosternd(GateTest):
    def test_messages_arrive_octet_for_octet(self):
        with posternd_fixture.Posternd() as back:
            front = self.gate(f"smtp://127.0.0.1:{back.port}")
            wire = self.greet(front)
            for content in (CONTENT, b"", b".\r\n", b"x" * 900 + b"\r\n",
                            b"".join(b".%d\r\n" % i for i in range(200000))):
                self.assertRegex(wire.deliver(content), rb"^250 2\.0\.0 ")
                self.assertEqual(back.message().content, content)
            self.assertEqual(wire.command(b"QUIT")[:3], b"221")
            front.wait_for_log(r"verdict=relayed", 5)

    def test_the_client_is_told_by_proxy_header(self):
        for mode in ("proxy1", "proxy2"):
            with posternd_fixture.Posternd("--proxy_networks=127.0.0.0/8") as back:
                front = self.gate(f"smtp://127.0.0.1:{back.port}", f"--upstream_identity={mode}")
                wire = self.client(front, source="127.0.0.77")
                wire.hello(b"some.example")
                self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
                message = back.message()
                self.assertEqual(message.client, b"[127.0.0.77]")
                self.assertEqual(message.helo, b"some.example")

    def test_relay_denied_is_the_servers_word(self):
        with posternd_fixture.Posternd("--domains=example.org") as back:
            front = self.gate(f"smtp://127.0.0.1:{back.port}")
            wire = self.greet(front)
            wire.command(b"MAIL FROM:<a@example.net>")
            self.assertRegex(wire.command(b"RCPT TO:<b@example.com>"), rb"^550 5\.7\.1 ")
            self.assertRegex(wire.command(b"RCPT TO:<b@example.org>"), rb"^250 ")
            self.assertRegex(wire.command(b"RSET"), rb"^250 ")

    def test_what_the_server_lacks_is_not_offered(self):
        for switches, missing in (("eightbitmime: SWITCH_OFF",
                                   (b"8BITMIME", b"SMTPUTF8", b"BINARYMIME")),
                                  ("chunking: SWITCH_OFF", (b"CHUNKING", b"BINARYMIME")),
                                  ("binarymime: SWITCH_OFF", (b"BINARYMIME",)),
                                  ("smtputf8: SWITCH_OFF", (b"SMTPUTF8",)),
                                  ("dsn: SWITCH_OFF", (b"DSN",))):
            config = os.path.join(self.folder, "back.textproto")
            with open(config, "w", encoding="ascii") as file:
                file.write("engine { extensions { %s } limits { message_octets: 70000 } }" % switches)
            with posternd_fixture.Posternd("--config=" + config) as back:
                front = self.gate(f"smtp://127.0.0.1:{back.port}")
                offered = self.client(front).hello()
                for keyword in missing:
                    self.assertNotIn(keyword, offered)
                self.assertIn(b"SIZE 70000\r\n", offered)

    def test_delivery_parameters_reach_the_server(self):
        with posternd_fixture.Posternd() as back:
            wire = self.client(self.gate(f"smtp://127.0.0.1:{back.port}"))
            self.assertRegex(wire.hello(), rb"250[- ]DSN\r\n")
            for command in (b"MAIL FROM:<a@example.org> RET=HDRS ENVID=a+2Bb",
                            b"RCPT TO:<b@example.org> NOTIFY=DELAY ORCPT=rfc822;b+2Bc@example.org"):
                self.assertRegex(wire.command(command), rb"^250 ")
            self.assertRegex(wire.command(b"DATA"), rb"^354 ")
            wire.send(b"x\r\n.\r\n")
            self.assertRegex(wire.read_reply(), rb"^250 ")
            message = back.message()
            self.assertIn(b"RET=HDRS ENVID=a+2Bb", message.mail_parameters)
            self.assertEqual(message.rcpt_parameters, b"Postern-Rcpt: <b@example.org>\r\n"
                             b"\tNOTIFY=DELAY ORCPT=rfc822;b+2Bc@example.org\r\n")

    def test_two_thousand_messages_from_smtp_source(self):
        tool = posternd_fixture.tool("smtp-source", "postfix")
        with posternd_fixture.Posternd() as back:
            front = self.gate(f"smtp://127.0.0.1:{back.port}")
            subprocess.run([tool, "-s", "20", "-m", "2000", "-l", "2000", "-f", "a@example.org", "-t",
                            "b@example.org", f"inet:127.0.0.1:{front.port}"], check=True, timeout=120,
                           stdin=subprocess.DEVNULL)
            self.assertEqual(len(back.messages()), 2000)
            descriptors = f"/proc/{front.pid}/fd"
            self.wait_until(lambda: len(os.listdir(descriptors)) < 40)

    def test_the_server_is_killed_in_mid_flow_and_nothing_is_lost(self):
        back = posternd_fixture.Posternd()
        self.addCleanup(back.close)
        front = self.gate(f"smtp://127.0.0.1:{back.port}")
        told = []

        def send(number):
            content = b"Subject: %d\r\n\r\nx\r\n" % number
            for _ in range(40):
                try:
                    with front.connect() as wire:
                        wire.hello()
                        reply = wire.deliver(content)
                        told.append((number, reply))
                        if reply.startswith(b"250"):
                            return
                except (AssertionError, EOFError):
                    pass  # 4yz at an earlier command: to be tried again
                threading.Event().wait(0.1)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(60)]
        for i, thread in enumerate(threads):
            thread.start()
            if i == 30:
                maildir, port = back.maildir, back.port
                back.kill()
        revived = posternd_fixture.Posternd(listen=(f"127.0.0.1:{port}",), directory=back.directory)
        self.addCleanup(revived.close)
        for thread in threads:
            thread.join(60)
        accepted = {n for n, reply in told if reply.startswith(b"250")}
        self.assertEqual(accepted, set(range(60)))
        kept = {message.content for message in posternd_fixture.read_maildir(maildir)}
        for number in accepted:
            self.assertIn(b"Subject: %d\r\n\r\nx\r\n" % number, kept)
        for number, reply in told:
            self.assertIn(reply[:1], b"24", (number, reply))


class BeforeAScriptedServer(GateTest):
    def test_replies_in_order_whatever_is_pipelined(self):
        server = self.scripted()
        server.replies = {b"RCPT TO:<no@": b"550 5.1.1 no such user",
                          b"RCPT TO:<full@": b"452 4.2.2 mailbox full"}
        wire = self.greet(self.gate(server))
        wire.send(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<no@example.org>\r\nHELP\r\n"
                  b"RCPT TO:<b@example.org>\r\nXYZZY\r\nRCPT TO:<full@example.org>\r\nDATA\r\n")
        replies = [wire.read_reply() for _ in range(7)]
        self.assertEqual([reply[:3] for reply in replies],
                         [b"250", b"550", b"214", b"250", b"500", b"452", b"354"])
        self.assertEqual(replies[1], b"550 5.1.1 no such user\r\n")
        self.assertEqual(replies[5], b"452 4.2.2 mailbox full\r\n")
        wire.send(posternd_fixture.stuff(CONTENT) + b".\r\nQUIT\r\n")
        self.assertEqual(wire.read_reply(), b"250 2.0.0 queued\r\n")
        self.assertEqual(wire.read_reply()[:3], b"221")
        self.assertEqual(server.messages, [(b"<a@example.org>", [b"<b@example.org>"], CONTENT)])

    def test_faults_at_every_step(self):
        server = self.scripted()
        front = self.gate(server)
        for verb in ("220", "EHLO", "MAIL", "RCPT", "DATA", "."):
            for what in ("close", "half", "nonsense", "421", "451 4.3.0 later", "554 5.7.1 never"):
                with self.subTest(verb=verb, what=what):
                    server.messages.clear()
                    server.fault = (verb, what)
                    wire = self.greet(front)
                    codes = self.one_message(wire)
                    self.assertIsNone(server.fault, "it did not happen")
                    if codes[-1] == b"250" and len(codes) == 4:
                        self.assertEqual(len(server.messages), 1)
                    elif verb == "." and what in ("close", "half", "nonsense"):
                        self.assertEqual(codes[-1], b"451")
                    else:
                        self.assertEqual(server.messages, [])
                    for code in codes[:-1]:
                        self.assertIn(code[:1], b"23")
                    if what[:1] != "5":
                        self.assertIn(codes[-1][:1], b"24")
                    # And the next one is none the worse for it.
                    server.messages.clear()
                    wire.command(b"RSET")
                    self.assertEqual(self.one_message(wire), [b"250", b"250", b"354", b"250"])
                    self.assertEqual(len(server.messages), 1)
                    wire.close()

    @staticmethod
    def one_message(wire):
        """The codes up to the first that is no success."""
        codes = []
        for line in (b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.org>", b"DATA"):
            codes.append(wire.command(line)[:3])
            if codes[-1][:1] not in b"23":
                return codes
        wire.send(b"Subject: x\r\n\r\nhello\r\n.\r\n")
        codes.append(wire.read_reply()[:3])
        return codes

    def test_a_refusal_in_the_middle_of_content(self):
        server = self.scripted()
        front = self.gate(server)
        server.fault = ("content", "early")
        wire = self.greet(front)
        wire.open_transaction()
        wire.command(b"DATA")
        wire.send(b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n")
        for _ in range(50):
            wire.send(b"y" * 998 + b"\r\n")
        wire.send(b".\r\n")
        self.assertRegex(wire.read_reply(), rb"^(552 5\.3\.4 too much|451 )")
        self.assertEqual(server.messages, [])

    def test_octet_by_octet_on_both_sides(self):
        server = self.scripted()
        server.delay_octets = True
        wire = self.client(self.gate(server))
        wire.read_reply()
        talk = (b"EHLO c.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" +
                posternd_fixture.stuff(CONTENT) + b".\r\n")
        for i in range(len(talk)):
            wire.send(talk[i:i + 1])
        self.assertEqual([wire.read_reply()[:3] for _ in range(5)],
                         [b"250", b"250", b"250", b"354", b"250"])
        self.assertEqual(server.messages[0][2], CONTENT)

    def test_a_half_closed_client_gets_its_replies(self):
        server = self.scripted()
        wire = self.client(self.gate(server))
        wire.send(b"EHLO c.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"
                  b"DATA\r\nhello\r\n.\r\nQUIT\r\n")
        wire.socket.shutdown(socket.SHUT_WR)
        codes = re.findall(rb"(?m)^([0-9]{3}) ", wire.read_to_end())
        self.assertEqual(codes, [b"220", b"250", b"250", b"250", b"354", b"250", b"221"])
        self.assertEqual(len(server.messages), 1)

    def test_smuggling_is_refused(self):
        for keywords in (scripted_server.KEYWORDS, scripted_server.KEYWORDS + (b"CHUNKING",)):
            server = self.scripted(keywords=keywords)
            front = self.gate(server)
            for end in (b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"):
                wire = self.greet(front)
                wire.open_transaction()
                wire.command(b"DATA")
                wire.send(b"x" + end + b"MAIL FROM:<evil@example.org>\r\nDATA\r\ny\r\n.\r\n")
                self.assertRegex(wire.read_reply(), rb"^554[ -]")
                wire.close()
            self.assertEqual(server.messages, [])
            self.assertNotIn(b"MAIL FROM:<evil@example.org>", server.commands)

    def test_bdat_where_it_is_offered(self):
        server = self.scripted(keywords=scripted_server.KEYWORDS + (b"CHUNKING",))
        wire = self.greet(self.gate(server))
        large = CONTENT + b"".join(b".%d\r\n" % i for i in range(100000))
        for content in (CONTENT, b"", large):
            self.assertEqual(wire.deliver(content), b"250 2.0.0 queued\r\n")
            self.assertEqual(server.messages.pop()[2], content)
        self.assertNotIn(b"DATA", server.commands)

    def test_xclient(self):
        server = self.scripted(keywords=scripted_server.KEYWORDS + (b"XCLIENT NAME ADDR HELO",))
        front = self.gate(server, "--upstream_identity=xclient")
        wire = self.client(front, source="127.0.0.77")
        wire.hello(b"some.example")
        self.assertRegex(wire.command(b"XCLIENT ADDR=192.0.2.1"), rb"^502 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        told = [line for line in server.commands if line.startswith(b"XCLIENT")]
        self.assertEqual(told,
                         [b"XCLIENT ADDR=127.0.0.77 NAME=[UNAVAILABLE] HELO=some.example"])

    def test_without_xclient_mail_is_deferred(self):
        server = self.scripted()
        front = self.gate(server, "--upstream_identity=xclient")
        wire = self.greet(front)
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^451 ")
        front.wait_for_log(r'upstream .*why="does not take XCLIENT from us"')
        self.assertNotIn(b"MAIL FROM:<a@example.org>", server.commands)

    def test_lmtp_over_a_unix_socket(self):
        path = os.path.join(self.folder, "lmtp")
        server = self.scripted(path=path, lmtp=True)
        server.replies = {b".<full@": b"452 4.2.2 mailbox full", b".<gone@": b"550 5.1.1 gone"}
        wire = self.greet(self.gate(f"lmtp+unix:{path}"))
        for to, reply in ((("a", "b"), b"250 2.0.0 queued\r\n"),
                          (("a", "full"), b"452 4.2.2 mailbox full\r\n"),
                          (("gone", "a"), b"550 5.1.1 gone\r\n")):
            to = tuple(b"<%s@example.org>" % name.encode() for name in to)
            self.assertEqual(wire.deliver(b"x\r\n", recipients=to), reply)

    def test_a_server_that_comes_up_later(self):
        probe = socket.create_server(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        front = self.gate(f"smtp://127.0.0.1:{port}")
        wire = self.client(front)
        self.assertNotIn(b"8BITMIME", wire.hello())
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^451 ")
        with posternd_fixture.Posternd(listen=(f"127.0.0.1:{port}",)):
            self.assertRegex(wire.deliver(b"x\r\n"), rb"^250 ")
            # What it offers counts for sessions from now on.
            self.assertIn(b"8BITMIME", self.client(front).hello())

    def test_back_pressure(self):
        """A server that takes nothing stops the client, and the gate keeps next to nothing."""
        server = self.scripted(keywords=(b"8BITMIME",))
        front = self.gate(server)
        wire = self.greet(front)
        wire.open_transaction()
        server.reads.clear()
        wire.command(b"DATA")
        before = resident(front.pid)
        content = (b"." + b"x" * 997 + b"\r\n") * (40 * 1024)
        octets = memoryview(posternd_fixture.stuff(content) + b".\r\n")
        wire.socket.settimeout(2)
        sent = 0
        with self.assertRaises(TimeoutError):
            while sent < len(octets):
                sent += wire.socket.send(octets[sent:sent + 65536])
        self.assertLess(sent, len(octets) // 2, "sockets hold that much, and no more")
        self.assertLess(resident(front.pid) - before, 8 * 1024 * 1024)
        server.reads.set()
        wire.socket.settimeout(60)
        wire.send(octets[sent:])
        self.assertEqual(wire.read_reply(), b"250 2.0.0 queued\r\n")
        self.assertEqual(server.messages[0][2], content)

    def test_domains_are_checked_before_the_server_is_asked(self):
        server = self.scripted()
        wire = self.greet(self.gate(server, "--domains=example.org"))
        wire.command(b"MAIL FROM:<a@example.net>")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.com>"), rb"^550 5\.7\.1 ")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.org>"), rb"^250 ")
        self.assertNotIn(b"RCPT TO:<b@example.com>", server.commands)

    def test_starttls_between_transactions(self):
        certificate, key = posternd_fixture.make_certificate(self.folder)
        server = self.scripted()
        wire = self.greet(self.gate(server, f"--tls_cert={certificate}", f"--tls_key={key}"))
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        wire.start_tls()
        self.assertRegex(wire.command(b"EHLO c.example"), rb"^250-")
        for _ in range(3):
            self.assertRegex(wire.deliver(CONTENT * 1000), rb"^250 ")
        self.assertEqual([message[2] for message in server.messages],
                         [CONTENT] + 3 * [CONTENT * 1000])
        self.assertEqual(server.connections, 2, "the probe's, and one for all transactions")

    def test_a_stop_in_the_middle_of_content(self):
        server = self.scripted()
        front = self.gate(server, "--grace_seconds=10")
        wire = self.greet(front)
        wire.open_transaction()
        wire.command(b"DATA")
        front.signal(15)
        front.wait_for_log("stopping")
        wire.send(b"hello\r\n.\r\n")
        self.assertRegex(wire.read_reply(), rb"^250 ")
        self.assertEqual(front.wait(), 0)
        self.assertEqual(len(server.messages), 1)


class Reuse(GateTest):
    """--idle_upstreams: a connection to the server serves one client after the other."""

    def pair(self, *flags, keep=4, **options):
        server = self.scripted(**options)
        front = self.gate(server, "--threads=1", f"--idle_upstreams={keep}", *flags)
        self.assertEqual(server.connections, 1, "the probe's")
        return server, front

    def session(self, front, source="127.0.0.1", name=b"client.example"):
        """Its reply to the content. The server has its connection back when this returns."""
        before = len(re.findall("(?m) session ", front.log()))
        with front.connect(source) as wire:
            wire.hello(name)
            reply = wire.deliver(CONTENT)
            wire.command(b"QUIT")
        front.wait_for_log(" session ", before + 1)
        return reply

    def test_clients_share_a_connection(self):
        server, front = self.pair()
        for _ in range(5):
            self.assertEqual(self.session(front), b"250 2.0.0 queued\r\n")
        self.assertEqual([message[2] for message in server.messages], 5 * [CONTENT])
        self.assertEqual(server.connections, 2)
        self.assertEqual(server.commands.count(b"QUIT"), 1)

    def test_it_is_off_unless_wanted(self):
        server, front = self.pair(keep=0)
        for _ in range(2):
            self.session(front)
        self.assertEqual(server.connections, 3)

    def test_each_client_is_told_by_xclient(self):
        server, front = self.pair("--upstream_identity=xclient",
                                  keywords=scripted_server.KEYWORDS + (b"XCLIENT ADDR HELO",))
        for host in (7, 8, 7):
            self.assertRegex(self.session(front, f"127.0.0.{host}", b"c%d.example" % host), rb"^250 ")
        self.assertEqual(server.connections, 2)
        told = [line for line in server.commands if line[:7] in (b"XCLIENT", b"MAIL FR")]
        self.assertEqual(told, [line for host in (7, 8, 7) for line in
                                (b"XCLIENT ADDR=127.0.0.%d HELO=c%d.example" % (host, host),
                                 b"MAIL FROM:<a@example.org>")])

    def test_each_client_is_told_by_xforward(self):
        server, front = self.pair("--upstream_identity=xforward",
                                  keywords=scripted_server.KEYWORDS + (b"XFORWARD ADDR",))
        server.replies = {b"XFORWARD": b"250 2.0.0 Ok"}
        for host in (7, 8):
            self.assertRegex(self.session(front, f"127.0.0.{host}"), rb"^250 ")
        told = [line for line in server.commands if line.startswith(b"XFORWARD")]
        self.assertEqual(told, [b"XFORWARD ADDR=127.0.0.7", b"XFORWARD ADDR=127.0.0.8"])

    def test_nothing_that_was_odd_is_used_again(self):
        server, front = self.pair()
        server.replies = {b"RCPT TO:<no@": b"550 5.1.1 no such user"}

        def refused(wire):
            wire.command(b"MAIL FROM:<a@example.org>")
            self.assertRegex(wire.command(b"RCPT TO:<no@example.org>"), rb"^550 ")
            wire.command(b"RCPT TO:<b@example.org>")
            wire.command(b"DATA")
            wire.send(b"x\r\n.\r\n")
            self.assertRegex(wire.read_reply(), rb"^250 ")

        def reset(wire):
            wire.open_transaction()
            wire.command(b"RSET")

        def gone(wire):
            wire.open_transaction()

        def gone_in_content(wire):
            wire.open_transaction()
            wire.command(b"DATA")
            wire.send(b"x\r\n")

        for odd in (refused, reset, gone, gone_in_content):
            with self.subTest(odd=odd.__name__):
                # Whatever was kept is used up by this one.
                before = len(re.findall("(?m) session ", front.log()))
                with front.connect() as wire:
                    wire.hello()
                    odd(wire)
                front.wait_for_log(" session ", before + 1)
                connections = server.connections
                self.assertRegex(self.session(front), rb"^250 ")
                self.assertEqual(server.connections, connections + 1)

    def test_one_that_died_meanwhile_costs_the_client_nothing(self):
        for identity, keywords in (("none", scripted_server.KEYWORDS),
                                   ("xclient", scripted_server.KEYWORDS + (b"XCLIENT ADDR",))):
            server, front = self.pair(f"--upstream_identity={identity}", keywords=keywords)
            faults = [("MAIL", what) for what in ("close", "half", "421", "nonsense")]
            if identity == "xclient":
                faults += [("XCLIENT", what) for what in ("close", "half", "421", "nonsense")]
                faults += [("EHLO", what) for what in ("close", "421")]
            for fault in [None] + faults:
                with self.subTest(identity=identity, fault=fault):
                    self.assertRegex(self.session(front), rb"^250 ")
                    count, connections = len(server.messages), server.connections
                    if fault is None:
                        server.cut()
                    server.fault = fault
                    self.assertEqual(self.session(front), b"250 2.0.0 queued\r\n")
                    self.assertIsNone(server.fault)
                    self.assertEqual(len(server.messages), count + 1)
                    self.assertEqual(server.connections, connections + 1)

    def test_a_refusal_is_the_clients(self):
        server, front = self.pair()
        self.session(front)
        server.fault = ("MAIL", "452 4.3.1 full")
        wire = self.greet(front)
        self.assertEqual(wire.command(b"MAIL FROM:<a@example.org>"), b"452 4.3.1 full\r\n")

    def test_bounded_and_let_go(self):
        server, front = self.pair(keep=1)
        wires = [self.greet(front) for _ in range(3)]
        for wire in wires:
            self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        for wire in wires:
            wire.command(b"QUIT")
        self.wait_until(lambda: server.commands.count(b"QUIT") == 3)
        self.assertEqual(server.connections, 4)
        # The one that is left is let go in time, and the next client has a new one.
        self.wait_until(lambda: server.commands.count(b"QUIT") == 4, 30)
        self.assertRegex(self.session(front), rb"^250 ")
        self.assertEqual(server.connections, 5)
        front.signal(15)
        self.assertEqual(front.wait(), 0)
        self.wait_until(lambda: server.commands.count(b"QUIT") == 5)

    def test_one_connection_does_not_serve_for_ever(self):
        server, front = self.pair()
        wire = self.greet(front)
        for _ in range(99):
            wire.deliver(b"x\r\n")
        wire.command(b"QUIT")
        wire.close()
        for _ in range(2):
            self.assertRegex(self.session(front), rb"^250 ")
        self.assertEqual(server.connections, 3)


class Inetd(GateTest):
    def run_inetd(self, upstream, octets):
        result = subprocess.run(
            [posternd_fixture.posternd_path(), "--inetd", f"--upstream={upstream}",
             "--server_name=gate.example"], input=octets, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=30, check=False)
        return result.returncode, result.stdout

    def test_on_pipes(self):
        server = self.scripted()
        status, said = self.run_inetd(
            f"smtp://127.0.0.1:{server.port}",
            b"EHLO c.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" +
            posternd_fixture.stuff(CONTENT) + b".\r\nQUIT\r\n")
        self.assertEqual(status, 0)
        self.assertEqual(re.findall(rb"(?m)^([0-9]{3}) ", said),
                         [b"220", b"250", b"250", b"250", b"354", b"250", b"221"])
        self.assertEqual(server.messages[0][2], CONTENT)

    def test_on_a_socket_with_the_clients_address(self):
        server = self.scripted(keywords=scripted_server.KEYWORDS + (b"XCLIENT ADDR",))
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        wire = posternd_fixture.Wire(listener.getsockname()[1], "127.0.0.77")
        self.addCleanup(wire.close)
        client, _ = listener.accept()
        process = subprocess.Popen(
            [posternd_fixture.posternd_path(), "--inetd",
             f"--upstream=smtp://127.0.0.1:{server.port}", "--upstream_identity=xclient", "--verbose"],
            stdin=client, stdout=client, stderr=client)
        client.close()
        wire.hello()
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
        # Nothing that the program logs or prints reaches a client.
        self.assertEqual(wire.read_to_end(), b"")
        self.assertEqual(process.wait(20), 0)
        self.assertIn(b"XCLIENT ADDR=127.0.0.77", server.commands)

    def test_it_delivers_to_a_maildir_as_well(self):
        maildir = os.path.join(self.folder, "Maildir")
        result = subprocess.run(
            [posternd_fixture.posternd_path(), "--inetd", f"--maildir={maildir}"],
            input=b"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(os.listdir(os.path.join(maildir, "new"))), 1)


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    py_unittest_main.main()
