# SPDX-License-Identifier: Apache-2.0
"""Messages that are hard to carry, and how they are compared.

A server that sends puts fields of its own before a message; so it is given the fields that it would else
add, and what it was given must be the end of what the Maildir holds.
"""

import random

_HEADER = (b"From: Anna <anna@example.com>\r\nTo: bob@example.net\r\n"
           b"Date: Wed, 25 Nov 2026 04:22:56 +0000\r\nMessage-ID: <%s@example.com>\r\n"
           b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
           b"Content-Transfer-Encoding: 8bit\r\nSubject: %s\r\n\r\n")

DOTS = (b".\r\n..\r\n...\r\n.a\r\n..b\r\na.\r\n .\r\n. \r\n\r\n.\r\n\r\n" +
        b"".join(b"." * n + b"\r\n" for n in (4, 5, 60, 900)) + b"QUIT\r\nBDAT 3 LAST\r\n.\r\n")


def header(name):
    return _HEADER % (name.encode(), name.encode())


def dots():
    return header("dots") + DOTS + b"end\r\n"


def eight_bit():
    return header("eight-bit") + b"Gr\xc3\xbc\xc3\x9fe, \xe7\x94\xa8\xe6\x88\xb7\r\n.\r\n\r\nbye\r\n"


def large(octets, seed=3030):
    """Lines of text, dots and UTF-8, `octets` long, so that chunks end anywhere in them."""
    source = random.Random(seed)
    lines = [header("large")]
    length = len(lines[0])
    while length < octets:
        line = source.choice((b".", b"", b"..", b"\xc3\xa4" * 30)) + b"x" * source.randrange(300)
        lines.append(line[:900] + b"\r\n")
        length += len(lines[-1])
    return b"".join(lines)


def some(count, seed=5321):
    """`count` messages of every size up to 200,000 octets, most of them small; name and octets."""
    source = random.Random(seed)
    for i in range(count):
        size = source.choice((0, 10, 500, 5_000, 20_000, 200_000))
        body, left = [], size
        while left > 0:
            line = bytes(source.choices(b".. a\t=-\xc3\xa4QUITBDATx~", k=source.randrange(0, 400)))
            # A pair of octets that is no UTF-8 is a matter of the reader's, but not so for all servers.
            line = line.decode("utf-8", "ignore").encode()
            body.append(line + b"\r\n")
            left -= len(body[-1])
        yield f"m{i}", header(f"m{i}") + b"".join(body)


def difference(got, expected):
    """None, or a sentence on the first octet that differs."""
    if got == expected:
        return None
    at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
    return (f"{len(got)} octets instead of {len(expected)}, the first difference at {at}: "
            f"{got[at:at + 60]!r} instead of {expected[at:at + 60]!r}")
