# SPDX-License-Identifier: Apache-2.0
"""Seeds of the corpora: inputs written by hand, with a line of history where they have one.

`fuzz/corpus_tool seeds` writes them into corpus/, and minimising a corpus does not drop them. A seed is
the octets that choose configuration and cuts (each target's source names them), then what is parsed.
History names the server bug that a seed is modelled on, or the client that sent it (fuzz/session/clients).
"""

import os
import re


def _with(choices, texts):
    return [choice + text for text in texts for choice in choices]


def _line_splitter():
    lines = [
        b"EHLO client.example\r\nMAIL FROM:<a@b.example>\r\n",
        b"A\nB\r\nC\r\n",
        b"\r\n\n\r\n",
        b"a\rb\r\n\0\r\n\x7f\x80\t\r\n",
        b"x" * 600 + b"\r\nNOOP\r\n",
        b"\r\r\n\n\r\r\n",
    ]
    yield from ((seed, "") for seed in _with([b"\0\0\0\0", b"\0\0\1\0", b"\1\3\7\5"], lines))
    # Every octet inside a line and behind a CR.
    every = [bytes([octet]) for octet in range(256) if octet not in b"\r\n"]
    yield b"\0\0\0\0" + b"".join(b"NOOP " + octet + b"\r\n" for octet in every), ""
    yield b"\0\0\1\0" + b"".join(b"NOOP\r" + octet + b"\r\n" for octet in every), ""
    yield b"\0\2\0\0" + b"x" * 4096, "qmail CVE-2005-1513: a line that does not end"
    yield b"\4\0\2\0" + b"\xff" * 200 + b"\r\n", "sendmail CVE-2003-0161: octet 0xFF"
    yield b"\0\0\1\0" + b"\n" * 300, "Dovecot CVE-2020-10958: newlines without end"


def _path():
    paths = [
        b"<a@b.example>", b"<>", b"<Postmaster>", b"<postmaster@b.example>", b'<"x y"@b.example>',
        b"<@a,@b:c@d>", b"a@b.example", b"Postmaster", b"<a@[127.0.0.1]>", b"<a@[IPv6:::1]>",
        b"<a@[x:y]>", b"<" + b"l" * 64 + b"@b>", b"<" + b"l" * 65 + b"@b>",
        b"<a@" + b".".join([b"d" * 63] * 4) + b">",
        b"<a@" + b".".join([b"d" * 60] * 4) + b".aaaaaa>",
        b"<" + b"l" * 20 + b"@" + b"d" * 40 + b".example> BODY=8BITMIME",
        b"<\xc3\xa9@\xc3\xa9.example>", b"<a@b.>", b"<a@b", b"<a@b>>", b"<a..b@c>",
        b'<"Joe\\,Smith"@example.org>', b'<"\\""@x.example> SIZE=1',
    ]
    choices = [b"\0\0", b"\1\0", b"\0\1", b"\1\7", b"\0\6"]
    yield from ((seed, "") for seed in _with(choices, paths))
    yield b'\1\0<""@x>', "Dovecot CVE-2020-10967: empty quoted local-part"
    yield b"\0\0<" + b"<>" * 40 + b"@x>", "sendmail CVE-2002-1337: many angle brackets"
    yield b"\0\0<\xff@x>", "sendmail CVE-2003-0161: octet 0xFF"
    yield b"\0\0<;sleep 5;@>", "OpenSMTPD CVE-2020-7247: shell characters and no domain"
    yield b"\1\0<${run{/bin/sh}}@x.example>", "Exim CVE-2019-10149: a local-part that is expanded"
    yield b"\1\0<a@x.example\\>", "Exim CVE-2019-15846: a backslash at the end"
    words = [b"abc", b'"a b"', b"a.b", b"a@b.example", b"<a@b.example>", b"<a@[1.2.3.4]> SMTPUTF8",
             b"\xc3\xa9@b SMTPUTF8", b"a@[1.2.3.4]x", b"a@[1.2.3.4] x", b"a@b x", b'"a"x', b'"a"@', b"a@[1.2.3.4"]
    choices = [b"\2\0", b"\3\0", b"\4\0", b"\2\1", b"\3\1", b"\4\1"]
    yield from ((seed, "") for seed in _with(choices, words))


def _domain():
    domains = [
        b"mx.example", b"a", b"-a", b"a-", b"a..b", b".a", b"a.", b"a_b", b"a" * 63, b"a" * 64,
        b".".join([b"a" * 63] * 4), b"\xc3\xa9" * 59, b"\xc3\xa9" * 60, b"[1.2.3.4]",
        b"[IPv6:2001:db8::1]", b"[IPv6:::ffff:1.2.3.4]", b"[IPv6:1:2:3:4:5:6:7:8]", b"[x:y]",
        b"[1.2.3.4", b"[256.1.1.1]", b"not a name",
    ]
    choices = [b"\0\0", b"\1\0", b"\2\0", b"\0\7", b"\2\7", b"\5\0", b"\5\x1f", b"\5\x08"]
    yield from ((seed, "") for seed in _with(choices, domains))
    ipv4 = [b"1.2.3.4", b"255.255.255.255", b"256.1.1.1", b"01.002.3.4"]
    yield from ((seed, "") for seed in _with([b"\3\0"], ipv4))
    ipv6 = [b"::", b"::1", b"1::", b"1:2:3:4:5:6:7:8", b"1:2:3:4:5:6:1.2.3.4", b"::1.2.3.4",
            b"1:2:3::4:5:6", b"1:2:3::4:5:6:7"]
    yield from ((seed, "") for seed in _with([b"\4\0"], ipv6))
    yield b"\5\x10" + b"A" * 500, "Exim CVE-2019-16928: a very long EHLO"


def _parameters():
    lists = [b"", b" SIZE=1000 BODY=8BITMIME", b" SMTPUTF8", b"  A  B=c ", b" A=", b" =b", b" A=b=c",
             b" X=\xc3\xa9", b"A=b"]
    yield from ((seed, "") for seed in _with([b"\0\0", b"\0\3"], lists))
    yield b"\0\0" + b" A" * 65, "Exim CVE-2020-28022: many parameters, names without values"
    yield b"\0\1 X=\xe2\x82", "Dovecot CVE-2020-7046: truncated UTF-8 in a parameter"
    yield b"\0\0 AUTH=+0A", "Exim CVE-2020-28021: a line end inside AUTH="
    yield b"\0\0" + b" KEYWORD=value" * 60, "many long parameters: each must cost only itself"
    texts = [b"any text\there", b"\xc3\xa9", b"\x01"]
    yield from ((seed, "") for seed in _with([b"\1\0", b"\1\1"], texts))
    numbers = [b"0", b"18446744073709551615", b"18446744073709551616", b"1x", b""]
    yield from ((seed, "") for seed in _with([b"\2\x14"], numbers))
    yield from ((seed, "") for seed in _with([b"\3\0"], [b"abc", b"abc\0def", b"Size"]))
    utf8 = [b"plain ascii text of some length", b"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
            b"\xed\xa0\x80", b"aaaaaaaaaaaaaa\xf4\x90\x80\x80"]
    yield from ((seed, "") for seed in _with([b"\4\0"], utf8))


def _xtext_base64_date():
    xtext = [b"a+2Bb", b"a+2bb", b"a b", b"rfc822;x@y"]
    yield from ((seed, "") for seed in _with([b"\0\0", b"\0\1", b"\0\3", b"\0\x40"], xtext))
    yield b"\0\0+", "XCLIENT xtext that ends in a plus"
    yield b"\0\0+0", "the same, with one digit"
    yield b"\0\0+GG", "the same, with none"
    base64 = [b"", b"Zg==", b"Zm8=", b"Zm9v", b"Zm9vYmFy", b"Zh==", b"====", b"\0\xff\x10", b"="]
    yield from ((seed, "") for seed in _with([b"\1\0", b"\1\1", b"\1\x40"], base64))
    yield b"\1\4Zm9vYmE=", "Exim CVE-2018-6789: room for one octet less"
    yield b"\1\5Zm9vYmFy", "the same without padding"
    yield b"\1\0Zm9vYmE", "Exim CVE-2018-6789: base64 of length 4n+3"
    yield b"\1\0Zm9vY", "the same, 4n+1"
    dates = [b"1985-04-12T23:20:50.52Z", b"1996-12-19T16:39:57-08:00", b"1990-12-31T23:59:60Z",
             b"1990-12-31T15:59:60-08:00", b"1937-01-01T12:00:27.87+00:20", b"2000-02-29T00:00:00Z",
             b"1900-02-29T00:00:00Z", b"0000-01-01T00:00:00-00:00", b"1991-01-01T00:29:60+00:30",
             b"1990-12-31T23:59:60-23:59", b"1990-12-31T23:29:60-00:30", b"1990-12-30T23:59:60-00:01"]
    yield from ((seed, "") for seed in _with([b"\2\0"], dates))


