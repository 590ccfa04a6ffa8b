# SPDX-License-Identifier: Apache-2.0
"""posternd --inetd --upstream=fd:N: client and server both are connected already."""

import os
import socket
import subprocess
import unittest

from tests.e2e import posternd_fixture
from tests.e2e import scripted_server
from tests.support import py_unittest_main

CONTENT = b"Subject: x\r\n\r\n.dot\r\n..two\r\n.\r\nend \xc3\xa4\r\n"
UPSTREAM = 7


def program(*flags, upstream=UPSTREAM):
    return [posternd_fixture.posternd_path(), "--inetd", f"--upstream=fd:{upstream}",
            "--server_name=gate.example", *flags]


def at(number, fd):
    """Puts `fd` on descriptor `number` of the program to be started; 0 and 1 are what they are."""
    def move():
        os.dup2(fd, number, inheritable=True)
    return move


class ConnectedTest(unittest.TestCase):
    def start(self, flags=(), inet=True, **server):
        ours, theirs = socket.socketpair()
        back = scripted_server.ScriptedServer(connected=ours, **server)
        self.addCleanup(back.close)
        if inet:
            listener = socket.create_server(("127.0.0.1", 0))
            wire = posternd_fixture.Wire(listener.getsockname()[1], "127.0.0.77")
            client, _ = listener.accept()
            listener.close()
        else:
            client, end = socket.socketpair()
            wire = posternd_fixture.Wire.__new__(posternd_fixture.Wire)
            wire.socket, wire._buffer = end, b""  # pylint: disable=protected-access
            end.settimeout(20)
        self.addCleanup(wire.close)
        self.process = subprocess.Popen(
            program(*flags), stdin=client, stdout=client, stderr=subprocess.PIPE,
            pass_fds=(UPSTREAM,), preexec_fn=at(UPSTREAM, theirs.fileno()))
        self.addCleanup(self.end)
        client.close()
        theirs.close()
        return back, wire

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def test_mail_goes_through_and_what_the_server_lacks_is_not_offered(self):
        for inet in (True, False):
            back, wire = self.start(inet=inet)
            offered = wire.hello(b"some.example")
            self.assertIn(b"SMTPUTF8", offered)
            self.assertNotIn(b"CHUNKING", offered)
            for _ in range(3):
                self.assertEqual(wire.deliver(CONTENT), b"250 2.0.0 queued\r\n")
            self.assertRegex(wire.command(b"HELP"), rb"^214-2\.0\.0 ")
            self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
            self.assertEqual(wire.read_to_end(), b"")
            self.assertEqual(self.process.wait(20), 0)
            self.assertEqual([message[2] for message in back.messages], 3 * [CONTENT])
            # It takes the connection for the client's, so it hears the client's name.
            hellos = [line for line in back.commands if line.startswith(b"EHLO")]
            self.assertEqual(hellos, [b"EHLO gate.example", b"EHLO some.example"])
            self.assertEqual(back.commands[-1], b"QUIT")

    def test_a_client_that_sends_no_mail(self):
        back, wire = self.start()
        wire.hello()
        self.assertRegex(wire.command(b"QUIT"), rb"^221 ")
        self.assertEqual(self.process.wait(20), 0)
        self.assertEqual(back.commands, [b"EHLO gate.example", b"QUIT"])

    def test_a_server_that_goes_away_takes_the_session_with_it(self):
        back, wire = self.start()
        wire.hello()
        back.cut()
        self.assertRegex(wire.read_to_end(), rb"^421[ -]")
        self.assertEqual(self.process.wait(20), 0)

    def test_who_starts_it_is_told_when_it_serves(self):
        for flags, told in ((("--discard",), b"\n"), (("--discard", "--table=/nowhere"), b"")):
            with self.subTest(flags=flags):
                ready, end = os.pipe()
                with open(ready, "rb") as pipe:
                    server = subprocess.Popen(
                        [posternd_fixture.posternd_path(), "--listen=127.0.0.1:0",
                         f"--ready_fd={end}", *flags], pass_fds=(end,), stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)
                    os.close(end)
                    try:
                        # To its end: it is closed, not just written to.
                        self.assertEqual(pipe.read(), told)
                        self.assertEqual(server.poll() if told else server.wait(20),
                                         None if told else 2)
                    finally:
                        server.kill()
                        server.wait()
        refused = subprocess.run([posternd_fixture.posternd_path(), "--discard", "--ready_fd=99"],
                                 stderr=subprocess.PIPE, timeout=20, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn(b"--ready_fd=99: Bad file descriptor", refused.stderr)

    def test_there_is_no_second_connection(self):
        """Where another server would be asked again: the one connection was used before, and ends at MAIL."""
        back, wire = self.start()
        wire.hello()
        self.assertEqual(wire.deliver(CONTENT), b"250 2.0.0 queued\r\n")
        back.fault = ("MAIL", "close")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.org>"), rb"^451 ")
        self.assertRegex(wire.read_to_end(), rb"^421[ -]")
        self.assertEqual(self.process.wait(20), 0)

    def test_faults_at_every_step(self):
        for verb in ("220", "EHLO", "MAIL", "RCPT", "DATA", "."):
            for what in ("close", "half", "nonsense", "421", "451 4.3.0 later", "554 5.7.1 never"):
                with self.subTest(verb=verb, what=what):
                    ours, theirs = socket.socketpair()
                    back, wire = self.start(inet=False, fault=(verb, what))
                    wire.send(b"EHLO c.example\r\nMAIL FROM:<a@example.org>\r\n"
                              b"RCPT TO:<b@example.org>\r\nDATA\r\n")
                    codes = []
                    while len(codes) < 5:
                        codes.append(wire.read_reply()[:3])
                        if codes[-1][:1] in b"45":
                            break
                    if codes[-1] == b"354":
                        wire.send(b"Subject: x\r\n\r\nhello\r\n.\r\n")
                        codes.append(wire.read_reply()[:3])
                    if what.startswith("554"):
                        self.assertEqual(codes[-1], b"554")
                    elif codes[-1] != b"250":
                        self.assertIn(codes[-1], (b"421", b"450", b"451"))
                    said = codes[-1] == b"250" and len(codes) == 6
                    self.assertLessEqual(len(back.messages), 1)
                    if said or verb != ".":
                        self.assertEqual(len(back.messages), int(said))
                    wire.close()
                    self.assertEqual(self.process.wait(20), 0)

    def test_descriptors_that_are_none(self):
        with socket.socket() as unconnected, open("/dev/null", "rb") as null, \
                socket.socket(type=socket.SOCK_DGRAM) as datagram:
            for fd, why in ((null.fileno(), "no stream socket"),
                            (datagram.fileno(), "no stream socket"),
                            (unconnected.fileno(), "not connected")):
                ours, theirs = socket.socketpair()
                with ours, theirs:
                    done = subprocess.run(
                        program(), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
                        pass_fds=(UPSTREAM,), preexec_fn=at(UPSTREAM, fd), timeout=20, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(f"descriptor {UPSTREAM} is {why}", done.stderr.decode())
        ours, theirs = socket.socketpair()
        with ours, theirs:
            done = subprocess.run(program(), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
                                  timeout=20, check=False)
            self.assertIn(f"descriptor {UPSTREAM} is not open", done.stderr.decode())
            done = subprocess.run(program(), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
                                  pass_fds=(UPSTREAM,), preexec_fn=at(UPSTREAM, theirs.fileno()),
                                  timeout=20, check=False)
            self.assertIn(f"descriptor {UPSTREAM} is the client itself", done.stderr.decode())


if __name__ == "__main__":
    py_unittest_main.main()
