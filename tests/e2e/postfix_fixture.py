# SPDX-License-Identifier: Apache-2.0
"""Debian's Postfix on ports of 127.0.0.1, out of the package that ./bazelw has unpacked aside.

    with postfix_fixture.Postfix() as postfix:
        ... postfix.port, postfix.messages(), postfix.log() ...

master(8) runs with a configuration, queue and log under a temporary directory; nothing of the machine's
own is read or written. It needs root, as Postfix does; mail_owner and setgid_group are borrowed from
accounts that every Debian has. Recipients in example.org are delivered to one Maildir; others are
somebody else's, and clients outside mynetworks (127.0.0.3) may not relay to them.
"""

import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

OWNER = "daemon"
GROUP = "tty"

MAIN = """
compatibility_level = 3.6
queue_directory = {root}/spool
data_directory = {root}/data
daemon_directory = {tree}/usr/lib/postfix/sbin
command_directory = {tree}/usr/sbin
shlib_directory = no
meta_directory = {root}/etc
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH
maillog_file = {root}/log
maillog_file_prefixes = {root}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.3/32
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
virtual_mailbox_domains = example.org
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
{more}
"""

MASTER = """
{services}
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
proxymap  unix  -       -       n       -       -       proxymap
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
virtual   unix  -       n       n       -       -       virtual
anvil     unix  -       -       n       -       1       anvil
postlog   unix-dgram n  -       n       -       1       postlogd
"""

def tree():
    """Where ./bazelw has unpacked the package."""
    tools = os.environ.get("POSTERN_TOOLS") or os.path.expanduser("~/.cache/postern/tools/bin")
    path = os.path.join(os.path.dirname(tools), "postfix")
    if not os.path.exists(os.path.join(path, "usr/lib/postfix/sbin/master")):
        raise AssertionError("Postfix is not unpacked: ./bazelw test ... does that")
    return path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def reserve_port():
    """A socket that holds a port until it is closed: bound, with SO_REUSEADDR, and not listening, so that a
    server that sets that too can listen there, and nobody is given the port meanwhile."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


class Postfix:
    """One running master. `services` are lines of master.cf for smtpd and what a test adds; {port} is
    set in them, and where a greeting is awaited. `before_start` is called with this object when its directories are there."""

    def __init__(self, services, more="", before_start=None):
        if os.geteuid() != 0:
            raise AssertionError("Postfix's master(8) runs as root alone; run this test as root")
        # Where its accounts can go: not below root's home.
        self.root = tempfile.mkdtemp(prefix="postfix-", dir="/tmp")
        os.chmod(self.root, 0o755)
        self._reservation = reserve_port()
        self.port = self._reservation.getsockname()[1]
        self.tree = self._readable_tree()
        owner = pwd.getpwnam(OWNER)
        for name in ("etc", "spool", "data", "mail", "mail/all"):
            os.mkdir(os.path.join(self.root, name), 0o755)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
                     "private", "maildrop", "public", "saved", "trace", "pid"):
            path = os.path.join(self.root, "spool", name)
            os.mkdir(path, 0o700)
            os.chown(path, owner.pw_uid, -1)
        group = grp.getgrnam(GROUP).gr_gid
        for name, mode in (("maildrop", 0o730), ("public", 0o710)):
            path = os.path.join(self.root, "spool", name)
            os.chown(path, owner.pw_uid, group)
            os.chmod(path, mode)
        os.chown(os.path.join(self.root, "spool/pid"), 0, 0)
        os.chmod(os.path.join(self.root, "spool/pid"), 0o755)
        for name in ("data", "mail", "mail/all"):
            os.chown(os.path.join(self.root, name), owner.pw_uid, owner.pw_gid)
        if before_start:
            before_start(self)
        self._write("main.cf", MAIN.format(root=self.root, tree=self.tree, owner=OWNER, group=GROUP,
                                           uid=owner.pw_uid, gid=owner.pw_gid, more=more))
        self._write("master.cf", MASTER.format(
            services=services.format(port=self.port, root=self.root)))
        self.start()

    def _readable_tree(self):
        """The daemons give up root, and must then still reach their libraries."""
        path = os.path.join(self.root, "tree")
        shutil.copytree(os.path.join(tree(), "usr/lib/postfix"), os.path.join(path, "usr/lib/postfix"),
                        symlinks=True)
        os.makedirs(os.path.join(path, "usr/sbin"))
        return path

    def _write(self, name, text):
        with open(os.path.join(self.root, "etc", name), "w", encoding="ascii") as file:
            file.write(text)

    def start(self):
        libraries = os.path.join(self.tree, "usr/lib/postfix")
        environment = dict(os.environ, LD_LIBRARY_PATH=libraries,
                           MAIL_CONFIG=os.path.join(self.root, "etc"))
        command = [os.path.join(libraries, "sbin/master"), "-c", os.path.join(self.root, "etc"), "-d"]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "TERM"] + command
        with open(os.path.join(self.root, "output"), "ab") as output:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=output, start_new_session=True)
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    if probe.recv(4).startswith(b"220"):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        with open(os.path.join(self.root, "output"), encoding="utf-8", errors="replace") as output:
            raise AssertionError(f"Postfix did not start: {output.read()}\n{self.log()}")

    def stop(self, number=signal.SIGTERM):
        """master ends its daemons on SIGTERM; SIGKILL is for all of them."""
        if self._process is None:
            return
        if number == signal.SIGKILL:
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.send_signal(number)
        self._process.wait(20)
        self._process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._process is not None:
            # The session holds master and all that it started.
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait(20)
            self._process = None
        self._reservation.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def log(self):
        try:
            with open(os.path.join(self.root, "log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait_for_log(self, pattern, count=1, seconds=20):
        end = time.monotonic() + seconds
        while True:
            text = self.log()
            if len(re.findall(pattern, text)) >= count:
                return text
            if time.monotonic() > end:
                raise AssertionError(f"no {pattern!r} ({count} times) in Postfix's log:\n{text[-4000:]}")
            time.sleep(0.05)

    def messages(self, count=None, seconds=30):
        """The delivered files, once there are `count` of them; lines end in LF there."""
        new = os.path.join(self.root, "mail/all/new")
        end = time.monotonic() + seconds
        while True:
            names = sorted(os.listdir(new)) if os.path.isdir(new) else []
            if count is None or len(names) >= count:
                break
            if time.monotonic() > end:
                raise AssertionError(f"{len(names)} of {count} messages arrived:\n{self.log()[-4000:]}")
            time.sleep(0.05)
        found = []
        for name in names:
            with open(os.path.join(new, name), "rb") as file:
                found.append(file.read())
        return found
