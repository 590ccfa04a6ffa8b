# SPDX-License-Identifier: Apache-2.0
"""The golden transcripts of the engine (tests/transcripts) through whatever speaks to clients: a host.

Octets in and octets out must be those of the bare engine. A transcript may want of its host what the host
in question has not got (WANTS); what differs all the same is listed by name (DIFFERENT), with the reason, and
must differ. docs/hosts/README.md shows both, and transcripts_table_test.py holds it against these lists.

A host that is to be added: its entry in HOSTS and DIFFERENT, and a test that makes a TestCase with the mixin Through.
"""

import functools
import glob
import os
import re

from tests.e2e import posternd_fixture
from tests.e2e import scripted_server

FOLDER = "tests/transcripts"
_REPEATED = re.compile(r"\{((?:\\.|[^\\])*?)\*([0-9]+)\}")

# What a transcript may want: (which transcripts, why a host may not have it).
WANTS = {
    "answers": ("whose host answers late, to HELO, VRFY or DATA, or by a reply's name",
                "neither the Maildir nor the server behind can do that"),
    "refusals": ("whose host refuses senders, recipients or content",
                 "the Maildir takes what it gets, and Exim words its refusals itself"),
    "clock": ("in which time passes", "the clock is the machine's"),
    "auth": ("of AUTH", "the transcript decides about logins; here the password file does, or nothing is offered"),
    "queue": ("of ETRN", "the Maildir has no queue that it could start, nor has the server behind in this test"),
    "commands": ("whose host takes unknown commands for itself", "it leaves them all to the table"),
    "options": ("whose host asks for fewer events, UTF-8 in replies, or knows another address",
                "its options are its own"),
    "shutdown": ("in which the host is stopped",
                 "a stop is for all sessions; of spawn(8) each client has a process, which is stopped"),
    "tls_failed": ("in which a TLS handshake fails", "TLS has an alert to say first"),
    "implicit_tls": ("with TLS from the first octet", "it has STARTTLS; `listen_tls` is for ports"),
    "proxy": ("with a PROXY header", "its host has read it before"),
    "trusted": ("with XCLIENT and XFORWARD", "a gate takes neither"),
    "lmtp": ("of LMTP", "a gate speaks SMTP with its clients"),
    "chunking": ("with BDAT or BINARYMIME, or HELP that tells of them",
                 "Exim 4.96 is not to offer CHUNKING, and has no BINARYMIME; EHLO's list is compared without them"),
    "refused_content": ("in which content is refused that has begun",
                        "Exim's connection is dropped, as it cannot be told to forget content, and there is no "
                        "other: 421 behind the reply"),
    "table": ("with a reply table of their own", "the table is the same for all sessions of the test"),
}

# What each host has not got.
_ALWAYS = frozenset(("answers", "clock", "auth", "queue", "commands", "options", "tls_failed"))
HOSTS = {
    "posternd": _ALWAYS | {"refusals", "shutdown"},
    "posternd as a gate": _ALWAYS | {"shutdown", "trusted", "lmtp"},
    "posternd from spawn(8)": _ALWAYS | {"refusals", "implicit_tls"},
    "nginx": _ALWAYS | {"shutdown", "trusted", "proxy", "table"},
    "Exim, take-over": _ALWAYS | {"refusals", "shutdown", "trusted", "proxy", "lmtp", "implicit_tls",
                                  "chunking", "refused_content"},
}

# What differs though the host has all that is wanted: reason, {transcript: hosts}.
_GATES = ("posternd as a gate", "nginx")
_EXIM = "Exim, take-over"
DIFFERENT = {
    "client/off": (("posternd", "posternd from spawn(8)"),
                   "peers that are trusted are offered XCLIENT and XFORWARD: that is what they are named for"),
    "requiretls/in_tls": (_GATES, "the server behind is reached without TLS, so it has no REQUIRETLS "
                                  "to offer"),
    "answers/enhanced_code_left_out": (_GATES, "a refusal without an enhanced code gets none of a reason that "
                                               "the server behind did not give: 5.0.0"),
    "table/other_code": (("posternd as a gate",), "what the server behind refuses is told in its words, and not the table's"),
    "rrvs/rcpt": ((*_GATES, _EXIM), "RRVS is not among what a gate passes on, and not offered"),
    "deliverby/least_time": ((_EXIM,), "Exim has no DELIVERBY"),
    "deliverby/mail": ((_EXIM,), "Exim has no DELIVERBY"),
    "mt_priority/without_profile": ((_EXIM,), "Exim has no MT-PRIORITY"),
    "framing/mail_line_with_smtputf8": ((_EXIM,), "without BINARYMIME the longest MAIL is two octets shorter"),
    "mail/general_literal": ((_EXIM,), "Exim refuses address literals of other kinds than IPv4 and IPv6"),
}


