# SPDX-License-Identifier: Apache-2.0
"""The golden transcripts (transcripts.py) through posternd: by itself, as a gate, and from spawn(8)."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from tests.e2e import posternd_fixture
from tests.e2e import transcripts
from tests.support import py_unittest_main


def flags_for(transcript, folder, certificate):
    """Those that make posternd the host of a transcript. Files are named by what they hold."""
    config, table, options, _ = transcript.server()
    flags = [f"--config={kept(folder, 'engine { ' + config + '}')}", "--discard"]
    if "server_name" not in config:
        flags.append("--server_name=mx.example")
    if table:
        flags.append(f"--table={kept(folder, table)}")
    if "proxy_header" in options:
        flags.append("--proxy_networks=127.0.0.0/8")
    if "trusted" in options:
        flags.append("--trusted_networks=127.0.0.0/8")
    if "tls" in options or "can_starttls" in options:
        flags += [f"--tls_cert={certificate[0]}", f"--tls_key={certificate[1]}"]
    return flags


def kept(folder, text):
    path = os.path.join(folder, f"{hash(text) & 0xFFFFFFFFFFFF:x}.textproto")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


class Posternd(transcripts.Through):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="posternd-transcripts-", dir="/tmp")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.certificate = posternd_fixture.make_certificate(cls.scratch.name)
        cls.servers = {}
        cls.sink = ["--discard"]

    def flags(self, transcript):
        flags = flags_for(transcript, self.scratch.name, self.certificate)
        return [flag for flag in flags if flag != "--discard"] + self.sink

    def connect(self, transcript):
        key = transcript.server()
        if key not in self.servers:
            tls = "tls" in transcript.options
            server = posternd_fixture.Posternd(
                "--threads=1", *self.flags(transcript), maildir=False,
                listen=() if tls else ("127.0.0.1:0",), listen_tls=("127.0.0.1:0",) if tls else ())
            self.servers[key] = server
            self.addClassCleanup(server.close)
        return posternd_fixture.Wire(self.servers[key].port, seconds=10)


class PosterndTest(Posternd, unittest.TestCase):
    host = "posternd"


class GateTest(Posternd, unittest.TestCase):
    host = "posternd as a gate"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        upstream = transcripts.upstream_for_gates(cls.scratch.name)
        cls.addClassCleanup(upstream.close)
        cls.sink = [f"--upstream=smtp://127.0.0.1:{upstream.port}"]
        cls.behind = transcripts.refusing_upstream()
        cls.addClassCleanup(cls.behind.close)

    def flags(self, transcript):
        if "refusals" not in transcript.wants:
            return super().flags(transcript)
        return [flag for flag in super().flags(transcript) if not flag.startswith("--upstream=")] + [
            f"--upstream=smtp://127.0.0.1:{self.behind.port}"]


class SpawnTest(Posternd, unittest.TestCase):
    """A process for each client, with the client's socket on 0, 1 and 2."""

    host = "posternd from spawn(8)"

    def connect(self, transcript):
        listener = socket.create_server(("127.0.0.1", 0))
        wire = posternd_fixture.Wire(listener.getsockname()[1], seconds=10)
        client, _ = listener.accept()
        listener.close()
        # "Now" is when the grace is over.
        now = any(step.what == "shutdown_now" for step in transcript.steps)
        flags = self.flags(transcript) + ["--grace_seconds=0"] * now
        self.process = subprocess.Popen(
            [posternd_fixture.posternd_path(), "--inetd", *flags], stdin=client,
            stdout=client, stderr=client)
        client.close()
        self.addCleanup(self.end, self.process)
        return wire

    def end(self, process):
        """With its client it ends, and well."""
        try:
            self.assertEqual(process.wait(20), 0)
        finally:
            process.kill()
            process.wait()

    def notify(self, wire, notice):
        # One that has only just been started does not listen to signals yet; it does before it has threads.
        while len(os.listdir(f"/proc/{self.process.pid}/task")) < 2:
            self.assertIsNone(self.process.poll())
            time.sleep(0.005)
        self.process.send_signal(signal.SIGTERM)


for each in (PosterndTest, GateTest, SpawnTest):
    transcripts.add_cases(each)


if __name__ == "__main__":
    py_unittest_main.main()
