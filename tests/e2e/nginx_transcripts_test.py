# SPDX-License-Identifier: Apache-2.0
"""The golden transcripts of the engine (tests/transcripts), through the module in the real nginx.

Octets in and octets out must be those of the bare engine. Left out are transcripts whose host does what
no server behind decides here (its own words, other times, a shutdown, a PROXY header that the engine reads
and not nginx); behind nginx is a posternd that accepts all. What differs all the same is listed below,
with the reason, and must differ.
"""

import glob
import os
import re
import tempfile
import unittest

from tests.e2e import nginx_fixture
from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

# Transcript: why nginx and the gate say something else.
DIFFERENT = {
    "requiretls/in_tls": "the server behind is reached without TLS, so it has no REQUIRETLS to offer",
    "rrvs/rcpt": "RRVS is not among what a gate passes on, and not offered",
}

_FOLDER = "tests/transcripts"
_REPEATED = re.compile(r"\{((?:\\.|[^\\])*?)\*([0-9]+)\}")


def octets(text):
    """Of the transcripts' notation."""
    out = b""
    i = 0
    while i < len(text):
        repeated = _REPEATED.match(text, i)
        if repeated:
            out += octets(repeated[1]) * int(repeated[2])
            i = repeated.end()
        elif text[i] == "\\":
            if text[i + 1] == "x":
                out += bytes([int(text[i + 2:i + 4], 16)])
                i += 4
            else:
                out += {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0"}.get(
                    text[i + 1], text[i + 1].encode())
                i += 2
        else:
            out += text[i].encode("utf-8")
            i += 1
    return out


class Transcript:
    def __init__(self, path):
        self.name = os.path.relpath(path, _FOLDER)[:-len(".txt")]
        self.config = []  # (key, value)
        self.options = []
        self.steps = []  # [what, octets to send, octets expected]
        self.closed = False
        self.handshake = False  # one is to begin
        self.unfit = ""
        with open(path, encoding="utf-8") as file:
            for line in file.read().split("\n"):
                self._read(line)

    def _read(self, line):
        kind, _, rest = line.partition(" ")
        if kind == "config:":
            key, _, value = rest.partition("=")
            self.config.append((key, value))
            if key.startswith(("table.", "replies.")):
                self.unfit = "a reply table of its own"
            if "auth" in key:
                self.unfit = "a gate offers no AUTH"
            if key == "extensions.etrn":
                self.unfit = "the server behind has no queue that ETRN could start"
            if key == "offer_unknown_commands":
                self.unfit = "the host decides about unknown commands"
        elif kind == "O:":
            self.options = rest.split()
            self.steps.append(["open", b"", b""])
            if set(self.options) - {"tls", "can_starttls"}:
                self.unfit = "the host's own options: " + rest
        elif kind == "C:":
            self.steps.append(["send", octets(rest), b""])
        elif kind == "C+":
            self.steps[-1][1] += octets(rest)
        elif kind == "S:":
            self.steps[-1][2] += rest.encode("utf-8") + b"\r\n"
        elif kind == "A:":
            if not re.fullmatch(r"(helo|mail|rcpt|content_begin|content_end|starttls|connect) accept",
                                rest):
                self.unfit = "the host's own answer: " + rest
        elif kind in ("T:", "V:"):
            self.unfit = "the host's own time"
        elif kind == "N:":
            if rest == "tls_established" and self.handshake:
                self.handshake = False
                self.steps.append(["tls", b"", b""])
            elif rest == "disconnected":
                self.steps.append(["disconnect", b"", b""])
            else:
                self.unfit = "a notice of the host: " + rest
        elif line == "E: start_tls":
            self.handshake = True
        elif kind == "E:" and rest.startswith("closed "):
            self.closed = True

    def engine_config(self):
        groups = {}
        for key, value in self.config:
            group, _, field = key.rpartition(".")
            if key == "bare_newline":
                value = "BARE_NEWLINE_" + value.upper()
            elif key == "protocol":
                value = "PROTOCOL_" + value.upper()
            elif key in ("server_name", "mt_priority_profile"):
                value = f'"{value}"'
            elif group == "extensions":
                value = "SWITCH_" + value.upper()
            groups.setdefault(group, []).append(f"{field}: {value}")
        return "".join(f"{group} {{ {' '.join(fields)} }}\n" if group else "\n".join(fields) + "\n"
                       for group, fields in groups.items())