# What a server behind says for a host that leaves the words to the table.
_TABLES_WORDS = {
    ("mail", "reject"): ("550", " 5.7.1", "Sender refused by policy"),
    ("mail", "defer"): ("451", " 4.7.1", "Sender cannot be accepted now, try again later"),
    ("rcpt", "reject"): ("550", " 5.1.1", "No such recipient here"),
    ("rcpt", "defer"): ("450", " 4.2.0", "Recipient cannot be accepted now, try again later"),
    ("content_end", "reject"): ("554", " 5.7.1", "Message refused by policy"),
    ("content_end", "defer"): ("451", " 4.3.0", "Message could not be taken now, try again later"),
}


def octets(text):
    """Of the transcripts' notation."""
    out = b""
    i = 0
    while i < len(text):
        repeated = _REPEATED.match(text, i)
        if repeated:
            out += octets(repeated[1]) * int(repeated[2])
            i = repeated.end()
        elif text[i] == "\\":
            if text[i + 1] == "x":
                out += bytes([int(text[i + 2:i + 4], 16)])
                i += 4
            else:
                out += {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0"}.get(
                    text[i + 1], text[i + 1].encode())
                i += 2
        else:
            out += text[i].encode("utf-8")
            i += 1
    return out


class Step:
    def __init__(self, what, sent, answers):
        self.what = what
        self.sent = sent
        self.expected = b""
        self.answers = answers  # verb: replies of the server behind


