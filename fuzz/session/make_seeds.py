#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the session target into corpus/session.

    ./bazelw build //fuzz/session:seeds
    python3 fuzz/session/make_seeds.py

The seeds are the golden transcripts (seeds_main.cc turns them into dialogues), the dialogues of
RFC 5321 appendix D, what real clients sent (capture.py), and one dialogue for each historical bug of a mail server that a session engine
can have, with its line of history in corpus/session.md. Files are named by the SHA-1 of their
content, so nothing is written twice. Files that a fuzzing engine added stay.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile

# Setup octets, by what they are (dialogue.h).
CAN_STARTTLS = {0: 2}
PROXY = {0: 4}
LMTP = {0: 32}
TRUSTED = {8: 7}
SUBMISSION = {7: 48}  # and FUTURERELEASE, with the time told
OFFER_PARAMETERS = {7: 64}
PARAMETER = 26
NORMALIZE = {2: 64}
SMALL_ERRORS = {3: 1}
SMALL_LINE = {3: 64}
SMALL_MESSAGE = {3: 128}
FEW_COMMANDS = {3: 4}
FEW_RECIPIENTS = {3: 16}
SHORT_TIMES = {4: 15}

AUTH = {0: 65}
IN_CLEAR = {7: 4}
EHLO = b"EHLO client.example\r\n"
LHLO = b"LHLO client.example\r\n"
MAIL = b"MAIL FROM:<a@client.example>\r\n"
RCPT = b"RCPT TO:<b@mx.example>\r\n"
ENVELOPE = EHLO + MAIL + RCPT + b"DATA\r\n"
END = b"\r\n.\r\n"
QUIT = b"QUIT\r\n"


def setup(*parts):
    octets = bytearray(10)
    for part in parts:
        for index, bits in part.items():
            octets[index] |= bits
    return bytes(octets)


def octets(text):
    """Octets of the client, 0xFF doubled."""
    return text.replace(b"\xff", b"\xff\xff")


def repeat(octet, count):
    return b"\xffX" + octet + count.to_bytes(2, "big")


def again(count):
    return b"\xffR" + bytes([count])


def notice(number):
    return b"\xffN" + bytes([number - 1])


def tick(index):
    return b"\xffT" + bytes([index])


def plan(event, verdict):
    return b"\xffA" + bytes([event, verdict, 0])


def verdict(number):
    return b"\xffV" + bytes([number, 0])


def smuggle(separator):
    return ENVELOPE + b"a" + separator + MAIL + RCPT + b"DATA\r\nevil" + END + QUIT


