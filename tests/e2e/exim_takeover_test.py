# SPDX-License-Identifier: Apache-2.0
"""The take-over of the client's socket in the real Exim (postern_exim.so), by the lines of docs/hosts/exim.md."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from tests.e2e import exim_fixture
from tests.e2e import nginx_mta_test
from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

CONTENT = nginx_mta_test.CONTENT
CLIENT = nginx_mta_test.CLIENT

MAIN = """
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
accept_8bitmime = true
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
"""

ACL = """
rcpt:
  accept hosts = 127.0.0.3
  deny senders = helo@example.net
       message = your name is $sender_helo_name
  accept domains = example.org
  deny message = relay not permitted
"""

TABLE = """
extends: "default"
replies { id: UNRECOGNIZED code: 500 enhanced_code: "5.5.1" text: "%s" }
"""

_PR_SET_CHILD_SUBREAPER = 36


def become_reaper():
    """Orphans of the test's processes come to the test, as they would to init."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def status(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def program(pid):
    """Its name; empty for a process that is gone."""
    try:
        return status(pid)["Name"]
    except (FileNotFoundError, ProcessLookupError, KeyError):
        return ""


class TakeoverCase(unittest.TestCase):
    """Starts Exim with the lines of the page."""

    @classmethod
    def setUpClass(cls):
        become_reaper()

    def start(self, main="", acl="", lines="takeover-acl", config="", files=None, tls=False,
              pairs=(), arguments=()):
        page = exim_fixture.replaced(exim_fixture.documented("takeover-main"),
                                     [("/usr/local/lib/postern", "{root}/lib")])
        takeover = exim_fixture.replaced(
            exim_fixture.documented(lines),
            [("/etc/posternd/takeover.textproto", "{root}/takeover.textproto"), *pairs])
        text = exim_fixture.replaced(
            exim_fixture.documented("takeover-posternd"),
            [("/var/log/exim4/posternd.log", "{root}/log/posternd"),
             ("mx.example.org", "mx.example"),
             ("/etc/posternd/fullchain.pem", "{root}/server.crt"),
             ("/etc/posternd/key.pem", "{root}/server.key")])
        if not tls:
            text = re.sub("(?m)^tls_.*\n", "", text)
        exim = exim_fixture.Exim(page + MAIN + main, takeover + ACL + acl,
                                 {"takeover.textproto": text + config, **(files or {})},
                                 start=False)
        self.addCleanup(exim.close)
        _, key = posternd_fixture.make_certificate(exim.root)
        os.chown(key, exim_fixture.UID, exim_fixture.UID)
        exim.start(*arguments)
        return exim

    def greet(self, exim, source=CLIENT):
        wire = exim.connect(source)
        self.addCleanup(wire.close)
        wire.hello()
        return wire

    def relays(self, exim):
        return [pid for pid in exim.pids() if program(pid) == "posternd"]

    def until(self, condition, about, seconds=40):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, about)
            time.sleep(0.02)

    def wait_until_idle(self, exim, seconds=30):
        """Nothing is left but the daemon."""
        end = time.monotonic() + seconds
        while (left := [(pid, program(pid)) for pid in exim.pids() if pid != exim.daemon()]):
            if time.monotonic() > end:
                raise AssertionError(f"still there: {left}\n{exim.log()[-2000:]}")
            time.sleep(0.05)


class MailTest(nginx_mta_test.BeforeMta, TakeoverCase):
    """What is true behind every gate."""

    keywords = (b"8BITMIME",)

    def wait_until_the_mta_was_asked(self):
        """That is done for each connection before its greeting."""

    def setUp(self):
        self.mta = self.nginx = self.start(tls=True)

    def test_the_mta_is_restarted_in_mid_flow_and_nothing_is_lost(self):
        """Here the client's connections are the server's own, and break with it."""
        accepted, wrong = set(), []

        def send(number):
            content = CONTENT.replace(b"Subject: x", b"Subject: number-%d." % number)
            for _ in range(200):
                try:
                    with posternd_fixture.Wire(self.mta.port, CLIENT) as wire:
                        wire.hello()
                        reply = wire.deliver(content, sender=b"<a@example.net>")
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
                except (OSError, EOFError):
                    pass
                time.sleep(0.1)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(30)]
        for number, thread in enumerate(threads):
            thread.start()
            if number == 15:
                time.sleep(0.2)
                self.mta.stop()
        self.mta.start("-q5s")
        for thread in threads:
            thread.join(60)
        self.assertEqual(wrong, [])
        self.assertEqual(accepted, set(range(30)))
        end = time.monotonic() + 30
        while missing := [n for n in accepted if b"Subject: number-%d." % n
                          not in b"".join(self.mta.messages(1))]:
            self.assertLess(time.monotonic(), end, f"lost: {missing} {self.mta.log()[-3000:]}")
            time.sleep(0.2)


