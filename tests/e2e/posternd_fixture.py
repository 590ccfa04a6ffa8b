# SPDX-License-Identifier: Apache-2.0
"""Starts posternd on 127.0.0.1 with ports of the kernel's choice, and always ends it.

    with posternd_fixture.Posternd("--domains=example.org") as server:
        ... server.port, server.messages(), server.log() ...

What the server is told beyond the flags given: a Maildir of its own under a temporary directory, and
text logs into a file there. The process dies with the test (PR_SET_PDEATHSIG), even if the test is
killed.

Environment: POSTERND names the program where it is not in the runfiles tree (Bazel).
"""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

START_SECONDS = 20
STOP_SECONDS = 20


def posternd_path():
    """The program under test."""
    candidates = [
        os.environ.get("POSTERND", ""),
        os.path.join(os.getcwd(), "hosts/posternd/posternd"),
        os.path.join(_ROOT, "bazel-bin/hosts/posternd/posternd"),
    ]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return candidate
    raise FileNotFoundError(
        "posternd is not built: ./bazelw build //hosts/posternd, or set POSTERND to the program")


def tool(name, package):
    """A client's path. One that is missing fails the test with the sentence that mends it."""
    places = [os.environ.get("POSTERN_TOOLS", ""),
              os.path.expanduser("~/.cache/postern/tools/bin")]
    for place in places:
        path = os.path.join(place, name) if place else ""
        if path and os.access(path, os.X_OK):
            return path
    path = shutil.which(name)
    if path is None:
        raise AssertionError(
            f"{name} is missing: ./bazelw test ... installs it, or apt-get install {package}")
    return path


