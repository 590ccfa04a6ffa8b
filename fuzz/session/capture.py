#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What real mail clients send, as seeds: runs them against posternd and keeps their octets.

    ./bazelw build //hosts/posternd
    python3 fuzz/session/capture.py [--root=DIR] [--node=DIR] [CLIENT...]
    python3 fuzz/session/make_seeds.py && fuzz/corpus_tool seeds

A recorder stands between client and server, both on ports of 127.0.0.1 that the kernel gives; what each
connection of a client sent is one file of fuzz/session/clients/, and the README.md there says of which
client, version and command. Clients that this machine does not have are named and left as they were:
--root is a tree with exim4 and smtpd (OpenSMTPD) in it, which are run in it by chroot(8) as root; --node is
where `npm install nodemailer` was done. Postfix is what ./bazelw has unpacked for the tests.

Host names, addresses and the message are ours; dates, identifiers and all else are as the clients sent them.
"""

import argparse
import os
import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)
from tests.e2e import posternd_fixture  # pylint: disable=wrong-import-position
from tests.e2e import postfix_fixture  # pylint: disable=wrong-import-position

FOLDER = os.path.join(ROOT, "fuzz", "session", "clients")
HEAD = """# What real clients send

`fuzz/session/capture.py` ran them against posternd and wrote these files: all that the client sent in one
connection, octet for octet. `make_seeds.py` makes dialogues of the session target of them, `fuzz/seeds.py`
seeds of the line splitter, the command line and the content decoder.