def _esmtp_values():
    long = b"x" * 100
    kinds = [
        [b"FULL", b"hdrs", b"", b"FULL,HDRS"],
        [b"NEVER", b"SUCCESS,FAILURE,DELAY", b",delay,,", b"NEVER,DELAY", b","],
        [b"QQ314159", b"a+20b+09c", b"+0A", b"+", b"+4", long, long + b"x"],
        [b"rfc822;Dana@Ivory.EDU", b"x400;/G+3Djohn/", b"rfc822;", b";a", b"rfc822;" + b"x" * 493, b"a;+7F"],
        [b"PLAIN dGVzdAB0ZXN0ADEyMzQ=", b"CRAM-MD5", b"EXTERNAL =", b"PLAIN ", b"X" * 21, b"PLAIN Zg==  "],
        [b"dGVzdAB0ZXN0ADEyMzQ=", b"", b"*", b"=", b"Zg==", b"Zg=", b"Zh=="],
        [b"e+3Dmc2@example.com", b"<>", b"+3C+3E", b"+22a+20b+22@[192.0.2.1]", b"a@b.example", b"+0A", b"+"],
        [b"j+C3+BCrgen@example.com", b"+C3@b", b"j\xc3\xbcrgen@b"],
        [b"120;R", b"-40;NT", b"+999999999;rt", b"0;R", b"1000000000;N", b";R"],
        [b"-9", b"0", b"9", b"-0", b"10", b"+1"], [b"1", b"999999999", b"0", b"1000000000", b"-1"],
        [b"2008-03-05T19:00:00Z", b"2024-02-29t19:00:00.25z", b"2023-02-29T19:00:00Z", b"2008-03-05T19:00:00+01:00"],
        [b"2014-04-03T23:01:00Z", b"2014-04-03T23:01:00-08:00;C", b"2014-04-03T23:01:00Z;X", b"2014-04-03T23:01:00.5Z"],
        [b"imap://harry@example.com/outbox;uid=25 LAST", b"ldap://[2001:db8::7]/c=GB?one", b"urn:a", b"a:%4", b":"],
        [b"example.com", b"@foo.example", b"#uucp", b"#", b"@", b"a", b"#" + b"q" * 256],
        [b"example.org,example.com", b"a.b", b"a.b,", b",a.b", b"a"],
        [b"MAILMAX=10 RCPTMAX=100", b"X-FLAG RCPTDOMAINMAX=999999", b"RCPTMAX=0", b"RCPTMAX=1000000", b"A=;"],
        [b"NAME=spike.example.org ADDR=168.100.189.2", b"ADDR=IPV6:2001:db8::1 PORT=25", b"NAME=[TEMPUNAVAIL]",
         b"LOGIN=a+2Bb DESTADDR=[unavailable] DESTPORT=0", b"NAME=a NAME=b", b"PORT=65536", b"NAME=" + b"a" * 256],
        [b"NAME=spike.example.org ADDR=168.100.189.2 PROTO=ESMTP", b"SOURCE=REMOTE IDENT=AB12", b"ADDR=uucp!node"],
    ]
    more = {
        1: [b"SUCCESS,OFTEN", b"", b"DELAY,NEVER"], 2: [b"a=b", b"", b"+7F"], 3: [b"rfc822;" + b"x" * 494, b"rfc822", b"a=b;c", b"", b"utf-8;+C3", b"rfc822;a b"],
        4: [b"LOGIN ", b"PLAIN  a", b"PLAIN a b", b"", b" ", b"PL;AIN", b";", b"PLAIN ====", b"A" * 66000 + b";"],
        5: [b"Zm8", b"Z!g=", b"Zm9vYmFy"], 6: [b"", b"a" * 65 + b"@b.example", b"a" * 501, b"a"],
        8: [b"120", b"x;R", b"1;RX", b"1;X", b"1;", b"-;N", b"+;N", b"1;xT", b"-1;R"],
        9: [b"x", b"", b"-"], 10: [b"01", b"", b"x"], 11: [b"x"], 12: [b"2014-04-03T23:01:00Z;r", b"x"],
        13: [b"a://u:p@h:80/x//y?q/?", b"a:/b/c last", b"x://[v7.a:b]:1", b"x://[v7.a|b]", b"x://[v.a]", b"x://[v7]",
             b"x://[v7.]", b"x://[::1", b"x://[::g]", b"x://[::1]a", b"x://h:8x", b"x://h|h", b"x://u|@h", b"x://h", b"",
             b" LAST", b":a", b"1:a", b"a|b:c", b"a:b?c|", b"a:%4g", b"a:%g4", b"a:%41", b"a:b LAST x", b"a:b ",
             b"x://[1:2:3:4:5:6:1.2.3.4]/", b"x://[1:2:3:4:5:6:7:8]/", b"x://[1::]/", b"x://[1:2]/", b"x://[::1::]/",
             b"x://[1:2:3:4:5:6:7:1.2.3.4]/", b"x://[::1.2.3]/", b"x://[::1.2.3.256]/", b"x://[::01.2.3.4]/",
             b"x://[::1.2.3.4.5]/", b"x://[1:2:3:4:5:6:7:8:9]/", b"x://[1:2:3:4:5:6:7:8::]/", b"x://[::1:]/",
             b"x://[1.2.3.4::]/", b"x://[::1;2]/", b"x://[12345::]/", b"x://[::a:F]/"],
        14: [b"sigurd.innosoft.com", b"", b"localname", b"a..b", b"#a b", b"#\xff"],
        15: [b"a.b,c", b"", b"a.b,c.d,e.f"],
        16: [b"rcptmax=1 RCPTMAX=2", b"", b" ", b"A=", b"A=\x7f", b"a_b=c=d", b"?=1", b"MAILMAX=1000000",
             b"MAILMAX=x MAILMAX=7", b"MAILMAX=1 ", b"MAILMAX"],
        17: [b"PROTO=SMTP", b"PROTO=esmtp", b"PROTO=HTTP", b"PORT=x", b"ADDR=IPV6:::g", b"ADDR=ipv6:1:2:3:4:5:6:7:8",
             b"NAME=", b"NAME", b"", b" NAME=a", b"NAME=a ", b"NAME=a  ADDR=b", b"NAME=+0", b"NAME=a+0Ab", b"NAME=a+28b",
             b"FOO=a", b"SOURCE=LOCAL", b"NAME=" + b"n" * 255, b"ADDR=1.2.3", b"ADDR=1.2.3.4.", b"HELO=[TEMPUNAVAIL]"],
        18: [b"SOURCE=local", b"SOURCE=here", b"ADDR=uucp!node HELO=[1.2.3.4]", b"PROTO=" + b"p" * 65, b"LOGIN=a"],
    }
    for kind, texts in enumerate(kinds):
        yield from ((bytes([kind]) + text, "") for text in texts + more.get(kind, []))
    yield b"\x04PLAIN " + b"QUFB" * 40 + b"QUE", "Exim CVE-2018-6789: base64 of a length 4n+3"
    yield b"\x05" + b"QUFB" * 100 + b"Q", "Dovecot CVE-2025-59028: invalid base64 in AUTH"
    yield b"\x06+0Aroot", "Exim CVE-2020-28021: a line end inside AUTH="
    yield b"\x0e@a'); DROP TABLE tbl--", "Exim CVE-2025-26794: ETRN's argument goes into SQL"
    yield b"\x11LOGIN=a+", "nginx: XCLIENT's LOGIN without xtext"
    yield b"\x11NAME=a+0D+0AXCLIENT", "nginx CVE-2026-28753: a line end in a host name"