class ContractTest(TakeoverCase):
    def test_words(self):
        wire = self.start().connect()
        self.addCleanup(wire.close)
        self.assertEqual(wire.read_reply(), b"220 mx.example ESMTP ready\r\n")
        self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 mx\.example ")
        self.assertRegex(wire.command(b"HELP MAIL"), rb"^214-2\.0\.0 ")
        self.assertRegex(wire.command(b"XYZZY"), rb"^500 5\.5\.1 ")
        self.assertRegex(wire.command(b"NOOP\x00"), rb"^500 5\.5\.2 ")
        self.assertRegex(wire.command(b"\xff\xfe"), rb"^500 5\.5\.[12] ")
        wire.send(b"NOOP\n")
        self.assertRegex(wire.read_reply(), rb"^500 5\.5\.2 ")
        wire.send(b"\r\n")
        self.assertRegex(wire.command(b"VRFY b@example.org"), rb"^252 2\.")

    def test_all_at_once_before_the_greeting(self):
        """Early input is the gate's business, and replies come in order."""
        exim = self.start()
        wire = exim.connect()
        self.addCleanup(wire.close)
        wire.send(b"EHLO client.example\r\nMAIL FROM:<a@example.net>\r\nHELP\r\nXYZZY\r\n"
                  b"RCPT TO:<b@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" +
                  posternd_fixture.stuff(CONTENT) + b".\r\nQUIT\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(10)],
                         [b"220", b"250", b"250", b"214", b"500", b"550", b"250", b"354", b"250",
                          b"221"])
        (message,) = exim.messages(1)
        self.assertTrue(message.endswith(CONTENT.replace(b"\r\n", b"\n")), message)
        self.assertNotIn("synchronization", exim.log())

    def test_exim_sees_the_client(self):
        exim = self.start()
        wire = self.greet(exim)
        wire.command(b"MAIL FROM:<helo@example.net>")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.org>"),
                         rb"^550 5\.\S+ your name is client\.example\r\n")
        wire.command(b"RSET")
        wire.deliver(CONTENT)
        exim.wait_for_log(r"<= a@example\.org H=\(client\.example\) \[127\.0\.0\.77\] P=esmtp ")

    def test_no_starttls_without_a_certificate_of_its_own(self):
        """Exim behind offers it to the gate, which does not pass that on."""
        exim = self.start(main="tls_advertise_hosts = *\n")
        wire = exim.connect()
        self.addCleanup(wire.close)
        self.assertNotIn(b"STARTTLS", wire.hello())
        self.assertRegex(wire.command(b"STARTTLS"), rb"^502 5\.5\.1 ")

    def test_content_that_is_refused_ends_the_session(self):
        """Exim is not asked to forget it (RSET behind BDAT crashes this release): it loses the connection."""
        exim = self.start()
        wire = self.greet(exim)
        wire.open_transaction()
        wire.command(b"DATA")
        wire.send(b"Subject: x\r\n\r\nbare\nnewline\r\n.\r\n")
        self.assertRegex(wire.read_reply(), rb"^554[ -]5\.")
        self.assertRegex(wire.read_to_end(), rb"^421 4\.3\.2 [^\n]*\n$")
        self.wait_until_idle(exim)
        self.assertEqual(exim.messages(0), [])
        self.assertNotIn("SIGSEGV", exim.log())
        self.assertRegex(self.greet(exim).deliver(CONTENT), rb"^250 ")

    def test_a_table_is_swapped_while_mail_flows(self):
        exim = self.start(config='table: "{root}/table.textproto"\n',
                          files={"table.textproto": TABLE % "old"})
        first = self.greet(exim)
        first.open_transaction()
        stop = threading.Event()
        failed, counts = [], {}

        def flow(number):
            while not stop.is_set():
                try:
                    with posternd_fixture.Wire(exim.port, CLIENT) as wire:
                        wire.hello()
                        word = wire.command(b"XYZZY")[10:13]
                        if not wire.deliver(CONTENT).startswith(b"250"):
                            failed.append(number)
                        counts[word] = counts.get(word, 0) + 1
                except (AssertionError, OSError, EOFError) as error:
                    failed.append(error)

        threads = [threading.Thread(target=flow, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        try:
            self.until(lambda: counts.get(b"old", 0) > 3, counts)
            exim.write("new.textproto", TABLE % "new")
            os.rename(os.path.join(exim.root, "new.textproto"),
                      os.path.join(exim.root, "table.textproto"))
            self.until(lambda: counts.get(b"new", 0) > 3, counts)
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        self.assertEqual(failed, [])
        self.assertEqual(set(counts), {b"old", b"new"})
        self.assertEqual(len(exim.messages(sum(counts.values()))), sum(counts.values()))
        # This one goes on with what it began with.
        self.assertEqual(first.command(b"XYZZY"), b"500 5.5.1 old\r\n")


class ProcessTest(TakeoverCase):
    """What the relay is, and how both ends end."""

    def test_the_relay_has_nothing_of_exims(self):
        exim = self.start()
        self.greet(exim)
        (relay,) = self.relays(exim)
        (child,) = set(exim.pids()) - {relay, exim.daemon()}
        facts = status(relay)
        self.assertEqual(facts["NoNewPrivs"], "1")
        self.assertEqual(facts["Uid"].split(), [str(exim_fixture.UID)] * 4)
        self.assertNotIn(int(facts["PPid"]), (child, exim.daemon()))
        self.assertEqual(os.getsid(relay) in (os.getsid(child), os.getsid(exim.daemon())), False)
        # Neither the daemon's listening socket nor anything that Exim has open.
        def sockets(pid):
            links = (os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
            return {link for link in links if link.startswith(("socket:", "/"))} - {"/dev/null"}

        self.assertEqual(sockets(relay) & (sockets(child) | sockets(exim.daemon())), set())
        with open(f"/proc/{relay}/environ", "rb") as file:
            self.assertTrue(set(entry.partition(b"=")[0] for entry in file.read().split(b"\0"))
                            <= {b"PATH", b"TZ", b""})

    def test_the_client_quits(self):
        exim = self.start()
        wire = self.greet(exim)
        self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
        self.assertEqual(wire.read_to_end(), b"")
        self.wait_until_idle(exim)

    def test_the_client_goes_in_mid_command_and_in_mid_content(self):
        exim = self.start()
        wire = self.greet(exim)
        wire.open_transaction()
        wire.send(b"RCPT TO:<b")
        wire.close()
        wire = self.greet(exim)
        wire.open_transaction()
        wire.command(b"DATA")
        wire.send(b"Subject: half\r\n\r\nx")
        wire.close()
        self.wait_until_idle(exim)
        self.assertEqual(exim.messages(0), [])

    def test_exim_goes(self):
        exim = self.start()
        for with_mail in (False, True):
            with self.subTest(with_mail=with_mail):
                wire = self.greet(exim)
                if with_mail:
                    wire.open_transaction()
                (relay,) = self.relays(exim)
                (child,) = set(exim.pids()) - {relay, exim.daemon()}
                os.kill(child, signal.SIGKILL)
                self.until(lambda gone=child: gone not in exim.pids(), "")
                time.sleep(0.1)
                if with_mail:
                    self.assertRegex(wire.command(b"DATA"), rb"^4[25]1 ")
                    self.assertRegex(wire.command(b"RSET"), rb"^(250|421) ")
                self.assertRegex(wire.read_to_end(), rb"^(421 .*\r\n)?$")
                self.wait_until_idle(exim)

    def test_the_relay_goes(self):
        exim = self.start()
        wire = self.greet(exim)
        wire.open_transaction()
        (relay,) = self.relays(exim)
        os.kill(relay, signal.SIGKILL)
        self.assertEqual(wire.read_to_end(), b"")
        self.wait_until_idle(exim)
        exim.wait_for_log("unexpected disconnection|lost")

    def test_exim_from_inetd(self):
        """-bs with the client's socket on 0 and 1, as systemd (Accept=yes) starts it."""
        exim = self.start()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            wire = posternd_fixture.Wire(listener.getsockname()[1], CLIENT)
            client, _ = listener.accept()
        self.addCleanup(wire.close)
        with client:
            running = exim.popen("-bs", stdin=client, stdout=client, stderr=subprocess.DEVNULL)
        self.addCleanup(running.kill)
        self.assertEqual(wire.read_reply(), b"220 mx.example ESMTP ready\r\n")
        self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 ")
        wire.command(b"EHLO client.example")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")
        self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
        self.assertEqual(wire.read_to_end(), b"")
        self.assertEqual(running.wait(20), 0)
        exim.wait_for_log(r"<= a@example\.org H=\(client\.example\) \[127\.0\.0\.77\]")

    def test_exims_own_limit_counts(self):
        exim = self.start()
        exim.stop()
        text = exim.read("exim.conf").replace("smtp_accept_max = 200", "smtp_accept_max = 1")
        exim.write("exim.conf", text)
        exim.start()
        wire = self.greet(exim)
        with exim.connect() as second:
            self.assertRegex(second.read_reply(), rb"^421 Too many concurrent")
        wire.command(b"QUIT")
        self.wait_until_idle(exim)
        self.greet(exim)


class RefusalTest(TakeoverCase):
    """Where it cannot be right: a line in Exim's log, and what the operator chose."""

    def refused(self, exim, why):
        exim.wait_for_log(r"postern: no take-over from \S.*: .*" + why)

    def test_files_that_are_wrong(self):
        for pairs, files, config, why in (
                ([("{POSTERN/posternd}", "{/nowhere/posternd}")], {}, "",
                 "/nowhere/posternd: No such file"),
                ([], {"table.textproto": "extends: \"default\"\nfoo\n"},
                 'table: "{root}/table.textproto"\n', r"table\.textproto:3"),
                ([("{--config=", "{--confg=")], {}, "", "unknown flag --confg"),
                ([], {}, "nonsense\n", r"takeover\.textproto:"),
                ([], {}, 'listen: "127.0.0.1:0"\n', "leave out --listen")):
            with self.subTest(why=why):
                exim = self.start(pairs=pairs, files=files, config=config)
                with exim.connect() as wire:
                    self.assertEqual(
                        wire.read_reply(),
                        b"421 mx.example.org Service not available, try again later\r\n")
                    self.assertEqual(wire.read_to_end(), b"")
                self.refused(exim, why)
                self.wait_until_idle(exim)

    def test_the_plain_path(self):
        # The second is found out when posternd has the client already.
        for config, why in (("nonsense\n", r"takeover\.textproto:"),
                            ('table: "{root}/nowhere.textproto"\n', r"nowhere\.textproto:")):
            with self.subTest(why=why):
                exim = self.start(lines="takeover-or-plain", config=config)
                wire = exim.connect()
                self.addCleanup(wire.close)
                self.assertRegex(wire.read_reply(), rb"^220 mx\.example ESMTP Exim")
                # Exim has to wait for it.
                time.sleep(0.5)
                self.assertRegex(wire.command(b"EHLO client.example"), rb"^250-mx\.example Hello")
                self.assertRegex(wire.deliver(CONTENT), rb"^250 OK")
                exim.messages(1)
                self.refused(exim, why)

    def test_tls_on_connect(self):
        exim = self.start()
        exim.stop()
        exim.write("exim.conf", exim.read("exim.conf").replace(
            "\nbegin acl", f"\ntls_on_connect_ports = {exim.port}\nbegin acl"))
        exim.start()
        wire = exim.connect()
        self.addCleanup(wire.close)
        wire.wrap_tls()
        self.assertRegex(wire.read_reply(), rb"^421 ")
        self.refused(exim, "TLS is up already")

    def test_no_socket(self):
        exim = self.start()
        for arguments, why in ((("-bs",), "there is no client on a socket"),
                               (("-bs", "-oMa", "192.0.2.1.1234"), "on none")):
            said = exim.run(*arguments, input=b"QUIT\r\n").stdout
            self.assertNotIn(b"ESMTP ready", said)
            if b"192.0.2.1.1234" in b"".join(a.encode() for a in arguments):
                self.assertRegex(said, rb"(?m)^421 ")
                self.refused(exim, why)
        said = exim.run("-bh", "192.0.2.1", input=b"QUIT\r\n").stdout
        self.assertRegex(said, rb"421 mx\.example\.org Service")
        self.assertIn(b"-bh has no client", said)

    def test_too_late(self):
        """In another ACL the client has spoken already, and octets may lie in Exim's buffer."""
        exim = self.start()
        exim.stop()
        exim.write("exim.conf", exim.read("exim.conf").replace(
            "acl_smtp_connect = postern_connect", "acl_smtp_helo = postern_connect"))
        exim.start()
        wire = exim.connect()
        self.addCleanup(wire.close)
        wire.read_reply()
        self.assertRegex(wire.command(b"EHLO client.example"), rb"^421 ")
        self.refused(exim, "call it in acl_smtp_connect")


class ProxyTest(TakeoverCase):
    def test_the_header_tells_of_the_client(self):
        exim = self.start(main="hosts_proxy = 127.0.0.1\n")
        for header in (b"PROXY TCP4 192.0.2.9 127.0.0.1 1234 25\r\n",
                       b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + socket.inet_aton("192.0.2.9") +
                       socket.inet_aton("127.0.0.1") + b"\x04\xd2\x00\x19"):
            with self.subTest(header=header):
                wire = exim.connect("127.0.0.1")
                self.addCleanup(wire.close)
                wire.send(header)
                self.assertEqual(wire.read_reply(), b"220 mx.example ESMTP ready\r\n")
                wire.command(b"EHLO client.example")
                self.assertRegex(wire.deliver(CONTENT), rb"^250[ -]")
        exim.wait_for_log(r"<= a@example\.org H=\(client\.example\) \[192\.0\.2\.9\]", count=2)


class LoadTest(TakeoverCase):
    """Nothing is left behind: no process, no descriptor, no zombie of Exim's. The quick form."""

    messages, sessions = 100, 5

    def test_messages(self):
        exim = self.start()
        daemon = exim.daemon()
        before = memory = None
        source = posternd_fixture.tool("smtp-source", "postfix")
        for number, flags in enumerate(((), ("-d",))):
            subprocess.run([source, *flags, "-s", str(self.sessions), "-m", str(self.messages // 2),
                            "-l", "3000", "-f", "a@example.net", "-t", "b@example.org",
                            f"inet:127.0.0.1:{exim.port}"], check=True,
                           timeout=60 + self.messages, stdin=subprocess.DEVNULL)
            self.wait_until_idle(exim, 60)
            if number == 0:
                before = set(os.listdir(f"/proc/{daemon}/fd"))
                memory = int(status(daemon)["VmRSS"].split()[0])
        self.assertEqual(len(exim.messages(self.messages, 60)), self.messages)
        self.wait_until_idle(exim)
        self.assertEqual(set(os.listdir(f"/proc/{daemon}/fd")), before)
        self.assertLess(int(status(daemon)["VmRSS"].split()[0]), memory + 1000)
        self.assertEqual(self.zombies_of(daemon), [])
        self.assertNotRegex(exim.log(), "no take-over|unexpected|lost")
        self.assertEqual(exim.read("log/paniclog"), "")

    @staticmethod
    def zombies_of(parent):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                facts = status(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if facts.get("PPid") == str(parent) and facts["State"].startswith("Z"):
                found.append(facts)
        return found

    def tearDown(self):
        """What became an orphan came to us, and must have ended by itself."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            pass


class ManyTest(LoadTest):
    """The long form."""

    messages, sessions = 2000, 20


if __name__ == "__main__":
    py_unittest_main.main()