| file | client | how it was run |
|---|---|---|
"""
FROM, TO, CC = "anna@client.example", "bob@example.net", "carol@example.net"
MESSAGE = (
    "From: Anna <anna@client.example>\nTo: bob@example.net\nCc: carol@example.net\n"
    "Subject: lines with dots\nDate: Wed, 25 Nov 2026 22:00:00 +0000\n"
    "Message-ID: <one@client.example>\nMIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    "Hello Bob,\n.\n..\n.one dot\nGr\u00fc\u00dfe \u20ac\n" + "x" * 200 + "\n\nbye\n")


class Missing(Exception):
    """A client that is not here."""


def need(program):
    path = shutil.which(program)
    if path is None:
        raise Missing(program)
    return path


def output(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, text=True, errors="replace")
    return done.stdout


class Recorder(posternd_fixture.WireTap):
    """Whole streams, once they have ended."""

    def streams(self):
        with self._lock:
            threads, streams = list(self._threads), list(self._streams)
        for thread in threads:
            thread.join(20)
        return [bytes(stream) for stream in streams]


class Capture:
    """One run of one client: the port to send to, a folder, and how a command is run."""

    def __init__(self, options, port, folder):
        self.options = options
        self.port = port
        self.folder = folder
        self.message = self.file("message", MESSAGE)
        self.crlf_message = self.file("crlf", MESSAGE.replace("\n", "\r\n"))

    def file(self, name, text, folder=None):
        path = os.path.join(folder or self.folder, name)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return path

    def run(self, command, stdin=None, **options):
        with open(stdin or os.devnull, "rb") as file:
            done = subprocess.run(command, stdin=file, stdout=subprocess.PIPE, timeout=60,
                                  stderr=subprocess.STDOUT, check=False, **options)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout[-2000:]!r}")

    def in_root(self, *command):
        if not self.options.root or not os.path.exists(self.options.root + command[0]):
            raise Missing(command[0])
        return ["chroot", self.options.root, *command]


# Each runs its client and returns (version, what it did).

def swaks(capture, *more):
    need("swaks")
    capture.run(["swaks", "--server", "127.0.0.1", "--port", str(capture.port), "--helo", "client.example",
                 "--from", FROM, "--to", f"{TO},{CC}", "--data", "@" + capture.message, *more])
    version = re.search(r"version (\S+)", output(["swaks", "--version"]))[1]
    return "swaks " + version, " ".join(("two recipients, a file",) + more)


def curl(capture, *more):
    need("curl")
    capture.run(["curl", "--silent", "--show-error", "--url",
                 f"smtp://127.0.0.1:{capture.port}/client.example", "--mail-from", FROM,
                 "--mail-rcpt", TO, "--mail-rcpt", CC, "--upload-file", capture.crlf_message, *more])
    return " ".join(output(["curl", "--version"]).split()[:2]), " ".join(("two recipients",) + more)


def curl_vrfy(capture):
    need("curl")
    capture.run(["curl", "--silent", "--show-error", "--url",
                 f"smtp://127.0.0.1:{capture.port}/client.example", "--mail-rcpt", "bob"])
    return " ".join(output(["curl", "--version"]).split()[:2]), "VRFY, with no message"


def msmtp(capture):
    need("msmtp")
    capture.run(["msmtp", "--host=127.0.0.1", f"--port={capture.port}", "--domain=client.example",
                 "--from=" + FROM, TO, CC], stdin=capture.message)
    return output(["msmtp", "--version"]).split("\n")[0], "two recipients, a file with LF"


def python_smtplib(capture):
    with smtplib.SMTP("127.0.0.1", capture.port, local_hostname="client.example", timeout=20) as client:
        client.sendmail(FROM, [TO, CC], MESSAGE.encode().replace(b"\n", b"\r\n"),
                        mail_options=["BODY=8BITMIME", "SMTPUTF8"])
        client.verify("bob")
        client.noop()
        client.sendmail(FROM, [TO], b"Subject: second\r\n\r\n.\r\n")
    return "Python smtplib " + sys.version.split()[0], "two messages, VRFY, NOOP in one connection"


def python_bare_lf(capture):
    """It sends octets as they are: a program that gives it lines ending in LF is refused."""
    with smtplib.SMTP("127.0.0.1", capture.port, local_hostname="client.example", timeout=20) as client:
        try:
            client.sendmail(FROM, [TO], MESSAGE.encode())
        except smtplib.SMTPDataError:
            return "Python smtplib " + sys.version.split()[0], "octets with LF, refused"
    raise AssertionError("a bare LF was taken")


def nodemailer(capture):
    need("node")
    folder = capture.options.node and os.path.join(capture.options.node, "node_modules", "nodemailer")
    if not folder or not os.path.isdir(folder):
        raise Missing("nodemailer")
    script = capture.file("send.js", """
      const transport = require(process.argv[2]).createTransport({host: '127.0.0.1', port: +process.argv[3],
        name: 'client.example', ignoreTLS: true});
      transport.sendMail({from: 'Anna <anna@client.example>', to: ['bob@example.net', 'j\u00fcrgen@example.net'],
        subject: 'Gr\u00fc\u00dfe', text: 'Hello\\n.\\n..two\\nGr\u00fc\u00dfe\\n', html: '<p>.Gr\u00fc\u00dfe</p>',
        attachments: [{filename: 'a.bin', content: Buffer.from([0, 255, 13, 10, 46])}],
        dsn: {id: 'one', return: 'headers', notify: ['failure', 'delay'], recipient: 'bob@example.net'}})
        .catch(error => {console.error(error); process.exit(1)});
      """)
    capture.run(["node", script, folder, str(capture.port)])
    version = re.search(r'"version": "([^"]+)"', open(os.path.join(folder, "package.json"), encoding="utf-8").read())
    return "nodemailer " + version[1], "an attachment, an address in UTF-8, DSN asked for"


def smtp_source_old(capture):
    """Without HELO, which is refused: what it sends then is sent all the same."""
    try:
        smtp_source(capture, "-o")
    except AssertionError as refused:
        if "503" in str(refused):
            return postfix_version(), "smtp-source -o, which says no HELO and is refused"
        raise
    raise AssertionError("MAIL without HELO was taken")


def smtp_source(capture, *more):
    tools = os.path.join(postfix_fixture.tree(), "usr/sbin")
    libraries = os.path.join(postfix_fixture.tree(), "usr/lib/postfix")
    capture.run([os.path.join(tools, "smtp-source"), "-M", "client.example", "-f", FROM, "-t", TO, "-c", "-l", "300",
                 *more, f"inet:127.0.0.1:{capture.port}"], env=dict(os.environ, LD_LIBRARY_PATH=libraries))
    return postfix_version(), " ".join(("smtp-source -c -l 300",) + more)


def postfix_version():
    tree = postfix_fixture.tree()
    libraries = os.path.join(tree, "usr/lib/postfix")
    done = subprocess.run([os.path.join(tree, "usr/sbin/postconf"), "-d", "mail_version"], check=False, text=True,
                          env=dict(os.environ, LD_LIBRARY_PATH=libraries), stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return "Postfix " + (done.stdout.split("=")[-1].strip() or "3.7")


def postfix(capture):
    """smtpd(8) takes the message, smtp(8) sends it on."""
    services = """
{port}     inet  n       -       n       -       -       smtpd
smtp       unix  -       -       n       -       -       smtp
relay      unix  -       -       n       -       -       smtp
"""
    more = f"""
