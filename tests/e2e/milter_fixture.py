# SPDX-License-Identifier: Apache-2.0
"""Starts postern-milter on a port of 127.0.0.1 or a path, and always ends it.

    with milter_fixture.Milter("--table=...") as milter:
        ... milter.postfix(), milter.sendmail(): how main.cf and sendmail.mc name it ...

The log goes to a file. The process dies with the test (PR_SET_PDEATHSIG); under a sanitizer, what that
reports fails the test. Cases that both MTAs must pass are here as well (Cases).
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from tests.e2e import posternd_fixture

CONTENT = (b"From: a@example.net\r\nTo: b@example.org\r\nSubject: x\r\n\tfolded\r\n"
           b"Message-ID: <1@example.net>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n\r\n"
           b".dot\r\n..two\r\n.\r\nend \xc3\xa4\r\n")


# An account that every Debian has, in place of the milter's own.
USER = "daemon"


def milter_path():
    return os.path.join(os.getcwd(), "hosts/milter/postern-milter")


def sanitized():
    """Whether a sanitizer keeps memory for itself."""
    with open(milter_path(), "rb") as file:
        octets = file.read()
    return b"__asan_init" in octets or b"__tsan_init" in octets


def table(path, text):
    """A table of two entries; moved into place, as deployments do."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write('replies { id: UNRECOGNIZED code: 500 enhanced_code: "5.5.1"\n'
                   f'  text: "{text} is 100% strict" text: "second line of {{verb}}" }}\n')
    os.replace(path + ".new", path)