def make_certificate(directory, name="localhost", stem="server"):
    """A self-signed certificate for localhost; returns (certificate, key)."""
    certificate = os.path.join(directory, stem + ".crt")
    key = os.path.join(directory, stem + ".key")
    subprocess.run(
        [tool("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
         certificate],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, timeout=30)
    return certificate, key


class Message:
    """One file of new/, cut into what posternd put before it and what the client sent."""

    _TRACE = re.compile(
        rb"Return-Path: (?P<reverse_path><[^\r\n]*>)\r\n"
        rb"Envelope-To: (?P<recipients>[^\r\n]*(?:,\r\n\t[^\r\n]*)*)\r\n"
        rb"(?:Postern-Mail: (?P<mail_parameters>[^\r\n]*)\r\n)?"
        rb"(?P<rcpt_parameters>(?:Postern-Rcpt: <[^\r\n]*>\r\n\t[^\r\n]*\r\n)*)"
        rb"Received: from (?P<helo>[^\r\n ]+) \((?P<client>[^\r\n)]*)\)"
        rb"(?: \(user (?P<user>(?:[^\r\n()\\]|\\.)*)\))?\r\n"
        rb"\tby (?P<server>[^\r\n ]+) with (?P<protocol>[A-Z0-9]+) id (?P<id>[^\r\n ]+)"
        rb"(?: \((?P<tls>[^\r\n)]*)\))?\r\n"
        rb"\t(?:for (?P<for><[^\r\n]*>)|\((?P<count>[0-9]+) recipients\)); "
        rb"(?P<date>[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \+0000)\r\n")

    def __init__(self, name, octets):
        self.name = name
        match = self._TRACE.match(octets)
        if match is None:
            raise AssertionError(f"{name} does not begin with the trace fields: {octets[:400]!r}")
        self.trace = octets[:match.end()]
        self.content = octets[match.end():]
        self.reverse_path = match["reverse_path"]
        self.recipients = match["recipients"].split(b",\r\n\t")
        self.mail_parameters = match["mail_parameters"]
        self.rcpt_parameters = match["rcpt_parameters"]
        self.helo = match["helo"]
        self.client = match["client"]
        self.user = match["user"]
        self.server = match["server"]
        self.protocol = match["protocol"]
        self.tls = match["tls"]
        self.id = match["id"]


class Posternd:
    """One running server. Its attributes: port (the first listener's), ports, maildir, pid."""

    def __init__(self, *flags, listen=("127.0.0.1:0",), listen_tls=(), maildir=True,
                 directory=None, log_format="text", listeners=None, prefix=()):
        """`prefix`: a command that ends in starting what stands behind it."""
        self.directory = directory or tempfile.mkdtemp(prefix="posternd-")
        self._own_directory = directory is None
        self.maildir = os.path.join(self.directory, "Maildir")
        self.log_path = os.path.join(self.directory, "log")
        self.stderr_path = os.path.join(self.directory, "stderr")
        self.ports = []
        self.stdout_lines = []
        command = [posternd_path()]
        command += [f"--listen={address}" for address in listen]
        command += [f"--listen_tls={address}" for address in listen_tls]
        if maildir:
            command.append(f"--maildir={self.maildir}")
        command += [f"--log_file={self.log_path}", f"--log_format={log_format}", "--verbose"]
        command += list(flags)
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL"] + command
        command = list(prefix) + command
        # Those of a configuration file are not known here.
        self._listeners = listeners or len(listen) + len(listen_tls)
        self._command = command
        self._process = None
        self._start()

    def _start(self):
        with open(self.stderr_path, "ab") as stderr:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.PIPE, stderr=stderr)
        self.pid = self._process.pid
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read_stdout, args=(ready,), daemon=True)
        self._reader.start()
        if not ready.wait(START_SECONDS) or len(self.ports) < self._listeners:
            self.kill()
            raise AssertionError(
                f"posternd did not start: {self.stderr()} {self.log()} {self.stdout_lines}")
        self.port = self.ports[0]

    def _read_stdout(self, ready):
        for line in self._process.stdout:
            text = line.decode("utf-8", "replace").rstrip("\n")
            self.stdout_lines.append(text)
            match = re.fullmatch(r"listening on (\S+):([0-9]+)", text)
            if match:
                self.ports.append(int(match[2]))
                if len(self.ports) >= self._listeners:
                    ready.set()
        ready.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the process, and removes the directory if it is this object's own."""
        self.kill()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self):
        """kill -9, at once. No harm if it is gone already. Fails if a sanitizer found something."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        self._process.stdout.close()
        self._process = None
        report = re.search(r"(?m)^.*(Sanitizer|runtime error:)(?s:.{0,4000})", self.stderr())
        if report:
            raise AssertionError(f"a sanitizer complains:\n{report[0]}")

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """The exit status of a server that was told to stop."""
        return self._process.wait(seconds)

    def running(self):
        return self._process is not None and self._process.poll() is None

    def stderr(self):
        return _read_text(self.stderr_path)

    def log(self):
        return _read_text(self.log_path)

    def wait_for_log(self, pattern, count=1, seconds=10):
        """The log, once `pattern` was matched `count` times in it."""
        deadline = time.monotonic() + seconds
        while True:
            text = self.log()
            if len(re.findall(pattern, text, re.MULTILINE)) >= count:
                return text
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} ({count} times) in the log:\n{text}")
            time.sleep(0.02)

    def messages(self):
        """All of new/, oldest name first."""
        return read_maildir(self.maildir)

    def message(self):
        """The only message there is; it is removed, so that the next one is the only one again."""
        found = self.messages()
        if len(found) != 1:
            raise AssertionError(f"{len(found)} messages in new/ where one was expected")
        os.unlink(os.path.join(self.maildir, "new", found[0].name))
        return found[0]

    def in_tmp(self):
        return os.listdir(os.path.join(self.maildir, "tmp"))

    def connect(self, source="127.0.0.1", port=None):
        """A raw session, the greeting not read yet."""
        return Wire(port or self.port, source)


def _read_text(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def read_maildir(maildir):
    new = os.path.join(maildir, "new")
    messages = []
    for name in sorted(os.listdir(new)):
        with open(os.path.join(new, name), "rb") as file:
            messages.append(Message(name, file.read()))
    return messages


class Wire:
    """A client that is told every octet: no SMTP library between the test and the server."""

    def __init__(self, port, source="127.0.0.1", seconds=20):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds,
                                               source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def read_reply(self):
        """One whole reply, CR LF included."""
        reply = b""
        while True:
            line = self._read_line()
            reply += line
            if not re.fullmatch(rb"[2-5][0-9]{2}([ -][^\r\n]*)?\r\n", line):
                raise AssertionError(f"no reply line (RFC 5321 section 4.2): {line!r}")
            if line[:3] != reply[:3]:
                raise AssertionError(f"two codes in one reply: {reply!r}")
            if line[3:4] != b"-":
                return reply

    def _read_line(self):
        while b"\n" not in self._buffer:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError(f"closed after {self._buffer!r}")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def command(self, line):
        """Sends one line, with CR LF behind it, and gives the reply."""
        self.send(line + b"\r\n")
        return self.read_reply()

    def read_to_end(self):
        """All that comes until the server closes; a reset counts as the end."""
        octets, self._buffer = self._buffer, b""
        try:
            while True:
                chunk = self.socket.recv(65536)
                if not chunk:
                    return octets
                octets += chunk
        except ConnectionResetError:
            return octets

    def silent(self, seconds=0.3):
        """True if nothing comes for that long."""
        if self._buffer:
            return False
        self.socket.settimeout(seconds)
        try:
            self._buffer += self.socket.recv(1)
            return False
        except (TimeoutError, socket.timeout):
            return True
        finally:
            self.socket.settimeout(20)

    def hello(self, name=b"client.example"):
        """Reads the greeting and says EHLO."""
        greeting = self.read_reply()
        if not greeting.startswith(b"220"):
            raise AssertionError(f"greeting {greeting!r}")
        return self.command(b"EHLO " + name)

    def start_tls(self):
        """STARTTLS and the handshake; gives the certificate in DER."""
        reply = self.command(b"STARTTLS")
        if not reply.startswith(b"220"):
            raise AssertionError(f"STARTTLS: {reply!r}")
        return self.wrap_tls()

    def wrap_tls(self):
        self.socket = client_tls_context().wrap_socket(self.socket, server_hostname="localhost")
        return self.socket.getpeercert(binary_form=True)

    def open_transaction(self, sender=b"<a@example.org>", recipients=(b"<b@example.org>",)):
        for line in [b"MAIL FROM:" + sender] + [b"RCPT TO:" + to for to in recipients]:
            reply = self.command(line)
            if not reply.startswith(b"250"):
                raise AssertionError(f"{line!r}: {reply!r}")

    def deliver(self, content, **envelope):
        """One transaction; `content` is given as it lies in the Maildir, and stuffed here."""
        self.open_transaction(**envelope)
        reply = self.command(b"DATA")
        if not reply.startswith(b"354"):
            raise AssertionError(f"DATA: {reply!r}")
        self.send(stuff(content) + b".\r\n")
        return self.read_reply()


def client_tls_context():
    """A client that takes any certificate: the tests look at it themselves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def stuff(content):
    """RFC 5321 section 4.5.2, the client's half: a dot before each line that begins with one.
    `content` ends in CR LF or is empty."""
    if content and not content.endswith(b"\r\n"):
        raise AssertionError("content without CR LF at its end cannot be sent by DATA")
    return re.sub(rb"(?m)^\.", b"..", content) if b"\n." in content or content[:1] == b"." \
        else content