class Transcript:
    def __init__(self, path):
        self.name = os.path.relpath(path, FOLDER)[:-len(".txt")]
        self.config = []  # (key, value), of the engine
        self.table = []   # (key, value)
        self.options = []
        self.steps = []  # Step
        self.answers = {}  # of the step to come
        self.closed = False
        self.handshake = False  # one is to begin
        self.wants = set()
        with open(path, encoding="utf-8") as file:
            for line in file.read().split("\n"):
                self._read(line)

    def _read(self, line):
        kind, _, rest = line.partition(" ")
        if kind == "config:":
            self._configure(*rest.split("=", 1))
        elif kind == "O:":
            self.options = rest.split()
            self._step("open")
            for option in self.options:
                if option in ("proxy_header", "trusted"):
                    self.wants.add(option.partition("_")[0])
                elif option == "tls":
                    self.wants.add("implicit_tls")
                elif option != "can_starttls":
                    self.wants.add("options")
        elif kind == "C:":
            self._step("send", octets(rest))
        elif kind == "C+":
            self.steps[-1].sent += octets(rest)
        elif kind == "S:":
            if re.search("BDAT|BINARYMIME", rest) and not rest.startswith("250-BINARYMIME"):
                self.wants.add("chunking")
            self.steps[-1].expected += rest.encode("utf-8") + b"\r\n"
        elif kind == "A:":
            self._answer(rest)
        elif kind == "T:":
            self.wants.add("clock")
        elif kind == "V:":
            self.wants.add("answers")
        elif kind == "N:":
            if rest == "tls_established" and self.handshake:
                self.handshake = False
                self._step("tls")
            elif rest == "tls_established":
                self.wants.add("proxy")  # the header was before it
            elif rest == "disconnected":
                self._step("disconnect")
            elif rest in ("shutdown", "shutdown_now"):
                self.wants.add("shutdown")
                self._step(rest)
            else:
                self.wants.add(rest)
        elif line == "E: reset reason=content_refused":
            self.wants.add("refused_content")
        elif line == "E: start_tls":
            self.handshake = True
        elif kind == "E:" and rest.startswith("closed "):
            self.closed = True

        if kind in ("C:", "C+") and re.search(rb"(?i)BDAT|BINARYMIME", self.steps[-1].sent):
            self.wants.add("chunking")

    def _step(self, what, sent=b""):
        self.steps.append(Step(what, sent, self.answers))
        self.answers = {}

    def _answer(self, text):
        """What a server behind says, that the gate answers in these words."""
        answer = re.fullmatch(r'(mail|rcpt|content_end) (accept|reject|defer)'
                              r'(?: (\d{3})((?: [\d.]+)?) "((?:\\n|[^"\\])*)")?', text)
        if answer:
            event, verdict, code, enhanced, words = answer.groups()
            if (verdict, code) != ("accept", None):
                self.wants.add("refusals")
            if not code:
                code, enhanced, words = _TABLES_WORDS.get((event, verdict), ("250", "", ""))
            lines = [f"{enhanced} {line}" for line in words.split("\\n")] if words else [""]
            reply = "\r\n".join([f"{code}-{line[1:]}" for line in lines[:-1]] + [code + lines[-1]])
            verb = {"mail": "MAIL", "rcpt": "RCPT", "content_end": "."}[event]
            self.answers.setdefault(verb, []).append(reply.encode())
        elif not re.fullmatch(r"(helo|content_begin|starttls|connect) accept", text):
            self.wants.add("answers")

    def _configure(self, key, value):
        if key.startswith("table."):
            self.wants.add("table")
            self.table.append((key[len("table."):], octets(value).decode()))
            return
        if key.startswith("replies."):
            self.wants.add("options")
        if "auth" in key:
            self.wants.add("auth")
        if key == "extensions.etrn":
            self.wants.add("queue")
        if key == "offer_unknown_commands":
            self.wants.add("commands")
        if key == "protocol" and value == "lmtp":
            self.wants.add("lmtp")
        self.config.append((key, value))

    def engine_config(self):
        """Protobuf text."""
        groups = {}
        for key, value in self.config:
            group, _, field = key.rpartition(".")
            if key == "bare_newline":
                value = "BARE_NEWLINE_" + value.upper()
            elif key == "protocol":
                value = "PROTOCOL_" + value.upper()
            elif key in ("server_name", "mt_priority_profile"):
                value = f'"{value}"'
            elif group == "extensions":
                value = "SWITCH_" + value.upper()
            groups.setdefault(group, []).append(f"{field}: {value}")
        return "".join(f"{group} {{ {' '.join(fields)} }}\n" if group else "\n".join(fields) + "\n"
                       for group, fields in groups.items())

    def table_text(self):
        """Protobuf text, or nothing."""
        entries = {}
        for key, value in self.table:
            kind, _, name = key.partition(".")
            if kind == "footer":
                entry, field = ("footers", "reply_class: " + name), "text"
            elif kind == "topic":
                entry, field = ("help_topics", f'topic: "{name}"'), "text"
            else:
                entry = ("replies", "id: " + name)
                field = {"enhanced": "enhanced_code", "utf8": "utf8_text"}.get(kind, kind)
            quoted = value if field == "code" else '"%s"' % value.replace('"', r'\"')
            entries.setdefault(entry, []).append(f"{field}: {quoted}")
        return "".join(f"{group} {{ {head} {' '.join(fields)} }}\n"
                       for (group, head), fields in entries.items())

    def server(self):
        """What a server must be like; equal ones can share it."""
        return (self.engine_config(), self.table_text(), tuple(self.options),
                "refusals" in self.wants)


@functools.lru_cache(None)
def every():
    return [Transcript(path) for path in sorted(glob.glob(FOLDER + "/*/*.txt"))]


def through(host):
    """The transcripts that this host is put through."""
    return [transcript for transcript in every() if not transcript.wants & HOSTS[host]]