def _command_line():
    lines = [
        b"EHLO mx.example", b"HELO [127.0.0.1] \t", b"EHLO", b"EHLO a_b", b"EHLO [IPv6:::1]",
        b"MAIL FROM:<a@b.example>", b"MAIL FROM:<a@b.example> SIZE=99999999999999999999 BODY=7BIT",
        b"mail from:<> body=8bitmime", b"MAIL FROM:", b"MAIL FROM: <a@b>", b"MAIL FROM:a@b",
        b"MAIL FROM:<a>", b"MAIL FROM:<a@b> X=1", b"MAIL FROM:<a@b> SIZE=1 size=2",
        b"MAIL FROM:<a@b> BODY=BINARYMIME", b"MAIL FROM:<\xc3\xa9@b> SMTPUTF8",
        b"MAIL FROM:<a@b> SMTPUTF8=1", b"MAIL FROM:<" + b"l" * 65 + b"@b>",
        b"RCPT TO:<a@b.example>", b"RCPT TO:<Postmaster>", b"RCPT TO:<@a,@b:c@d>", b"RCPT TO:<>",
        b"RCPT TO:<a@b.example.>", b"RCPT TO:<\xc3\xa9@b>", b"VRFY Smith", b"VRFY <a@b> SMTPUTF8",
        b"EXPN Example-People", b"HELP", b"HELP mail", b"NOOP", b"NOOP any text", b"DATA", b"DATA x",
        b"BDAT 5", b"bdat 5 last", b"BDAT 9223372036854775807 LAST", b"BDAT 9223372036854775808", b"BDAT 5 LST", b"BDAT", b"BDAT x",
        b"RSET", b"QUIT ", b"STARTTLS", b"TURN", b"SEND FROM:<a@b>", b"SAML", b"SOML", b"XYZZY", b"",
        b"MAIL FROM:<a@b> RET=FULL ENVID=a+2Bb REQUIRETLS BY=120;RT MT-PRIORITY=-9",
        b"MAIL FROM:<a@b> ENVID=" + b"x" * 101, b"MAIL FROM:<a@b> BY=0;R",
        b"RCPT TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb",
        b"RCPT TO:<a@b> RRVS=2014-04-03T23:01:00Z;C NOTIFY=NEVER,DELAY",
        b"RCPT TO:<a@b> ORCPT=rfc822;" + b"+41" * 165,
        b"RCPT TO:<a@b> ORCPT=utf-8;+C3+A9@b", b"RCPT TO:<a@b> ORCPT=utf-8;+C3@b", b"RCPT TO:<a@b> ORCPT=utf-8;" + b"+C3+A9" * 83,
        b"RCPT TO:<a@b> ORCPT=utf-8;" + b"+C3+A9" * 84, b"RCPT TO:<a@b> ORCPT=utf-8;+C3+A9+0A",
        b"  MAIL", b"MAIL\tFROM:<a@b>", b"VRFY", b"EXPN", b"MAIL FROM:<a@b> SIZE=",
        b"MAIL FROM:<a@b> SIZE=" + b"0" * 20, b"MAIL FROM:<a@b> SIZE=" + b"0" * 21,
    ]
    yield from ((seed, "") for seed in _with([b"\0\0", b"\xff\0", b"\x18\x3f"], lines))
    # What stands behind two spaces is read by the slower parser, where that is let pass.
    for parameters in (b"BODY=8BITMIME", b"body=7bit SMTPUTF8", b"SMTPUTF8 SIZE=1", b"SIZE=99999999999999999999",
                       b"BODY=BINARYMIME", b"BODY=8BITMIME SIZE=1", b"SMTPUTF8"):
        for bits in (b"\0", b"\1", b"\2", b"\4", b"\x18", b"\x20", b"\x40"):
            yield bits + b"\x20MAIL FROM:<a@b>  " + parameters, ""
            yield bits + b"\0MAIL FROM:<a@b> " + parameters, ""
        yield b"\0\x22MAIL FROM:a@b  " + parameters, ""
        yield b"\0\0MAIL FROM:a@b " + parameters, ""
    yield b"\0\x20BDAT   5 LAST", ""
    for line in (b"ETRN a.example", b"ETRN @a.example", b"ETRN #q", b"ETRN a", b"ETRN", b"ATRN", b"ATRN a.example,b.example",
                 b"ATRN a", b"BURL a:b", b"BURL a:b LAST", b"BURL imap://u@[::1]:1/x;uid=1?y%20", b"BURL a:b LASTLY", b"BURL"):
        for blank in (b" ", b"  ", b"\t"):
            yield b"\0\x20" + line.replace(b" ", blank, 1), "RFC 1985, RFC 2645 and RFC 4468"
            yield b"\0\0" + line.replace(b" ", blank, 1), ""
    for verb in (b"XCLIENT", b"XFORWARD"):
        for argument in (b"", b" ", b"   NAME=a", b"\tNAME=a", b" NAME=a HELO=b"):
            yield b"\0\x20" + verb + argument, ""
            yield b"\0\0" + verb + argument, ""
    yield b"\0\x20BDAT  ", ""
    yield b"\0\0EHLO " + b"A" * 600, "Exim CVE-2019-16928: a very long EHLO"
    yield b"\0\0MAIL FROM:<a@b> AUTH=+0A", "Exim CVE-2020-28021: a line end inside AUTH="
    yield b"\0\0MAIL FROM:<a@b>" + b" A" * 30, "Exim CVE-2020-28022: parameters without values"
    yield b"\0\0NOOP \xff\xfe", "Dovecot CVE-2020-10957: malformed NOOP"
    yield b"\0\0RCPT TO:<\"\"@x>", "Dovecot CVE-2020-10967: empty quoted local-part"
    yield b"\0\0" + b"A" * 600, "qmail CVE-2005-1514: a long line without a blank"
    yield b"\0\0XEXCH50 -1 2", "Exchange CVE-2003-0714: a negative length"
    yield b"\0\0\x16\x03\x01\x02\0\x01\0", "Postfix 3.7.2 note: a TLS hello as command"


def _data_decoder():
    contents = [
        b".\r\n", b"Subject: a\r\n\r\nb\r\n.\r\n", b"a\r\n..b\r\n.c\r\n.\r\nQUIT\r\n", b"a\r\n.\r",
        b"one\r\n.\r\ntwo\r\n.\r\n", b"x" * 300 + b"\r\n" + b"y" * 300 + b"\r\n.\r\n", b"a\r\r\n.\r\nb",
    ]
    choices = [b"\0\0", b"\1\0", b"\0\1", b"\1\1", b"\0\5", b"\2\0"]
    yield from ((seed, "") for seed in _with(choices, contents))
    # CVE-2023-51764 (Postfix), CVE-2023-51765 (sendmail), CVE-2023-51766 (Exim), CVE-2024-27305
    # (aiosmtpd), CVE-2023-51747 (James): what ended content somewhere and must not.
    for end in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\r\n\0.\r\n",
                b"\r\n.\0\r\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n"):
        for choice in choices:
            smuggled = b"a" + end + b"MAIL FROM:<b@c>\r\n.\r\n"
            yield choice + smuggled, "SMTP smuggling: content ended by something else"
    # Every octet where only one has a meaning: behind a CR, and behind a dot, with and without CR.
    every = [bytes([octet]) for octet in range(256)]
    for before in (b"\r", b"\r\n.", b"\r\n.\r"):
        for choice in (b"\0\0", b"\0\1"):
            yield (choice + b"".join(before + octet for octet in every if octet not in (b"\n", b"\r"))
                   + b"\r\n.\r\n"), ""


