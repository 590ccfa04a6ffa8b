# SPDX-License-Identifier: Apache-2.0
"""nginx with the module before the real Postfix and the real Exim, by the lines of docs/hosts/nginx.md."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from tests.e2e import nginx_fixture
from tests.e2e import posternd_fixture
from tests.e2e import postfix_fixture
from tests.support import py_unittest_main

CONTENT = (b"From: a@example.net\r\nTo: b@example.org\r\nSubject: x\r\nMessage-ID: <1@example.net>\r\n"
           b"Date: Wed, 25 Nov 2026 12:00:00 +0000\r\n\r\n.dot\r\n..two\r\n.\r\nend \xc3\xa4\r\n")
CLIENT = "127.0.0.77"


def documented(name):
    """The lines of docs/hosts/nginx.md that are marked as tested under `name`."""
    with open("docs/hosts/nginx.md", encoding="utf-8") as file:
        block = re.search(rf"<!-- tested: {name} -->\n((?:    [^\n]*\n|\n)+)", file.read())
    return re.sub("(?m)^    ", "", block[1])


def replaced(text, pairs):
    for given, here in pairs:
        if given not in text:
            raise AssertionError(f"{given!r} does not stand in docs/hosts/nginx.md any more")
        text = text.replace(given, here)
    return text


class EximServer:
    """Debian's Exim out of the package that ./bazelw has unpacked aside. It wants to be root, and to
    find an account by the name that it was built for; it gets both in a mount namespace of its own, so
    nothing of the machine's is touched. Recipients in example.org are delivered to one Maildir."""

    CONFIG = """
exim_path = {program}
exim_user = daemon
smtp_accept_max = 100
exim_group = daemon
spool_directory = {root}/spool
log_file_path = {root}/log_%s
pid_file_path = {root}/pid
primary_hostname = mx.example
tls_advertise_hosts =
accept_8bitmime = true
smtputf8_advertise_hosts = *
{documented}
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  accept hosts = 127.0.0.3
  accept domains = example.org
  deny message = relay not permitted
begin routers
all:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  directory = {root}/mail
  maildir_format
  user = daemon
"""

    def __init__(self, lines):
        if os.geteuid() != 0:
            raise AssertionError("Exim takes another account's name only as root; run this test as root")
        self.root = tempfile.mkdtemp(prefix="exim-", dir="/tmp")
        os.chmod(self.root, 0o755)
        owner = pwd.getpwnam("daemon")
        for name in ("spool", "mail"):
            os.mkdir(os.path.join(self.root, name))
        os.chown(self.root, owner.pw_uid, owner.pw_gid)
        for name in ("spool", "mail"):
            os.chown(os.path.join(self.root, name), owner.pw_uid, owner.pw_gid)
        self.port = postfix_fixture.free_port()
        tools = os.environ.get("POSTERN_TOOLS") or os.path.expanduser("~/.cache/postern/tools/bin")
        self.program = os.path.join(os.path.dirname(tools), "exim/usr/sbin/exim4")
        if not os.path.exists(self.program):
            raise AssertionError("Exim is not unpacked: ./bazelw test ... does that")
        # Its daemon gives up root, and starts itself again to deliver.
        shutil.copy(self.program, os.path.join(self.root, "exim4"))
        self.program = os.path.join(self.root, "exim4")
        self.write("exim.conf", self.CONFIG.format(
            root=self.root, program=self.program, documented=replaced(lines, [("10025", str(self.port))])))
        for name, line in (("passwd", "Debian-exim:x:9123:9123::/:/bin/false\n"),
                           ("group", "Debian-exim:x:9123:\n")):
            with open(f"/etc/{name}", encoding="utf-8") as file:
                # The machine may have Exim of its own.
                others = [entry for entry in file if not entry.startswith("Debian-exim:")]
            self.write(name, "".join(others) + line)
        self._process = None
        self.start()

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                   f"mount --bind {self.root}/passwd /etc/passwd && "
                   f"mount --bind {self.root}/group /etc/group && "
                   f"exec setpriv --pdeathsig KILL {self.program} -C {self.root}/exim.conf -bdf"]
        with open(os.path.join(self.root, "stderr"), "ab") as stderr:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stderr,
                                             stderr=stderr)
        end = time.monotonic() + 20
        while not os.path.exists(os.path.join(self.root, "pid")):
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"Exim did not start: {self.read('stderr')}")
            time.sleep(0.02)

    def stop(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(20)
        os.unlink(os.path.join(self.root, "pid"))

    def close(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(20)
        shutil.rmtree(self.root, ignore_errors=True)

    def read(self, name):
        try:
            with open(os.path.join(self.root, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def messages(self, count, seconds=30):
        new = os.path.join(self.root, "mail/new")
        end = time.monotonic() + seconds
        while True:
            names = sorted(os.listdir(new)) if os.path.isdir(new) else []
            if len(names) >= count:
                break
            if time.monotonic() > end:
                raise AssertionError(f"{len(names)} of {count} messages arrived:\n"
                                     f"{self.read('log_main')[-4000:]}{self.read('stderr')}")
            time.sleep(0.05)
        found = []
        for name in names:
            with open(os.path.join(new, name), "rb") as file:
                found.append(file.read())
        return found


class BeforeMta(unittest.TestCase):
    """What is true before each of them; self.mta and self.nginx are made by the class."""

    __test__ = False

    def greet(self, source=CLIENT):
        wire = posternd_fixture.Wire(self.nginx.port, source)
        self.addCleanup(wire.close)
        wire.hello()
        return wire

    def start_nginx(self, text):
        nginx = nginx_fixture.Nginx([("", "")], workers=1, text=text)
        self.addCleanup(nginx.close)
        return nginx

    def test_mail_goes_through_and_the_mta_knows_the_client(self):
        wire = self.greet()
        self.assertRegex(wire.deliver(CONTENT), rb"^250[ -]")
        (message,) = self.mta.messages(1)
        self.assertTrue(message.endswith(CONTENT.replace(b"\r\n", b"\n")), message)
        self.assertRegex(message, rb"Received: from .*\[127\.0\.0\.77\]")

    def test_access_is_decided_about_the_client(self):
        wire = self.greet()
        wire.command(b"MAIL FROM:<a@example.net>")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.com>"), rb"^55[04] .*[Rr]elay")
        friend = self.greet("127.0.0.3")
        friend.command(b"MAIL FROM:<a@example.net>")
        self.assertRegex(friend.command(b"RCPT TO:<b@example.com>"), rb"^250 ")

    def test_the_words_are_the_tables_and_the_mtas(self):
        wire = self.greet()
        self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 ")
        self.assertRegex(wire.command(b"XYZZY"), rb"^500[ -]5\.5\.1 ")
        self.assertRegex(wire.command(b"XCLIENT ADDR=127.0.0.3"), rb"^502[ -]5\.5\.1 ")

    def wait_until_the_mta_was_asked(self):
        self.nginx.wait_for_log("postern: upstream .* was seen")

    def test_the_first_client_is_offered_what_the_mta_has(self):
        """The gate asks the MTA at the start, for no client."""
        self.wait_until_the_mta_was_asked()
        wire = posternd_fixture.Wire(self.nginx.port, CLIENT)
        self.addCleanup(wire.close)
        offered = wire.hello()
        for keyword in self.keywords:
            self.assertRegex(offered, rb"(?m)^250[- ]%s\b" % keyword)

    def test_starttls(self):
        wire = self.greet()
        wire.start_tls()
        wire.command(b"EHLO client.example")
        self.assertRegex(wire.deliver(CONTENT), rb"^250[ -]")
        (message,) = self.mta.messages(1)
        self.assertTrue(message.endswith(CONTENT.replace(b"\r\n", b"\n")), message)

    def test_smuggling(self):
        for end in (b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"):
            with self.subTest(end=end):
                wire = self.greet()
                wire.open_transaction()
                wire.command(b"DATA")
                wire.send(b"Subject: smuggled\r\n\r\nx" + end + b"MAIL FROM:<evil@example.net>\r\n"
                          b"RCPT TO:<b@example.org>\r\nDATA\r\ny\r\n.\r\n")
                self.assertRegex(wire.read_reply(), rb"^554[ -]")
        self.assertEqual(self.mta.messages(0), [])

    def test_pipelined(self):
        wire = self.greet()
        wire.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nHELP\r\n"
                  b"RCPT TO:<b@example.org>\r\nDATA\r\n")
        self.assertEqual([wire.read_reply()[:1] for _ in range(5)],
                         [b"2", b"5", b"2", b"2", b"3"])
        wire.send(posternd_fixture.stuff(CONTENT) + b".\r\nQUIT\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(2)], [b"250", b"221"])
        self.mta.messages(1)

    def test_swaks_and_smtp_source(self):
        subprocess.run([posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port",
                        str(self.nginx.port), "--from", "a@example.net", "--to", "b@example.org",
                        "--tls", "--header", "Subject: swaks"], check=True, timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        subprocess.run([posternd_fixture.tool("smtp-source", "postfix"), "-s", "5", "-m", "60", "-l",
                        "3000", "-f", "a@example.net", "-t", "b@example.org",
                        f"inet:127.0.0.1:{self.nginx.port}"], check=True, timeout=120,
                       stdin=subprocess.DEVNULL)
        self.assertEqual(len(self.mta.messages(61)), 61)

    def test_the_mta_is_restarted_in_mid_flow_and_nothing_is_lost(self):
        accepted, wrong = set(), []

        def send(number):
            content = CONTENT.replace(b"Subject: x", b"Subject: number-%d." % number)
            for _ in range(100):
                try:
                    with posternd_fixture.Wire(self.nginx.port, CLIENT) as wire:
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
                time.sleep(0.1)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(30)]
        for number, thread in enumerate(threads):
            thread.start()
            if number == 15:
                self.stop_mta()
        self.mta.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(wrong, [])
        self.assertEqual(accepted, set(range(30)))
        kept = b"".join(self.mta.messages(30))
        for number in accepted:
            self.assertIn(b"Subject: number-%d." % number, kept)


class Postfix(BeforeMta):
    __test__ = True
    keywords = (b"8BITMIME", b"CHUNKING", b"DSN")

    def setUp(self):
        self.mta = postfix_fixture.Postfix(
            services=documented("smtpd").replace(":10025", ":{port}"))
        self.addCleanup(self.mta.close)
        certificate, key = posternd_fixture.make_certificate(self.mta.root)
        # Side by side, as the page installs them.
        modules = os.path.join(self.mta.root, "modules")
        os.mkdir(modules)
        for path in (f"{nginx_fixture.tree()}/usr/lib/nginx/modules/ngx_stream_module.so",
                     nginx_fixture.module(), nginx_fixture.plugin()):
            shutil.copy(path, modules)
        text = replaced(documented("postfix"), [
            ("load_module modules/", f"load_module {modules}/"),
            ("/var/log/nginx/error.log", "{root}/error.log"),
            ("/var/log/nginx/mail.log", "{root}/access.log"),
            ("/etc/nginx/mail/fullchain.pem", certificate),
            ("/etc/nginx/mail/key.pem", key),
            ("listen 25;", "listen 127.0.0.1:{port0};"),
            ("127.0.0.1:10025", f"127.0.0.1:{self.mta.port}"),
        ])
        self.nginx = self.start_nginx("daemon off; pid {root}/nginx.pid;\n" + text)

    def stop_mta(self):
        self.mta.stop(signal.SIGKILL)

    def test_logs(self):
        wire = self.greet()
        wire.deliver(CONTENT)
        wire.command(b"XYZZY")
        wire.command(b"QUIT")
        wire.read_to_end()
        self.assertRegex(
            self.nginx.access_log()[0],
            rf"127\.0\.0\.77 helo=client\.example tls=- messages=1 "
            rf"upstream=127\.0\.0\.1:{self.mta.port}/250 errors=1 rules=C500 closed=quit last=221 ")
        self.mta.wait_for_log(r"client=unknown\[127\.0\.0\.77\]")

    def test_postfix_gets_chunks(self):
        """It offers CHUNKING: no dots are put before lines, so a large message goes as it is."""
        content = CONTENT + b".\r\n" * 50000
        self.assertRegex(self.greet().deliver(content), rb"^250 ")
        (message,) = self.mta.messages(1)
        self.assertTrue(message.endswith(content.replace(b"\r\n", b"\n")))


class Exim(BeforeMta):
    __test__ = True
    keywords = (b"8BITMIME", b"SMTPUTF8")

    def setUp(self):
        self.mta = EximServer(documented("exim"))
        self.addCleanup(self.mta.close)
        certificate, key = posternd_fixture.make_certificate(self.mta.root)
        servers = replaced(documented("nginx-exim"), [
            ("listen 25;", "listen 127.0.0.1:{port0};"),
            ("127.0.0.1:10025", f"127.0.0.1:{self.mta.port}"),
        ])
        text = nginx_fixture.MAIN.format(
            root="{root}", tree=nginx_fixture.tree(), module=nginx_fixture.module(),
            plugin=nginx_fixture.plugin(), workers=1, connections=1024, main="",
            stream=f"ssl_certificate {certificate}; ssl_certificate_key {key};\n" + servers)
        self.nginx = self.start_nginx(text)

    def stop_mta(self):
        self.mta.stop()

    def test_nobody_gets_past_the_gate(self):
        """Without the header no command counts on the private port."""
        with posternd_fixture.Wire(self.mta.port) as wire:
            # The first octets are what it takes for a header.
            wire.send(b"EHLO client.example\r\nEHLO client.example\r\n")
            self.assertRegex(wire.read_reply(), rb"^220 ")
            self.assertRegex(wire.read_reply(), rb"^503 .*Proxy")
            self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^503 .*Proxy")


def load_tests(loader, _, __):
    """The base class has no tests of its own."""
    suite = unittest.TestSuite()
    for case in (Postfix, Exim):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    py_unittest_main.main()