def transcripts():
    found = [Transcript(path) for path in sorted(glob.glob(_FOLDER + "/*/*.txt"))]
    return [transcript for transcript in found if not transcript.unfit]


class TranscriptsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="nginx-transcripts-", dir="/tmp")
        cls.addClassCleanup(cls.scratch.cleanup)
        os.chmod(cls.scratch.name, 0o755)
        config = os.path.join(cls.scratch.name, "upstream.textproto")
        with open(config, "w", encoding="ascii") as file:
            # All that a gate can pass on.
            file.write("engine { extensions { deliverby: SWITCH_ON mt_priority: SWITCH_ON } "
                       "limits { message_octets: 1000000000 } }\n")
        upstream = posternd_fixture.Posternd("--server_name=mx.example", "--discard",
                                             f"--config={config}", maildir=False)
        cls.addClassCleanup(upstream.close)
        certificate, key = posternd_fixture.make_certificate(cls.scratch.name)
        cls.places = {}  # what a server is like: its number
        servers, files = [], {}
        for transcript in transcripts():
            place = cls.place(transcript)
            if place in cls.places:
                continue
            number = cls.places[place] = len(servers)
            files[f"engine{number}.textproto"] = place[0]
            tls = ""
            if place[1]:
                tls = f"ssl_certificate {certificate}; ssl_certificate_key {key};"
            name = "" if "server_name" in place[0] else "postern_server_name mx.example;"
            servers.append(("ssl" if "tls" in place[1] else "",
                            f"postern_pass 127.0.0.1:{upstream.port}; {name} {tls} "
                            f"postern_config {{root}}/engine{number}.textproto;"))
        cls.nginx = nginx_fixture.Nginx(servers, files=files, server_name=False)
        cls.addClassCleanup(cls.nginx.close)
        cls.nginx.wait_for_log("postern: upstream .* was seen", len(servers), seconds=60)

    @staticmethod
    def place(transcript):
        return transcript.engine_config(), tuple(transcript.options)

    def run_transcript(self, transcript):
        """The octets of each step, as they came; up to the first that differs."""
        port = self.nginx.ports[self.places[self.place(transcript)]]
        wire = posternd_fixture.Wire(port, seconds=10)
        self.addCleanup(wire.close)
        if "tls" in transcript.options:
            wire.wrap_tls()
        for what, sent, expected in transcript.steps:
            if what == "tls":
                wire.wrap_tls()
            elif what == "disconnect":
                wire.close()
                return
            wire.send(sent)
            self.assertEqual(self.read(wire, len(expected)), expected, f"to {sent[:200]!r}")
        if transcript.closed:
            self.assertEqual(wire.read_to_end(), b"")
            return
        # Nothing more is said; whoever ends without QUIT gets no word.
        try:
            wire.send(b"")
            self.assertTrue(wire.silent(0.02))
        finally:
            wire.close()

    @staticmethod
    def read(wire, size):
        got, wire._buffer = wire._buffer, b""  # pylint: disable=protected-access
        try:
            while len(got) < size:
                chunk = wire.socket.recv(size - len(got))
                if not chunk:
                    break
                got += chunk
        except OSError:
            pass
        return got

    def check(self, transcript):
        reason = DIFFERENT.get(transcript.name)
        if reason is None:
            return self.run_transcript(transcript)
        with self.assertRaises(AssertionError, msg=f"no difference any more: {reason}"):
            self.run_transcript(transcript)
        return None


def add_cases():
    for transcript in transcripts():
        def case(self, transcript=transcript):
            self.check(transcript)

        setattr(TranscriptsTest, "test_" + re.sub(r"\W", "_", transcript.name), case)


add_cases()


class CoverageTest(unittest.TestCase):
    def test_most_transcripts_are_run(self):
        self.assertGreater(len(transcripts()), 200)
        self.assertEqual(set(DIFFERENT) - {transcript.name for transcript in transcripts()}, set())


if __name__ == "__main__":
    py_unittest_main.main()