class Through:
    """For a unittest.TestCase. `host` is a key of HOSTS; connect() gives a Wire, with the greeting still to come,
    and notify() passes on what HOSTS says that the host can be told."""

    host = ""
    behind = None  # the server for transcripts that want "refusals"

    def connect(self, transcript):
        raise NotImplementedError

    def notify(self, wire, notice):
        raise NotImplementedError

    def run_transcript(self, transcript):
        wire = self.connect(transcript)
        self.addCleanup(wire.close)
        if "tls" in transcript.options and "proxy_header" not in transcript.options:
            wire.wrap_tls()
        for step in transcript.steps:
            if step.what == "tls":
                wire.wrap_tls()
            elif step.what == "disconnect":
                wire.close()
                return
            elif step.what.startswith("shutdown"):
                self.notify(wire, step.what)
            if "refusals" in transcript.wants:
                self.behind.script = {verb: list(replies) for verb, replies in step.answers.items()}
            try:
                wire.send(step.sent)
            except OSError as error:
                self.fail(f"{error} at {step.sent[:200]!r}")
            self.compare(wire, step)
        if transcript.closed:
            self.assertEqual(wire.read_to_end(), b"")
            return
        # Nothing more is said; whoever ends without QUIT gets no word.
        try:
            self.assertTrue(wire.silent(0.02))
        finally:
            wire.close()

    def compare(self, wire, step):
        """What comes to the octets of one step."""
        self.assertEqual(self.read(wire, len(step.expected)), step.expected,
                         f"to {step.sent[:200]!r}")

    @staticmethod
    def read(wire, size):
        got, wire._buffer = wire._buffer, b""  # pylint: disable=protected-access
        try:
            while len(got) < size:
                chunk = wire.socket.recv(size - len(got))
                if not chunk:
                    break
                got += chunk
        except OSError:
            pass
        return got

    def check(self, transcript):
        hosts, reason = DIFFERENT.get(transcript.name, ((), ""))
        if self.host not in hosts:
            self.run_transcript(transcript)
            return
        with self.assertRaises(AssertionError, msg=f"no difference any more: {reason}"):
            self.run_transcript(transcript)


def add_cases(case_class):
    """One test for each transcript, and one that there are many."""
    for transcript in through(case_class.host):
        def case(self, transcript=transcript):
            self.check(transcript)

        setattr(case_class, "test_" + re.sub(r"\W", "_", transcript.name), case)

    def most_are_run(self):
        self.assertGreater(len(through(self.host)), 150)
        listed = {name for name, (hosts, _) in DIFFERENT.items() if self.host in hosts}
        self.assertEqual(listed - {transcript.name for transcript in through(self.host)}, set())

    case_class.test_0_most_transcripts_are_run = most_are_run
    return case_class


def upstream_for_gates(folder):
    """A posternd that takes all, and offers all that a gate can pass on."""
    config = os.path.join(folder, "upstream.textproto")
    with open(config, "w", encoding="ascii") as file:
        file.write("engine { extensions { deliverby: SWITCH_ON mt_priority: SWITCH_ON } "
                   "limits { message_octets: 1000000000 } }\n")
    return posternd_fixture.Posternd("--server_name=mx.example", "--discard", f"--config={config}",
                                     maildir=False)


def refusing_upstream():
    """One that says what a transcript wants, else success without a word: then the words are the table's. It
    offers the same."""
    server = scripted_server.ScriptedServer(keywords=(
        b"PIPELINING", b"SIZE 1000000000", b"8BITMIME", b"SMTPUTF8", b"CHUNKING", b"BINARYMIME", b"DSN",
        b"DELIVERBY", b"MT-PRIORITY"))
    server.replies = {b"MAIL": b"250", b"RCPT": b"250", b".": b"250"}
    return server


def table_rows():
    """The lines of docs/hosts/README.md."""
    rows = ["| transcripts | " + " | ".join(HOSTS) + " | where not: why |",
            "| --- |" + " --- |" * len(HOSTS) + " --- |",
            "| all others | " + " | ".join("same" for _ in HOSTS) + " | |"]
    for want, (which, why) in WANTS.items():
        cells = ["not run" if want in lacks else "same" for lacks in HOSTS.values()]
        rows.append(f"| {which} | " + " | ".join(cells) + f" | {why} |")
    for name, (hosts, why) in DIFFERENT.items():
        wants = next(transcript.wants for transcript in every() if transcript.name == name)
        cells = ["differs" if host in hosts else "not run" if wants & lacks else "same"
                 for host, lacks in HOSTS.items()]
        rows.append(f"| `{name}` | " + " | ".join(cells) + f" | {why} |")
    return rows
