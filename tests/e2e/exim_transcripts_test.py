# SPDX-License-Identifier: Apache-2.0
"""The golden transcripts (transcripts.py) through the take-over in the real Exim, which accepts all.

Exim's ACLs say of mail what the transcripts' host says. CHUNKING and BINARYMIME are not offered, so they are left out of
EHLO's list before octets are compared.
"""

import os
import re
import unittest

from tests.e2e import exim_fixture
from tests.e2e import posternd_fixture
from tests.e2e import transcripts
from tests.support import py_unittest_main

MAIN = """
POSTERN = {root}/lib
acl_smtp_connect = postern_connect
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data
accept_8bitmime = true
smtputf8_advertise_hosts = *
chunking_advertise_hosts =
dsn_advertise_hosts = *
tls_advertise_hosts =
message_size_limit = 1G
recipients_max = 0
allow_domain_literals = true
sender_unqualified_hosts = *
recipient_unqualified_hosts = *
"""

# Where a client comes from says which of the configurations it is to meet.
ACL = """
postern_connect:
  defer set acl_c_gate = ${dlfunc{POSTERN/postern_exim.so}{postern_takeover}\\
            {POSTERN/posternd}{--config={root}/$sender_host_address.textproto}}
        condition = ${if !eq{$acl_c_gate}{taken}}
        message = 421 $acl_c_gate
  accept
mail:
  accept message = 250 2.1.0 Sender accepted
rcpt:
  accept message = 250 2.1.5 Recipient accepted
data:
  discard message = 250 2.0.0 Message accepted
"""


class TranscriptsTest(transcripts.Through, unittest.TestCase):
    host = "Exim, take-over"

    @classmethod
    def setUpClass(cls):
        cls.places = {}  # what a server is like: the client's address
        files = {}
        for transcript in transcripts.through(cls.host):
            place = transcript.server()
            if place in cls.places:
                continue
            number = len(cls.places)
            address = cls.places[place] = f"127.1.{number // 250}.{number % 250 + 1}"
            config, table, options, _ = place
            if "server_name" not in config:
                config += 'server_name: "mx.example"\n'
            text = "engine {\n" + config + "}\n" + 'log_file: "/dev/null"\n'
            if table:
                files[f"{address}.table.textproto"] = table
                text += f'table: "{{root}}/{address}.table.textproto"\n'
            if options:
                text += 'tls_cert: "{root}/server.crt" tls_key: "{root}/server.key"\n'
            files[f"{address}.textproto"] = text
        cls.exim = exim_fixture.Exim(MAIN, ACL, files, start=False)
        cls.addClassCleanup(cls.exim.close)
        _, key = posternd_fixture.make_certificate(cls.exim.root)
        os.chown(key, exim_fixture.UID, exim_fixture.UID)
        cls.exim.start()

    def connect(self, transcript):
        return posternd_fixture.Wire(self.exim.port, self.places[transcript.server()], seconds=10)

    def compare(self, wire, step):
        expected = re.sub(rb"250-(CHUNKING|BINARYMIME)\r\n", b"", step.expected)
        self.assertEqual(self.read(wire, len(expected)), expected, f"to {step.sent[:200]!r}")


transcripts.add_cases(TranscriptsTest)


if __name__ == "__main__":
    py_unittest_main.main()
