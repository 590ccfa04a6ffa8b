# SPDX-License-Identifier: Apache-2.0
"""The real bug that a planted one is modelled on, where there is one: in another server, or once in our own.

Where a bug of another server is named, the planted one is the same kind of mistake in the same place of an SMTP
session; it is not that server's code.
"""

MODELLED_ON = {
    "lf_ends_line": "Postfix CVE-2023-51764, SMTP smuggling",
    "line_store_unbounded": "qmail CVE-2005-1513, a line of gigabytes",
    "line_store_overflow": "Exim CVE-2018-6789, one octet too many",
    "line_store_leaks": "Dovecot CVE-2017-15132, memory of an aborted dialogue",
    "dot_lf_ends_content": "sendmail CVE-2023-51765, SMTP smuggling",
    "lf_begins_line": "Postfix CVE-2023-51764, SMTP smuggling",
    "cr_begins_line": "Exim CVE-2023-51766, SMTP smuggling",
    "start_tls_injection": "Postfix CVE-2011-0411, commands in the clear behind STARTTLS",
    "start_tls_keeps_helo": "nginx CVE-2014-3556 and others, state from before TLS",
    "refused_content_keeps_envelope": "Exim CVE-2020-28019, state left by a refused message",
    "wrong_ticket_taken": "Dovecot CVE-2025-59028, the answer of another login",
    "recipient_limit_off_by_one": "Exim CVE-2020-28017, recipients without end",
    "bad_utf8_passes": "Dovecot CVE-2020-7046, truncated UTF-8",
    "placeholder_unchecked": "Exim CVE-2020-28021, a line end in what a client sent",
    "override_with_cr": "OpenSMTPD CVE-2020-8794, line ends in replies",
    "shutdown_drops_transaction": "our own: regressions/session 423fb848bc",
    "quadratic_line": "OpenSMTPD audit of 2015, work by long lines",
    "bdat_unknown_size_goes_on": "Exim CVE-2017-16943, BDAT followed by what is no chunk",
    "bdat_refused_keeps_message": "Exim CVE-2020-28019, the state behind a refused BDAT",
    "bdat_held_reply_leaks": "Dovecot CVE-2017-15132, memory of an aborted dialogue",
    "bdat_refused_is_not_skipped": "Exim CVE-2020-28019, the state behind a refused BDAT",
    "bdat_count_wraps": "Exchange CVE-2003-0714, a length that is negative",
    "auth_response_not_wiped": "nginx CVE-2026-27651, what a failed exchange leaves behind",
    "auth_counts_padding": "Exim CVE-2018-6789, the length of base64",
    "auth_failure_keeps_exchange": "Postfix CVE-2011-1720, an exchange that outlives its failure",
    "bdat_size_wraps": "Exchange CVE-2003-0714, a length that is negative",
    "bdat_count_32_bits": "Exchange CVE-2003-0714, a length that is negative",
    "bdat_refused_chunk_not_skipped": "Exim CVE-2020-28019, the state behind a refused BDAT",
    "bdat_dot_removed": "Exim CVE-2017-16944, a dot looked for inside BDAT",
    "quoted_pair_off_the_end": "Exim CVE-2019-15846, a backslash at the end",
    "truncated_utf8_endless": "Dovecot CVE-2020-7046, truncated UTF-8 in a parameter",
    "empty_value_taken": "Exim CVE-2020-28022, name=value of MAIL and RCPT",
    "base64_room_off_by_one": "Exim CVE-2018-6789, base64 one octet over its room",
    "base64_length_off": "Exim CVE-2018-6789, the length of base64",
    "base64_trailing_bits_taken": "Dovecot CVE-2025-59028, invalid base64",
    "proxy_addresses_unchecked": "Exim CVE-2023-42117, a PROXY header not validated",
    "proxy_ipv6_overrun": "Exim CVE-2023-42117, the address text of a PROXY header",
    "vrfy_of_nothing": "Dovecot CVE-2020-10957, a command without its argument",
    "table_refusal_unescaped": "our own: regressions/table_loader 2756dec546",
    "config_speaks_to_stderr": "our own: regressions/config_loader 6970d0958c",
}
