#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A host of libpostern.so in plain Python: SMTP on standard input and output, events on standard
error. It accepts every message and throws it away. Nothing is compiled: ctypes reads the C
interface, of which only what is used is declared here (structs may be declared shorter than the
plugin's own, never reordered).

    ./stdio_host.py path/to/libpostern.so
"""

import ctypes as c
import os
import sys
import time

ABI_VERSION = 1 << 16
HAS_EVENT, HAS_OUTPUT, CLOSING = 1, 2, 16
HELO, MAIL, RCPT, CONTENT, CONTENT_END, ERROR, CLOSED = 3, 5, 6, 8, 9, 15, 17
ACCEPT = 1
DISCONNECTED = 3


class Bytes(c.Structure):
    _fields_ = [("data", c.c_void_p), ("size", c.c_size_t)]

    def get(self):
        return c.string_at(self.data, self.size)


LOG = c.CFUNCTYPE(None, c.c_void_p, c.c_int32, c.c_void_p, c.c_size_t)


class Host(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("user", c.c_void_p),
                ("log", LOG), ("allocate", c.c_void_p), ("deallocate", c.c_void_p)]


class Options(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("flags", c.c_uint32), ("now_ms", c.c_uint64),
                ("wanted_events", c.c_uint64), ("client_address", Bytes)]


class Event(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("type", c.c_uint32), ("flags", c.c_uint32),
                ("reserved", c.c_uint32), ("ticket", c.c_uint64)]


class OneSlice(c.Structure):  # HELO: the name; CONTENT: the octets
    _fields_ = [("event", Event), ("octets", Bytes)]


class Path(c.Structure):  # MAIL and RCPT begin alike
    _fields_ = [("event", Event), ("path", Bytes), ("mailbox", Bytes)]


class Numbers(c.Structure):  # ERROR: reply id, code, rule; CLOSED: the reason
    _fields_ = [("event", Event), ("first", c.c_uint32), ("code", c.c_uint32),
                ("rule", c.c_uint32)]


class Answer(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("verdict", c.c_int32), ("reply_id", c.c_uint32),
                ("code", c.c_uint32), ("enhanced", c.c_uint16 * 3), ("reserved", c.c_uint16),
                ("text", Bytes)]


def call(*arguments):
    return c.CFUNCTYPE(c.c_int32, *arguments)


class Api(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32), ("abi_version", c.c_uint32), ("version", Bytes),
        ("error_name", c.CFUNCTYPE(c.c_char_p, c.c_int32)),
        ("rule_name", c.CFUNCTYPE(c.c_char_p, c.c_uint32)),
        ("table_load", c.c_void_p), ("table_release", c.c_void_p),
        ("engine_create", call(c.POINTER(Host), c.c_char_p, c.c_size_t, c.c_void_p,
                               c.POINTER(c.c_void_p), c.c_void_p)),
        ("engine_set_table", c.c_void_p), ("engine_set_config", c.c_void_p),
        ("engine_release", c.CFUNCTYPE(None, c.c_void_p)),
        ("session_open", call(c.c_void_p, c.POINTER(Options), c.POINTER(c.c_void_p))),
        ("session_feed", call(c.c_void_p, c.c_void_p, c.c_size_t, c.POINTER(c.c_size_t))),
        ("session_next_event", call(c.c_void_p, c.POINTER(c.POINTER(Event)))),
        ("session_answer", call(c.c_void_p, c.c_uint64, c.POINTER(Answer))),
        ("session_output", call(c.c_void_p, c.POINTER(c.c_void_p), c.POINTER(c.c_size_t))),
        ("session_output_consumed", call(c.c_void_p, c.c_size_t)),
        ("session_tick", call(c.c_void_p, c.c_uint64)),
        ("session_next_deadline", call(c.c_void_p, c.POINTER(c.c_uint64))),
        ("session_notify", call(c.c_void_p, c.c_uint32)),
        ("session_info", c.c_void_p),
        ("session_close", c.CFUNCTYPE(None, c.c_void_p)),
    ]


@LOG
def log(_user, severity, text, size):
    say("log", severity, c.string_at(text, size).decode())


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def text(octets):
    return octets.get().decode("utf-8", "replace")


def handle(api, event, answer):
    """Looks at an event; what is not named here gets the default answer."""
    place = c.addressof(event)
    if event.type == HELO:
        say("helo", text(OneSlice.from_address(place).octets))
    elif event.type == MAIL:
        say("mail from", text(Path.from_address(place).mailbox))
    elif event.type == RCPT:
        say("rcpt to", text(Path.from_address(place).mailbox))
        answer.verdict = ACCEPT
    elif event.type == CONTENT:
        say("content", OneSlice.from_address(place).octets.size, "octets")
    elif event.type == CONTENT_END:
        say("message complete")
        answer.verdict = ACCEPT
    elif event.type == ERROR:
        error = Numbers.from_address(place)
        say("refused with", error.code, "by rule", api.rule_name(error.rule).decode())
    elif event.type == CLOSED:
        say("closed, reason", Numbers.from_address(place).first)


def pump(api, session, flags):
    """Takes all events, answers all decisions, sends all output."""
    while flags > 0 and flags & (HAS_EVENT | HAS_OUTPUT):
        if flags & HAS_EVENT:
            pointer = c.POINTER(Event)()
            flags = api.session_next_event(session, c.byref(pointer))
            if flags < 0 or not pointer:
                break
            answer = Answer(struct_size=c.sizeof(Answer))
            handle(api, pointer.contents, answer)
            ticket = pointer.contents.ticket
            if ticket:
                flags = api.session_answer(session, ticket, c.byref(answer))
        else:
            data, size = c.c_void_p(), c.c_size_t()
            flags = api.session_output(session, c.byref(data), c.byref(size))
            sent = os.write(1, c.string_at(data, size.value))
            flags = api.session_output_consumed(session, sent)
    return flags


def main(path):
    library = c.CDLL(path)
    library.postern_plugin_v1.restype = c.POINTER(Api)
    library.postern_plugin_v1.argtypes = [c.c_uint32, c.POINTER(Host)]
    host = Host(struct_size=c.sizeof(Host), log=log)
    pointer = library.postern_plugin_v1(ABI_VERSION, c.byref(host))
    if not pointer:
        return "the plugin refused"
    api = pointer.contents
    engine, session = c.c_void_p(), c.c_void_p()
    options = Options(struct_size=c.sizeof(Options), now_ms=time.monotonic_ns() // 1000000)
    if (api.engine_create(c.byref(host), None, 0, None, c.byref(engine), None) < 0 or
            api.session_open(engine, c.byref(options), c.byref(session)) < 0):
        return "cannot open a session"
    flags = pump(api, session, HAS_EVENT)
    while flags >= 0 and not flags & CLOSING:
        octets = os.read(0, 4096)
        if not octets:
            flags = pump(api, session, api.session_notify(session, DISCONNECTED))
            break
        api.session_tick(session, time.monotonic_ns() // 1000000)
        # Events point into this buffer: it stays as it is until they have been taken.
        buffer = c.create_string_buffer(octets, len(octets))
        used = 0
        while flags >= 0 and used < len(octets):
            consumed = c.c_size_t()
            flags = api.session_feed(session, c.addressof(buffer) + used, len(octets) - used,
                                     c.byref(consumed))
            used += consumed.value
            flags = pump(api, session, flags)
    api.session_close(session)
    api.engine_release(engine)
    return 1 if flags < 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: stdio_host.py path/to/libpostern.so")
    sys.exit(main(sys.argv[1]))