def unstuff(wire):
    """The content of octets that follow DATA, and what comes behind its end: the slow and obvious
    reading of RFC 5321 section 4.1.1.4."""
    whole = b"\r\n" + wire
    end = whole.index(b"\r\n.\r\n")
    content = whole[:end + 2].replace(b"\r\n.", b"\r\n")
    return content[2:], whole[end + 5:]


class WireTap:
    """Stands between a client and the server and records what the client sends."""

    def __init__(self, port):
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._streams = []
        self._threads = []
        self._lock = threading.Lock()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        except OSError:
            pass
        self._listener.close()
        self._accepting.join(5)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            stream = bytearray()
            thread = threading.Thread(target=self._relay, args=(client, stream), daemon=True)
            with self._lock:
                self._streams.append(stream)
                self._threads.append(thread)
            thread.start()

    def _relay(self, client, stream):
        with client, socket.create_connection(("127.0.0.1", self._port), 20) as server:
            back = threading.Thread(target=self._pump, args=(server, client, bytearray()),
                                    daemon=True)
            back.start()
            self._pump(client, server, stream)
            back.join(20)

    @staticmethod
    def _pump(source, sink, record):
        try:
            while True:
                chunk = source.recv(65536)
                if not chunk:
                    break
                record += chunk
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def contents(self):
        """The content of every message that was sent, dots removed, in no order."""
        with self._lock:
            threads, streams = list(self._threads), list(self._streams)
        for thread in threads:
            thread.join(20)
        contents = []
        for stream in streams:
            rest = bytes(stream)
            while rest:
                line, _, rest = rest.partition(b"\r\n")
                if line.upper() == b"DATA":
                    content, rest = unstuff(rest)
                    contents.append(content)
        return contents
