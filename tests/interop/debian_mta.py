# SPDX-License-Identifier: Apache-2.0
"""Debian's Exim and OpenSMTPD as sending servers, out of the packages that ./bazelw has unpacked aside.

    with debian_mta.Exim(to_port=server.port) as mta:
        ... smtplib to mta.port; what it takes goes on to 127.0.0.1:to_port ...

Both have the names of accounts, spool and sockets compiled in. They run in a mount namespace of their own,
where /var/lib, /var/spool and /run are empty and /etc/passwd, /etc/group and /etc/resolv.conf are files of
this test: nothing of the machine's own is written, and no configuration of it is read. That needs root,
as these servers do. All ports are of 127.0.0.1 and the kernel's choice; names are not resolved.

A fixture is used by one thread. close() ends all that is in the namespace; the server itself dies with the
test (PR_SET_PDEATHSIG).
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from tests.e2e import postfix_fixture

# The shell of the namespace: $1 is the folder of the test, the rest the server's command.
_NAMESPACE = """
set -e
root=$1
shift
mount --bind "$root/passwd" /etc/passwd
mount --bind "$root/group" /etc/group
[ ! -e /etc/resolv.conf ] || mount --bind "$root/resolv.conf" /etc/resolv.conf
for hidden in /var/lib /var/spool /run /etc/exim4; do
  [ ! -d "$hidden" ] || mount -t tmpfs -o mode=755 none "$hidden"
done
%s
exec "$@"
"""


def _unpacked(name, program):
    tools = os.environ.get("POSTERN_TOOLS") or os.path.expanduser("~/.cache/postern/tools/bin")
    path = os.path.join(os.path.dirname(tools), name, program)
    if not os.path.exists(path):
        raise AssertionError(f"{name} is not unpacked: ./bazelw test ... does that")
    return path


def _mount_namespace(pid):
    """Its name, or None for a process that is gone."""
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt")
    except OSError:
        return None


class _Server:
    """One running server. `accounts` are names that its package would have made."""

    def __init__(self, accounts, setup, command, configuration):
        if os.geteuid() != 0:
            raise AssertionError("this server wants root and a mount namespace; run this test as root")
        self.root = tempfile.mkdtemp(prefix="interop-", dir="/tmp")
        os.chmod(self.root, 0o755)
        self._reservation = postfix_fixture.reserve_port()
        self.port = self._reservation.getsockname()[1]
        self._write_accounts(accounts)
        # Nobody there: what is asked all the same is refused at once.
        self.write("resolv.conf", "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n")
        self.write("configuration", configuration.format(root=self.root, port=self.port))
        setup, command = (
            text.format(root=self.root, port=self.port) for text in (setup, command))
        with open(os.path.join(self.root, "output"), "ab") as output:
            # unshare(1) becomes the shell, and that the server.
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "setpriv", "--pdeathsig", "KILL",
                 "sh", "-c", _NAMESPACE % setup, "sh", self.root, *command.split()],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        self._await_greeting()

    def _write_accounts(self, accounts):
        for kind, line in (("passwd", "{0}:x:{1}:{1}::/:/bin/false\n"), ("group", "{0}:x:{1}:\n")):
            with open("/etc/" + kind, encoding="utf-8") as file:
                # The machine may have the package as well.
                lines = [entry for entry in file if entry.split(":")[0] not in accounts]
            lines += [line.format(name, uid) for name, uid in accounts.items()]
            self.write(kind, "".join(lines))

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _await_greeting(self):
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 10) as probe:
                    if probe.recv(4).startswith(b"220"):
                        probe.sendall(b"QUIT\r\n")
                        probe.recv(1000)
                        return
            except OSError:
                pass
            time.sleep(0.05)
        said = self.log()
        self.close()
        raise AssertionError(f"{type(self).__name__} did not start: {said}")

    def log(self):
        """All that it wrote: standard output and error, and its log files."""
        text = ""
        for folder, _, names in sorted(os.walk(self.root)):
            for name in sorted(names):
                if name == "output" or name.endswith("log"):
                    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                        text += file.read()
        return text

    def wait_for_log(self, pattern, seconds=30):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.log()):
            if time.monotonic() > end:
                raise AssertionError(f"no {pattern!r} in the server's log:\n{self.log()[-4000:]}")
            time.sleep(0.05)
        return self.log()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._process is not None:
            # Exim delivers in sessions of their own; all are in the namespace, and nobody else is.
            namespace = _mount_namespace(self._process.pid)
            if namespace != _mount_namespace(os.getpid()):
                while others := [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                                 if namespace and _mount_namespace(pid) == namespace]:
                    for pid in others:
                        try:
                            os.kill(pid, signal.SIGKILL)
                        except ProcessLookupError:
                            pass
                    self._process.poll()
                    time.sleep(0.01)
            self._process.kill()
            self._process.wait(20)
            self._process = None
        self._reservation.close()
        shutil.rmtree(self.root, ignore_errors=True)


class Exim(_Server):
    """Exim with all extensions that it can offer and use. `transport` are more lines for smtp(8)."""

    _CONFIGURATION = """
exim_path = /var/lib/exim4/exim4
primary_hostname = exim.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
log_file_path = {root}/log/%slog
keep_environment =
tls_advertise_hosts =
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = accept
acl_smtp_data = accept
MORE
begin routers
onward:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = onward
begin transports
onward:
  driver = smtp
  port = TO_PORT
  allow_localhost
TRANSPORT
begin retry
* * F,1h,1m
"""

    _SETUP = """
mkdir /var/lib/exim4 /var/spool/exim4 {root}/log
cp {root}/exim4 /var/lib/exim4/exim4
chmod 4755 /var/lib/exim4/exim4
cp {root}/configuration /var/lib/exim4/config.autogenerated
chown Debian-exim:Debian-exim /var/spool/exim4 {root}/log
"""

    def __init__(self, to_port, transport="", more=""):
        self.program = _unpacked("exim", "usr/sbin/exim4")
        setup = self._SETUP.replace("{root}/exim4", self.program)
        configuration = self._CONFIGURATION.replace("TO_PORT", str(to_port))
        configuration = configuration.replace("TRANSPORT", transport).replace("MORE", more)
        super().__init__({"Debian-exim": 64990}, setup, "/var/lib/exim4/exim4 -bdf", configuration)


class OpenSmtpd(_Server):
    """OpenSMTPD. `scheme` is that of its relay URL."""

    _CONFIGURATION = """
listen on 127.0.0.1 port {port} hostname opensmtpd.example
action "onward" relay host "SCHEME://127.0.0.1:TO_PORT" MORE
match from any for any action "onward"
"""

    _SETUP = """
mkdir -p /var/lib/opensmtpd/empty
mkdir -m 711 /var/spool/smtpd
chmod 600 {root}/configuration
"""

    def __init__(self, to_port, scheme="smtp", more=""):
        program = _unpacked("opensmtpd", "usr/sbin/smtpd")
        configuration = self._CONFIGURATION.replace("TO_PORT", str(to_port))
        configuration = configuration.replace("SCHEME", scheme).replace("MORE", more)
        super().__init__({"opensmtpd": 64991, "opensmtpq": 64992}, self._SETUP,
                         f"{program} -d -v -f {{root}}/configuration", configuration)