# name, history, setup, dialogue. CVE numbers as in the list that the project keeps; what could not be
# checked against a source is said to be so there.
HISTORY = [
    ("smuggle-lf-dot-lf", "CVE-2023-51764 (Postfix), -51765 (Sendmail), -51766 (Exim): LF . LF taken for the end", setup(), smuggle(b"\n.\n")),
    ("smuggle-lf-dot-crlf", "CVE-2023-51764: LF . CR LF taken for the end", setup(), smuggle(b"\n.\r\n")),
    ("smuggle-crlf-dot-lf", "CVE-2023-51765: CR LF . LF taken for the end", setup(), smuggle(b"\r\n.\n")),
    ("smuggle-cr-dot-cr", "CVE-2023-51766 and aiosmtpd CVE-2024-27305: CR . CR taken for the end", setup(), smuggle(b"\r.\r")),
    ("smuggle-crlf-dot-cr", "the same study: CR LF . CR", setup(), smuggle(b"\r\n.\r")),
    ("smuggle-crlf-dot-crcrlf", "the same study: CR LF . CR CR LF", setup(), smuggle(b"\r\n.\r\r\n")),
    ("smuggle-nul", "the same study: CR LF NUL . CR LF and CR LF . NUL CR LF", setup(), smuggle(b"\r\n\0.\r\n") + smuggle(b"\r\n.\0\r\n")),
    ("smuggle-normalize", "the same with newlines mended on the way, where a mended one must end nothing", setup(NORMALIZE), smuggle(b"\n.\n") + smuggle(b"\r.\r") + smuggle(b"\n.\r\n")),
    ("starttls-injection", "CVE-2011-0411 (Postfix), CVE-2011-1431 (netqmail), CVE-2014-3556 (nginx), CVE-2021-33515 (Dovecot), CVE-2021-38542 (James), CVE-2024-34083 (aiosmtpd): commands behind STARTTLS run inside TLS", setup(CAN_STARTTLS), EHLO + b"STARTTLS\r\nEHLO evil.example\r\n" + MAIL + RCPT + b"DATA\r\n" + notice(1) + MAIL + EHLO + MAIL + QUIT),
    ("starttls-half-line", "the same with half a line in the clear, which begins no line inside", setup(CAN_STARTTLS), EHLO + b"STARTTLS\r\nRSET" + notice(1) + b" \r\n" + EHLO + QUIT),
    ("starttls-twice", "the NO STARTTLS study (2021): STARTTLS inside TLS", setup(CAN_STARTTLS), EHLO + b"STARTTLS\r\n" + notice(1) + EHLO + b"STARTTLS\r\n" + MAIL),
    ("starttls-pipelined-reset", "CVE-2020-28018 (Exim): TLS state reset while pipelined input is there", setup(CAN_STARTTLS), EHLO + MAIL + b"STARTTLS\r\nRSET\r\nSTARTTLS\r\nRSET\r\n" + notice(1) + EHLO + MAIL + RCPT + b"DATA\r\nx" + END),
    ("tls-end-then-byte", "CVE-2026-45185 (Exim): inside TLS, content, the end of TLS, one octet more", setup(CAN_STARTTLS), EHLO + b"STARTTLS\r\n" + notice(1) + ENVELOPE + b"half" + notice(2) + b"x"),
    ("tls-fails-in-handshake", "the same family: the handshake fails, and the client goes on", setup(CAN_STARTTLS), EHLO + b"STARTTLS\r\n" + notice(2) + EHLO + MAIL),
    ("tls-hello-in-clear", "Postfix 3.7.2: a TLS hello where a command should be", setup(), b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\x0a\r\n" + b"\x16\x03\x01\0\xa5\x01\r\n" + EHLO),
    ("command-of-64k", "CVE-2005-1513 (qmail): a command line of any length; CVE-2005-1514: one without a blank", setup(), repeat(b"a", 65000) + b"\r\n" + b"NOOP " + repeat(b"b", 600) + b"\r\n" + EHLO + QUIT),
    ("line-never-ends", "OpenSMTPD audit (2015): long lines without an end", setup(SMALL_LINE), b"HELO " + repeat(b"a", 17000)),
    ("lmtp-recipients", "RFC 2033: a reply for each recipient, and none to BDAT LAST without one", setup(LMTP), LHLO + MAIL + RCPT + RCPT + b"\xffA" + bytes([9, 0, 0xF8, 2, 1, 0, 2, 0]) + b"DATA\r\nx" + END + MAIL + b"BDAT 2 LAST\r\nhi" + MAIL + RCPT + RCPT + b"\xffA" + bytes([9, 2, 0]) + b"BDAT 2 LAST\r\nhi" + EHLO + QUIT),
    ("xclient", "XCLIENT_README: attributes that break out of a header field, and the session that begins anew", setup(TRUSTED), EHLO + b"XCLIENT NAME=a+0D+0Ax ADDR=192.0.2.1\r\nXCLIENT ADDR=192.0.2.1 HELO=[IPv6:::1]\r\n" + MAIL + EHLO + b"XFORWARD IDENT=1\r\n" + MAIL + b"XCLIENT ADDR=192.0.2.2\r\n" + RCPT + b"DATA\r\nx" + END + QUIT),
    ("line-never-ends-behind-lf", "CVE-2020-28026 (Exim): a long line without newline hides another", setup(SMALL_LINE), b"NOOP\n" + repeat(b"a", 17000) + b"\r\n" + EHLO),
    ("long-ehlo", "CVE-2019-16928 (Exim): a very long EHLO", setup(), b"EHLO " + repeat(b"a", 11000) + b"\r\nEHLO " + b"a." * 127 + b"a\r\n" + b"EHLO " + b"a" * 505 + b"\r\n" + EHLO),
    ("quoted-empty", 'CVE-2020-10967 (Dovecot): RCPT <""@x>', setup(), EHLO + b'MAIL FROM:<""@client.example>\r\nRCPT TO:<""@x>\r\nRCPT TO:<"">\r\nRCPT TO:<"@x>\r\n'),
    ("angle-pairs", "CVE-2002-1337 (Sendmail crackaddr): many pairs of angle brackets", setup(), EHLO + b"MAIL FROM:" + b"<>" * 100 + b"\r\nMAIL FROM:<" + b"()" * 60 + b"a@b.example>\r\nMAIL FROM:<" + b"<" * 100 + b"a@b" + b">" * 100 + b"\r\n"),
    ("octet-ff", "CVE-2003-0161 (Sendmail prescan): the octet 0xFF, which is -1 as a char", setup(), octets(EHLO + b"MAIL FROM:<\xff@client.example>\r\nNOOP \xff\r\n\xff\r\nHELO \xff\xff\r\n")),
    ("backslashes", "CVE-2003-0694 (Sendmail) and CVE-2019-15846 (Exim): a backslash at the end of what is quoted", setup(), EHLO + b'MAIL FROM:<"\\"@client.example>\r\nMAIL FROM:<"a\\\r\nMAIL FROM:<"a\\">\r\nVRFY "\\\r\nMAIL FROM:<"\\\\"@client.example>\r\n'),
    ("utf8-cut-off", "CVE-2020-7046 (Dovecot): UTF-8 cut off in a parameter; CVE-2026-40686 (Exim): trailing octets", setup(), EHLO + b"MAIL FROM:<a@client.example> X=\xc3\r\nMAIL FROM:<\xe2\x82@client.example> SMTPUTF8\r\nNOOP \xf0\x9f\x93\r\nVRFY \xed\xa0\x80\r\nMAIL FROM:<a@\xc3\xbc.example> SMTPUTF8\r\nRCPT TO:<\xc3\xbc@mx.example>\r\n"),
    ("noop-malformed", "CVE-2020-10957 (Dovecot): malformed NOOP; -10958: a flood of newlines", setup(), b"NOOP \x01\r\nNOOP\t\r\nNOOP\0\r\n" + b"\n" * 40 + b"\r\n" + b"\r\n" * 10 + EHLO),
    ("name-without-value", "CVE-2020-28022 (Exim): name=value of MAIL and RCPT", setup(), EHLO + b"MAIL FROM:<a@client.example> SIZE\r\nMAIL FROM:<a@client.example> =\r\nMAIL FROM:<a@client.example> SIZE= BODY=\r\nMAIL FROM:<a@client.example> AUTH=<> SIZE=1\r\n" + MAIL + b"RCPT TO:<b@mx.example> NOTIFY\r\nRCPT TO:<b@mx.example> =x\r\n"),
    ("auth-newline", "CVE-2020-28021 (Exim): a newline in MAIL's AUTH= lands in a file", setup(), EHLO + b"MAIL FROM:<a@client.example> AUTH=a+0Ab\r\nMAIL FROM:<a@client.example> AUTH=a\nb\r\n\r\n"),
    ("parameters-thirty", "CVE-2020-28023 (Exim): many parameters", setup(), EHLO + b"MAIL FROM:<a@client.example>" + b" SIZE=1" * 30 + b"\r\nMAIL FROM:<a@client.example>" + b" x" * 200 + b"\r\n"),
    ("shell-sender", "CVE-2020-7247 (OpenSMTPD): a local-part with shell characters and no domain; CVE-2019-10149 (Exim): ${run{...}}", setup(), EHLO + b"MAIL FROM:<;sleep 9;>\r\nMAIL FROM:<;id;@>\r\n" + MAIL + b"RCPT TO:<${run{/bin/x}}@mx.example>\r\nRCPT TO:<`id`@mx.example>\r\n"),
    ("many-recipients", "CVE-2020-28017 (Exim), CVE-2005-1515 (qmail): recipients beyond counting", setup(FEW_RECIPIENTS), EHLO + MAIL + RCPT + again(110) + b"DATA\r\nx" + END + QUIT),
    ("bad-addresses-without-filter", "CVE-2020-35679 and -35680 (OpenSMTPD): leaks where addresses are refused", setup(), EHLO + MAIL + plan(6, 2) + RCPT + plan(6, 2) + RCPT + b"RSET\r\n" + MAIL + plan(6, 3) + RCPT + b"RSET\r\n" + QUIT),
    ("reset-within", "CVE-2011-1720 (Postfix), CVE-2017-15132 (Dovecot): an exchange aborted and begun again", setup(), EHLO + MAIL + RCPT + b"RSET\r\n" + EHLO + MAIL + b"RSET\r\n" + MAIL + RCPT + EHLO + MAIL + RCPT + b"DATA\r\nx" + END),
    ("disconnect-while-asked", "CVE-2019-11494 (Dovecot): the client goes away in the middle of an exchange", setup(), EHLO + MAIL + RCPT + b"DATA\r\nx" + plan(9, 5) + END + notice(3) + verdict(1)),
    ("disconnect-in-content", "CVE-2006-0058 (Sendmail): a timeout in DATA", setup(SHORT_TIMES), ENVELOPE + b"half a line" + tick(3) + tick(3) + b"\r\n.\r\n"),
    ("size-wraps", "CVE-2003-0714 (Exchange XEXCH50) and CVE-2020-28020 (Exim): sizes that wrap", setup(), EHLO + b"MAIL FROM:<a@client.example> SIZE=18446744073709551615\r\nMAIL FROM:<a@client.example> SIZE=18446744073709551616\r\nMAIL FROM:<a@client.example> SIZE=4294967296\r\nMAIL FROM:<a@client.example> SIZE=-1\r\nMAIL FROM:<a@client.example> SIZE=99999999999999999999\r\n"),
    ("bdat", "CVE-2017-16943, -16944, CVE-2020-28019 (Exim): BDAT, a dot in it, sizes that are none", setup(), EHLO + MAIL + RCPT + b"BDAT 10\r\n.\r\nBDAT 0 LAST\r\nBDAT 4294967296\r\nBDAT -1\r\nBDAT +1\r\nBDAT 1x\r\n"),
    ("bdat-chunks", "RFC 3030: chunks right and one octet off, commands in them, a last one of nothing", setup(), EHLO + MAIL + RCPT + b"BDAT 6\r\nQUIT\r\nBDAT 0\r\nBDAT 5\r\n.\r\nx\rBDAT 1\r\n\nBDAT 0 LAST\r\n" + MAIL + RCPT + b"BDAT 3 LAST\r\nx\r\n" + MAIL + RCPT + b"BDAT 2 LAST\r\nx\r\nNOOP\r\n" + QUIT),
    ("bdat-refused", "RFC 3030: what is behind a BDAT that is refused is no command", setup(), b"BDAT 6\r\nNOOP\r\n" + EHLO + b"BDAT 6 LAST\r\nQUIT\r\n" + MAIL + b"BDAT 6\r\nRSET\r\n" + RCPT + b"BDAT 6\r\nRSET\r\nRSET\r\n" + MAIL + RCPT + b"BDAT 4 FIRST\r\nQUIT\r\nDATA\r\nBDAT 6 LAST\r\nQUIT\r\n" + QUIT),
    ("bdat-count-wraps", "CVE-2020-28020 (Exim): a count of more than 32 bits, in a transaction and outside of one", setup(), EHLO + b"BDAT 4294967297\r\nxNOOP\r\nRSET\r\n"),
    ("bdat-sizes", "sizes at the end of 63 bits and beyond", setup(), EHLO + MAIL + RCPT + b"BDAT 9223372036854775807 LAST\r\nQUIT\r\n"),
    ("bdat-size-unknown", "a size that cannot be told: the connection ends", setup(), EHLO + MAIL + RCPT + b"BDAT 9223372036854775808\r\nQUIT\r\n"),
    ("bdat-host-refuses", "the host says no before a chunk, between two, and in its own words", setup(), EHLO + MAIL + RCPT + plan(7, 2) + b"BDAT 6\r\nNOOP\r\nBDAT 6 LAST\r\nNOOP\r\n" + MAIL + RCPT + plan(18, 3) + b"BDAT 2\r\nabBDAT 2\r\ncdRSET\r\n" + MAIL + RCPT + plan(18, 4) + b"BDAT 2\r\nabBDAT 2 LAST\r\ncd"),
    ("bdat-binary", "RFC 3030 section 3: BINARYMIME comes by BDAT, newlines as they are", setup(), octets(EHLO + b"MAIL FROM:<a@client.example> BODY=BINARYMIME\r\n" + RCPT + b"DATA\r\nBDAT 7\r\n\n\r.\n\0\xff\rBDAT 1 LAST\r\n\n" + QUIT)),
    ("bdat-newlines", "bare newlines in chunks and at their borders, made CR LF", setup(NORMALIZE), EHLO + MAIL + RCPT + b"BDAT 4\r\na\nb\rBDAT 3\r\n\nc\rBDAT 1 LAST\r\nd" + MAIL + RCPT + b"BDAT 2 LAST\r\na\r"),
    ("bdat-too-large", "D4: the message passes the limit in a chunk, and by the size of one", setup(SMALL_MESSAGE), EHLO + MAIL + RCPT + b"BDAT 65000\r\n" + repeat(b"a", 65000) + b"BDAT 600\r\n" + repeat(b"b", 600) + b"BDAT 6 LAST\r\nQUIT\r\n" + QUIT),
    ("bdat-late", "answers that come late or never, a shutdown between chunks, and a client that goes", setup(SHORT_TIMES), EHLO + MAIL + RCPT + plan(7, 5) + b"BDAT 2\r\nab" + verdict(1) + plan(18, 5) + b"BDAT 2\r\ncd" + notice(3) + verdict(1) + plan(9, 5) + b"BDAT 0 LAST\r\n" + tick(4)),
    ("dsn", "RFC 3461: parameters right, wrong, twice and too long", setup(), EHLO + b"MAIL FROM:<a@client.example> RET=HDRS ENVID=a+2Bb\r\nRCPT TO:<b@mx.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@mx.example\r\nRCPT TO:<b@mx.example> NOTIFY=NEVER,DELAY\r\nRCPT TO:<b@mx.example> ORCPT=rfc822;+0\r\nRSET\r\nMAIL FROM:<a@client.example> RET=FULL RET=HDRS\r\nMAIL FROM:<a@client.example> ENVID=" + b"x" * 101 + b"\r\n"),
    ("etrn", "CVE-2025-26794 and -67896 (Exim): ETRN's argument in SQL", setup(), EHLO + b"ETRN ' OR 1=1 --\r\nETRN @x\r\nETRN #q\r\n"),
    ("auth", "CVE-2018-6789 (Exim): base64 of length 4n+3; CVE-2023-42114 to -42116: exchanges. AUTH is switched off", setup(), EHLO + b"AUTH PLAIN AAA\r\nAUTH PLAIN =\r\n*\r\nAUTH EXTERNAL\r\nMAIL FROM:<a@client.example> AUTH=a+GG\r\n"),
    ("auth-exchange", "CVE-2018-6789, CVE-2023-42114 to -42116 (Exim): responses of every length and kind", setup(AUTH), EHLO + b"AUTH PLAIN AAA\r\nAUTH PLAIN =\r\n" + plan(0, 7) + b"AUTH LOGIN\r\nAAA\r\n" + plan(0, 7) + b"AUTH LOGIN\r\n*\r\n" + plan(0, 7) + b"AUTH LOGIN AA==\r\n" + repeat(b"A", 12286) + b"\r\n" + plan(0, 7) + b"AUTH LOGIN\r\n" + plan(0, 7) + repeat(b"A", 12284) + b"\r\n" + plan(0, 2) + b"AA==\r\n"),
    ("auth-smuggled", "octets behind AUTH, line ends within a response", setup(AUTH), EHLO + plan(0, 7) + b"AUTH PLAIN\r\nAAAA\nNOOP\r\nRSET\r\n" + plan(0, 7) + b"AUTH PLAIN\r\nAA\rA\r\n" + plan(0, 7) + b"AUTH PLAIN\r\nA\0AA\r\n" + plan(0, 7) + b"AUTH PLAIN\r\nQUIT\r\nMAIL FROM:<a@client.example> AUTH=a+40b\r\nAUTH PLAIN =\r\n"),
    ("auth-late", "answers that come late or never, a shutdown, and a client that goes", setup(AUTH, SHORT_TIMES), EHLO + plan(0, 5) + b"AUTH PLAIN =\r\n" + verdict(7) + plan(0, 5) + b"AAAA\r\n" + tick(4) + plan(0, 7) + b"AUTH LOGIN\r\n" + plan(0, 5) + b"AAAA\r\n" + notice(4) + verdict(7)),
    ("auth-guessed", "failures beyond the limit", setup(AUTH), EHLO + (plan(0, 2) + b"AUTH PLAIN =\r\n") * 4),
    ("auth-before-tls", "AUTH in the clear, and again behind STARTTLS", setup({0: 66}, IN_CLEAR), EHLO + b"AUTH PLAIN =\r\nSTARTTLS\r\n" + notice(1) + b"AUTH PLAIN =\r\n" + EHLO + b"AUTH PLAIN =\r\n"),
    ("xclient", "CVE-2026-28753 (nginx): XCLIENT from anybody, with xtext that is none", setup(), EHLO + b"XCLIENT NAME=a+0Db LOGIN=+\r\nXCLIENT ADDR=+GG\r\n"),
    ("xclient-behind-login", "nginx: credentials that stay when the client becomes another", b"\x41" + bytes(7) + b"\x07\0", EHLO + b"AUTH PLAIN AGEAYg==\r\nXCLIENT NAME=other.example ADDR=198.51.100.7\r\nEHLO other.example\r\nAUTH PLAIN AGEAYg==\r\nQUIT\r\n"),
    ("proxy-v1", "CVE-2023-42117 (Exim): addresses of a PROXY header", setup(PROXY), b"PROXY TCP4 192.0.2.7 192.0.2.25 56324 25\r\n" + EHLO),
    ("proxy-v1-107", "a header of version 1 of 107 octets", setup(PROXY), b"PROXY UNKNOWN " + b"f" * 91 + b"\r\n" + EHLO),
    ("proxy-v1-108", "and one of 108", setup(PROXY), b"PROXY UNKNOWN " + b"f" * 92 + b"\r\n" + EHLO),
    ("proxy-v1-address", "an address that is none", setup(PROXY), b"PROXY TCP6 ::1%25 fe80::1::2 1 2\r\n" + EHLO),
    ("proxy-v2-length", "a header of version 2 whose length lies", setup(PROXY), octets(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff\xc0\0\x02\x07") + EHLO),
    ("proxy-v2-local", "a header of version 2 that is the proxy's own", setup(PROXY), b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0" + EHLO),
    ("proxy-after-banner", "a header where none is expected", setup(), b"PROXY TCP4 192.0.2.7 192.0.2.25 56324 25\r\n" + EHLO),
    ("http", "CVE-2021-3618 (ALPACA): another protocol on this port", setup(SMALL_ERRORS), b"GET / HTTP/1.1\r\nHost: mx.example\r\n\r\n" + EHLO),
    ("lf-lf", "line ends in all orders", setup(), b"NOOP\n\nNOOP\r\r\nNOOP\n\r\nNOOP\r\n\nNOOP\r\nNOOP\r\0\nNOOP\r\n"),
    ("message-over-limit", "RFC 1870 section 6.3: more than was allowed, and then smuggling", setup(SMALL_MESSAGE), ENVELOPE + b"\xffX" + b"y" + (65530).to_bytes(2, "big") + b"\r\nzz\r\nz\n.\n" + MAIL + END + QUIT),
    ("commands-without-end", "RFC 5321 section 7.8: commands that lead nowhere", setup(FEW_COMMANDS), EHLO + b"NOOP\r\n" + again(12)),
]

# RFC 5321 appendix D.
APPENDIX_D = [
    ("appendix-d1", setup(), b"EHLO bar.com\r\nMAIL FROM:<Smith@bar.com>\r\nRCPT TO:<Jones@foo.com>\r\n" + plan(6, 2) + b"RCPT TO:<Green@foo.com>\r\nRCPT TO:<Brown@foo.com>\r\nDATA\r\nBlah blah blah...\r\n...etc. etc. etc.\r\n.\r\nQUIT\r\n"),
    ("appendix-d2", setup(), b"EHLO bar.com\r\nMAIL FROM:<Smith@bar.com>\r\nRCPT TO:<Jones@foo.com>\r\n" + plan(6, 2) + b"RCPT TO:<Green@foo.com>\r\nRSET\r\nQUIT\r\n"),
    ("appendix-d3", setup(), b"EHLO foo.com\r\nMAIL FROM:<JQP@bar.com>\r\nRCPT TO:<Jones@XYZ.COM>\r\nDATA\r\nReceived: from bar.com by foo.com ; Thu, 21 May 1998\r\n    05:33:29 -0700\r\nDate: Thu, 21 May 1998 05:33:22 -0700\r\nFrom: John Q. Public <JQP@bar.com>\r\nSubject: The Next Meeting of the Board\r\nTo: Jones@xyz.com\r\n\r\nBill:\r\nThe next meeting of the board of directors will be\r\non Tuesday.\r\n                        John.\r\n.\r\nQUIT\r\n"),
    ("appendix-d4", setup(), b"EHLO bar.com\r\nVRFY Crispin\r\nEXPN Example-People\r\nMAIL FROM:<EAK@bar.com>\r\nRCPT TO:<Admin.MRC@foo.com>\r\nDATA\r\nBlah blah blah...\r\n...etc. etc. etc.\r\n.\r\nQUIT\r\n"),
]

ACCEPT, REJECT, DEFER, DISCONNECT, LATER, CHALLENGE = 1, 2, 3, 4, 5, 7


def worded(event, number, code, enhanced, text):
    """The next decision of that event type gets an override."""
    return b"\xffA" + bytes([event, number, 2]) + code.to_bytes(2, "big") + bytes(enhanced) + bytes([len(text)]) + text


def long_text(event, number, code, enhanced, count):
    return b"\xffA" + bytes([event, number, 3]) + code.to_bytes(2, "big") + bytes(enhanced) + count.to_bytes(2, "big")


def wrong_ticket(number):
    return b"\xffW" + bytes([number, 0])


def with_id(event, number, reply_id):
    """The next decision of that event type is answered with another reply of the table."""
    return b"\xffA" + bytes([event, number, 1, reply_id])


ANY_TIME = b"".join(tick(index) for index in range(8))
CHUNKS = EHLO + MAIL + RCPT
CAN_UNKNOWN = {0: 8}
CONTENT_BEGIN, CHUNK_END, AUTH_EVENT, ETRN_EVENT, ATRN_EVENT, BURL_EVENT = 7, 18, 19, 21, 22, 23
# TLS, AUTH, ETRN, ATRN, BURL and its arguments.
QUEUES = {0: 1, 7: 8, 8: 0x78}
LOGIN = EHLO + b"AUTH PLAIN AGEAYg==\r\n"


def fetched(index):
    """The next BURL is accepted, with so many octets (kFetched of dialogue.h)."""
    return b"\xffA" + bytes([BURL_EVENT, ACCEPT, index * 4])


# What hosts do, right and wrong, that no transcript has.
HOSTS = [
    ("burl-too-large-together", setup(QUEUES, SMALL_MESSAGE), LOGIN + MAIL + RCPT + fetched(3) + b"BURL a:b\r\n" + fetched(2) + b"BURL a:b LAST\r\n" + MAIL + RCPT + fetched(3) + b"BURL a:b\r\nBDAT 1\r\nx" + fetched(1) + b"BURL a:b LAST\r\n" + MAIL + RCPT + fetched(3) + b"BURL a:b\r\nBDAT 2 LAST\r\nxy" + MAIL + RCPT + fetched(7) + b"BURL a:b LAST\r\n"),
    ("burl-behind-a-cr", setup(QUEUES, NORMALIZE), LOGIN + MAIL + RCPT + b"BDAT 2\r\na\rBURL a:b LAST\r\n" + MAIL + RCPT + b"BURL a:b\r\nBDAT 2 LAST\r\n\na" + EHLO + MAIL + RCPT + b"BDAT 1\r\n\rBURL a:b\r\nBURL a:b LAST\r\nQUIT\r\n"),
    ("burl-refused-and-a-chunk-behind-it", setup(QUEUES), LOGIN + MAIL + RCPT + b"BDAT 2\r\nab" + plan(BURL_EVENT, REJECT) + b"BURL a:b\r\nBDAT 2 LAST\r\ncd" + MAIL + RCPT + b"BURL bad\r\nBDAT 2 LAST\r\ncd" + MAIL + RCPT + b"BURL a:b\n\r\nBDAT 2 LAST\r\ncd" + MAIL + RCPT + b"BURL bad LAST\r\n" + MAIL),
    ("burl-octets-of-a-refusal", setup(QUEUES), LOGIN + MAIL + RCPT + b"\xffA" + bytes([BURL_EVENT, REJECT, 8]) + with_id(BURL_EVENT, ACCEPT, 248) + fetched(1) + b"BURL a:b LAST\r\n" + MAIL + RCPT + with_id(BURL_EVENT, ACCEPT, 248) + b"BURL a:b\r\n" + with_id(BURL_EVENT, REJECT, 251) + b"BURL a:b LAST\r\n"),
    ("burl-too-late", setup(QUEUES, SHORT_TIMES), LOGIN + MAIL + RCPT + plan(BURL_EVENT, LATER) + b"BURL a:b LAST\r\n" + ANY_TIME + MAIL + RCPT + plan(BURL_EVENT, LATER) + b"BURL a:b\r\n" + verdict(ACCEPT) + plan(BURL_EVENT, LATER) + b"BURL a:b\r\n" + ANY_TIME + b"BURL a:b LAST\r\n"),
    ("burl-at-the-limit-of-errors", setup(QUEUES, SMALL_ERRORS), LOGIN + MAIL + RCPT + b"XYZZY\r\n" + plan(BURL_EVENT, REJECT) + b"BURL a:b LAST\r\nNOOP\r\n"),
    ("burl-and-a-shutdown", setup(QUEUES), LOGIN + MAIL + RCPT + b"BURL a:b\r\n" + notice(4) + plan(BURL_EVENT, DEFER) + b"BURL a:b LAST\r\n" + MAIL),
    ("atrn-and-what-is-behind-it", setup(QUEUES), LOGIN + plan(ATRN_EVENT, DEFER) + b"ATRN\r\n" + plan(ATRN_EVENT, REJECT) + b"ATRN a.example,b.example\r\nATRN\r\n220 hello\r\nQUIT\r\n"),
    ("atrn-too-late", setup(QUEUES, SHORT_TIMES), LOGIN + plan(ATRN_EVENT, LATER) + b"ATRN\r\n" + ANY_TIME + plan(ATRN_EVENT, LATER) + b"ATRN\r\n" + notice(4) + verdict(ACCEPT)),
    ("etrn-in-all-ways", setup(QUEUES), EHLO + b"ETRN @a.example\r\nETRN #q\r\n" + plan(ETRN_EVENT, REJECT) + b"ETRN a.example\r\n" + with_id(ETRN_EVENT, ACCEPT, 241) + b"ETRN a.example\r\nATRN\r\nBURL a:b\r\n" + worded(ETRN_EVENT, REJECT, 550, [5, 7, 1], b"no") + worded(ETRN_EVENT, REJECT, 459, [4, 7, 1], b"no") + b"ETRN a.example\r\n"),
    ("reply-ids", setup(CAN_UNKNOWN), with_id(3, REJECT, 31) + EHLO + EHLO + with_id(6, REJECT, 250) + MAIL + RCPT + with_id(14, REJECT, 103) + b"XYZZY\r\n" + with_id(14, ACCEPT, 180) + b"XYZZY\r\n" + with_id(13, ACCEPT, 180) + b"HELP x\r\n" + with_id(6, REJECT, 0) + RCPT),
    ("closed-for-errors-by-the-host", setup(), EHLO + with_id(5, DISCONNECT, 160) + MAIL + MAIL),
    ("closed-for-commands-by-the-host", setup(), EHLO + with_id(5, DISCONNECT, 161) + MAIL + MAIL),
    ("unknown-accepted", setup(CAN_UNKNOWN), EHLO + plan(14, ACCEPT) + b"XYZZY\r\n" + plan(13, ACCEPT) + b"HELP x\r\n" + plan(14, LATER) + b"XYZZY\r\n" + verdict(ACCEPT) + verdict(DEFER)),
    ("chunk-too-large", setup(SMALL_MESSAGE), CHUNKS + b"BDAT 70000 LAST\r\n" + repeat(b"y", 65000) + repeat(b"y", 5000) + MAIL + RCPT),
    ("chunks-too-large-together", setup(SMALL_MESSAGE), CHUNKS + b"BDAT 60000\r\n" + repeat(b"y", 60000) + b"BDAT 6000\r\n" + repeat(b"y", 6000) + b"BDAT 1 LAST\r\nx" + MAIL),
    ("chunks-grow-too-large", setup(SMALL_MESSAGE, NORMALIZE), CHUNKS + b"BDAT 40000\r\n" + repeat(b"\n", 40000) + b"BDAT 1 LAST\r\nx" + MAIL),
    ("chunk-begin-too-late", setup(SHORT_TIMES), CHUNKS + plan(CONTENT_BEGIN, LATER) + b"BDAT 3\r\n" + ANY_TIME + b"abc" + b"BDAT 1 LAST\r\nx" + MAIL),
    ("chunk-end-too-late", setup(SHORT_TIMES), CHUNKS + plan(CHUNK_END, LATER) + b"BDAT 3\r\nabc" + ANY_TIME + b"BDAT 1 LAST\r\nx" + MAIL),
    ("chunk-end-refused", setup(), CHUNKS + plan(CHUNK_END, REJECT) + b"BDAT 3\r\nabcBDAT 1 LAST\r\nx" + MAIL),
    ("binary-behind-data", setup(), EHLO + b"MAIL FROM:<a@client.example> BODY=BINARYMIME\r\n" + RCPT + b"DATA\r\nBDAT 4 LAST\r\n\0\n\r." + MAIL),
    ("data-behind-bdat", setup(), CHUNKS + b"BDAT 2\r\nhiDATA\r\nRCPT TO:<c@mx.example>\r\nBDAT x\r\nBDAT 2 LAST\r\nhiBDAT 2\r\nhi" + CHUNKS + b"BDAT 2\r\nhiRSET\r\n"),
    ("bdat-refused-in-words", setup(), CHUNKS + worded(CONTENT_BEGIN, REJECT, 550, [5, 7, 1], b"no chunks of yours") + b"BDAT 3\r\nabcBDAT 1 LAST\r\nx" + MAIL),
    ("bdat-accepted-in-words", setup(), CHUNKS + with_id(CONTENT_BEGIN, ACCEPT, 40) + b"BDAT 3\r\nabc" + worded(CHUNK_END, ACCEPT, 250, [2, 0, 0], b"taken") + b"BDAT 1 LAST\r\nx"),
    ("bdat-of-no-size", setup(), CHUNKS + b"BDAT 99999999999999999999\r\nNOOP\r\n"),
    ("bdat-of-nothing", setup(), CHUNKS + b"BDAT 0\r\nBDAT 0 LAST\r\n" + MAIL),
    ("bdat-with-bare-lf", setup(), CHUNKS + b"BDAT 4\r\na\nbcBDAT 1 LAST\r\nx" + MAIL),
    ("bdat-with-bare-lf-mended", setup(NORMALIZE), CHUNKS + b"BDAT 4\r\na\nb\rBDAT 1 LAST\r\nx" + MAIL),
    ("bdat-without-envelope", setup(SMALL_ERRORS), b"BDAT 3\r\nabc" + EHLO + b"BDAT 3 LAST\r\nabcBDAT\r\nBDAT 3 X\r\nabc" + MAIL + b"BDAT 3\r\nabc" * 4),
    ("bdat-and-a-shutdown", setup(), CHUNKS + b"BDAT 2\r\nhi" + notice(4) + b"BDAT 2 LAST\r\nhi" + MAIL),
    ("bdat-refused-and-a-shutdown", setup(), CHUNKS + plan(CONTENT_BEGIN, REJECT) + b"BDAT 9 LAST\r\nhi" + notice(4) + b"there.." + MAIL),
    ("too-soon-says-the-host", setup(), EHLO + with_id(5, REJECT, 220) + MAIL + RCPT),
    ("too-many-transactions-says-the-host", setup(), EHLO + with_id(5, DEFER, 223) + MAIL + RCPT),
    ("chunk-refused-at-the-limit-of-errors", setup(SMALL_ERRORS), CHUNKS + b"XYZZY\r\n" + plan(CONTENT_BEGIN, REJECT) + b"BDAT 3\r\nabcBDAT 1 LAST\r\nx" + MAIL),
    ("chunk-refused-behind-one-error", setup({3: 2}), CHUNKS + b"XYZZY\r\nXYZZY\r\n" + plan(CONTENT_BEGIN, REJECT) + b"BDAT 3\r\nabcBDAT 1 LAST\r\nx" + MAIL),
    ("bdat-behind-helo", setup(), b"HELO client.example\r\n" + MAIL + RCPT + b"BDAT 3\r\nabc"),
    ("wrong-ticket", setup(), EHLO + plan(5, LATER) + MAIL + wrong_ticket(ACCEPT) + wrong_ticket(REJECT) + verdict(ACCEPT) + wrong_ticket(ACCEPT) + QUIT),
    ("answered-twice", setup(), EHLO + b"\xff2" + MAIL + b"\xff2" + RCPT + plan(7, LATER) + b"DATA\r\n" + b"\xff2" + verdict(ACCEPT) + b"x" + END),
    ("worded-to-the-limit", setup(), EHLO + b"".join(long_text(6, REJECT, 550, [5, 1, 1], n) for n in range(505, 494, -1)) + MAIL + RCPT + b"".join(long_text(6, REJECT, 550, [0, 0, 0], n) for n in range(509, 494, -1)) + RCPT),
    ("worded-in-every-class", setup(), EHLO + b"".join(worded(5, v, c, [c // 100, 0, 0], b"no") for v in (ACCEPT, REJECT, DEFER) for c in (250, 354, 421, 451, 452, 550, 553, 554, 599)) + MAIL * 4 + RCPT),
    ("worded-421", setup(), EHLO + worded(5, DEFER, 421, [4, 7, 0], b"mx.example no more") + MAIL + RCPT),
    ("worded-content-421", setup(), ENVELOPE + worded(9, DEFER, 421, [4, 3, 0], b"mx.example not now") + b"x" + END + MAIL),
    ("utf8-transaction-over", setup(), EHLO + MAIL + b"RSET\r\n" + b"MAIL FROM:<a@client.example> SMTPUTF8\r\n" + RCPT + b"DATA\r\n" + b"\xffT\x00" + b"x" + END + b"\xffT\x00" + b"NOOP\r\n" + b"\xffT\x00" + MAIL + b"RCPT TO:<\xc3\xbc@mx.example>\r\n"),
    ("shutdown-in-starttls", setup(CAN_STARTTLS), EHLO + plan(4, LATER) + b"STARTTLS\r\n" + notice(4) + verdict(ACCEPT) + notice(1) + EHLO),
    ("message-of-the-limit", setup(SMALL_MESSAGE), ENVELOPE + repeat(b"y", 65534) + END + MAIL + RCPT),
    ("message-one-over", setup(SMALL_MESSAGE), ENVELOPE + repeat(b"y", 65535) + END + MAIL + RCPT),
    ("auth-line-without-end", setup(AUTH, SMALL_LINE), EHLO + plan(AUTH_EVENT, CHALLENGE) + b"AUTH PLAIN\r\n" + repeat(b"A", 17000) + b"\r\n" + EHLO),
    ("auth-too-many-rounds", setup(AUTH), EHLO + plan(AUTH_EVENT, CHALLENGE) * 11 + b"AUTH LOGIN\r\n" + b"AAAA\r\n" * 11 + b"AUTH PLAIN =\r\n"),
    ("auth-shutdown-while-asked", setup(AUTH), EHLO + plan(AUTH_EVENT, LATER) + b"AUTH LOGIN\r\n" + notice(4) + verdict(CHALLENGE) + EHLO),
    ("auth-shutdown-in-the-exchange", setup(AUTH), EHLO + plan(AUTH_EVENT, CHALLENGE) + b"AUTH LOGIN\r\n" + notice(4) + EHLO),
    ("auth-client-gone", setup(AUTH), EHLO + plan(AUTH_EVENT, CHALLENGE) + b"AUTH LOGIN\r\nAA" + notice(3)),
    ("auth-client-slow", setup(AUTH, SHORT_TIMES), EHLO + plan(AUTH_EVENT, CHALLENGE) + b"AUTH LOGIN\r\nAA" + tick(4) + b"AA\r\n"),
    ("auth-wrong-challenges", setup(AUTH), EHLO + with_id(AUTH_EVENT, CHALLENGE, 31) + long_text(AUTH_EVENT, CHALLENGE, 0, [0, 0, 0], 9211) + long_text(AUTH_EVENT, CHALLENGE, 0, [0, 0, 0], 9210) + b"AUTH LOGIN\r\n" + plan(5, CHALLENGE) + b"AAAA\r\n" + MAIL),
    ("orcpt-utf8", setup(), EHLO + b"MAIL FROM:<a@client.example> SMTPUTF8\r\nRCPT TO:<b@mx.example> ORCPT=utf-8;+C3+BC@mx.example\r\nRCPT TO:<b@mx.example> ORCPT=utf-8;+C3@mx.example\r\nRCPT TO:<b@mx.example> ORCPT=utf-8;" + b"+C3+BC" * 84 + b"\r\n"),
    ("held", setup(AUTH, IN_CLEAR, SUBMISSION), EHLO + b"MAIL FROM:<a@client.example>\r\nAUTH PLAIN AGEAYg==\r\n" + b"".join(b"MAIL FROM:<a@client.example> %s\r\nRSET\r\n" % hold for hold in (b"HOLDFOR=60", b"HOLDFOR=2592001", b"HOLDUNTIL=2026-11-25T09:46:41Z", b"HOLDUNTIL=2026-11-25T09:46:40Z", b"HOLDUNTIL=2026-12-25T09:46:40.5Z", b"HOLDFOR=60 HOLDUNTIL=2026-11-25T10:00:00Z")) + tick(4) + EHLO),
    ("held-with-by", setup(AUTH, IN_CLEAR, SUBMISSION, {9: 4}), EHLO + b"AUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@client.example> HOLDFOR=60 BY=59;N\r\nMAIL FROM:<a@client.example> HOLDFOR=60 BY=60;R\r\n"),
    ("own-parameters", setup(OFFER_PARAMETERS), EHLO + plan(PARAMETER, ACCEPT) * 2 + b"MAIL FROM:<a@client.example> XHOST=1 SIZE=5 X-TWO\r\n" + plan(PARAMETER, ACCEPT) + plan(PARAMETER, REJECT) + b"RCPT TO:<b@mx.example> X=1 Y=2\r\nRCPT TO:<b@mx.example> X=1\r\n" + plan(PARAMETER, DEFER) + b"RCPT TO:<b@mx.example> X=1 NOTIFY=NEVER\r\nRCPT TO:<b@mx.example> X=1 x\r\n" + plan(PARAMETER, ACCEPT) + b"RCPT TO:<b@mx.example> X=1\r\nDATA\r\nx" + END),
    ("own-parameters-late", setup(OFFER_PARAMETERS, SHORT_TIMES), EHLO + plan(PARAMETER, LATER) + b"MAIL FROM:<a@client.example> X=1 Y=2 ENVID=a+2Bb\r\nNOOP\r\n" + plan(PARAMETER, LATER) + verdict(ACCEPT) + tick(4) + verdict(ACCEPT) + plan(PARAMETER, LATER) + MAIL[:-2] + b" X=1\r\n" + notice(4) + verdict(ACCEPT)),
    ("own-parameters-too-late-to-hold", setup(AUTH, IN_CLEAR, SUBMISSION, OFFER_PARAMETERS), EHLO + b"AUTH PLAIN AGEAYg==\r\n" + plan(PARAMETER, LATER) + b"MAIL FROM:<a@client.example> X=1 HOLDUNTIL=2026-11-25T09:46:43Z\r\n" + tick(5) + verdict(ACCEPT) + MAIL),
    ("own-parameters-worded", setup(OFFER_PARAMETERS, SMALL_ERRORS), EHLO + worded(PARAMETER, REJECT, 550, [5, 7, 1], b"no") + b"MAIL FROM:<a@client.example> X=1\r\n" + worded(PARAMETER, ACCEPT, 250, [2, 1, 0], b"yes") + plan(PARAMETER, 4) + b"MAIL FROM:<a@client.example> X=1\r\n"),
    ("login-told-of", setup(AUTH, IN_CLEAR, TRUSTED, SUBMISSION), EHLO + b"XCLIENT LOGIN=anna\r\n" + EHLO + MAIL + b"RSET\r\nXCLIENT LOGIN=[UNAVAILABLE]\r\n" + EHLO + MAIL + b"XFORWARD NAME=a\r\nXCLIENT LOGIN=anna\r\nXCLIENT ADDR=192.0.2.9\r\n" + EHLO + MAIL),
    ("tables-swapped", setup(), b"\xffS\x03" + EHLO + b"\xffS\x01" + b"XYZZY\r\n" + plan(6, REJECT) + MAIL + RCPT + b"\xffS\x02" + b"NOOP\r\nXYZZY\r\n"),
]

README_HEAD = """# Seeds of the session target

`fuzz/session/make_seeds.py` writes them: the golden transcripts of `tests/transcripts` as dialogues, the
dialogues of RFC 5321 appendix D, what real clients sent (`fuzz/session/clients`), and the historical bugs
below, one file each. What a fuzzing engine
found worth keeping has no line here. Files are named by the SHA-1 of their content;
`./bazelw run //fuzz/session:explain -- FILE` shows one as a dialogue.

The numbers of bugs come from the projects' change logs, from advisories, and in part from memory: take
them for pointers to a family of mistakes.

| file | dialogue | history |
|---|---|---|
"""


def clients(root):
    """(name, client, how it was run, octets) of every captured dialogue."""
    folder = os.path.join(root, "fuzz", "session", "clients")
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| (\S+) \| ([^|]+) \| ([^|]+) \|$", file.read(), re.MULTILINE)
    for name, client, how in rows:
        if name in ("file", "---"):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            yield name, client, how, file.read()


def write(folder, content):
    name = hashlib.sha1(content).hexdigest()
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)
    return name


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    folder = os.path.join(root, "corpus", "session")
    program = os.path.join(root, "bazel-bin", "fuzz", "session", "seeds")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([program, os.path.join(root, "tests", "transcripts"), scratch], check=True)
        for name in sorted(os.listdir(scratch)):
            with open(os.path.join(scratch, name), "rb") as file:
                write(folder, file.read())
    lines = []
    for name, how, dialogue in APPENDIX_D:
        lines.append(f"| {write(folder, how + dialogue)[:10]} | {name} | RFC 5321 appendix D |\n")
    for name, client, how, sent in clients(root):
        lines.append(f"| {write(folder, setup() + octets(sent))[:10]} | client-{name} | {client}: {how} |\n")
    for name, how, dialogue in HOSTS:
        lines.append(f"| {write(folder, how + dialogue)[:10]} | {name} | what hosts do |\n")
    for name, history, how, dialogue in HISTORY:
        lines.append(f"| {write(folder, how + dialogue)[:10]} | {name} | {history} |\n")
    with open(os.path.join(root, "corpus", "session.md"), "w", encoding="ascii") as file:
        file.write(README_HEAD + "".join(lines))
    print(f"{len(os.listdir(folder))} seeds in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
