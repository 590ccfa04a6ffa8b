# SPDX-License-Identifier: Apache-2.0
"""What the operator decides: flags, recipient domains, PROXY networks, limits, logs, where the mail
goes, and who the process is."""

import json
import os
import pwd
import re
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import time
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main


def _run(*flags, environment=None):
    """A start that is expected to fail or to print something: (status, stdout, stderr)."""
    done = subprocess.run([posternd_fixture.posternd_path(), *flags], timeout=20,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class BadFlagsTest(unittest.TestCase):
    """Exit status 2 and one sentence that names the place and the mend."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="postern-flags-")
        cls.certificate, cls.key = posternd_fixture.make_certificate(cls.scratch.name)
        _, cls.other_key = posternd_fixture.make_certificate(cls.scratch.name, stem="other")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def file(self, name, text):
        path = os.path.join(self.scratch.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def assert_refused(self, *flags, words=()):
        with self.subTest(flags=flags):
            with_defaults = ["--listen=127.0.0.1:0", f"--maildir={self.scratch.name}/Maildir",
                             *flags]
            status, out, err = _run(*with_defaults)
            self.assertEqual(status, 2, err)
            self.assertEqual(out, "")
            self.assertRegex(err, r"^posternd: [^\n]+\n$", "one sentence")
            for word in words:
                self.assertIn(word, err)

    def test_flags(self):
        self.assert_refused("--lisen=127.0.0.1:0", words=["--lisen", "--listen"])
        self.assert_refused("serve", words=["serve", "--help"])
        self.assert_refused("--threads=many", words=["--threads", "number"])
        self.assert_refused("--threads=1000", words=["256"])
        self.assert_refused("--max_connections=0", words=["--max_connections"])
        self.assert_refused("--log_format=xml", words=["text", "json"])
        self.assert_refused("--discard", words=["--maildir", "--discard"])
        self.assert_refused("--domains=a@b", words=["--domains", "a@b"])
        self.assert_refused("--table", words=["--table"])

    def test_addresses(self):
        self.assert_refused("--listen=localhost:25", words=["localhost:25"])
        self.assert_refused("--listen=127.0.0.1:99999", words=["127.0.0.1:99999"])
        self.assert_refused("--listen=192.0.2.1:0", words=["192.0.2.1"])
        self.assert_refused("--proxy_networks=10.0.0.0/33", words=["10.0.0.0/33"])
        self.assert_refused("--proxy_networks=10.0.0.1/8", words=["10.0.0.1/8"])

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.assert_refused(f"--listen=127.0.0.1:{port}", words=[str(port), "--listen"])

    def test_files(self):
        nowhere = os.path.join(self.scratch.name, "nowhere")
        self.assert_refused(f"--table={nowhere}", words=[nowhere])
        self.assert_refused(f"--config={nowhere}", words=[nowhere])
        self.assert_refused(f"--plugin={nowhere}", words=[nowhere])
        self.assert_refused(f"--plugin={self.certificate}", words=[self.certificate])
        self.assert_refused(f"--log_file={nowhere}/log", words=[nowhere])
        self.assert_refused("--maildir=/proc/nowhere", words=["/proc/nowhere", "--maildir"])
        self.assert_refused(f"--maildir={self.certificate}", words=[self.certificate])

    def test_certificates(self):
        self.assert_refused(f"--tls_cert={self.certificate}", words=["--tls_key"])
        self.assert_refused("--listen_tls=127.0.0.1:0", words=["--tls_cert"])
        self.assert_refused(f"--tls_cert={self.key}", f"--tls_key={self.key}", words=[self.key])
        self.assert_refused(f"--tls_cert={self.certificate}", f"--tls_key={self.other_key}",
                            words=[self.other_key, "belong"])

    def test_configuration(self):
        self.assert_refused(
            "--config=" + self.file("unknown_field", "enigne { }\n"), words=["enigne", "1"])
        self.assert_refused(
            "--config=" + self.file("low_limit", "engine { limits { recipients: 5 } }\n"),
            words=["low_limit", "limits.recipients", "100"])
        self.assert_refused("--server_name=under_score.example", words=["server_name"])

    def test_table(self):
        self.assert_refused(
            "--table=" + self.file("bad_code", "replies {\n  id: NOOP_OK\n  code: 500\n"
                                   '  enhanced_code: "5.5.1"\n  text: "no"\n}\n'),
            words=["bad_code", "NOOP_OK"])
        self.assert_refused("--table=" + self.file("no_table", "what is this?\n"),
                            words=["no_table"])

    def test_user(self):
        self.assert_refused("--user=no-such-user-here", words=["no-such-user-here"])

    def test_help_and_version(self):
        status, out, _ = _run("--help")
        self.assertEqual(status, 0)
        for flag in ("listen", "maildir", "table", "config", "tls_cert", "domains"):
            self.assertIn("--" + flag, out)
        status, out, _ = _run("--version")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"ABI 1\.[0-9]+")


class DomainsTest(unittest.TestCase):

    def test_only_listed_domains_are_accepted(self):
        with posternd_fixture.Posternd("--domains=example.org,Example.NET,[127.0.0.9]") as server:
            with server.connect() as wire:
                wire.hello()
                wire.command(b"MAIL FROM:<a@elsewhere.example>")
                for path, code in ((b"<a@example.org>", b"250"), (b"<b@EXAMPLE.net>", b"250"),
                                   (b"<c@elsewhere.example>", b"550"),
                                   (b"<d@sub.example.org>", b"550"),
                                   (b"<e@[127.0.0.1]>", b"550"), (b"<g@[127.0.0.9]>", b"250"),
                                   (b"<postmaster>", b"250"),
                                   (b"<@example.org:f@elsewhere.example>", b"550")):
                    with self.subTest(path=path):
                        reply = wire.command(b"RCPT TO:" + path)
                        self.assertEqual(reply[:3], code, reply)
                        if code == b"550":
                            self.assertRegex(reply, rb"^550[ -]5\.7\.1 ")
                wire.command(b"DATA")
                wire.send(b"x\r\n.\r\n")
                self.assertRegex(wire.read_reply(), rb"^250")
            self.assertEqual(server.message().recipients,
                             [b"<a@example.org>", b"<b@EXAMPLE.net>", b"<g@[127.0.0.9]>",
                              b"<postmaster>"])


class ProxyTest(unittest.TestCase):
    """PROXY protocol, from listed networks only. 127.0.0.2 is listed, 127.0.0.1 is not."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="postern-proxy-")
        certificate, key = posternd_fixture.make_certificate(cls.scratch.name)
        cls.server = posternd_fixture.Posternd(
            "--proxy_networks=127.0.0.2/32", "--max_connections_per_client=2",
            f"--tls_cert={certificate}", f"--tls_key={key}", listen_tls=["127.0.0.1:0"])

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.scratch.cleanup()

    def proxied(self, header, port=None):
        wire = self.server.connect("127.0.0.2", port)
        self.addCleanup(wire.close)
        wire.send(header)
        return wire

    @staticmethod
    def version_2(source, destination, tlvs=b""):
        octets = socket.inet_aton(source) + socket.inet_aton(destination)
        body = octets + struct.pack(">HH", 50000, 25) + tlvs
        return b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11" + struct.pack(">H", len(body)) + body

    def test_version_1(self):
        wire = self.proxied(b"PROXY TCP4 192.0.2.7 192.0.2.1 50000 25\r\n")
        wire.hello()
        self.assertRegex(wire.deliver(b"x\r\n"), rb"^250")
        self.assertEqual(self.server.message().client, b"[192.0.2.7]")

    def test_version_1_ipv6(self):
        wire = self.proxied(b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 25\r\n")
        wire.hello()
        self.assertRegex(wire.deliver(b"x\r\n"), rb"^250")
        self.assertEqual(self.server.message().client, b"[IPv6:2001:db8::7]")

    def test_version_2(self):
        wire = self.proxied(self.version_2("192.0.2.8", "192.0.2.1"))
        wire.hello()
        self.assertRegex(wire.deliver(b"x\r\n"), rb"^250")
        self.assertEqual(self.server.message().client, b"[192.0.2.8]")
        self.server.wait_for_log(r"connect .*client=192\.0\.2\.8:50000")

    def test_header_and_first_commands_in_one_packet(self):
        wire = self.proxied(self.version_2("192.0.2.9", "192.0.2.1") + b"EHLO c.example\r\n")
        self.assertRegex(wire.read_reply(), rb"^220")
        self.assertRegex(wire.read_reply(), rb"^250")

    def test_before_tls(self):
        wire = self.proxied(self.version_2("192.0.2.10", "192.0.2.1"), self.server.ports[1])
        wire.wrap_tls()
        wire.hello()
        self.assertRegex(wire.deliver(b"x\r\n"), rb"^250")
        self.assertEqual(self.server.message().client, b"[192.0.2.10]")

    def test_nothing_is_said_without_a_header(self):
        wire = self.proxied(b"")
        self.assertTrue(wire.silent(0.3))
        wire.send(b"EHLO client.example\r\n")
        self.assertEqual(wire.read_to_end(), b"")

    def test_bad_headers_are_cut_off_without_a_reply(self):
        for header in (b"PROXY TCP4 192.0.2.7\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 99999999\r\n",
                       b"PROXY " + b"x" * 200 + b"\r\n",
                       b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c" + b"\0" * 12):
            with self.subTest(header=header[:30]):
                self.assertEqual(self.proxied(header).read_to_end(), b"")

    def test_others_may_not_claim_an_address(self):
        with self.server.connect("127.0.0.1") as wire:
            self.assertRegex(wire.read_reply(), rb"^220")
            self.assertRegex(wire.command(b"PROXY TCP4 192.0.2.66 192.0.2.1 50000 25"),
                             rb"^500[ -]5\.5\.1")
            wire.command(b"EHLO client.example")
            self.assertRegex(wire.deliver(b"x\r\n"), rb"^250")
        self.assertEqual(self.server.message().client, b"[127.0.0.1]")

    def test_limits_count_the_clients_and_not_the_proxy(self):
        header = b"PROXY TCP4 %s 192.0.2.1 50000 25\r\n"
        for client in (b"198.51.100.1", b"198.51.100.2"):
            for _ in range(2):
                self.assertRegex(self.proxied(header % client).read_reply(), rb"^220")
            self.assertRegex(self.proxied(header % client).read_reply(), rb"^421")


class LimitsTest(unittest.TestCase):

    def test_connections_per_client(self):
        with posternd_fixture.Posternd("--max_connections_per_client=2") as server:
            first = server.connect()
            with first, server.connect() as second:
                self.assertRegex(first.read_reply(), rb"^220")
                self.assertRegex(second.read_reply(), rb"^220")
                with server.connect() as third:
                    self.assertRegex(third.read_reply(), rb"^421 ")
                    self.assertEqual(third.read_to_end(), b"")
                with server.connect("127.0.0.3") as other:
                    self.assertRegex(other.read_reply(), rb"^220")
                self.assertRegex(second.command(b"NOOP"), rb"^250")
                second.command(b"QUIT")
                self.assert_welcome_again(server)

    def test_connections_in_all(self):
        with posternd_fixture.Posternd("--max_connections=2") as server:
            with server.connect() as first, server.connect("127.0.0.3") as second:
                self.assertRegex(first.read_reply(), rb"^220")
                self.assertRegex(second.read_reply(), rb"^220")
                with server.connect("127.0.0.4") as third:
                    self.assertRegex(third.read_reply(), rb"^421 ")
                    self.assertEqual(third.read_to_end(), b"")
                second.command(b"QUIT")
                self.assert_welcome_again(server)

    def assert_welcome_again(self, server):
        """A place that was given back can be taken: soon, for the server closes in its own time."""
        deadline = time.monotonic() + 5
        while True:
            with server.connect() as wire:
                reply = wire.read_reply()
            if reply.startswith(b"220"):
                return
            self.assertLess(time.monotonic(), deadline, reply)
            time.sleep(0.05)

    def test_deadlines_of_the_engine(self):
        """RFC 5321 section 4.5.3.2: a silent client gets 421 when its time is over."""
        with tempfile.TemporaryDirectory() as directory:
            config = os.path.join(directory, "config.textproto")
            with open(config, "w", encoding="utf-8") as file:
                file.write("engine { limits { command_timeout_ms: 700 content_timeout_ms: 700 } }\n")
            with posternd_fixture.Posternd(f"--config={config}") as server:
                with server.connect() as idle, server.connect() as sending:
                    started = time.monotonic()
                    idle.hello()
                    sending.hello()
                    sending.open_transaction()
                    sending.command(b"DATA")
                    sending.send(b"and then nothing")
                    for wire in (idle, sending):
                        self.assertRegex(wire.read_reply(), rb"^421 4\.4\.2 ")
                        self.assertEqual(wire.read_to_end(), b"")
                    self.assertGreater(time.monotonic() - started, 0.6)
                self.assertEqual(server.messages(), [])
                self.assertEqual(server.in_tmp(), [])


class ListenersTest(unittest.TestCase):

    def test_several_addresses_and_ipv6(self):
        addresses = ["127.0.0.1:0", "127.0.0.2:0"]
        if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):
            with open("/proc/net/if_inet6", encoding="ascii") as file:
                if " lo" in file.read():
                    addresses.append("[::1]:0")
        with posternd_fixture.Posternd(listen=addresses) as server:
            self.assertEqual(len(server.ports), len(addresses))
            for address, port in zip(addresses, server.ports):
                with self.subTest(address=address):
                    host = address.rsplit(":", 1)[0].strip("[]")
                    with socket.create_connection((host, port), 10) as connection:
                        self.assertRegex(connection.recv(4096), rb"^220 ")

    def test_configuration_file_and_flags(self):
        """What the file says holds; a flag wins."""
        with tempfile.TemporaryDirectory() as directory:
            config = os.path.join(directory, "posternd.textproto")
            with open(config, "w", encoding="utf-8") as file:
                file.write('domains: "example.org"\nengine {\n  server_name: "file.example"\n'
                           "  extensions { smtputf8: SWITCH_OFF help: SWITCH_OFF }\n"
                           "  limits { message_octets: 100000 errors: 2 }\n}\n")
            with posternd_fixture.Posternd(f"--config={config}",
                                           "--server_name=flag.example") as server:
                with server.connect() as wire:
                    reply = wire.hello()
                    self.assertIn(b"flag.example", reply)
                    self.assertIn(b"SIZE 100000", reply)
                    self.assertNotIn(b"SMTPUTF8", reply)
                    self.assertRegex(wire.command(b"HELP"), rb"^502 5\.5\.1")
                    wire.command(b"MAIL FROM:<a@example.org>")
                    self.assertRegex(wire.command(b"RCPT TO:<a@example.net>"), rb"^550")
                    self.assertRegex(wire.command(b"X"), rb"^421 4\.7\.0")

    def test_discard_keeps_nothing(self):
        with posternd_fixture.Posternd("--discard", maildir=False) as server:
            with server.connect() as wire:
                wire.hello()
                self.assertRegex(wire.deliver(b"gone\r\n"), rb"^250")
            server.wait_for_log(r"message .*verdict=discarded")
            self.assertFalse(os.path.exists(server.maildir))


class LogTest(unittest.TestCase):

    def talk(self, server):
        with server.connect() as wire:
            wire.hello()
            wire.command(b"FROB\x1b[31m \"x\"")
            wire.deliver(b"hello\r\n")
            wire.command(b"QUIT")

    def test_text_lines_of_session_and_message(self):
        with posternd_fixture.Posternd() as server:
            self.talk(server)
            log = server.wait_for_log(r" session ")
            self.assertRegex(log, r"(?m)^\S+Z message id=\S+ queue_id=\S+ from=<a@example\.org> "
                                  r"rcpts=1 to=<b@example\.org> octets=7 verdict=delivered$")
            self.assertRegex(log, r"(?m)^\S+Z session id=\S+ client=127\.0\.0\.1:[0-9]+ .*"
                                  r"helo=client\.example messages=1 .*errors=1 rules=F6 "
                                  r"reason=quit ")
            self.assertNotIn("\x1b", log)
            self.assertIn(r"\x1b[31m", log)

    def test_json_lines(self):
        with posternd_fixture.Posternd(log_format="json") as server:
            self.talk(server)
            log = server.wait_for_log('"event":"session"')
            lines = [json.loads(line) for line in log.splitlines()]
            events = {line["event"]: line for line in lines}
            self.assertEqual(events["message"]["verdict"], "delivered")
            self.assertEqual(events["message"]["octets"], 7)
            self.assertEqual(events["session"]["rules"], "F6")
            self.assertEqual(events["session"]["reason"], "quit")

    def test_queue_id_is_that_of_the_received_field(self):
        with posternd_fixture.Posternd() as server:
            self.talk(server)
            log = server.wait_for_log(r" message ")
            queue_id = re.search(r" message .*queue_id=(\S+)", log)[1]
            self.assertEqual(server.message().id.decode(), queue_id)


class MaildirTest(unittest.TestCase):

    def test_layout_and_modes(self):
        """Nobody but the owner reads mail."""
        with posternd_fixture.Posternd() as server:
            with server.connect() as wire:
                wire.hello()
                wire.deliver(b"x\r\n")
            self.assertEqual(sorted(os.listdir(server.maildir)), ["cur", "new", "tmp"])
            for directory in ("cur", "new", "tmp"):
                mode = os.stat(os.path.join(server.maildir, directory)).st_mode
                self.assertEqual(stat.S_IMODE(mode), 0o700)
            name = os.listdir(os.path.join(server.maildir, "new"))[0]
            self.assertRegex(name, r"^[0-9]+\.M[0-9]{6}P%dQ[0-9]+\." % server.pid)
            mode = os.stat(os.path.join(server.maildir, "new", name)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_full_disk_is_a_temporary_failure(self):
        """RLIMIT_FSIZE stands for a full disk: the client is told 4yz and nothing stays."""
        prlimit = posternd_fixture.tool("prlimit", "util-linux")
        with posternd_fixture.Posternd() as server:
            subprocess.run([prlimit, f"--pid={server.pid}", "--fsize=100000"], check=True, timeout=10)
            with server.connect() as wire:
                wire.hello()
                self.assertRegex(wire.deliver(b"z" * 998 + b"\r\n"), rb"^250")
                self.assertRegex(wire.deliver((b"z" * 998 + b"\r\n") * 200), rb"^45[12] 4\.")
                self.assertRegex(wire.deliver(b"small again\r\n"), rb"^250")
            self.assertEqual([len(m.content) for m in server.messages()], [1000, 13])
            self.assertEqual(server.in_tmp(), [])


@unittest.skipIf(os.geteuid() != 0, "only root can become another user")
class PrivilegesTest(unittest.TestCase):

    def test_user_is_dropped_after_binding(self):
        """Real, effective and saved ids, and no group of root's."""
        directory = tempfile.mkdtemp(prefix="posternd-user-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        os.chmod(directory, 0o777)
        with posternd_fixture.Posternd("--user=nobody", directory=directory) as server:
            with open(f"/proc/{server.pid}/status", encoding="ascii") as file:
                status = file.read()
            entry = pwd.getpwnam("nobody")
            self.assertRegex(status, r"(?m)^Uid:" + rf"\t{entry.pw_uid}" * 4 + "$")
            self.assertRegex(status, r"(?m)^Gid:" + rf"\t{entry.pw_gid}" * 4 + "$")
            groups = re.search(r"(?m)^Groups:\t(.*)$", status)[1].split()
            self.assertNotIn("0", groups)
            with server.connect() as wire:
                wire.hello()
                self.assertRegex(wire.deliver(b"x\r\n"), rb"^250")


if __name__ == "__main__":
    py_unittest_main.main()
