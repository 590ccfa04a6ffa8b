# SPDX-License-Identifier: Apache-2.0
"""A thousand swaps of posternd's table under 500 sessions, by SIGHUP and by --watch.

Every second table is a bad one. Nothing is dropped, no session sees two tables, a new session gets
the new one, a bad one is refused with its reason, and nothing is left behind.
"""

import os
import re
import selectors
import shutil
import signal
import socket
import tempfile
import threading
import time
import unittest

from tests.e2e import posternd_fixture
from tests.support import py_unittest_main

SESSIONS = 500
# A sanitizer makes each several times as slow, and finds in 200 what it finds in 1,000.
_SANITIZED = any(os.environ.get(name) for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "MSAN_OPTIONS"))
SWAPS = 200 if _SANITIZED else 1000
_REPLY = re.compile(rb"250 2\.0\.0 table ([0-9]+)\r\n")


def good(number):
    return ('replies {\n  id: NOOP_OK\n  code: 250\n  enhanced_code: "2.0.0"\n'
            f'  text: "table {number}"\n}}\n')


# Each breaks another thing: the table, and what the log says of it.
_BAD = (
    ('replies {\n  id: NOOP_OK\n  code: 550\n  enhanced_code: "5.0.0"\n  text: "x"\n}\n',
     "table.textproto:2: replies[0] NOOP_OK: code: 550 is not allowed here"),
    ('name: "x"\nreplies {\n  id: NOOP_OK\n  code: 250\n  enhanced_code: "2.0.0"\n'
     '  text: "{nonsense}"\n}\n',
     "table.textproto:3: replies[0] NOOP_OK: text line 1: placeholder {nonsense}"),
    ("replies { id: NOOP_", "table.textproto:1:"),
)


class Crowd:
    """Sessions that say NOOP all the time, each held to the table that it began with."""

    def __init__(self, port, count):
        self._port = port
        self._selector = selectors.DefaultSelector()
        self._stop = threading.Event()
        self.faults = []
        self.replies = 0
        self.sessions = 0
        for _ in range(count):
            self._open()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _open(self):
        client = socket.create_connection(("127.0.0.1", self._port), 20)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        # What came so far, the table, and how many NOOPs this session has left to say.
        self._selector.register(client, selectors.EVENT_READ,
                                {"buffer": b"", "table": None, "left": 40 + self.sessions % 60})
        self.sessions += 1

    def _run(self):
        while not self._stop.is_set() and not self.faults:
            for key, _ in self._selector.select(0.2):
                try:
                    self._serve(key.fileobj, key.data)
                except OSError as error:
                    self.faults.append(f"a session was dropped: {error}")
            # The server wants its turn on machines with few cores.
            time.sleep(0.02)

    def _serve(self, client, state):
        chunk = client.recv(65536)
        if not chunk:
            self.faults.append("a session was dropped")
            return
        state["buffer"] += chunk
        while b"\n" in state["buffer"]:
            line, _, state["buffer"] = state["buffer"].partition(b"\n")
            line += b"\n"
            found = _REPLY.fullmatch(line)
            if found:
                self.replies += 1
                if state["table"] not in (None, found[1]):
                    self.faults.append(f"two tables in one session: {state['table']} {line}")
                state["table"] = found[1]
                state["left"] -= 1
            elif not line.startswith(b"220 "):
                self.faults.append(f"an unexpected reply: {line!r}")
                return
        if state["left"] == 0:
            self._selector.unregister(client)
            client.close()
            self._open()
        else:
            client.send(b"NOOP\r\n")

    def close(self):
        self._stop.set()
        self._thread.join(20)
        for key in list((self._selector.get_map() or {}).values()):
            key.fileobj.close()
        self._selector.close()


class LogFollower:
    """Reads a log as it grows."""

    def __init__(self, path):
        self._file = open(path, encoding="utf-8", errors="replace")
        self._file.seek(0, os.SEEK_END)
        self._rest = ""

    def close(self):
        self._file.close()

    def next(self, pattern, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            while "\n" in self._rest:
                line, _, self._rest = self._rest.partition("\n")
                if re.search(pattern, line):
                    return line
            chunk = self._file.read()
            if chunk:
                self._rest += chunk
                continue
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} in the log within {seconds} s")
            time.sleep(0.002)


