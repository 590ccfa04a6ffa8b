# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: posternd behind a capture, and what must be true of each message."""

import os
import shutil
import smtplib
import tempfile
import time
import unittest

from tests.e2e import posternd_fixture
from tests.interop import capture
from tests.interop import messages

SENDER = "anna@example.com"


class InteropCase(unittest.TestCase):

    def start(self, *flags, tls=False):
        """posternd as self.server, the wire to it as self.wire."""
        if tls:
            directory = tempfile.mkdtemp(prefix="interop-tls-")
            self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
            os.chmod(directory, 0o755)  # for clients that have given up root
            self.certificate, key = posternd_fixture.make_certificate(directory)
            flags += (f"--tls_cert={self.certificate}", f"--tls_key={key}")
        self.server = posternd_fixture.Posternd("--server_name=mx.example.net", *flags)
        self.addCleanup(self.server.close)
        self.wire = capture.Capture(self.server.port)
        self.wire.__enter__()
        self.addCleanup(self.wire.__exit__, None, None, None)

    def give(self, mta, content, recipients=("bob@example.net",), sender=SENDER, mail=(), rcpt=()):
        """A message for the sending server, which must take it for all recipients."""
        with smtplib.SMTP("127.0.0.1", mta.port, local_hostname="client.example", timeout=30) as client:
            refused = client.sendmail(sender, list(recipients), content, mail_options=list(mail),
                                      rcpt_options=list(rcpt))
        self.assertEqual(refused, {})

    def arrived(self, count=1, mta=None, seconds=40):
        """The Maildir's messages, once there are `count`."""
        end = time.monotonic() + seconds
        while len(found := self.server.messages()) < count:
            if time.monotonic() > end:
                self.fail(f"{len(found)} of {count} messages arrived\n"
                          f"{mta.log()[-4000:] if mta else ''}\n{self.server.log()[-2000:]}")
            time.sleep(0.05)
        self.assertEqual(len(found), count)
        return found

    def arrived_as_sent(self, given, mta=None):
        """The one message and its transaction: the Maildir has the octets of the wire, and `given` is
        the end of them."""
        message, = self.arrived(1, mta)
        # A report on another recipient may be under way already.
        transaction, = [each for each in self.wire.transactions()
                        if each.complete and not each.mail.startswith(b"MAIL FROM:<>")]
        self.assert_octets(message.content, transaction.content)
        self.assert_octets(message.content[-len(given):], given)
        os.unlink(os.path.join(self.server.maildir, "new", message.name))
        return message, transaction

    def assert_octets(self, got, expected):
        difference = messages.difference(got, expected)
        if difference:
            self.fail(difference)

    def many(self, mta, count):
        """`count` messages of every size through `mta`: each arrives once, as it was given."""
        given = dict(messages.some(count))
        for content in given.values():
            self.give(mta, content)
        sent = {}
        for message in self.arrived(count, mta, seconds=120):
            name = message.content.rpartition(b"\r\nSubject: ")[2].partition(b"\r\n")[0].decode()
            self.assertNotIn(name, sent)
            self.assert_octets(message.content[-len(given[name]):], given[name])
            sent[name] = message.content
        self.assertEqual(sent.keys(), given.keys())
        on_the_wire = sorted(each.content for each in self.wire.transactions() if each.complete)
        self.assertEqual(len(on_the_wire), count)
        for got, expected in zip(sorted(sent.values()), on_the_wire):
            self.assert_octets(got, expected)