relayhost = [127.0.0.1]:{capture.port}
virtual_mailbox_domains =
mynetworks = 127.0.0.0/8
"""
    with postfix_fixture.Postfix(services, more) as server:
        with smtplib.SMTP("127.0.0.1", server.port, local_hostname="client.example", timeout=20) as client:
            client.sendmail(FROM, [TO, CC], MESSAGE.encode().replace(b"\n", b"\r\n"),
                            mail_options=["BODY=8BITMIME", "ENVID=one"], rcpt_options=["NOTIFY=FAILURE"])
        server.wait_for_log("status=(sent|bounced|deferred)", 2)
        if server.log().count("status=sent") != 2:
            raise AssertionError(server.log())
    return postfix_version(), "smtp(8), a message with two recipients passed on"


def exim(capture):
    command = capture.in_root("/usr/sbin/exim4")
    configuration = f"""
primary_hostname = client.example
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = {capture.port}
  hosts_try_fastopen =
begin retry
* * F,1h,10m
"""
    path = capture.file("exim.conf", configuration, capture.options.root + "/etc")
    try:
        capture.run(command + ["-C", "/etc/exim.conf", "-odf", "-i", "-f", FROM, TO, CC], stdin=capture.message)
    finally:
        os.remove(path)
    return "Exim " + output(command + ["-bV"]).split()[2], "its smtp transport, two recipients"


def opensmtpd(capture):
    command = capture.in_root("/usr/sbin/smtpd")
    port = postfix_fixture.free_port()
    capture.file("client.conf", f"""
listen on 127.0.0.1 port {port} hostname client.example
action "out" relay host smtp://127.0.0.1:{capture.port} helo client.example
match from any for any action "out"
""", capture.options.root + "/etc")
    with subprocess.Popen(command + ["-d", "-f", "/etc/client.conf"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as daemon:
        try:
            for _ in range(200):
                try:
                    client = smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=20)
                    break
                except OSError:
                    time.sleep(0.1)
            with client:
                client.sendmail(FROM, [TO, CC], MESSAGE.encode().replace(b"\n", b"\r\n"))
            time.sleep(15)  # it keeps a connection for a while
        finally:
            daemon.terminate()
            said = daemon.stdout.read().decode("utf-8", "replace")
    if "result=\"Ok\"" not in said and "result=Ok" not in said:
        raise AssertionError(said)
    version = re.search(r"OpenSMTPD (\S+)", said) or re.search(r"OpenSMTPD (\S+)", output(command + ["-h"]))
    return "OpenSMTPD " + (version[1] if version else "?"), "relay, two recipients"


CLIENTS = {
    "swaks": swaks,
    "swaks-quit": lambda capture: swaks(capture, "--quit-after", "RCPT"),
    "swaks-helo": lambda capture: swaks(capture, "--protocol", "SMTP"),
    "curl": curl,
    "curl-vrfy": curl_vrfy,
    "msmtp": msmtp,
    "smtplib": python_smtplib,
    "smtplib-bare-lf": python_bare_lf,
    "nodemailer": nodemailer,
    "smtp-source": smtp_source,
    "smtp-source-reuse": lambda capture: smtp_source(capture, "-d", "-m", "3", "-r", "2"),
    "smtp-source-old": smtp_source_old,
    "postfix": postfix,
    "exim": exim,
    "opensmtpd": opensmtpd,
}


def rows(path):
    """File name -> row of the table that is there."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return {match[1]: match[0] + "\n" for match in re.finditer(r"^\| (\S+) \|.*$", file.read(), re.MULTILINE)
                if match[1] not in ("file", "---")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--root", help="a tree with exim4 and smtpd")
    parser.add_argument("--node", help="a folder with node_modules/nodemailer")
    parser.add_argument("clients", nargs="*", help=" ".join(CLIENTS))
    options = parser.parse_args()
    readme = os.path.join(FOLDER, "README.md")
    table = rows(readme)
    for name in options.clients or CLIENTS:
        with tempfile.TemporaryDirectory() as folder, posternd_fixture.Posternd("--server_name=mx.example") as server:
            with Recorder(server.port) as tap:
                try:
                    version, how = CLIENTS[name](Capture(options, tap.port, folder))
                except Missing as missing:
                    print(f"{name}: {missing} is not here; left as it was")
                    continue
                streams = tap.streams()
        if not streams or not all(streams):
            sys.exit(f"{name}: it sent nothing")
        for old in [file for file in table if re.fullmatch(re.escape(name) + r"(\.[0-9]+)?", file)]:
            os.remove(os.path.join(FOLDER, old))
            del table[old]
        for number, stream in enumerate(streams, 1):
            file_name = name if len(streams) == 1 else f"{name}.{number}"
            with open(os.path.join(FOLDER, file_name), "wb") as file:
                file.write(stream)
            table[file_name] = f"| {file_name} | {version} | {how} |\n"
            print(f"{file_name}: {len(stream)} octets, {version}")
    with open(readme, "w", encoding="utf-8") as file:
        file.write(HEAD + "".join(table[name] for name in sorted(table)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
