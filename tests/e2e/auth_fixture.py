# SPDX-License-Identifier: Apache-2.0
"""What the tests of posternd's AUTH share: a password file, a certificate, and a client."""

import base64
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from tests.e2e import posternd_fixture

_PASSWD = os.path.abspath("hosts/posternd/sasl/posternd_passwd")
PASSWORD = "open sesame 4711"
CONTENT = b"Subject: x\r\n\r\nhello\r\n"


def passwd(name, password=PASSWORD, *options):
    """A line of a password file."""
    return subprocess.run([_PASSWD, "--iterations=4096", *options, name],
                          input=password.encode() + b"\n", check=True, timeout=60,
                          stdout=subprocess.PIPE).stdout.decode()


def encode(octets):
    return base64.b64encode(octets)


def plain(user, password=PASSWORD, authzid=""):
    return b"AUTH PLAIN " + encode(f"{authzid}\0{user}\0{password}".encode())


def log_in(wire, user="anna", password=PASSWORD):
    return wire.command(plain(user, password))


def secure(wire):
    """EHLO, STARTTLS, EHLO; gives the second one's reply."""
    wire.hello()
    wire.start_tls()
    return wire.command(b"EHLO client.example")


def in_memory(pid, octets):
    """Whether the process holds them anywhere that it may write to."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not match:
                continue
            start, end = (int(text, 16) for text in match.groups())
            if end - start > 1 << 30:
                continue  # what a sanitizer keeps of addresses, and no octets
            tail = b""
            while start < end:
                memory.seek(start)
                try:
                    chunk = memory.read(min(end - start, 1 << 22))
                except OSError:
                    break
                if octets in tail + chunk:
                    return True
                tail = chunk[-len(octets):]
                start += len(chunk)
    return False


class Scram:
    """A client of SCRAM-SHA-256 by the formulas of RFC 5802 section 3."""

    def __init__(self, user, password, binding=None):
        self._user, self._password = user, password
        # Kind and octets of the channel binding; or the flag that stands for none.
        self._gs2 = f"p={binding[0]},," if binding else "n,,"
        self._binding = binding[1] if binding else b""
        self._nonce = base64.b64encode(os.urandom(18)).decode()
        self.plus = b"-PLUS" if binding else b""

    def flag(self, gs2):
        self._gs2 = gs2
        return self

    def run(self, wire):
        """The last reply; what the server proves of itself is checked."""
        bare = f"n={self._user},r={self._nonce}"
        reply = wire.command(b"AUTH SCRAM-SHA-256" + self.plus + b" " +
                             encode((self._gs2 + bare).encode()))
        if not reply.startswith(b"334 "):
            return reply
        server_first = base64.b64decode(reply[4:]).decode()
        fields = dict(field.split("=", 1) for field in server_first.split(","))
        assert fields["r"].startswith(self._nonce), server_first
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(),
                                     base64.b64decode(fields["s"]), int(fields["i"]))
        key = self._hmac(salted, b"Client Key")
        without = "c=" + encode(self._gs2.encode() + self._binding).decode() + ",r=" + fields["r"]
        message = ",".join([bare, server_first, without]).encode()
        signature = self._hmac(hashlib.sha256(key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        reply = wire.command(encode((without + ",p=" + encode(proof).decode()).encode()))
        if not reply.startswith(b"334 "):
            return reply
        expected = self._hmac(self._hmac(salted, b"Server Key"), message)
        assert base64.b64decode(reply[4:]) == b"v=" + encode(expected), reply
        return wire.command(b"")

    @staticmethod
    def _hmac(key, message):
        return hmac.new(key, message, "sha256").digest()


class AuthTest(unittest.TestCase):
    """A certificate and a password file for each class."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.mkdtemp(prefix="postern-auth-")
        cls.addClassCleanup(shutil.rmtree, cls.scratch, True)
        cls.certificate, cls.key = posternd_fixture.make_certificate(cls.scratch)
        cls.anna = passwd("anna")
        cls.bob = passwd("bob", "bob's own", "--crypt")
        cls.password_file = cls.write("users", cls.anna + cls.bob)
        cls.tls = [f"--tls_cert={cls.certificate}", f"--tls_key={cls.key}"]

    @classmethod
    def write(cls, name, text):
        path = os.path.join(cls.scratch, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
        os.replace(path + ".new", path)
        return path

    def start(self, *flags, users=None, tls=True, **options):
        server = posternd_fixture.Posternd(f"--password_file={users or self.password_file}",
                                           *(self.tls if tls else []), *flags, **options)
        self.addCleanup(server.close)
        return server

    def client(self, server, **options):
        wire = server.connect(**options)
        self.addCleanup(wire.close)
        return wire

    def secure_client(self, server, **options):
        wire = self.client(server, **options)
        secure(wire)
        return wire