def resident_octets(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class SwapTest(unittest.TestCase):

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="postern-swap-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.path = os.path.join(self.scratch, "table.textproto")

    def write(self, text):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.path + ".new", self.path)

    def start(self, *flags):
        self.write(good(0))
        config = os.path.join(self.scratch, "config.textproto")
        with open(config, "w", encoding="utf-8") as file:
            # A crowd that says nothing but NOOP is what this limit is for.
            file.write("engine { limits { commands_without_progress: 1000000 } }")
        server = posternd_fixture.Posternd(
            f"--table={self.path}", f"--config={config}", "--noverbose",
            f"--max_connections_per_client={2 * SESSIONS}", *flags)
        self.addCleanup(server.close)
        return server

    def now_in_force(self, server):
        with server.connect() as wire:
            wire.read_reply()
            return _REPLY.fullmatch(wire.command(b"NOOP"))[1].decode()

    def swap(self, server, tell):
        crowd = Crowd(server.port, SESSIONS)
        self.addCleanup(crowd.close)
        follower = LogFollower(server.log_path)
        self.addCleanup(follower.close)
        in_force = "0"
        # First until every session has begun anew once: from then on as many tables are held by
        # sessions as ever will be. Then all the swaps that count.
        number = 0
        first = memory = None
        deadline = time.monotonic() + 300
        while first is None or number < first + SWAPS:
            number += 1
            bad = number % 2 == 1
            text, reason = _BAD[number // 2 % len(_BAD)] if bad else (good(number), "reloaded: ")
            self.write(text)
            tell()
            line = follower.next(r"reloaded: |reload refused, ")
            self.assertIn(reason, line)
            if bad:
                self.assertIn("reload refused, everything stays as it was: ", line)
            else:
                in_force = str(number)
            # After good ones and bad ones in turn.
            if number % 10 in (0, 1):
                self.assertEqual(self.now_in_force(server), in_force)
            self.assertEqual(crowd.faults, [])
            if first is None and crowd.sessions >= 2 * SESSIONS:
                first, memory = number, resident_octets(server.pid)
            self.assertLess(time.monotonic(), deadline, f"{crowd.sessions} sessions so far")
        grown = resident_octets(server.pid) - memory
        crowd.close()
        self.assertEqual(crowd.faults, [])
        self.assertGreater(crowd.replies, 10 * SESSIONS)
        self.assertGreater(crowd.sessions, SESSIONS)
        # 500 more good tables, bound, would be 50 MiB. A sanitizer keeps what was freed for a while.
        if not _SANITIZED:
            self.assertLess(grown, 12 << 20)
        self.assertTrue(server.running())

    def test_by_sighup(self):
        server = self.start()
        self.swap(server, lambda: server.signal(signal.SIGHUP))

    def test_by_watching_the_file(self):
        server = self.start("--watch")
        self.swap(server, lambda: None)


class WatchTest(unittest.TestCase):
    """What --watch sees, and what it leaves alone."""

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="postern-watch-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, *flags):
        server = posternd_fixture.Posternd("--watch", *flags)
        self.addCleanup(server.close)
        return server

    def wait_for(self, server, words):
        deadline = time.monotonic() + 20
        while True:
            with server.connect() as wire:
                wire.read_reply()
                reply = wire.command(b"NOOP")
            if words in reply:
                return
            self.assertLess(time.monotonic(), deadline, reply)
            time.sleep(0.02)

    def test_a_file_written_in_place(self):
        self.write("table.textproto", good(1))
        server = self.start(f"--table={self.path('table.textproto')}")
        self.write("table.textproto", good(2))
        self.wait_for(server, b"table 2")

    def test_a_bad_file_is_refused_and_its_mend_taken(self):
        self.write("table.textproto", good(1))
        server = self.start(f"--table={self.path('table.textproto')}")
        self.write("table.textproto", _BAD[1][0])
        log = server.wait_for_log("reload refused, everything stays as it was")
        self.assertIn(_BAD[1][1], log)
        self.wait_for(server, b"table 1")
        self.write("table.textproto", good(3))
        self.wait_for(server, b"table 3")

    def test_a_symbolic_link_that_moves(self):
        """As deployments of whole folders do: the file's own folder never changes."""
        for number in (1, 2):
            os.mkdir(self.path(f"v{number}"))
            self.write(f"v{number}/table.textproto", good(number))
        os.symlink("v1", self.path("current"))
        server = self.start(f"--table={self.path('current', 'table.textproto')}")
        self.wait_for(server, b"table 1")
        for number in (2, 1):
            os.symlink(f"v{number}", self.path("new"))
            os.replace(self.path("new"), self.path("current"))
            self.wait_for(server, b"table %d" % number)

    def test_the_configuration_and_the_table_that_it_newly_names(self):
        self.write("one.textproto", good(1))
        self.write("two.textproto", good(2))
        self.write("config.textproto", f'table: "{self.path("one.textproto")}"')
        server = self.start(f"--config={self.path('config.textproto')}")
        self.write("config.textproto", f'table: "{self.path("two.textproto")}"')
        self.wait_for(server, b"table 2")
        self.write("two.textproto", good(3))
        self.wait_for(server, b"table 3")

    def test_a_file_that_goes_and_comes_back(self):
        self.write("table.textproto", good(1))
        server = self.start(f"--table={self.path('table.textproto')}")
        os.unlink(self.path("table.textproto"))
        server.wait_for_log("reload refused, everything stays as it was.*check the path")
        self.wait_for(server, b"table 1")
        self.write("table.textproto", good(2))
        self.wait_for(server, b"table 2")

    def test_other_files_of_the_folder_are_nobodys_business(self):
        self.write("table.textproto", good(1))
        server = self.start(f"--table={self.path('table.textproto')}")
        for number in range(20):
            self.write(f"other{number}", "x")
        time.sleep(0.3)
        self.assertNotIn("reload", server.log())

    def test_signals_are_taken_as_without_it(self):
        self.write("table.textproto", good(1))
        server = self.start(f"--table={self.path('table.textproto')}")
        server.signal(signal.SIGHUP)
        server.wait_for_log("reloaded: ")
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)

    def test_without_it_nothing_is_looked_at(self):
        self.write("table.textproto", good(1))
        server = posternd_fixture.Posternd(f"--table={self.path('table.textproto')}")
        self.addCleanup(server.close)
        self.write("table.textproto", good(2))
        time.sleep(0.3)
        self.wait_for(server, b"table 1")
        self.assertNotIn("reload", server.log())


if __name__ == "__main__":
    py_unittest_main.main()
