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


    def send_many(self, port, messages, *options):
        subprocess.run([posternd_fixture.tool("smtp-source", "postfix"), "-s", "5", "-m",
                        str(messages), "-l", "3000", "-f", "a@example.net", "-t", "b@example.org",
                        *options, f"inet:127.0.0.1:{port}"], check=True, timeout=300,
                       stdin=subprocess.DEVNULL)


class Proof:
    """What is true whoever starts posternd. door() gives Postfix and the port that clients come to; swap() puts
    another table into force."""

    def door(self, *flags, **options):
        raise NotImplementedError

    def swap(self):
        raise NotImplementedError

    def test_swaks_and_smtp_source_octet_for_octet(self):
        postfix, port = self.door()
        with posternd_fixture.WireTap(port) as tap:
            body = os.path.join(postfix.root, "body")
            with open(body, "wb") as file:
                file.write(CONTENT)
            for data in ([], ["--data", "@" + body]):
                subprocess.run(
                    [posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port",
                     str(tap.port), "--from", "a@example.net", "--to", "b@example.org", *data],
                    check=True, timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            self.send_many(tap.port, 20)
            self.send_many(tap.port, 20, "-d")
            sent = tap.contents()
        self.assertEqual(len(sent), 42)
        messages = postfix.messages(42)
        for content in sent:
            whole = content.replace(b"\r\n", b"\n")
            self.assertTrue(any(message.endswith(whole) for message in messages), content)
        self.assertEqual(len(messages), 42)

    def test_help_and_garbage(self):
        _, port = self.door()
        wire = self.greet(port)
        self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 ")
        self.assertRegex(wire.command(b"HELP MAIL"), rb"^214[ -]2\.0\.0 ")
        for garbage in (b"XYZZY", b"", b"\xff\xfe", b"GET / HTTP/1.1", b"MAILFROM:<a@b>"):
            self.assertRegex(wire.command(garbage), rb"^500[ -]5\.5\.[12] ")

    def test_smuggling(self):
        postfix, port = self.door()
        self.refuses_smuggling(port)
        self.assertEqual(postfix.messages(), [])

    def test_pipelined(self):
        postfix, port = self.door()
        wire = self.greet(port)
        wire.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nHELP\r\n"
                  b"RCPT TO:<b@example.org>\r\nDATA\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(5)],
                         [b"250", b"554", b"214", b"250", b"354"])
        wire.send(posternd_fixture.stuff(CONTENT) + b".\r\nQUIT\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(2)], [b"250", b"221"])
        self.assert_body(postfix.messages(1)[0])

    def test_starttls(self):
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            os.chmod(folder, 0o755)
            certificate, key = posternd_fixture.make_certificate(folder)
            # For whoever spawn(8) runs it as.
            os.chmod(key, 0o644)
            postfix, port = self.door(f"--tls_cert={certificate}", f"--tls_key={key}")
            wire = self.greet(port)
            wire.start_tls()
            self.assertNotIn(b"STARTTLS", wire.command(b"EHLO client.example"))
            for _ in range(2):
                self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
            for message in postfix.messages(2):
                self.assert_body(message)

    def test_postfix_is_restarted_in_mid_flow_and_nothing_is_lost(self):
        postfix, port = self.door()
        accepted, wrong = set(), []

        def send(number):
            content = CONTENT.replace(b"Subject: x", b"Subject: number-%d." % number)
            for _ in range(60):
                try:
                    with posternd_fixture.Wire(port) as wire:
                        wire.hello()
                        reply = wire.deliver(content, sender=b"<a@example.net>")
                        if reply.startswith(b"250"):
                            accepted.add(number)
                            return
                        if not reply.startswith(b"4"):
                            wrong.append(reply)
                except (AssertionError, EOFError, OSError) as error:
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
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            os.chmod(folder, 0o755)
            table = os.path.join(folder, "table.textproto")

            def write(text):
                with open(table + ".new", "w", encoding="ascii") as file:
                    file.write('replies { id: UNRECOGNIZED code: 500 enhanced_code: "5.5.1" '
                               'text: "Table %s" }' % text)
                os.rename(table + ".new", table)

            write("one")
            postfix, port = self.door(f"--table={table}")
            stop = threading.Event()
            replies = []

            def flow():
                while not stop.is_set():
                    replies.append(self.greet(port).deliver(CONTENT)[:4])

            flowing = threading.Thread(target=flow)
            flowing.start()
            wire = self.greet(port)
            wire.open_transaction()
            write("two")
            self.swap()
            self.assertRegex(wire.command(b"XYZZY"), rb"Table one")
            wire.command(b"DATA")
            wire.send(posternd_fixture.stuff(CONTENT) + b".\r\n")
            self.assertRegex(wire.read_reply(), rb"^250 ")
            self.assertRegex(self.greet(port).command(b"XYZZY"), rb"Table two")
            stop.set()
            flowing.join(60)
            self.assertEqual(set(replies), {b"250 "})
            postfix.messages(1 + len(replies))


class FrontPortDoor:
    """posternd on a port of its own."""

    def door(self, *flags, **options):
        postfix = self.postfix(**options)
        self.front = self.gate(postfix, *flags)
        return postfix, self.front.port

    def swap(self):
        self.front.signal(signal.SIGHUP)
        self.front.wait_for_log("reloaded")


class FrontPort(FrontPortDoor, Proof, PostfixTest):
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

    def test_clients_share_a_connection_where_postfix_can_be_told_of_the_next(self):
        """XFORWARD may come again. XCLIENT may not, unless the client before could have sent it: so such a
        connection is one client's."""
        for identity, connections in (("xforward", 1), ("none", 1), ("xclient", 4)):
            with self.subTest(identity=identity):
                postfix = self.postfix(more="smtpd_authorized_xforward_hosts = 127.0.0.1")
                front = self.gate(postfix, "--threads=1", "--idle_upstreams=2", identity=identity)
                postfix.wait_for_log(r"smtpd\[\d+\]: disconnect from .* quit=1 ")
                before = len(re.findall(r"smtpd\[\d+\]: connect from ", postfix.log()))
                for i, host in enumerate((77, 3, 78, 77)):
                    wire = self.greet(front.port, f"127.0.0.{host}")
                    self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
                    wire.command(b"QUIT")
                    front.wait_for_log(" session ", i + 1)
                self.assertEqual(len(postfix.messages(4)), 4)
                log = postfix.log()
                self.assertEqual(len(re.findall(r"smtpd\[\d+\]: connect from ", log)),
                                 before + connections, log)
                if identity != "none":
                    key = "client" if identity == "xclient" else "orig_client"
                    told = re.findall(rf" {key}=unknown\[127\.0\.0\.(\d+)\]", log)
                    self.assertEqual(told, ["77", "3", "78", "77"], log)
                front.close()
                postfix.close()

    def test_the_words_are_the_tables_and_postfixs(self):
        front = self.gate(self.postfix(more="smtpd_sender_restrictions = check_sender_access "
                                            "inline:{{spam@example.net = 550 5.7.1 listed}}"))
        wire = self.greet(front.port)
        self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 ")
        self.assertRegex(wire.command(b"XYZZY"), rb"^500[ -]5\.5\.1 ")
        self.assertRegex(wire.command(b"XCLIENT ADDR=127.0.0.3"), rb"^502[ -]5\.5\.1 ")
        wire.command(b"MAIL FROM:<spam@example.net>")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.org>"), rb"^550 5\.7\.1 .*listed\r\n")

    def test_by_proxy_header_and_xforward(self):
        haproxy = documented_smtpd() + "  -o smtpd_upstream_proxy_protocol=haproxy"
        for identity in ("proxy1", "proxy2"):
            # The fixture waits for a greeting; an ordinary service gives it one.
            private = postfix_fixture.free_port()
            postfix = self.postfix(
                services=documented_smtpd() + haproxy.replace("{port}", str(private)))
            postfix.port = private
            wire = self.greet(self.gate(postfix, identity=identity).port)
            self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
            self.assertRegex(postfix.messages(1)[0], rb"\[127\.0\.0\.77\]")
            postfix.close()
        postfix = self.postfix(more="smtpd_authorized_xforward_hosts = 127.0.0.1")
        wire = self.greet(self.gate(postfix, identity="xforward").port)
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        postfix.messages(1)
        postfix.wait_for_log(r"orig_client=unknown\[127\.0\.0\.77\]")


class SpawnDoor:
    """master.cf starts posternd for each client, before a private smtpd of the same Postfix."""

    def door(self, *flags, **options):
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
        spawn = spawn.rstrip("\n") + "".join(" " + flag for flag in flags) + "\n"
        return self.postfix(services=documented_smtpd() + spawn, before_start=install, **options), outer

    def swap(self):
        """Who comes from now on gets it."""


class Spawn(SpawnDoor, Proof, PostfixTest):
    def test_mail_goes_through_and_postfix_knows_the_client(self):
        postfix, port = self.door()
        wire = self.greet(port)
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
        self.assertEqual(wire.read_to_end(), b"")
        (message,) = postfix.messages(1)
        self.assert_body(message)
        self.assertRegex(message, rb"Received: from client\.example \(unknown \[127\.0\.0\.77\]\)")


class FrontPortLoad(FrontPortDoor, PostfixTest):
    """Memory and descriptors, before and after."""

    MESSAGES = 300

    def test_load(self):
        postfix, port = self.door()
        self.send_many(port, 100)
        before = resident(self.front.pid)
        self.send_many(port, self.MESSAGES // 2, "-d")
        self.send_many(port, self.MESSAGES - self.MESSAGES // 2)
        self.assertLess(resident(self.front.pid) - before, 1 << 20)
        self.assertEqual(len(postfix.messages(100 + self.MESSAGES, 120)), 100 + self.MESSAGES)
        descriptors = f"/proc/{self.front.pid}/fd"
        end = time.monotonic() + 15
        while len(os.listdir(descriptors)) > 30:
            self.assertLess(time.monotonic(), end, os.listdir(descriptors))
            time.sleep(0.1)


class SpawnLoad(SpawnDoor, PostfixTest):
    """No process is left of any client."""

    MESSAGES = 60

    def test_load(self):
        postfix, port = self.door()
        self.send_many(port, self.MESSAGES)
        self.assertEqual(len(postfix.messages(self.MESSAGES, 120)), self.MESSAGES)
        program = os.path.join(postfix.root, "posternd")
        end = time.monotonic() + 15
        while left := [pid for pid in filter(str.isdigit, os.listdir("/proc")) if runs(pid, program)]:
            self.assertLess(time.monotonic(), end, left)
            time.sleep(0.1)


class FrontPortLongLoad(FrontPortLoad):
    MESSAGES = 2000


class SpawnLongLoad(SpawnLoad):
    MESSAGES = 2000


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def runs(pid, program):
    try:
        return os.readlink(f"/proc/{pid}/exe") == program
    except OSError:
        return False


if __name__ == "__main__":
    py_unittest_main.main()
