# SPDX-License-Identifier: Apache-2.0
"""What a client and posternd say to each other, recorded between them and read as transactions.

    with capture.Capture(server.port) as wire:
        ... a client sends to wire.port ...
        transaction, = wire.transactions()
        transaction.mail, transaction.rcpts, transaction.chunks, transaction.content

The reading knows no more of SMTP than where content begins and ends: DATA that got its 354 (RFC 5321
section 4.1.1.4) and the octets that BDAT counts (RFC 3030 section 2). Behind STARTTLS nothing can be read.
Threads relay; transactions() is a snapshot and can be had while sessions run.
"""

import re
import socket
import threading

from tests.e2e import posternd_fixture

_CLIENT = 0
_SERVER = 1


class Transaction:
    """MAIL and what came behind it, up to the end of the content, RSET or the next MAIL."""

    def __init__(self, hello, mail):
        self.hello = hello
        self.mail = mail
        self.rcpts = []
        self.chunks = None  # sizes of BDAT
        self.content = None  # dots removed; joined chunks
        self.complete = False


class _Session:
    def __init__(self):
        self.lock = threading.Lock()
        self.pieces = []  # (who, octets) as they came

    def add(self, who, octets):
        with self.lock:
            self.pieces.append((who, octets))

    def said(self, who):
        with self.lock:
            return b"".join(octets for speaker, octets in self.pieces if speaker == who)

    def groups(self):
        """What the client sent between two replies, in one piece or several."""
        with self.lock:
            pieces = list(self.pieces)
        groups, last = [], None
        for who, octets in pieces:
            if who == _CLIENT and last == _CLIENT:
                groups[-1] += octets
            elif who == _CLIENT:
                groups.append(octets)
            last = who
        return groups


class Capture(posternd_fixture.WireTap):

    def __init__(self, port):
        self.sessions = []
        super().__init__(port)

    def _relay(self, client, stream):
        session = _Session()
        self.sessions.append(session)
        with client, socket.create_connection(("127.0.0.1", self._port), 20) as server:
            back = threading.Thread(target=self._carry, args=(server, client, session, _SERVER),
                                    daemon=True)
            back.start()
            self._carry(client, server, session, _CLIENT)
            back.join(20)

    @staticmethod
    def _carry(source, sink, session, who):
        try:
            while octets := source.recv(65536):
                session.add(who, octets)
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def commands(self):
        """All that clients sent, as one text: for what is no transaction."""
        return b"".join(session.said(_CLIENT) for session in self.sessions)

    def replies(self):
        return b"".join(session.said(_SERVER) for session in self.sessions)

    def pipelined(self, pattern):
        """Whether a client sent what matches `pattern` without waiting for a reply in between."""
        return any(re.search(pattern, group)
                   for session in self.sessions for group in session.groups())

    def transactions(self):
        found = []
        for session in list(self.sessions):
            found += read_transactions(session.said(_CLIENT), session.said(_SERVER))
        return found


def read_transactions(client, server):
    """The transactions of one session, from what either side said in it."""
    # Whether a DATA among several was the accepted one cannot be told from here; no client of these tests
    # sends DATA again in a session that has had it refused.
    accepted = re.search(rb"(?m)^354 ", server) is not None
    found, hello, current = [], None, None
    while client:
        line, end, client = client.partition(b"\r\n")
        if not end:
            break
        verb = line.split(b" ")[0].upper()
        if verb in (b"EHLO", b"HELO", b"LHLO"):
            hello = line
        elif verb == b"STARTTLS":
            break
        elif verb == b"MAIL":
            current = Transaction(hello, line)
            found.append(current)
        elif verb == b"RCPT" and current:
            current.rcpts.append(line)
        elif verb == b"DATA" and current and accepted:
            wire = b"\r\n" + client
            if b"\r\n.\r\n" not in wire:
                current.content = client
                break
            current.content, client = posternd_fixture.unstuff(client)
            current.complete, current = True, None
        elif verb == b"BDAT" and current:
            size = int(line.split(b" ")[1])
            current.chunks = (current.chunks or []) + [size]
            current.content = (current.content or b"") + client[:size]
            client = client[size:]
            if line.upper().endswith(b" LAST"):
                current.complete, current = True, None
        elif verb == b"RSET":
            current = None
    return found
