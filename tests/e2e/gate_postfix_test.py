# SPDX-License-Identifier: Apache-2.0
"""The gate before the real Postfix (docs/hosts/postfix.md): as a front port and from spawn(8)."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from tests.e2e import posternd_fixture
from tests.e2e import postfix_fixture
from tests.support import py_unittest_main

CONTENT = (b"From: a@example.net\r\nTo: b@example.org\r\nSubject: x\r\nMessage-ID: <1@example.net>\r\n"
           b"Date: Wed, 25 Nov 2026 12:00:00 +0000\r\n\r\n.dot\r\n..two\r\n.\r\nend \xc3\xa4\r\n")


def documented(name):
    """The lines of docs/hosts/postfix.md that are marked as tested under `name`."""
    with open("docs/hosts/postfix.md", encoding="utf-8") as file:
        block = re.search(rf"<!-- tested: {name} -->\n((?:    [^\n]*\n)+)", file.read())
    return re.sub("(?m)^    ", "", block[1])


def documented_smtpd():
    """With {port} for the port, as the fixture wants it."""
    return documented("smtpd").replace(":10025", ":{port}")


class PostfixTest(unittest.TestCase):
    def postfix(self, **options):
        options.setdefault("services", documented_smtpd())
        postfix = postfix_fixture.Postfix(**options)
        self.addCleanup(postfix.close)
        return postfix

    def gate(self, postfix, *flags, identity="xclient"):
        front = posternd_fixture.Posternd(
            f"--upstream=smtp://127.0.0.1:{postfix.port}", f"--upstream_identity={identity}",
            "--server_name=gate.example", *flags, maildir=False)
        self.addCleanup(front.close)
        return front

    def greet(self, port, source="127.0.0.77"):
        wire = posternd_fixture.Wire(port, source)
        self.addCleanup(wire.close)
        wire.hello(b"client.example")
        return wire

    def assert_body(self, message, content=CONTENT):
        """Postfix keeps lines with LF alone, and puts its header fields before the message."""
        self.assertTrue(message.endswith(content.replace(b"\r\n", b"\n")), message)

    def refuses_smuggling(self, port):
        for end in (b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"):
            wire = self.greet(port)
            wire.open_transaction()
            wire.command(b"DATA")
            wire.send(b"Subject: smuggled\r\n\r\nx" + end +
                      b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\ny\r\n.\r\n")
            self.assertRegex(wire.read_reply(), rb"^554[ -]")
            wire.close()


class FrontPort(PostfixTest):
    def test_mail_goes_through_and_postfix_knows_the_client(self):
        postfix = self.postfix()
        front = self.gate(postfix)
        wire = self.greet(front.port)
        self.assertRegex(wire.deliver(CONTENT), rb"^250 2\.0\.0 Ok: \d+ bytes queued as |"
                                                rb"^250 2\.0\.0 Ok: queued as ")
        (message,) = postfix.messages(1)
        self.assert_body(message)
        self.assertRegex(message, rb"Received: from client\.example \(unknown \[127\.0\.0\.77\]\)")
        postfix.wait_for_log(r"client=unknown\[127\.0\.0\.77\]")

    def test_the_documented_configuration(self):
        postfix = self.postfix()
        text = documented("posternd")
        for given, here in (('listen: "0.0.0.0:25"', 'listen: "127.0.0.1:0"'),
                            ('listen: "[::]:25"', ""),
                            ('user: "posternd"', f'user: "{postfix_fixture.OWNER}"'),
                            (":10025", f":{postfix.port}")):
            self.assertIn(given, text)
            text = text.replace(given, here)
        certificate, key = posternd_fixture.make_certificate(postfix.root)
        os.chmod(key, 0o644)
        text = text.replace("/etc/posternd/fullchain.pem", certificate).replace(
            "/etc/posternd/key.pem", key)
        config = os.path.join(postfix.root, "posternd.textproto")
        with open(config, "w", encoding="ascii") as file:
            file.write(text)
        front = posternd_fixture.Posternd(f"--config={config}", listen=(), maildir=False,
                                          listeners=1)
        self.addCleanup(front.close)
        wire = self.greet(front.port)
        wire.start_tls()
        wire.command(b"EHLO client.example")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        self.assert_body(postfix.messages(1)[0])
        postfix.wait_for_log(r"client=unknown\[127\.0\.0\.77\]")

    def test_etrn_is_handed_on(self):
        """RFC 1985: Postfix decides, and its words come back."""
        postfix = self.postfix()
        config = os.path.join(postfix.root, "posternd.textproto")
        with open(config, "w", encoding="ascii") as file:
            file.write("engine { extensions { etrn: SWITCH_ON } }\n")
        wire = self.greet(self.gate(postfix, f"--config={config}").port)
        self.assertIn(b"ETRN", wire.command(b"EHLO client.example"))
        self.assertRegex(wire.command(b"ETRN example.net"), rb"^459 4\.\d\.\d <example\.net>: ")
        self.assertRegex(wire.command(b"ETRN localname"), rb"^501 5\.5\.4 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")

    def test_access_is_decided_about_the_client(self):
        front = self.gate(self.postfix())
        wire = self.greet(front.port)
        wire.command(b"MAIL FROM:<a@example.net>")
        self.assertEqual(wire.command(b"RCPT TO:<b@example.com>"),
                         b"554 5.7.1 <b@example.com>: Relay access denied\r\n")
        # The one that may relay, told from the others by XCLIENT alone.
        friend = self.greet(front.port, "127.0.0.3")
        friend.command(b"MAIL FROM:<a@example.net>")
        self.assertRegex(friend.command(b"RCPT TO:<b@example.com>"), rb"^250 ")

    def test_the_words_are_the_tables_and_postfixs(self):
        front = self.gate(self.postfix(more="smtpd_sender_restrictions = check_sender_access "
                                            "inline:{{spam@example.net = 550 5.7.1 listed}}"))
        wire = self.greet(front.port)
        self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 ")
        self.assertRegex(wire.command(b"XYZZY"), rb"^500[ -]5\.5\.1 ")
        self.assertRegex(wire.command(b"XCLIENT ADDR=127.0.0.3"), rb"^502[ -]5\.5\.1 ")
        wire.command(b"MAIL FROM:<spam@example.net>")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.org>"), rb"^550 5\.7\.1 .*listed\r\n")

    def test_smuggling(self):
        postfix = self.postfix()
        front = self.gate(postfix)
        self.refuses_smuggling(front.port)
        self.assertEqual(postfix.messages(), [])

    def test_pipelined(self):
        postfix = self.postfix()
        wire = self.greet(self.gate(postfix).port)
        wire.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nHELP\r\n"
                  b"RCPT TO:<b@example.org>\r\nDATA\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(5)],
                         [b"250", b"554", b"214", b"250", b"354"])
        wire.send(posternd_fixture.stuff(CONTENT) + b".\r\nQUIT\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(2)], [b"250", b"221"])
        self.assert_body(postfix.messages(1)[0])

    def test_by_proxy_header_and_xforward(self):
        haproxy = documented_smtpd() + "  -o smtpd_upstream_proxy_protocol=haproxy"
        for identity in ("proxy1", "proxy2"):
            # The fixture waits for a greeting; an ordinary service gives it one.
            private = postfix_fixture.free_port()
            postfix = self.postfix(
                services=documented_smtpd() + haproxy.replace("{port}", str(private)))
            postfix.port = private
            front = self.gate(postfix, identity=identity)
            # It was asked at the start, for no client.
            with posternd_fixture.Wire(front.port) as first:
                self.assertRegex(first.hello(), rb"(?m)^250[- ]8BITMIME\r$")
            wire = self.greet(front.port)
            self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
            self.assertRegex(postfix.messages(1)[0], rb"\[127\.0\.0\.77\]")
            postfix.close()
        postfix = self.postfix(more="smtpd_authorized_xforward_hosts = 127.0.0.1")
        wire = self.greet(self.gate(postfix, identity="xforward").port)
        # smtpd forgets the one client with each message.
        for _ in range(3):
            self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        postfix.messages(3)
        postfix.wait_for_log(r"orig_client=unknown\[127\.0\.0\.77\]", 3)

    def test_swaks_and_smtp_source(self):
        postfix = self.postfix()
        front = self.gate(postfix)
        subprocess.run([posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port",
                        str(front.port), "--from", "a@example.net", "--to", "b@example.org",
                        "--header", "Subject: swaks"], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        subprocess.run([posternd_fixture.tool("smtp-source", "postfix"), "-s", "5", "-m", "100", "-l",
                        "3000", "-f", "a@example.net", "-t", "b@example.org",
                        f"inet:127.0.0.1:{front.port}"], check=True, timeout=120,
                       stdin=subprocess.DEVNULL)
        self.assertEqual(len(postfix.messages(101)), 101)

    def test_postfix_is_restarted_in_mid_flow_and_nothing_is_lost(self):
        postfix = self.postfix()
        front = self.gate(postfix)
        accepted, wrong = set(), []

        def send(number):
            content = CONTENT.replace(b"Subject: x", b"Subject: number-%d." % number)
            for _ in range(60):
                try:
                    with front.connect() as wire:
                        wire.hello()
                        reply = wire.deliver(content, sender=b"<a@example.net>")
                        if reply.startswith(b"250"):
                            accepted.add(number)
                            return
                        if not reply.startswith(b"4"):
                            wrong.append(reply)
                except (AssertionError, EOFError) as error:
                    if "b'5" in str(error):
                        wrong.append(error)
                time.sleep(0.1)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(30)]
        for i, thread in enumerate(threads):
            thread.start()
            if i == 15:
                postfix.stop(signal.SIGKILL)
        postfix.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(wrong, [])
        self.assertEqual(accepted, set(range(30)))
        kept = b"".join(postfix.messages(30))
        for number in accepted:
            self.assertIn(b"Subject: number-%d." % number, kept)

    def test_a_table_is_swapped_while_mail_flows(self):
        postfix = self.postfix()
        with tempfile.TemporaryDirectory() as folder:
            table = os.path.join(folder, "table.textproto")
            for text in ("one", "two"):
                with open(table, "w", encoding="ascii") as file:
                    file.write('replies { id: UNRECOGNIZED code: 500 enhanced_code: "5.5.1" '
                               'text: "Table %s" }' % text)
                if text == "one":
                    front = self.gate(postfix, f"--table={table}")
                    wire = self.greet(front.port)
                    wire.open_transaction()
                else:
                    front.signal(signal.SIGHUP)
                    front.wait_for_log("reloaded")
            self.assertRegex(wire.command(b"XYZZY"), rb"Table one")
            wire.command(b"DATA")
            wire.send(posternd_fixture.stuff(CONTENT) + b".\r\n")
            self.assertRegex(wire.read_reply(), rb"^250 ")
            self.assertRegex(self.greet(front.port).command(b"XYZZY"), rb"Table two")
            postfix.messages(1)


class Spawn(PostfixTest):
    """master.cf starts posternd for each client, before a private smtpd of the same Postfix."""

    def test_mail_goes_through_and_postfix_knows_the_client(self):
        outer = postfix_fixture.free_port()

        def install(postfix):
            # Where the account of spawn(8) can read them.
            program = os.path.join(postfix.root, "posternd")
            shutil.copy(posternd_fixture.posternd_path(), program)
            library = os.path.join(os.path.dirname(posternd_fixture.posternd_path()),
                                   "../../plugin_api/libpostern.so")
            shutil.copy(os.path.realpath(library), os.path.join(postfix.root, "libpostern.so"))
            os.chmod(program, 0o755)

        spawn = documented("spawn")
        for given, here in (("smtp inet", f"127.0.0.1:{outer} inet"),
                            ("/usr/local/lib/postern/posternd", "{root}/posternd"),
                            (":10025", ":{port}")):
            self.assertIn(given, spawn)
            spawn = spawn.replace(given, here)
        postfix = self.postfix(services=documented_smtpd() + spawn, before_start=install)
        wire = self.greet(outer)
        self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 ")
        self.assertRegex(wire.command(b"XYZZY"), rb"^500[ -]5\.5\.1 ")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
        self.assertEqual(wire.read_to_end(), b"")
        (message,) = postfix.messages(1)
        self.assert_body(message)
        self.assertRegex(message, rb"Received: from client\.example \(unknown \[127\.0\.0\.77\]\)")
        self.refuses_smuggling(outer)
        self.assertEqual(len(postfix.messages()), 1)


if __name__ == "__main__":
    py_unittest_main.main()