def _auth_exchange():
    user, password = b"dXNlci5uYW1lQGV4YW1wbGU=", b"aHVudGVyMi1odW50ZXIyLWgx"
    lines = [
        b"AUTH PLAIN", user, b"AUTH plain " + user, password, b"AUTH PLAIN =", b"*", b"AUTH PLAIN", b"=",
        b"AUTH", b"AUTH PLAIN ", b"AUTH PLAIN a b", b"AUTH EXTERNAL", b"AUTH SCRAM-SHA-256 " + password,
        b"Zh==", b"AUTH PLAIN Zm9vYmE", b"AUTH PLAIN", b"Zm9v\0", b"AUTH PLAIN", b"Zm9v\r", b"AUTH PLAIN",
        b"", b"AUTH PLAIN", b"Zm9vYmFyYg==", b"NOOP", b"AUTHPLAIN",
    ]
    # Cuts; what the host answers: challenges of several lengths, then no, not now, yes.
    plans = [b"\x0c\x04\x0c\x14\x1c\x24\x2c\x34", b"\x04\2", b"\x04\1", b"\x0c\0", b"\2", b"\4"]
    for cuts in (b"\0", b"\1", b"\5"):
        for plan in plans:
            yield cuts + bytes([len(plan)]) + plan + b"\n".join(lines), ""
    yield b"\0\2\x04\0AUTH PLAIN\n~\x03\0QUJD\nAUTH PLAIN =", "Dovecot: the longest line of an exchange"
    for copies in (b"\x0b\xff", b"\x0c\x00", b"\x0d\x00"):
        yield b"\5\2\x04\x04AUTH PLAIN\n~" + copies + b"QUJD\nZm9v", "RFC 4954: 12288 octets, and more"
    for copies in (b"\x2f\xfe", b"\x2f\xff"):
        yield b"\5\2\x04\x04AUTH PLAIN\n~" + copies + b"A\nZm9v", "RFC 4954: 12288 octets and 12289, ends included"
    yield b"\0\2\xff\0AUTH PLAIN\nZm9v", "the longest challenge"
    yield b"\0\1\x04AUTH PLAIN\nZm9vYmE", "Exim CVE-2018-6789: base64 of length 4n+3"


def _bdat_decoder():
    messages = [
        b"5 LAST\na\r\n.\n", b"0\n0 LAST\n", b"3\na\r\n3\n.\r\n2 LAST\n\r\n", b"2\na\r1\n\n0 LAST\n",
        b"2 LAST\na\r3 LAST\nb\nc", b"4\na\rb\n", b"6\n.\r\n..\n1 LAST\nx", b"3\nabc\n2 LAST\nde",
        b"!6 LAST\nQUIT\r\n1 LAST\nx", b"1\n\r!1 LAST\n\n1 LAST\n\n", b"600 LAST\n" + b"x\r\n" * 200,
        b"6 LOST\nQUIT\r\n1 LAST\nx", b"007 last\n1234567", b"1  LAST\n", b"1x\n", b" 1\n",
    ]
    yield from ((seed, "") for seed in _with([b"\0\0", b"\1\1", b"\2\0", b"\0\1", b"\1\7"], messages))
    for size in (b"4294967296", b"4294967301", b"9223372036854775807", b"9223372036854775808",
                 b"18446744073709551616", b"18446744073709551621", b"-1", b"+1", b"0" * 30 + b"1"):
        yield b"\0\0" + size + b" LAST\nQUIT\r\n", "a BDAT count that wraps, or a sign (as Exchange CVE-2003-0714)"
    yield b"\0\1" + b"3\n\r\n.2 LAST\n\r\n", "Exim CVE-2017-16944: a dot inside BDAT"
    yield b"\0\0!5\nabcde5\nabcde5 LAST\nabcde", "Exim CVE-2020-28019: a refused BDAT, then another one"


def _proxy_header():
    version1 = [
        b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\nEHLO a\r\n", b"PROXY UNKNOWN\r\n",
        b"PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 65535\r\n", b"PROXY UNKNOWN any thing\r\n",
        b"PROXY TCP4 256.0.2.1 192.0.2.2 1 2\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", b"EHLO a\r\n",
    ]
    yield from ((seed, "") for seed in _with([b"\0\0\0", b"\1\1\0", b"\7\2\0"], version1))
    yield b"\0\0\0PROXY UNKNOWN " + b"x" * 91 + b"\r\n", "107 octets: the longest of version 1"
    yield b"\0\0\0PROXY UNKNOWN " + b"x" * 92 + b"\r\n", "108 octets: one too many"
    yield b"\0\0\0PROXY TCP4 " + b"1" * 90, "Exim CVE-2023-42117: the address text runs over"
    inet = b"\xc0\0\2\1\xc0\0\2\2\0\x50\0\x19"
    version2 = [
        b"\x21\x11\0\x0c" + inet, b"\x20\0\0\0", b"\x21\0\0\0", b"\x21\x11\0\x0b" + inet,
        b"\x21\x21\0\x24" + b"\xfe" * 36, b"\x21\x31\0\xd8" + b"/" * 216, b"\x21\x12\0\x0c" + inet,
        b"\x21\x11\0\x15" + inet + b"\1\0\2h2" + b"\5\0\1u", b"\x21\x11\0\x10" + inet + b"\1\0\2h",
        b"\x21\x11\0\x13" + inet + b"\3\0\4\1\2\3\4", b"\x21\x11\0\x12" + inet + b"\3\0\3\1\2\3",
        b"\x21\x11\0\x17" + inet + b"\x20\0\x08\1\0\0\0\0\x21\0\0", b"\x21\x11\xff\xff" + inet,
        b"\x21\x11\0\x13" + inet + b"\3\0\4\0\0\0\0",
    ]
    choices = [b"\0\0\1", b"\1\1\1", b"\0\0\2"]
    yield from ((seed, "") for seed in _with(choices, version2))


