# SPDX-License-Identifier: Apache-2.0
"""posternd before the real Exim, by the lines of docs/hosts/exim.md: the PROXY header tells of the client."""

import os
import time
import unittest

from tests.e2e import exim_fixture
from tests.e2e import nginx_mta_test
from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

MAIN = """
acl_smtp_rcpt = rcpt
tls_advertise_hosts =
accept_8bitmime = true
smtputf8_advertise_hosts = *
"""

ACL = """
rcpt:
  accept hosts = 127.0.0.3
  accept domains = example.org
  deny message = relay not permitted
"""


class EximGate(nginx_mta_test.BeforeMta):
    keywords = (b"8BITMIME", b"SMTPUTF8")

    def setUp(self):
        lines = exim_fixture.replaced(exim_fixture.documented("gate-exim"), [
            ("local_interfaces = 127.0.0.1\n", ""),  # the fixture's own
            ("daemon_smtp_ports = 10025\n", ""),
            ("smtp_accept_max = 200\n", ""),
        ])
        self.mta = exim_fixture.Exim(MAIN + lines, ACL)
        self.addCleanup(self.mta.close)
        certificate, key = posternd_fixture.make_certificate(self.mta.root)
        config = os.path.join(self.mta.root, "posternd.textproto")
        self.mta.write("posternd.textproto", exim_fixture.replaced(
            exim_fixture.documented("gate-posternd"), [
                ('listen: "0.0.0.0:25"\n', 'listen: "127.0.0.1:0"\n'),
                ('listen: "[::]:25"\n', ""),
                ('user: "posternd"\n', ""),
                ("127.0.0.1:10025", f"127.0.0.1:{self.mta.port}"),
                ("/etc/posternd/fullchain.pem", certificate),
                ("/etc/posternd/key.pem", key),
            ]))
        # What stands before it: here posternd.
        self.nginx = posternd_fixture.Posternd(f"--config={config}", listen=(), maildir=False,
                                               listeners=1)
        self.addCleanup(self.nginx.close)

    def wait_until_the_mta_was_asked(self):
        """posternd serves meanwhile, and says nothing of it."""
        end = time.monotonic() + 20
        while True:
            with posternd_fixture.Wire(self.nginx.port) as wire:
                if b"SMTPUTF8" in wire.hello():
                    return
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def stop_mta(self):
        self.mta.stop()

    def test_nobody_gets_past_the_gate(self):
        with posternd_fixture.Wire(self.mta.port) as wire:
            # The first octets are what it takes for a header.
            wire.send(b"EHLO client.example\r\nEHLO client.example\r\n")
            self.assertRegex(wire.read_reply(), rb"^220 ")
            self.assertRegex(wire.read_reply(), rb"^503 .*Proxy")
            self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^503 .*Proxy")

    def test_exim_hears_the_clients_name(self):
        wire = self.greet()
        wire.deliver(nginx_mta_test.CONTENT)
        self.mta.wait_for_log(r"<= a@example\.org H=\(client\.example\) \[127\.0\.0\.77\]")


if __name__ == "__main__":
    py_unittest_main.main()
