# SPDX-License-Identifier: Apache-2.0
"""An issuer of JSON Web Tokens whose signatures are made by the openssl program."""

import base64
import json
import os
import subprocess
import time

from tests.e2e import posternd_fixture

ISSUER = "https://login.example.org"
AUDIENCE = "smtp.example.org"
USER = "anna@example.org"

_NEW = {
    "RS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "PS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ES256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    "EdDSA": ["-algorithm", "ED25519"],
}


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _openssl(*arguments, octets=b""):
    return subprocess.run([posternd_fixture.tool("openssl", "openssl"), *arguments], input=octets,
                          check=True, timeout=60, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def _integers(der):
    """r and s of an ECDSA signature, 32 octets each (RFC 7518 section 3.4)."""
    at, halves = 2, []
    for _ in range(2):
        size = der[at + 1]
        halves.append(der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + size
    return b"".join(halves)


class Issuer:
    """One key of one algorithm, in files of its own."""

    def __init__(self, scratch, algorithm="RS256", name=None):
        self.algorithm = algorithm
        self._stem = os.path.join(scratch, name or f"issuer-{algorithm}")
        self._private = self._stem + ".key"
        self.public = self._stem + ".pem"
        _openssl("genpkey", *_NEW[algorithm], "-out", self._private)
        _openssl("pkey", "-in", self._private, "-pubout", "-out", self.public)

    def public_text(self):
        with open(self.public, encoding="ascii") as file:
            return file.read()

    def jwk(self, key_id):
        """The public key as a JSON Web Key (RFC 7517)."""
        der = _openssl("pkey", "-in", self._private, "-pubout", "-outform", "DER")
        key = {"kid": key_id, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "ES256":
            key.update(kty="EC", crv="P-256", x=base64url(der[-64:-32]), y=base64url(der[-32:]))
        elif self.algorithm == "EdDSA":
            key.update(kty="OKP", crv="Ed25519", x=base64url(der[-32:]))
        else:
            modulus = _openssl("rsa", "-in", self._private, "-noout", "-modulus")
            number = bytes.fromhex(modulus.decode().strip().split("=")[1])
            key.update(kty="RSA", n=base64url(number), e="AQAB")
        return key

    def _sign(self, octets):
        if self.algorithm == "EdDSA":
            path = self._stem + ".in"
            with open(path, "wb") as file:
                file.write(octets)
            return _openssl("pkeyutl", "-sign", "-rawin", "-inkey", self._private, "-in", path)
        padding = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        signature = _openssl("dgst", "-sha256", *(padding if self.algorithm == "PS256" else []),
                             "-sign", self._private, octets=octets)
        return _integers(signature) if self.algorithm == "ES256" else signature

    def token(self, header=(), **claims):
        """A token of anna's for an hour, with what is given in place of or beside that; None takes a
        claim out."""
        now = int(time.time())
        payload = {"iss": ISSUER, "aud": AUDIENCE, "sub": "4711", "email": USER, "iat": now,
                   "exp": now + 3600}
        payload.update(claims)
        payload = {name: value for name, value in payload.items() if value is not None}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (
            {"alg": self.algorithm, "typ": "at+jwt", **dict(header)}, payload))
        return text + "." + base64url(self._sign(text.encode()))


def bearer(token, user=None):
    """OAUTHBEARER's message (RFC 7628 section 3.1)."""
    return f"n,{'a=' + user if user else ''},\1auth=Bearer {token}\1\1".encode()


def xoauth2(token, user=USER):
    return f"user={user}\1auth=Bearer {token}\1\1".encode()