def _wrong_tables():
    """Texts of tables, each wrong in one way or a few of one kind, and some that are right."""
    unknown = b'replies { id: UNRECOGNIZED code: 500 enhanced_code: "5.5.1" %s }'
    for rest in (b'text: "{verb"', b'text: "a } b"', b'text: "{verb {verb}"', b'text: "{{braces}}"', b'text: "{what}"',
                 b'text: "{client}"', b'text: ""', b'text: "a\\tb"', b'text: "\\001"', b'', b'text: "' + b"x" * 600 + b'"',
                 b'text: "x" ' * 57, b'text: "x" utf8_text: "\xc3\xbc"', b'text: "x" utf8_text: "\\302\\201"',
                 b'text: "x" utf8_text: "\\177"', b'text: "x" explanation: "' + b"word " * 201 + b'"',
                 b'text: "x" explanation: "\\001"', b'text: "x" explanation: "' + b"w" * 200 + b' {verb}"',
                 b'text: "x" explanation: "Gr\xc3\xbc\xc3\x9fe"'):
        yield unknown % rest
    for enhanced in (b"4.5.1", b"5.1000.1", b"5.5", b"5.5.", b"5.5.01", b"5.5.1x", b"3.5.1", b"5,5,1", b"x"):
        yield b'replies { id: UNRECOGNIZED code: 500 enhanced_code: "%s" text: "x" }' % enhanced
    yield b'replies { id: UNRECOGNIZED code: 500 text: "x" }'
    yield (unknown + b" ") % b'text: "x"' * 2
    yield b'replies { id: RSET_OK code: 500 enhanced_code: "5.0.0" text: "x" }'
    yield b'replies { id: RSET_OK code: 550 enhanced_code: "5.0.0" text: "x" }'
    yield b'replies { id: RSET_OK enhanced_code: "2.0.0" text: "x" } replies { text: "x" }'
    yield b'replies { id: GREETING code: 220 enhanced_code: "2.0.0" text: "{server} x" }'
    for text in (b"hello", b"{server}x", b"{server}{server}", b"{server}", b"x {server}", b"{server} ESMTP"):
        yield b'replies { id: GREETING code: 220 text: "%s" }' % text
    for lines in (b'text: "a {commands}"', b'text: "{commands}" text: "{commands}"', b'text: "none"',
                  b'text: "' + b" " * 17 + b'{commands}"', b'text: "{commands} b"', b'text: "  {commands}"'):
        yield b'replies { id: HELP_OVERVIEW code: 214 enhanced_code: "2.0.0" %s }' % lines
    for topic in (b'topic: "MAIL" text: "x" utf8_text: "\xc3\xbc"', b'topic: "two words" text: "x"', b'topic: "" text: "x"',
                  b'topic: "' + b"T" * 41 + b'" text: "x"', b'topic: "MAIL"', b'topic: "MAIL" text: "{verb}"'):
        yield b"help_topics { %s }" % topic
    yield b'help_topics { topic: "mail" text: "x" } help_topics { topic: "MAIL" text: "y" }'
    yield b'help_topics{topic:"A"text:"x"}' * 257
    yield b'footers { reply_class: 5 text: "x" } footers { reply_class: 5 text: "y" }'
    yield b'footers { reply_class: 4 } footers { reply_class: 2 text: "x" } footers { reply_class: 5 %s }' % (
        b'text: "x" ' * 9)
    yield b'name: "%s" language: "%s" extends: "default"' % (b"n" * 65, b"l" * 36)
    yield b'name: "caf\xc3\xa9" extends: "other"'
    code = b'codes { code: 550 meaning: "no" %s }'
    for rest in (b'use_when: "{now}" rfc: "5321 4.2" enhanced_codes: "5.1.1" neighbours { code: 551 differs: "x" }',
                 b'enhanced_codes: "X.1.1" enhanced_codes: "4.1.1" enhanced_codes: "5.1" enhanced_codes: "5.1.01"',
                 b'enhanced_codes: "5.1.1000" enhanced_codes: "51.1.1" enhanced_codes: "5.1.1x" enhanced_codes: "5.12345"',
                 b'neighbours { code: 550 differs: "x" } neighbours { code: 9 differs: "x" } neighbours { code: 551 }',
                 b'neighbours { code: 551 differs: "x" } neighbours { code: 551 differs: "y" }',
                 b'neighbours { code: 551 differs: "x" } ' * 17, b'rfc: "5321" ' * 9, b'enhanced_codes: "5.1.1" ' * 33,
                 b'rfc: "\\001" use_when: "\\001" differs: "\\001"', b'mend: "%s"' % (b"m" * 1001),
                 b'seen_when: "\xc3\xbc"', b''.join(b'%s: "%s" ' % (field, b"w " * 1 + b"v" * 66 + b" u" * 460)
                                                 for field in (b"seen_when", b"mend", b"differs"))):
        yield code % rest
    wide = b" ".join([b"w" * 36] * 27)
    yield b'codes { code: 550 meaning: "%s" seen_when: "%s" mend: "%s" differs: "%s" }' % (wide, wide, wide, wide)
    yield (code + b" ") % b"" * 2
    yield b'codes { code: 550 } codes { code: 199 meaning: "x" } codes { code: 560 meaning: "x" } codes { code: 269 }'
    yield b'help_topics { topic: "550" text: "own" } codes { code: 550 meaning: "x" }'
    named = b'classes { reply_class: 5 name: "%s" meaning: "%s" }'
    yield named % (b"5xx Permanent {no}", b"x") + code % b""
    yield named % (b"", b"\\001") + named % (b"again", b"x")
    yield named % (b"n" * 90, b"x") + b'classes { reply_class: 6 name: "x" } classes { reply_class: 1 }'
    yield named % (b"\\001", b"x")
    yield named % (b"St\xc3\xa4ndig", b"x")
    subject = b'subjects { digit: %d name: "%s" meaning: "%s" }'
    yield subject % (0, b"x0z Syntax", b"x") + subject % (5, b"", b"\\001")
    yield subject % (6, b"x", b"x") + subject % (1, b"\\001", b"x") + subject % (1, b"x", b"x")
    enhanced = b'enhanced_codes { code: "%s" meaning: "%s" mend: "%s" rfc: "%s" }'
    yield enhanced % (b"X.1.1", b"bad mailbox", b"mend it", b"3463") + enhanced % (b"5.1.1", b"x", b"\xc3\xbc", b"")
    yield enhanced % (b"X.1", b"x", b"x", b"x") + enhanced % (b"X.2.1", b"", b"", b"\\001")
    yield enhanced % (b"X.1.1", b"x", b"x", b"x") * 2 + enhanced % (b"3.1.1", b"x", b"x", b"x")
    yield b'help_topics { topic: "X.1.1" text: "own" }' + enhanced % (b"X.1.1", b"x", b"x", b"x")
    yield b'enhanced_codes { }' * 257
    yield b'captions { name: "see_also" text: "See also" } captions { name: "mend" text: "" } captions { name: "A" text: "x" }'
    yield b'captions { name: "mend" text: "x" } captions { name: "mend" text: "\\001" } captions { name: "" text: "x" }'
    yield b'captions { name: "%s" text: "x" }' % (b"n" * 41)
    yield b'captions { name: "a1" text: "x" }' * 300


def _table_loader():
    yield b"", "a table of over a MiB"
    yield b"\0", "the default table"
    yield b"\0\x0a\x03abc\x1a\x04none", ""
    for text in (
            b'replies { id: UNRECOGNIZED code: 500 enhanced_code: "5.5.1" text: "{verb}? No." }',
            b'replies { id: HELP_OVERVIEW code: 214 enhanced_code: "2.0.0" text: "{commands}" }',
            b'extends: "none"', b'help_topics { topic: "MAIL" text: "{server}" }',
            b'footers { reply_class: 5 text: "ask us" }', b'replies { id: GREETING code: 250 }',
            b'codes { code: 500 meaning: "no" seen_when: "now" mend: "this" differs: "from 501" }',
            b'name: "\\xff"', b'replies { id: 9999 }', b'replies { code: "x" }',
            b'replies { id: NOOP_OK code: 250 enhanced_code: "2.0.0" text: "a\\rb" }',
            b'replies { id: NOOP_OK code: 250 enhanced_code: "5.0.0" text: "no" }',
            b'replies { id: NOOP_OK code: 250 enhanced_code: "2.0.0" text: "' + b"x" * 500 + b'" }',
            b'replies { id: NOOP_OK code: 250 enhanced_code: "2.0.0" text: "' + b"x" * 501 + b'" }',
            b'replies { id: NOOP_OK code: 502 enhanced_code: "5.5.1" text: "no" }',
            b'footers { reply_class: 2 text: "ask us" }'):
        yield b"\3" + text, ""
    yield from ((b"\3" + text, "what a table is refused for") for text in _wrong_tables())
    for wild in (b"\xff" + bytes(range(200)), b"\x18\1\x0a\2\3abc\2de", b"\7\3a\xc3b\2tr\7default"):
        yield b"\1" + wild, ""
    # Text that is no UTF-8 in each kind of entry, by hand, as protobuf text cannot say it; fields unknown to us.
    for field in range(1, 12):
        for inner in (1, 2, 15, 16):
            tag = bytes([inner << 3 | 2]) if inner < 16 else b"\x82\1"
            entry = b"ok" + b"\xff" if field <= 3 else tag + b"\2a\xff" + b"\x08\1"
            yield b"\0" + bytes([field << 3 | 2, len(entry)]) + entry, "what cannot be parsed, and where it is"
    yield b"\0\x22\x04\x22\x7fab", "a length that lies inside an entry"
    yield b"\0\x22\x7fab", "a length that lies"
    yield b"\0\x0c", "a group that was never opened"
    yield b"\2\3\5\0\0\4abcd\7\0\x28\3\0ab", ""


def _reply_format():
    for flags in (b"\0", b"\1", b"\2", b"\4", b"\x0a", b"\x08"):
        # No entry of its own; then values, an override of RCPT_REJECTED.
        values = b"\x09192.0.2.1\x05XYZZY\x04MAIL\x04SIZE\x040x07" + b"\0" * 8 + b"\0\x0eEHLO HELO MAIL"
        yield flags + b"\0\0" + values + b"\2\x26\0\x1fNo\nnever", ""
        hostile = b"\x06\r\n250 " + b"\x04\xff\0\n\r" + b"\x02\xc3\xa9" + b"\xff" + b"z" * 255 + b"\0"
        yield flags + b"\0\0" + hostile + b"\xff" * 8 + b"\x0b\xb7" + b"word " * 599, ""
    usual = b"\x09192.0.2.1\x05XYZZY\x04MAIL\x04SIZE\x040x07" + b"\0" * 8 + b"\0\x0eEHLO HELO MAIL"
    for flags in (b"\0", b"\4"):
        yield flags + b"\0\0" + usual + b"\2\x26\1\5\x03\xe8\1\x1fNo", "an enhanced code over 999"
        yield flags + b"\0\0" + usual + b"\2\x26\0\x1f" + b"a\n" * 33, "more lines than an override may have"
        # HELO_REJECTED without an enhanced code in the table, and words without one.
        yield flags + b"\1\5\0\0\1a\0" + usual + b"\2\x26\0\x0cNo", "no enhanced code to borrow"
        yield flags + b"\0\0" + usual + b"\2\x26\0\x0cNo", ""
        yield flags + b"\0\0" + usual + b"\2\x26\0\xffNo", "a situation that is none"
        yield flags + b"\0\0" + usual + b"\1\xa5\4\x1fNo", "a code that closes"
        for situation in range(10, 190, 3):
            yield flags + b"\0\0" + usual + b"\0\xfa\4" + bytes([situation]) + b"No", "another code of the class"
    entry = b"\x20\0\x29\x20" + b"\0\1\2\3\4\5\6\7\x08" + b"a" * 23
    yield b"\x08\4" + entry * 4, ""


