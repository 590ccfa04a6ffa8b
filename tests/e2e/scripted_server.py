# SPDX-License-Identifier: Apache-2.0
"""An SMTP and LMTP server for the tests of the gate: it answers as it is told, and goes wrong where it
is told to.

    with scripted_server.ScriptedServer() as server:
        server.fault = ("DATA", "close")
        ... server.messages, server.commands ...

A fault is (verb, what): verb is "220", a command's, or "." for the end of content; what is
  close     the connection ends instead of the reply
  half      half of the reply, then the end
  silent    nothing more is said
  shut      no reply, and never again one; but it goes on to read
  deaf      a reply, and then nothing is read any more
  kill      the process of the server is killed
  nonsense  something that is no reply
  421       closing words, then the end
  early     with "content": a refusal in the middle of it
or a whole reply line. It happens once.
"""

import os
import signal
import socket
import threading

KEYWORDS = (b"PIPELINING", b"SIZE 10240000", b"8BITMIME", b"SMTPUTF8")


class ScriptedServer:
    def __init__(self, keywords=KEYWORDS, lmtp=False, path=None, connected=None, fault=None,
                 messages=None, delay_octets=False):
        """`connected`: a socket to serve, instead of listening."""
        self._listener = None
        if connected is not None:
            pass
        elif path is None:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            self.port = self._listener.getsockname()[1]
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self._listener.listen(64)
        self.keywords = keywords
        self.lmtp = lmtp
        self.fault = fault
        self.script = {}       # verb -> replies to the next commands of that kind, before all else
        self.replies = {}      # first words of a command -> reply line
        self.messages = messages if messages is not None else []  # (from, [to], content) that it took responsibility for
        self.commands = []     # lines
        self.connections = 0
        self.delay_octets = delay_octets
        self.reads = threading.Event()  # cleared: it takes no content
        self.reads.set()
        self.lock = threading.Lock()
        self._sockets = []
        if connected is None:
            self._thread = threading.Thread(target=self._accept, daemon=True)
        else:
            self.connections = 1
            self._sockets.append(connected)
            self._thread = threading.Thread(target=self._serve, args=(connected,), daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the listener and cuts off all connections: the server dies."""
        if self._listener is not None:
            try:
                self._listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._listener.close()
        self.cut()
        self._thread.join(5)

    def join(self):
        """Until the connection that it was given is over."""
        self._thread.join()

    def cut(self):
        with self.lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self._sockets.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            try:
                _Session(self, client).run()
            except (OSError, EOFError):
                pass


class _Over(Exception):
    pass


class _Session:
    def __init__(self, server, client):
        self.server = server
        self.socket = client
        self.buffer = b""
        self.silent = False

    def run(self):
        try:
            self.reply("220", b"220 scripted.example ready")
            self.mail, self.to, chunks = None, [], b""
            while True:
                line = self.read_until(b"\r\n")[:-2]
                with self.server.lock:
                    self.server.commands.append(line)
                verb = line.split(b" ")[0].decode("latin-1")
                if verb in ("EHLO", "LHLO"):
                    lines = [b"scripted.example"] + list(self.server.keywords) + [b"HELP"]
                    text = b"".join(b"250-%s\r\n" % each for each in lines[:-1])
                    self.reply(verb, text + b"250 " + lines[-1])
                elif verb == "MAIL":
                    if self.reply(verb, self.scripted(line, b"250 2.1.0 Ok")):
                        self.mail, self.to, chunks = path(line), [], b""
                elif verb == "RCPT":
                    if self.reply(verb, self.scripted(line, b"250 2.1.5 Ok")):
                        self.to.append(path(line))
                elif verb == "DATA":
                    if self.reply(verb, self.scripted(line, b"354 go on")):
                        self.content()
                elif verb == "BDAT":
                    chunks += self.read(int(line.split(b" ")[1]))
                    if line.endswith(b" LAST"):
                        self.end_of_content(chunks)
                    else:
                        self.reply(verb, b"250 2.0.0 chunk")
                elif verb == "XFORWARD":
                    self.reply(verb, self.scripted(line, b"250 2.0.0 Ok"))
                elif verb == "XCLIENT":
                    self.reply(verb, b"220 scripted.example ready")
                elif verb == "QUIT":
                    self.reply(verb, b"221 2.0.0 bye")
                    return
                elif verb == "RSET":
                    self.mail, self.to = None, []
                    self.reply(verb, b"250 2.0.0 Ok")
                else:
                    self.reply(verb, b"500 5.5.2 what?")
        except _Over:
            pass

    def content(self):
        if self.take_fault("content") == "early":
            self.read_until(b"\r\n")
            self.send(b"552 5.3.4 too much\r\n")
            raise _Over
        self.server.reads.wait()
        # DATA's own CR LF stands before the content.
        self.buffer = b"\r\n" + self.buffer
        wire = self.read_until(b"\r\n.\r\n")[:-3]
        self.end_of_content(wire.replace(b"\r\n.", b"\r\n")[2:])

    def end_of_content(self, content):
        rcpts = self.to if self.server.lmtp else [None]
        kept = False
        for each in rcpts:
            reply = self.scripted(b"." + (each or b""), b"250 2.0.0 queued")
            fault = self.server.fault
            refused = fault and fault[0] == "." and fault[1][:1] in "45"
            if reply.startswith(b"250") and not refused and not kept:
                kept = True
                with self.server.lock:
                    self.server.messages.append((self.mail, list(self.to), content))
            self.reply(".", reply)
        self.mail, self.to = None, []

    def scripted(self, line, otherwise):
        verb = line.split(b" ")[0].decode("latin-1")
        with self.server.lock:
            if self.server.script.get(verb):
                return self.server.script[verb].pop(0)
        for words, reply in self.server.replies.items():
            if line.startswith(words):
                return reply
        return otherwise

    def take_fault(self, verb):
        with self.server.lock:
            fault = self.server.fault
            if fault is None or fault[0] != verb:
                return None
            self.server.fault = None
            return fault[1]

    def reply(self, verb, text):
        """True if success was said."""
        fault = self.take_fault(verb)
        if fault == "close":
            raise _Over
        if fault == "half":
            self.send(text[:len(text) // 2])
            raise _Over
        if fault == "silent":
            while True:
                self.more()
        if fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "shut":
            self.socket.shutdown(socket.SHUT_WR)
            while True:
                self.more()
        if fault == "deaf":
            self.socket.shutdown(socket.SHUT_RD)
            fault = None
        if fault == "nonsense":
            self.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            while True:
                self.more()
        if fault == "421":
            self.send(b"421 4.3.2 closing\r\n")
            raise _Over
        if fault is not None:
            text = fault.encode()
        self.send(text + b"\r\n")
        return text[:1] in b"23"

    def send(self, octets):
        if self.server.delay_octets:
            for i in range(len(octets)):
                self.socket.sendall(octets[i:i + 1])
        else:
            self.socket.sendall(octets)

    def more(self):
        octets = self.socket.recv(65536)
        if not octets:
            raise EOFError
        self.buffer += octets

    def read(self, size):
        while len(self.buffer) < size:
            self.more()
        octets, self.buffer = self.buffer[:size], self.buffer[size:]
        return octets

    def read_until(self, end):
        """Up to and with `end`."""
        pieces, searched = [self.buffer], 0
        while (at := pieces[-1].find(end)) < 0:
            # What may be the beginning of `end` stays with what comes next.
            tail = pieces[-1][-len(end) + 1:]
            pieces[-1] = pieces[-1][:-len(end) + 1]
            searched += len(pieces[-1])
            self.buffer = tail
            self.more()
            pieces.append(self.buffer)
        size = searched + at + len(end)
        whole = b"".join(pieces)
        self.buffer = whole[size:]
        return whole[:size]


def path(line):
    return line[line.index(b"<"):line.index(b">") + 1]
