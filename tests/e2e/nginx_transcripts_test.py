# SPDX-License-Identifier: Apache-2.0
"""The golden transcripts (transcripts.py) through the module in the real nginx; behind it is a posternd that accepts
all."""

import os
import tempfile
import unittest

from tests.e2e import nginx_fixture
from tests.e2e import posternd_fixture
from tests.e2e import transcripts
from tests.support import py_unittest_main


class TranscriptsTest(transcripts.Through, unittest.TestCase):
    host = "nginx"

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="nginx-transcripts-", dir="/tmp")
        cls.addClassCleanup(cls.scratch.cleanup)
        os.chmod(cls.scratch.name, 0o755)
        upstream = transcripts.upstream_for_gates(cls.scratch.name)
        cls.addClassCleanup(upstream.close)
        cls.behind = transcripts.refusing_upstream()
        cls.addClassCleanup(cls.behind.close)
        certificate, key = posternd_fixture.make_certificate(cls.scratch.name)
        cls.places = {}  # what a server is like: its number
        servers, files = [], {}
        for transcript in transcripts.through(cls.host):
            place = transcript.server()
            if place in cls.places:
                continue
            number = cls.places[place] = len(servers)
            config, _, options, refuses = place
            files[f"engine{number}.textproto"] = config
            tls = ""
            if options:
                tls = f"ssl_certificate {certificate}; ssl_certificate_key {key};"
            name = "" if "server_name" in config else "postern_server_name mx.example;"
            servers.append(("ssl" if "tls" in options else "",
                            f"postern_pass 127.0.0.1:{(cls.behind if refuses else upstream).port}; {name} {tls} "
                            f"postern_config {{root}}/engine{number}.textproto;"))
        cls.nginx = nginx_fixture.Nginx(servers, files=files, server_name=False)
        cls.addClassCleanup(cls.nginx.close)
        cls.nginx.wait_for_log("postern: upstream .* was seen", len(servers), seconds=60)

    def connect(self, transcript):
        return posternd_fixture.Wire(self.nginx.ports[self.places[transcript.server()]], seconds=10)


transcripts.add_cases(TranscriptsTest)


if __name__ == "__main__":
    py_unittest_main.main()