def _config_loader():
    yield b"\0", "the defaults"
    yield b"\0\x0a\x02\xff\xfe", "a server name that is no UTF-8"
    yield b"\0\x0a\x0amx.example", ""
    for text in (b'server_name: "mx.example" limits { errors: 3 }', b"require_tls: true",
                 b"extensions { smtputf8: SWITCH_ON eightbitmime: SWITCH_OFF }",
                 b'server_name: "[IPv6:::1]" bare_newline: BARE_NEWLINE_NORMALIZE',
                 b"leniency { extra_spaces: true }", b"protocol: PROTOCOL_LMTP", b"protocol: PROTOCOL_SMTP", b"protocol: 7",
                 b"protocol: PROTOCOL_LMTP extensions { pipelining: SWITCH_OFF }",
                 b"protocol: PROTOCOL_LMTP extensions { enhancedstatuscodes: SWITCH_OFF }",
                 b"protocol: PROTOCOL_LMTP limits { recipients: 100000 }",
                 b"extensions { binarymime: SWITCH_ON chunking: SWITCH_OFF }",
                 b"extensions { binarymime: SWITCH_ON eightbitmime: SWITCH_OFF smtputf8: SWITCH_OFF }", b"limits { errors: -1 }"):
        yield b"\2" + text, ""
    # AUTH: required and not there, and lists of mechanisms, right and wrong (RFC 4422 section 3.1).
    auth = b"extensions { auth: SWITCH_ON } "
    yield b"\2require_auth: true", "mail wanted of nobody"
    yield b"\2" + auth + b"require_auth: true", ""
    for names in ([b"PLAIN", b"SCRAM-SHA-256", b"X_1"], [b""], [b"PLAIN LOGIN"], [b"plain"], [b"PLAIN", b"PLAIN"], [b"X" * 20],
                  [b"X" * 21], [b"PL;AIN"], [b"PL~AIN"], [b"PLAIN", b""], [b" PLAIN"]):
        yield b"\2" + auth + b" ".join(b'auth_mechanisms: "%s"' % name for name in names), "lists of mechanisms"
    for count in (18, 19, 20):
        yield b"\2" + auth + b" ".join(b'auth_mechanisms: "X%019d"' % i for i in range(count)), "of 377, 398 and 419 octets"
    yield b"\0\x0a\xff\xff\3" + b"a" * 0xffff + b"\x0a\2mx", "more octets than a configuration may have"
    yield b"\1\xff\5a.b.c" + bytes(range(0, 250, 3)), ""
    yield b"\1\x80" + b"\x90\1" * 10, ""


def _inspect_vs_session():
    lines = [b"EHLO a.example", b"MAIL FROM:<a@b.example>", b"MAIL FROM:<a@b.example> SIZE=99999999999",
             b"RCPT TO:<a@b.example>", b"RCPT TO:<\xc3\xa9@b>", b"DATA", b"DATA x", b"RSET", b"NOOP x", b"QUIT",
             b"VRFY a", b"EXPN a", b"HELP", b"HELP mail", b"HELP 500", b"HELP xyzzy", b"HELP 5.1.1", b"HELP x.1.1", b"HELP 7.1.1", b"HELP 5.99.99", b"HELP 4.7.0", b"STARTTLS", b"XYZZY x",
             b"", b"1", b"NOOP \0", b"NOOP \x01", b"NOOP \xff", b"NO\nOP", b"NOOP \r", b"TURN",
             b"MAIL FROM:<a@b> X=1", b"NOOP " + b"x" * 600, b"\xffOOP", b"HELP EXPN"]
    # No field of the configuration, the stage, TLS, cuts.
    choices = [b"\0" + bytes([stage]) + b"\2\0" for stage in range(7)] + [b"\0\2\1\1", b"\6\2\2\0"]
    yield from ((seed, "") for seed in _with(choices, lines))
    queues = [b"ETRN a.example", b"ETRN #q", b"ETRN a", b"ATRN", b"ATRN a.example", b"ATRN a", b"BURL a:b", b"BURL a:b LAST",
              b"BURL a LAST", b"BURL a:b\nLAST", b"HELP ETRN", b"HELP BURL", b"BDAT 2", b"AUTH PLAIN"]
    for stage in (2, 3, 4):
        for log_in in (b"\0", b"\4"):
            for line in queues:
                yield b"\xbf" + bytes([stage]) + log_in + b"\0" + line, "RFC 1985, RFC 2645 and RFC 4468"
    for size in (2047, 2048, 2049):
        yield b"\0\2\2\0" + b"x" * size, "as long as the room in which an end is put behind it, and longer"