class Milter:
    """One running milter."""

    def __init__(self, *flags, socket="inet:127.0.0.1:0", start=True):
        self.directory = tempfile.mkdtemp(prefix="milter-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        self.log_path = os.path.join(self.directory, "log")
        self.stderr_path = os.path.join(self.directory, "stderr")
        self.socket = socket.replace("DIRECTORY", self.directory)
        self.flags = list(flags)
        self._process = None
        if start:
            self.start()

    def start(self):
        """Again under the same address, once it has one."""
        command = [milter_path(), f"--socket={self.socket}", f"--log_file={self.log_path}", "--verbose",
                   *self.flags]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL"] + command
        with open(self.stderr_path, "ab") as stderr:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                             stderr=stderr)
        self.pid = self._process.pid
        timer = threading.Timer(20, self._process.kill)
        timer.start()
        line = self._process.stdout.readline().decode("ascii")
        timer.cancel()
        match = re.fullmatch(r"listening on (\S+)\n", line)
        if not match:
            self.kill()
            raise AssertionError(f"postern-milter did not start: {line} {self.stderr()} {self.log()}")
        self.socket = match[1]

    def postfix(self):
        return self.socket

    def sendmail(self):
        if self.socket.startswith("unix:"):
            return self.socket
        address, port = self.socket[len("inet:"):].rsplit(":", 1)
        return f"inet:{port}@{address}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def signal(self, number):
        self._process.send_signal(number)

    def wait(self, seconds=20):
        status = self._process.wait(seconds)
        self._process.stdout.close()
        self._process = None
        self._check_for_reports()
        return status

    def kill(self):
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGKILL)
            self.wait()

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _check_for_reports(self):
        report = re.search(r"(?m)^.*(Sanitizer|runtime error:)(?s:.{0,4000})", self.stderr())
        if report:
            raise AssertionError(f"a sanitizer complains:\n{report[0]}")

    def stderr(self):
        return self._read(self.stderr_path)

    def log(self):
        return self._read(self.log_path)

    @staticmethod
    def _read(path):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait_for_log(self, pattern, count=1, seconds=20):
        end = time.monotonic() + seconds
        while len(re.findall(pattern, self.log())) < count:
            if time.monotonic() > end:
                raise AssertionError(f"no {pattern!r} ({count} times) in the log:\n{self.log()}")
            time.sleep(0.02)
        return self.log()

    def resident_octets(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Tools:
    """A test case mixes this in and gives mta(milter), which has port, messages(count) and
    restart(number), and body(message)."""

    def milter(self, *flags, **options):
        milter = Milter(*flags, **options)
        self.addCleanup(milter.close)
        return milter

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def documented_service(self, unit):
        """The milter as a unit file of a page starts it, as the user whom that names, but for the places;
        and the path of its socket there."""
        flags = re.search(r"(?m)^ExecStart=/usr/local/lib/postern/postern-milter (.*)$", unit)[1].split()
        self.assertRegex(unit, r"(?m)^User=postern-milter$")
        milter = self.milter(start=False, socket="unix:DIRECTORY/run/socket")
        # As RuntimeDirectory= or ExecStartPre= makes it.
        os.mkdir(os.path.join(milter.directory, "run"))
        shutil.chown(os.path.join(milter.directory, "run"), USER)
        path = os.path.join(milter.directory, "table.textproto")
        table(path, "This table")
        documented = None
        for flag in flags:
            name, _, value = flag.partition("=")
            if name == "--socket":
                documented = value[len("unix:"):]
            elif name == "--table":
                milter.flags.append(f"--table={path}")
            else:
                milter.flags.append(flag)
        milter.flags.append(f"--user={USER}")
        if "Group=postfix" in unit:
            milter.flags.append(f"--socket_group={USER}")
        milter.start()
        return milter, documented

    def greet(self, port):
        wire = posternd_fixture.Wire(port, "127.0.0.3")
        self.addCleanup(wire.close)
        wire.hello(b"client.example")
        return wire

    def deliver(self, port, content, seconds=30):
        """Sends until it is taken; whatever happens meanwhile must be a 4yz or a broken connection."""
        end = time.monotonic() + seconds
        while True:
            try:
                with posternd_fixture.Wire(port, "127.0.0.3") as wire:
                    reply = wire.read_reply()
                    for line in (b"EHLO client.example", b"MAIL FROM:<a@example.net>",
                                 b"RCPT TO:<b@example.org>", b"DATA"):
                        if reply[:1] not in b"23":
                            break
                        reply = wire.command(line)
                    if reply.startswith(b"354"):
                        wire.send(posternd_fixture.stuff(content) + b".\r\n")
                        reply = wire.read_reply()
                        if reply.startswith(b"250"):
                            return
                    if not reply.startswith(b"4"):
                        raise AssertionError(f"refused for good: {reply!r}")
            except (OSError, EOFError):
                pass
            if time.monotonic() > end:
                raise AssertionError("the message was never taken")
            time.sleep(0.1)

    def deliver_many(self, port, numbers, accepted, wrong):
        threads = []

        def send(number):
            try:
                self.deliver(port, CONTENT.replace(b"Subject: x", b"Subject: number-%d." % number))
                accepted.add(number)
            except AssertionError as error:
                wrong.append(error)

        for number in numbers:
            threads.append(threading.Thread(target=send, args=(number,)))
            threads[-1].start()
        return threads

    def assert_nothing_lost(self, mta, count, during):
        """`count` messages from as many clients, and `during` called when some are under way."""
        accepted, wrong = set(), []
        # One is sure to be in the middle of its content then.
        held = self.greet(mta.port)
        held.open_transaction()
        held.command(b"DATA")
        held.send(b"From: a@example.net\r\nSubject: held\r\n\r\nfirst half\r\n")
        threads = self.deliver_many(mta.port, range(count // 2), accepted, wrong)
        during()
        try:
            held.send(b"second half\r\n.\r\n")
            reply = held.read_reply()
        except (OSError, EOFError):
            reply = b"4yz by a broken connection"
        self.assertRegex(reply, rb"^4")
        threads += self.deliver_many(mta.port, range(count // 2, count), accepted, wrong)
        for thread in threads:
            thread.join(60)
        self.assertEqual(wrong, [])
        self.assertEqual(accepted, set(range(count)))
        kept = b"".join(mta.messages(count))
        for number in accepted:
            self.assertIn(b"Subject: number-%d." % number, kept)

    def load(self, messages):
        milter = self.milter()
        mta = self.mta(milter)

        def send(count):
            subprocess.run([posternd_fixture.tool("smtp-source", "postfix"), "-s", "10", "-m",
                            str(count), "-l", "2000", "-f", "a@example.net", "-t", "b@example.org",
                            "-M", "client.example", f"inet:127.0.0.1:{mta.port}"], check=True,
                           timeout=600, stdin=subprocess.DEVNULL)

        # What is allocated once is so after these.
        send(messages // 4)
        before = milter.resident_octets()
        send(messages - messages // 4)
        if not sanitized():
            self.assertLess(milter.resident_octets() - before, 4 * 1024 * 1024)
        self.assertEqual(len(mta.messages(messages, seconds=300)), messages)
        # Nothing is left at the end, and under a sanitizer nothing leaked.
        milter.signal(signal.SIGTERM)
        self.assertEqual(milter.wait(), 0)
        self.assertIn("stopped", milter.log())
        self.assertEqual(milter.log().count(" connect "), milter.log().count(" session "))


class Cases(Tools):
    """What holds with either MTA."""

    def test_mail_is_delivered_octet_for_octet(self):
        milter = self.milter()
        mta = self.mta(milter)
        large = CONTENT + b"".join(b"%06d .line of a large message\r\n.%d\r\n" % (n, n)
                                   for n in range(6000))
        for content in (CONTENT, large):
            reply = self.greet(mta.port).deliver(content)
            self.assertRegex(reply, rb"^250 2\.0\.0 ")
        found = sorted(mta.messages(2), key=len)
        self.assertEqual([self.body(message) for message in found], [CONTENT, large])
        self.assertNotIn("refused", milter.log().replace("refused=0", ""))

    def test_unknown_verbs_get_the_words_of_the_table(self):
        folder = self.folder()
        path = os.path.join(folder, "table.textproto")
        table(path, "This table")
        milter = self.milter(f"--table={path}")
        wire = self.greet(self.mta(milter).port)
        self.assertEqual(wire.command(b"XYZZY"),
                         b"500-5.5.1 This table is 100% strict\r\n500 5.5.1 second line of XYZZY\r\n")
        milter.wait_for_log(r'refused id=\S+ client=127\.0\.0\.3 code=500 rule=C500 line=XYZZY\n')
        # And the session goes on as if nothing had been (R2).
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")

    def test_helo_mail_and_rcpt_are_judged(self):
        milter = self.milter()
        wire = self.greet(self.mta(milter).port)
        self.assertRegex(wire.command(b"MAIL FROM:<a..b@example.net>"), rb"^501 5\.1\.7 ")
        self.assertRegex(wire.command(b"MAIL FROM:a@example.net"), rb"^501 5\.1\.7 ")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^250 ")
        self.assertRegex(wire.command(b"RCPT TO:<b..c@example.org>"), rb"^501 5\.1\.3 ")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.org>"), rb"^250 ")
        log = milter.wait_for_log("rule=C501", count=3)
        self.assertIn('line="RCPT TO:<b..c@example.org>"', log)
        # A bad name is told with MAIL, until a good one is given.
        self.assertRegex(wire.command(b"EHLO under_score"), rb"^250")
        self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>"), rb"^501 5\.5\.4 ")
        self.assertRegex(wire.command(b"XYZZY"), rb"^500[ -]5\.5\.1 ")
        self.assertRegex(wire.command(b"EHLO client.example"), rb"^250")
        self.assertRegex(wire.deliver(CONTENT), rb"^250 ")

    def test_what_the_mta_offers_is_not_refused(self):
        wire = self.greet(self.mta(self.milter()).port)
        for parameters in (b" SIZE=1000 BODY=8BITMIME", b" RET=HDRS ENVID=a+2Bb"):
            self.assertRegex(wire.command(b"MAIL FROM:<a@example.net>" + parameters), rb"^250 ")
            self.assertRegex(wire.command(b"RCPT TO:<b@example.org> NOTIFY=FAILURE,DELAY "
                                          b"ORCPT=rfc822;b@example.org"), rb"^250 ")
            self.assertRegex(wire.command(b"RSET"), rb"^250 ")
        self.assertRegex(wire.command(b"MAIL FROM:<>"), rb"^250 ")
        self.assertRegex(wire.command(b"RCPT TO:<b@example.org> NOTIFY=SOMETIMES"), rb"^501 5\.5\.4 ")

    def test_without_the_milter_mail_waits(self):
        milter = self.milter()
        mta = self.mta(milter)
        milter.kill()
        with posternd_fixture.Wire(mta.port, "127.0.0.3") as wire:
            replies = [wire.read_reply()]
            for line in (b"EHLO client.example", b"MAIL FROM:<a@example.net>"):
                if not replies[-1].startswith(b"4"):
                    replies.append(wire.command(line))
        self.assertRegex(replies[-1], rb"^4")

    def test_pipelined(self):
        mta = self.mta(self.milter())
        wire = self.greet(mta.port)
        wire.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b..c@example.org>\r\nXYZZY\r\n"
                  b"RCPT TO:<b@example.org>\r\nDATA\r\n")
        self.assertEqual([wire.read_reply()[:9] for _ in range(3)],
                         [b"250 2.1.0", b"501 5.1.3", b"500 5.5.1"])
        self.assertEqual([wire.read_reply()[:3] for _ in range(2)], [b"250", b"354"])
        wire.send(posternd_fixture.stuff(CONTENT) + b".\r\nQUIT\r\n")
        self.assertEqual([wire.read_reply()[:3] for _ in range(2)], [b"250", b"221"])
        self.assertEqual(self.body(mta.messages(1)[0]), CONTENT)

    def test_swaks_and_smtp_source(self):
        mta = self.mta(self.milter())
        subprocess.run([posternd_fixture.tool("swaks", "swaks"), "--server", "127.0.0.1", "--port",
                        str(mta.port), "--from", "a@example.net", "--to", "b@example.org",
                        "--helo", "client.example", "--header", "Subject: swaks"], check=True,
                       timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        subprocess.run([posternd_fixture.tool("smtp-source", "postfix"), "-s", "5", "-m", "50", "-l",
                        "3000", "-f", "a@example.net", "-t", "b@example.org", "-M", "client.example",
                        f"inet:127.0.0.1:{mta.port}"], check=True, timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(len(mta.messages(51)), 51)

    def test_a_table_is_swapped_while_mail_flows(self):
        path = os.path.join(self.folder(), "table.textproto")
        table(path, "Table one")
        milter = self.milter(f"--table={path}")
        mta = self.mta(milter)
        wire = self.greet(mta.port)
        wire.open_transaction()
        accepted, wrong = set(), []
        threads = self.deliver_many(mta.port, range(10), accepted, wrong)
        table(path, "Table two")
        milter.signal(signal.SIGHUP)
        milter.wait_for_log("reloaded")
        self.assertRegex(self.greet(mta.port).command(b"XYZZY"), rb"Table two")
        # A running session keeps what it began with.
        self.assertRegex(wire.command(b"XYZZY"), rb"Table one")
        wire.command(b"DATA")
        wire.send(posternd_fixture.stuff(CONTENT) + b".\r\n")
        self.assertRegex(wire.read_reply(), rb"^250 ")
        # One that is wrong is told by its place, and changes nothing.
        with open(path, "w", encoding="ascii") as file:
            file.write("# a comment\n"
                       'replies { id: UNRECOGNIZED code: 250 enhanced_code: "5.5.1" text: "x" }\n')
        milter.signal(signal.SIGHUP)
        log = milter.wait_for_log("reload refused, everything stays as it was")
        self.assertIn(f"{path}:2: ", log)
        self.assertRegex(self.greet(mta.port).command(b"XYZZY"), rb"Table two")
        for thread in threads:
            thread.join(60)
        self.assertEqual((accepted, wrong), (set(range(10)), []))
        mta.messages(11)

    def test_the_milter_is_killed_in_mid_flow_and_nothing_is_lost(self):
        milter = self.milter()
        mta = self.mta(milter)

        def kill_and_start():
            time.sleep(0.1)
            milter.kill()
            time.sleep(0.3)
            milter.start()

        self.assert_nothing_lost(mta, 20, kill_and_start)

    def test_the_mta_is_restarted_in_mid_flow_and_nothing_is_lost(self):
        milter = self.milter()
        mta = self.mta(milter)
        self.assert_nothing_lost(mta, 20, lambda: mta.restart(signal.SIGKILL))
        # What was cut off is gone from the milter as well.
        end = time.monotonic() + 20
        while milter.log().count(" connect ") != milter.log().count(" session "):
            self.assertLess(time.monotonic(), end, milter.log())
            time.sleep(0.1)
