# SPDX-License-Identifier: Apache-2.0
"""Debian's Sendmail on a port of 127.0.0.1, out of the packages that ./bazelw has unpacked aside.

    with sendmail_fixture.Sendmail(mc="INPUT_MAIL_FILTER(...)dnl") as sendmail:
        ... sendmail.port, sendmail.messages(), sendmail.log() ...

It runs in the mount namespace of tests/interop/debian_mta.py, with a sendmail.cf that m4 makes of
sendmail-cf's macros and the lines given (OSTYPE(`debian') names places of the machine's own; what it says of
content is here as well); nothing of the machine's own is read or written. Recipients in
example.org are delivered as files, with CR LF as line end; others are refused.
"""

import os
import signal
import socket
import subprocess
import time

from tests.interop import debian_mta

MC = """divert(-1)
define(`_USE_ETC_MAIL_')
divert(0)dnl
VERSIONID(`test')
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx.example')dnl
define(`confSERVICE_SWITCH_FILE', `/var/lib/test/service.switch')dnl
define(`confPID_FILE', `/var/lib/test/pid')dnl
define(`QUEUE_DIR', `{root}/mqueue')dnl
define(`STATUS_FILE', `/var/lib/test/statistics')dnl
define(`ALIAS_FILE', `')dnl
define(`confCW_FILE', `-o /nonexistent')dnl
define(`confCT_FILE', `-o /nonexistent')dnl
define(`confCR_FILE', `-o /nonexistent')dnl
define(`confDEF_USER_ID', `mail:mail')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_QUEUEWARN', `')dnl
define(`confMAX_DAEMON_CHILDREN', `')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confMAX_HOP', `100')dnl
define(`confREJECT_NUL', `true')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA, Port={port}, Addr=127.0.0.1')dnl
LOCAL_DOMAIN(`example.org')dnl
{mc}
MAILER(`local')dnl
MAILER(`smtp')dnl
MAILER_DEFINITIONS
Mtofile, P={root}/deliver, F=lsDFMSn9, E=\\r\\n, A=deliver $u
LOCAL_RULE_0
R$* < @ example.org. > $*	$#tofile $@ example.org $: $1
{rules}
"""

# One file for each message, there under its name only once it is whole.
DELIVER = """#!/bin/sh
umask 022
file={root}/mail/$$-$(date +%s%N)
cat >"$file.part" && mv "$file.part" "$file.mail"
"""


class Sendmail(debian_mta._Server):
    """One running daemon. `mc` are lines for sendmail.mc, `rules` more behind all others; `files` names
    what lies in /var/lib/test beside the configuration, as text. `mounts` are folders to be seen at
    other places below /run."""

    _SETUP = """
mount --bind {root}/hosts /etc/hosts
mkdir -m 755 /var/lib/test
cp -r {root}/files/. /var/lib/test/
chown -R 0:0 /var/lib/test
chmod -R go-w /var/lib/test
[ ! -e /var/lib/test/server.key ] || chmod 600 /var/lib/test/server.key
"""

    def __init__(self, mc="", rules="", files=None, mounts=None):
        self._files = dict(files or {})
        # Sendmail waits a minute for a name with a dot in it.
        self._hosts = f"127.0.0.1 mx.example {socket.gethostname()} localhost\n"
        self._files.setdefault("service.switch", "hosts files\naliases files\npasswd files\n")
        self.program = debian_mta._unpacked("sendmail", "usr/libexec/sendmail/sendmail")
        self._macros = debian_mta._unpacked("sendmail", "usr/share/sendmail/cf/m4/cf.m4")
        configuration = MC
        for name, lines in (("{mc}", mc), ("{rules}", rules)):
            configuration = configuration.replace(name, lines.replace("{", "{{").replace("}", "}}"))
        command = f"{self.program} -C/var/lib/test/sendmail.cf -bD -q1s -X {{root}}/traffic.log"
        setup = self._SETUP
        for place, folder in (mounts or {}).items():
            setup += f"mkdir -p {place}\nmount --bind {folder} {place}\n"
        super().__init__({}, setup, command, configuration)

    def write(self, name, text):
        """Called by the base with each file; the configuration goes through m4."""
        super().write(name, text)
        if name != "configuration":
            return
        super().write("hosts", self._hosts)
        for folder, mode in (("mqueue", 0o700), ("mail", 0o777), ("files", 0o755)):
            os.mkdir(os.path.join(self.root, folder))
            os.chmod(os.path.join(self.root, folder), mode)
        for file, content in self._files.items():
            super().write(os.path.join("files", file), content)
        super().write("deliver", DELIVER.format(root=self.root))
        os.chmod(os.path.join(self.root, "deliver"), 0o755)
        folder = os.path.dirname(os.path.dirname(self._macros)) + "/"
        with open(os.path.join(self.root, "files/sendmail.cf"), "wb") as cf:
            subprocess.run(["m4", "-D_CF_DIR_=" + folder, self._macros,
                            os.path.join(self.root, "configuration")],
                           check=True, stdout=cf, stdin=subprocess.DEVNULL, timeout=60)

    def restart(self, number=signal.SIGTERM):
        """The daemon and all that it started end, by the signal, and another one begins."""
        namespace = debian_mta._mount_namespace(self._process.pid)
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            if pid != self._process.pid and debian_mta._mount_namespace(pid) == namespace:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        self._process.send_signal(number)
        self._process.wait(20)
        with open(os.path.join(self.root, "output"), "ab") as output:
            self._process = subprocess.Popen(self._process.args, stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=output, start_new_session=True)
        self._await_greeting()

    def messages(self, count=None, seconds=30):
        """The delivered files, once there are `count` of them."""
        folder = os.path.join(self.root, "mail")
        end = time.monotonic() + seconds
        while True:
            names = sorted(name for name in os.listdir(folder) if name.endswith(".mail"))
            if count is None or len(names) >= count:
                break
            if time.monotonic() > end:
                raise AssertionError(f"{len(names)} of {count} messages arrived:\n{self.log()[-4000:]}")
            time.sleep(0.05)
        found = []
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                found.append(file.read())
        return found