def _session_api():
    hello = b"EHLO client.example\r\n"
    mail = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nhello\r\n.\r\n"
    every = hello + mail + b"VRFY a\r\nHELP\r\nHELP MAIL\r\nNOOP\r\nRSET\r\nXYZZY\r\nHELP xyzzy\r\n" + mail + b"QUIT\r\n"
    accept = b"\xff" + b"\1" * 255

    def seed(octets, flags=0, cuts=0, part=0, refusals=0, config=b"", table=b"", answers=accept, protocol=0):
        return bytes([flags, protocol, cuts, part]) + refusals.to_bytes(4, "big") + config + table + answers + octets

    for flags in (0, 4, 8, 16, 20):
        yield seed(every, flags), "every command"
        yield seed(every, flags, 1, 1), "octet by octet, and output too"
        yield seed(every, flags, 5, 100), ""
    for bit in range(6):
        yield seed(every, 0, 5, 0, 1 << bit), "one allocation is refused"
    for refusals in (0xff, 0xfff0, 0xffffffff):
        yield seed(hello + b"HELP\r\n" * 4, 0, 0, 0, refusals), "no memory for a long reply"
        yield seed(hello * 3, 0, 5, 9, refusals), ""
        yield seed(b"NOOP " + b"x" * 400 + b"\r\n", 0, 3, 0, refusals), "no memory for a line"
        yield seed(b"PROXY TCP4 192.0.2.7 192.0.2.25 56324 25\r\n" + hello, 2, 5, 0, refusals), "nor for a PROXY header"
        # A refusal in words of its own that does not fit, and one command too many.
        yield seed(every, 0, 0, 0, refusals, answers=b"\4\1\1\1\xf2"), ""
        yield seed(every + b"NOOP\r\n" * 99, 16, 0, 0, refusals), ""
    yield seed(b"PROXY TCP4 192.0.2.7 192.0.2.25 56324 25\r\n" + every, 2, 5, 3), ""
    yield seed(b"EHLO x\r\nSTARTTLS\r\nNOOP\r\n" + every, 1, 0, 0), "octets behind STARTTLS"
    yield seed(hello + b"STARTTLS\r\n", 17), "a shutdown while TLS begins"
    for choice in range(0, 256, 7):
        yield seed(every, 0, 0, 200, answers=bytes([9]) + b"\1\1\1" + bytes([choice]) * 6), "answers of all kinds"
        yield seed(every, 0, 0, 0, answers=bytes([3]) + bytes([choice]) * 3), ""
    chunks = (hello + b"MAIL FROM:<a@b.example>%s\r\nRCPT TO:<c@d.example>\r\nBDAT 5\r\nhelloBDAT 8\r\n wor\rld\n"
              b"BDAT 3 LAST\r\n\r\n.MAIL FROM:<a@b.example>\r\nRSET\r\n")
    for body in (b"", b" BODY=BINARYMIME", b" BODY=8BITMIME"):
        for flags in (0, 16):
            yield seed(chunks % body, flags), "chunks"
            yield seed(chunks % body, flags, 1, 1), ""
        # Each decision of it is refused in words that have to wait for the end of the chunk.
        for at in range(3, 9):
            for choice in (0x12, 0xf2, 0x13, 2, 3, 4):
                for refusals in (0, 0xffff):
                    yield seed(chunks % body, 16, 0, 0, refusals, answers=bytes([9]) + (b"\1" * at + bytes([choice])).ljust(9, b"\1")), ""
    # A refusal in many words behind replies that have not been taken yet, and no memory for it.
    for count in range(2, 10):
        for choice in (0xf2, 2, 3):
            for refusals in (0, 0xffffffff):
                for flags in (0, 16):
                    yield seed(hello + b"NOOP\r\n" * count + mail, flags, 0, 0, refusals,
                               answers=bytes([3]) + b"\1\1" + bytes([choice])), ""
                    yield seed(hello + b"NOOP\r\n" * count + mail, flags, 0, 40, refusals,
                               answers=bytes([5]) + b"\1\1\1" + bytes([choice, choice])), ""
    dsn = (hello + b"MAIL FROM:<a@b.example> RET=FULL ENVID=a+2Bb BY=120;RT\r\nRCPT TO:<c@d.example> NOTIFY=SUCCESS,DELAY "
           b"ORCPT=rfc822;a+2Bb\r\nRCPT TO:<e@d.example> RRVS=2014-04-03T23:01:00Z;C\r\nDATA\r\nx\r\n.\r\n")
    # LHLO, and an answer for each recipient.
    lmtp = (b"LHLO client.example\r\nMAIL FROM:<a@b.example>\r\n" + b"RCPT TO:<c@d.example>\r\n" * 3 + b"DATA\r\nx\r\n.\r\n"
            b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 2\r\nhiBDAT 3 LAST\r\na\nbQUIT\r\n")
    for choice in list(range(0, 20)) + [0x70, 0xec, 0xff]:
        for refusals in (0, 0xffffffff):
            for protocol in (1, 3):
                yield seed(lmtp, 16, 0, 0, refusals, protocol=protocol,
                           answers=bytes([9]) + b"\1" * 7 + bytes([choice]) * 2), "a reply for each recipient"
    for count in range(1, 9):
        yield seed(b"LHLO c\r\nMAIL FROM:<a@b>\r\n" + b"RCPT TO:<c@d>\r\n" * 9 + b"NOOP\r\n" * count + b"DATA\r\nx\r\n.\r\n", 8, 0, 50,
                   0xffffffff, protocol=1, answers=bytes([13]) + b"\1" * 12 + b"\2"), ""
    many = b"LHLO c\r\nMAIL FROM:<a@b>\r\n" + b"RCPT TO:<c@d>\r\n" * 20 + b"DATA\r\nx%s\r\n.\r\n"
    for octets in (many % b"", many % b"\ny"):
        for bit in range(10):
            for protocol, choice in ((1, 1), (1, 2), (3, 1)):
                yield seed(octets, 0, 0, 0, 1 << bit, protocol=protocol, answers=bytes([25]) + b"\1" * 24 + bytes([choice])), ""
    # Extensions of delivery are on: switches 1, one byte each for the two groups of them.
    delivery = b"\x20\x00\x00\x05\x55"
    for refusals in (0, 1, 2, 4, 8, 16, 0xfe, 0xffff):
        yield seed(dsn, 32, 0, 0, refusals, config=delivery), "parameters that are kept, and no memory for them"
        yield seed(dsn, 32, 0, 0, refusals, config=delivery, protocol=1), ""
    for refusals in (0, 1, 2, 4, 0xffff):
        yield seed(dsn, 0, 0, 0, refusals), "parameters that are kept, and no memory for them"
        yield seed(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\0\x50\0\x19" + hello, 2, 1, 0, refusals), ""
    # EHLO_OK of a table's own, with the client's address in it: {server} is put in front.
    table = b"\1\4\0\0\2a\1" + b"\0"
    for part in (0, 7):
        yield seed(hello * 2 + mail, 64, 0, part, table=table), "a table whose greeting depends on the client"
    for name in (b"", b"mx.example", b"a b", b"x" * 255):
        yield seed(hello, 128, table=bytes([len(name)]) + name), "names of the server"
    # AUTH is required (530), and offered inside TLS alone.
    yield seed(hello + b"AUTH PLAIN AAAA\r\nNOOP\r\n" + mail, 32, config=b"\x40\x41"), "mail before AUTH"

    # With what the answers say of AUTH: of the greeting, of EHLO, then of what is in the octets.
    def auth(octets, more, cuts=0, refusals=0, protocol=4, flags=0):
        return seed(octets, flags, cuts, 0, refusals, protocol=protocol, answers=accept + bytes([len(more)]) + more)

    again = hello * 2 + b"AUTH X-OWN AAAA\r\n" + hello * 2 + b"AUTH LOGIN\r\n"
    exchange = hello + b"AUTH PLAIN\r\nAAAA\r\nZm9v\r\nNOOP\r\n" + mail
    named = hello + b"MAIL FROM:<a@b.example> AUTH=a+2Bb@b.example\r\nRSET\r\nMAIL FROM:<> AUTH=<>\r\n"
    told = hello + b"XFORWARD NAME=a.example ADDR=192.0.2.7\r\n" + mail + b"XCLIENT NAME=a.example LOGIN=me\r\n" + hello
    for cuts in (0, 1, 5):
        yield auth(again, b"\0\1\1\0\0\1", cuts), "mechanisms of one session's own, then the configuration's"
        yield auth(exchange, b"\0\0\3\3\0", cuts), "an exchange"
        yield auth(exchange, b"\0\0\3\3\0", cuts, protocol=12), "the host goes down when it is asked"
        yield auth(exchange, b"\0\0\3", cuts, flags=24), "an exchange that takes too long"
        yield auth(hello + b"AUTH PLAIN\r\nAAAA\nNOOP\r\n", b"\0\0\3", cuts), "a bare LF in an exchange"
        yield auth(named, b"", cuts), ""
        yield auth(told, b"", cuts), ""
    yield auth(exchange, b"\0\0\0", protocol=12), "the host goes down at the first response"
    yield auth(hello + b"STARTTLS\r\n" + hello + b"AUTH X-OWN\r\n", b"\0\1", flags=1), "TLS ends what was said of mechanisms"
    for kind in range(8):
        yield auth(exchange, b"\0" + bytes([kind, 3, kind])), "answers of all kinds"
        yield auth(exchange, bytes([kind]) + b"\0" + bytes([kind])), ""
    for bit in range(8):
        yield auth(again, b"\0\1\1", refusals=1 << bit), "no memory for a list"
        yield auth(exchange, b"\0\0\3\3\0", refusals=1 << bit), "nor for a response"
        yield auth(exchange, b"\0\0\3\3\0", 1, refusals=1 << bit), "nor for a line of it"
        yield auth(named, b"", refusals=1 << bit), "nor for AUTH= of MAIL"
        yield auth(told, b"", refusals=1 << bit), "nor for what is told of a client"
    # A response that the room for commands does not hold.
    for bit in range(8):
        yield auth(hello + b"AUTH PLAIN\r\n" + b"QUJD" * 260 + b"\r\nNOOP\r\n", b"\0\0\3", 5, 1 << bit), "nor for a long line of an exchange"
    # More output than is held without asking for memory, taken in parts.
    for part in range(150, 256, 8):
        yield seed(hello + b"HELP\r\n" * 3 + b"HELP MAIL\r\nHELP 500\r\n", 0, 0, part), ""


def _abi_calls():
    # Refusals of the allocator, flags; then calls. 128 + n feeds line n of the target's list (mod 18).
    def line(n):
        return bytes([next(c for c in range(128, 220) if c % 18 == n)])

    mail = b"".join(line(n) for n in (0, 2, 3, 4, 5, 8))
    for head in (b"\0" * 5, b"\0\0\0\0\1", b"\0\0\0\2\0", b"\0\0\0\x10\3"):
        yield head + mail, "a message"
        yield head + b"".join(line(n) for n in range(18)), "every line"
        yield head + line(0) + line(13) + b"\6\0\1" + line(0), "STARTTLS, established, EHLO"
        yield head + bytes(c for n in range(18) for c in (n, 0, 3, 1, 65, 66, 67)), "every call"
    yield b"\0" * 5 + line(0) + b"\0\0\x0cMAIL FROM:<>" + b"\0\0\2\r\n" + b"\2\0\x21" + b"\0" * 8, "a wrong ticket"
    yield b"\0" * 5 + b"\x08\0\0\0\1x\1\0\2\0\1", "calls on a closed session"
    yield b"\0\0\0\0\2\0\0\7abcdefg", "octets at no address"
    yield b"\0" * 5 + b"\x09\1\0\5\0" + b"\0\1\x28PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", ""


def _upstream():
    ehlo = b"250-mx\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8\r\n"
    chunking = b"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
    xclient = b"250-mx\r\n250-XFORWARD NAME ADDR HELO SOURCE\r\n250 XCLIENT NAME ADDR PORT HELO\r\n"
    ok = b"250 2.0.0 Ok\r\n"
    talks = [
        b"220 mx\r\n" + ehlo + ok * 3 + b"354 go\r\n" + ok * 5,
        b"220 mx\r\n" + chunking + ok * 6,
        b"220 mx\r\n" + xclient + b"220 mx\r\n" + xclient + ok * 3 + b"354 go\r\n" + ok,
        b"220 mx\r\n502 no\r\n" + ok * 4 + b"354 go\r\n550-5.7.1 no\r\n550 5.7.1 never\r\n",
        b"220 mx\r\n" + ehlo + ok * 3 + b"354 go\r\n552 5.3.4 too big\r\n",
        b"220 mx\r\n" + ehlo + b"421 4.3.2 closing\r\n",
        b"554 no\r\n", b"220 mx\n", b"HTTP/1.1 400 Bad Request\r\n", b"\x15\x03\x01\0\2\2\x46",
        b"220-a\r\n221 b\r\n", b"220 " + b"x" * 3000,
    ]
    burl = b"250-mx\r\n250-PIPELINING\r\n250-ETRN\r\n250-CHUNKING\r\n250 BURL imap\r\n"
    talks += [
        b"220 mx\r\n" + burl + ok * 9,
        b"220 mx\r\n" + burl + b"459 4.7.1 not you\r\n" + ok * 2 + b"554 5.6.6 no\r\n" + ok * 4,
    ]
    # A cut of 3 with replies of that length would be luck: 0xF0 gives whole lines to some.
    choices = [b"\0\0\x41\0\0", b"\0\0\x41\1\0", b"\1\0\1\2\0", b"\0\1\x41\3\0", b"\2\2\5\4\0",
               b"\0\3\x0a\5\0", b"\0\0\1\0\x08\x0a\0\0\x0b\4\x1b\0\0", b"\0\0\1\0\7\0\0\x0b\4\x0b\x1b\1", b"\4\4\x30\6\4\0\x15\0\1", b"\0\0\0\7\6\0\6\6\3\x44\0"]
    yield from ((seed, "") for seed in _with(choices, talks))
    yield b"\0\0\0\1\0220 mx\r\n250 mx\r\n", "CVE-2021-38371 (Exim) turned round: a reply in advance"


def _gate():
    def says(octets):
        return b"\0" + bytes([len(octets)]) + octets

    hello = says(b"EHLO c.example\r\n")
    envelope = says(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@f.example>\r\n")
    message = says(b"DATA\r\n") + says(b"Subject: x\r\n\r\n..\r\n.\r\n")
    quit = says(b"QUIT\r\n")
    burst = says(b"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\nRSET\r\nQUIT\r\n")
    usual = [b"\0\0\0", b"\1\0\0", b"\0\x08\0", b"\2\x08\0", b"\4\0\0", b"\x10\x40\0", b"\x20\x80\0",
             b"\x30\0\0", b"\1\x08\0"]
    for choice in usual:
        yield choice + hello + envelope + message + envelope + says(b"RSET\r\n") + quit, ""
        yield choice + burst, ""
    login = hello + says(b"AUTH PLAIN AGEAYg==\r\n")
    queue = says(b"ETRN @c.example\r\nETRN #q\r\n")
    fetch = says(b"BURL imap://m.example/a\r\n") + says(b"BDAT 4\r\nab\r\n") + says(b"BURL imap://m.example/b LAST\r\n")
    for offer in (b"\0", b"\x08"):
        yield b"\x0c" + offer + b"\0" + login + queue + envelope + fetch + envelope + message + queue + quit, "ETRN and BURL, RFC 1985 and RFC 4468"
        yield b"\x0c" + offer + b"\0" + hello + queue + envelope + fetch + quit, "BURL without AUTH"
    for reply in range(12):
        for fault in (1, 4, 6, 7, 9):
            yield bytes([12, 8, reply * 10 + fault]) + login + queue + envelope + fetch + b"\3\x20\0" + envelope + fetch + quit, ""
    for reply in range(7):
        for fault in range(1, 10):
            yield bytes([0, 0, reply * 10 + fault]) + hello + envelope + message + b"\3\x20\0" + quit, ""
    yield b"\x08\0\x34" + hello + envelope + b"\3\0\x0a" + message + b"\3\0\x0a" + envelope + quit, ""
    yield b"\0\0\0" + hello + envelope + b"\2\x0c250 2.0.0 Ok\r\n"[:14] + message, ""
    yield b"\0\0\0" + hello + b"\5" + envelope + b"\x0d" + envelope + b"\4" + message + b"\x0f", ""
    yield b"\0\0\0" + hello + envelope + says(b"DATA\r\n") + b"\6" + says(b"x" * 250) * 3 + b"\x0e\x0f", ""
    for smuggled in (b"a\n.\n", b"a\n.\r\n", b"a\r.\r\n", b"a\r\n.\n", b"a\r\n\0.\r\n"):
        yield (b"\0\0\0" + hello + envelope + says(b"DATA\r\n") + says(smuggled + b"MAIL FROM:<x@y>\r\n.\r\n")
               + quit), "SMTP smuggling through a gate (CVE-2023-51764)"


def _clients(root):
    """What real clients sent, as seeds of the targets that read lines or content."""
    folder = os.path.join(root, "fuzz", "session", "clients")
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| (\S+) \| ([^|]+) \| [^|]+ \|$", file.read(), re.MULTILINE)
    for name, client in rows:
        if name in ("file", "---"):
            continue
        with open(os.path.join(folder, name), "rb") as file:
            sent = file.read()
        yield "line_splitter", b"\0\0\0\0" + sent, client
        yield "line_splitter", b"\0\0\7\0" + sent, client
        while sent:
            line, end, sent = sent.partition(b"\r\n")
            yield "command_line", b"\0\0" + line, client
            if line.upper() != b"DATA" or not end:
                continue
            # Up to its end; a client that was not let in goes on with another command.
            content = re.match(rb"(?:.*?\r\n)??\.\r\n", sent, re.DOTALL)
            if content:
                yield "data_decoder", b"\0\0" + content[0], client
                yield "data_decoder", b"\0\7" + content[0], client
                sent = sent[content.end():]


_SEEDS = {
    "abi_calls": _abi_calls,
    "session_api": _session_api,
    "upstream": _upstream,
    "gate": _gate,
    "inspect_vs_session": _inspect_vs_session,
    "table_loader": _table_loader,
    "reply_format": _reply_format,
    "config_loader": _config_loader,
    "proxy_header": _proxy_header,
    "data_decoder": _data_decoder,
    "auth_exchange": _auth_exchange,
    "bdat_decoder": _bdat_decoder,
    "command_line": _command_line,
    "line_splitter": _line_splitter,
    "path": _path,
    "domain": _domain,
    "parameters": _parameters,
    "esmtp_values": _esmtp_values,
    "xtext_base64_date": _xtext_base64_date,
}


def all_seeds(root):
    """(target, octets, history) of every seed; `root` is the workspace."""
    for target, seeds in _SEEDS.items():
        for octets, history in seeds():
            yield target, octets, history
    yield from _clients(root)
