/* SPDX-License-Identifier: Apache-2.0
 *
 * postern.h - the C interface of libpostern.so, an SMTP server session engine (RFC 5321).
 *
 * The engine does no I/O: the host feeds it the octets of a connection and sends out the octets it
 * makes; it takes events from the engine and answers those that are decisions. Time is an argument.
 * Equal octets, answers and times give equal results, always.
 *
 * Conventions
 *   Entry      dlsym("postern_plugin_v1"): the only exported name.
 *   Structs    begin with `struct_size`, set by whoever fills the struct: sizeof it as compiled.
 *              The reader uses the smaller of both sizes; what is missing counts as zero, and zero
 *              is the default. Structs and tables only ever grow at their end.
 *   Octets     are pointer + length, never NUL-terminated, and may hold anything unless the field
 *              says that it was validated.
 *   Ownership  what the host passes in is copied or used before the call returns, never kept. What
 *              the plugin hands out is borrowed until the next call on the same session. Nobody
 *              frees the memory of the other.
 *   Threads    [any-thread]: at any time, from any thread. [owner-thread]: calls on one session
 *              never overlap; which thread makes them may change between calls. [immutable]: the
 *              object never changes after it was made.
 *   Results    >= 0 success (session calls return POSTERN_HAS_* flags); < 0 one of POSTERN_E_*.
 *              Errors above POSTERN_E_DEAD: the call was refused, the object is unharmed. At or
 *              below: the object is dead, only its release or close is allowed.
 *   Re-entry   from inside postern_host callbacks no call into the plugin is allowed.
 *
 * A session in five verbs, between session_open and session_close:
 *
 *   feed                      octets from the client
 *   next_event                what happened, and what is asked of the host
 *   answer                    the host's decision
 *   output, output_consumed   octets for the client
 *   tick, next_deadline       the time, and when it matters next
 *
 * feed() stops at every event and when output waits for room: it says how many octets it took, the
 * host feeds the rest after it has drained events and output. Nothing is buffered but one partial
 * command line. While a decision is open (POSTERN_HAS_TICKET) feed() takes nothing.
 */
#ifndef POSTERN_PLUGIN_API_POSTERN_H_
#define POSTERN_PLUGIN_API_POSTERN_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Same major: works in both directions. The minor counts additions and decides nothing. */
#define POSTERN_ABI_MAJOR 1u
#define POSTERN_ABI_MINOR 1u
#define POSTERN_ABI_VERSION ((POSTERN_ABI_MAJOR << 16) | POSTERN_ABI_MINOR)

/* Results. Numbers are never reused. */
enum {
  POSTERN_OK = 0,
  /* Flags that feed, next_event, answer, output_consumed, tick and notify return, or-ed. */
  POSTERN_HAS_EVENT = 1,  /* next_event() has one */
  POSTERN_HAS_OUTPUT = 2, /* output() has octets for the client */
  POSTERN_HAS_TICKET = 4, /* a decision is open: answer() it; feed() takes nothing till then */
  POSTERN_START_TLS = 8,  /* send all output, then do the TLS handshake, then notify() */
  POSTERN_CLOSING = 16,   /* send all output, take all events, then close the connection */

  POSTERN_E_ARGUMENT = -1, /* null pointer, size below the first published one, bad constant */
  POSTERN_E_STATE = -2, /* the call is not allowed in this state (session closed, no TLS awaited) */
  POSTERN_E_TICKET = -3,    /* no such open decision: unknown, answered before, or expired */
  POSTERN_E_REPLY = -4,     /* the override is no valid reply for this decision; it stays open */
  POSTERN_E_CONFIG = -5,    /* configuration refused; postern_error tells where and why */
  POSTERN_E_TABLE = -6,     /* reply table refused; postern_error tells where and why */
  POSTERN_E_MEMORY = -7,    /* the allocator gave nothing; nothing changed */
  POSTERN_E_ABI = -8,       /* unknown ABI major */
  POSTERN_E_DEAD = -100,    /* the object is dead: only close or release */
  POSTERN_E_INTERNAL = -101 /* an invariant broke; the session is dead */
};

/* Borrowed octets. */
typedef struct postern_bytes {
  const uint8_t *data;
  size_t size;
} postern_bytes;

/* What the host offers. All members but struct_size are optional for ever.
 * [immutable] while any engine made with it lives; the plugin copies it. */
enum {
  POSTERN_LOG_DEBUG = 0,
  POSTERN_LOG_INFO = 1,
  POSTERN_LOG_WARNING = 2,
  POSTERN_LOG_ERROR = 3,
  POSTERN_LOG_HOST_MISBEHAVED = 4 /* a call broke a rule of this header */
};
typedef struct postern_host {
  uint32_t struct_size;
  uint32_t reserved;
  /* Given back on each callback. */
  void *user;
  /* Text is UTF-8 without line end. Called from the thread of the call that causes it. */
  void (*log)(void *user, int32_t severity, const char *text, size_t size);
  /* Memory of sessions. Both or none; null: malloc and free. May return null. [any-thread] */
  void *(*allocate)(void *user, size_t size);
  void (*deallocate)(void *user, void *memory, size_t size);
} postern_host;

/* Text of a refusal, into the caller's buffer: UTF-8, one problem per line, always NUL-terminated
 * when capacity > 0. `size` is the length of the whole text, which may exceed what fitted. */
typedef struct postern_error {
  uint32_t struct_size;
  uint32_t reserved;
  char *text;
  size_t capacity;
  size_t size;
} postern_error;

typedef struct postern_table postern_table;     /* reply table [immutable], counted references */
typedef struct postern_engine postern_engine;   /* configuration and current table [any-thread] */
typedef struct postern_session postern_session; /* one connection [owner-thread] */

/* ---- Session options ---- */

enum {
  POSTERN_OPEN_TLS = 1,          /* TLS is already up when the session opens (RFC 8314) */
  POSTERN_OPEN_CAN_STARTTLS = 2, /* the host can do a TLS handshake when asked */
  POSTERN_OPEN_PROXY_HEADER = 4, /* a PROXY protocol header comes first, and must */
  POSTERN_OPEN_TRUSTED = 8, /* the peer may tell of clients: XCLIENT, XFORWARD where configured */
  POSTERN_OPEN_SUBMISSION = 16 /* mail is submitted here (RFC 6409): 530 before AUTH */
};
typedef struct postern_session_options {
  uint32_t struct_size;
  uint32_t flags; /* POSTERN_OPEN_* */
  /* Milliseconds on any clock that does not go backwards; the same clock for tick(). */
  uint64_t now_ms;
  /* Bit (1 << type) set: that event is wanted. 0: all. A decision that is not wanted gets the
   * default answer named at the event; other unwanted events are not made. */
  uint64_t wanted_events;
  /* Client address as text for the {client} placeholder, at most 63 octets are kept. */
  postern_bytes client_address;
  /* Since 1.1. Milliseconds since 1970-01-01 UTC at now_ms; 0: not known, and then FUTURERELEASE
   * (RFC 4865), which tells a latest date, is not in force. */
  uint64_t unix_ms;
} postern_session_options;

/* ---- Events ---- */

/* Those marked * are decisions: they carry a ticket that must be answered. */
enum {
  POSTERN_EVENT_CONNECT = 1,       /* * before the greeting; default accept */
  POSTERN_EVENT_PROXY_HEADER = 2,  /*   the PROXY header was read */
  POSTERN_EVENT_HELO = 3,          /* * HELO, EHLO or LHLO; default accept */
  POSTERN_EVENT_STARTTLS = 4,      /* * default defer (454) */
  POSTERN_EVENT_MAIL = 5,          /* * default accept */
  POSTERN_EVENT_RCPT = 6,          /* * default reject */
  POSTERN_EVENT_CONTENT_BEGIN = 7, /* * DATA: accept gives 354; first BDAT; default accept */
  POSTERN_EVENT_CONTENT = 8,       /*   octets of the message, in order */
  POSTERN_EVENT_CONTENT_END = 9,   /* * accept: the host has the message safe; default defer */
  POSTERN_EVENT_RESET = 10,        /*   the open mail transaction is void: drop what you hold */
  POSTERN_EVENT_VRFY = 11,         /* * default: 252 */
  POSTERN_EVENT_EXPN = 12,         /* * default reject */
  POSTERN_EVENT_HELP = 13,         /* * default: 214 from the table */
  POSTERN_EVENT_UNKNOWN = 14,   /* * unknown command, if the configuration offers it; default 500 */
  POSTERN_EVENT_ERROR = 15,     /*   a line was answered 4yz or 5yz by the engine itself */
  POSTERN_EVENT_QUIT = 16,      /*   QUIT was answered */
  POSTERN_EVENT_CLOSED = 17,    /*   the last event of a session */
  POSTERN_EVENT_CHUNK_END = 18, /* * a chunk of BDAT, but the last, was read; default accept */
  POSTERN_EVENT_AUTH = 19,      /* * AUTH, or a response in its exchange; default reject (535) */
  POSTERN_EVENT_AUTH_END = 20, /*   an exchange ended without a verdict: drop what you hold of it */
  POSTERN_EVENT_XCLIENT = 24,  /* * a trusted peer tells of its client; default accept: 220 */
  POSTERN_EVENT_XFORWARD = 25, /* * a trusted peer tells of the next message; default accept */
  POSTERN_EVENT_PARAMETER = 26 /* * unknown parameter, if the configuration offers it; 555 */
};

/* What every event begins with. A host that does not know a type whose ticket is not 0 answers it
 * with POSTERN_VERDICT_DEFAULT. */
typedef struct postern_event {
  uint32_t struct_size;
  uint32_t type;
  uint32_t flags;
  uint32_t reserved;
  uint64_t ticket; /* 0: nothing to answer */
} postern_event;

/* POSTERN_EVENT_CONNECT, _STARTTLS, _QUIT: the header alone. */

enum { POSTERN_PROXY_LOCAL = 1 };
enum {
  POSTERN_FAMILY_NONE = 0,
  POSTERN_FAMILY_INET = 1,
  POSTERN_FAMILY_INET6 = 2,
  POSTERN_FAMILY_UNIX = 3
};
typedef struct postern_event_proxy_header {
  postern_event event;
  uint32_t version; /* 1 or 2 */
  uint32_t family;  /* POSTERN_FAMILY_* */
  uint16_t source_port;
  uint16_t destination_port;
  uint32_t reserved;
  uint8_t source[16]; /* network order; IPv4 in the first four */
  uint8_t destination[16];
  postern_bytes tlvs; /* structure validated */
} postern_event_proxy_header;

enum {
  POSTERN_HELO_EXTENDED = 1, /* EHLO or LHLO */
  POSTERN_HELO_LITERAL = 2,  /* an address literal */
  POSTERN_HELO_LMTP = 4      /* LHLO (RFC 2033) */
};
typedef struct postern_event_helo {
  postern_event event;
  postern_bytes name; /* validated: RFC 5321 section 4.1.1.1, as far as leniency demands */
} postern_event_helo;

/* Flags of MAIL and RCPT. */
enum {
  POSTERN_PATH_NULL = 1,         /* <> */
  POSTERN_PATH_POSTMASTER = 2,   /* <Postmaster> without domain, RFC 5321 section 4.5.1 */
  POSTERN_PATH_QUOTED = 4,       /* the local-part is a Quoted-string, as sent */
  POSTERN_PATH_LITERAL = 8,      /* the domain is an address literal */
  POSTERN_PATH_ROUTE = 16,       /* a source route was sent; it is not part of `mailbox` */
  POSTERN_PATH_UTF8 = 32,        /* non-ASCII octets (RFC 6531), well-formed UTF-8 */
  POSTERN_MAIL_SMTPUTF8 = 64,    /* MAIL: the SMTPUTF8 parameter was given */
  POSTERN_MAIL_REQUIRETLS = 128, /* MAIL: REQUIRETLS was given (RFC 8689) */
  POSTERN_MAIL_AUTH = 256,       /* MAIL: the AUTH parameter was given (RFC 4954 section 5) */
  POSTERN_MAIL_AUTH_NULL = 512,  /* MAIL: and it is "<>" */
  POSTERN_MAIL_PRIORITY = 1024,  /* MAIL: MT-PRIORITY was given (RFC 6710) */
  POSTERN_MAIL_HOLDFOR = 2048,   /* MAIL: HOLDFOR was given (RFC 4865) */
  POSTERN_MAIL_HOLDUNTIL = 4096, /* MAIL: HOLDUNTIL was given, and then HOLDFOR was not */
  POSTERN_RCPT_RRVS = 128        /* RCPT: RRVS was given (RFC 7293) */
};
enum {
  POSTERN_BODY_NONE = 0,
  POSTERN_BODY_7BIT = 1,
  POSTERN_BODY_8BITMIME = 2,
  POSTERN_BODY_BINARYMIME = 3
};
/* RET= of MAIL (RFC 3461): what of the message goes into a report. */
enum { POSTERN_DSN_RETURN_NONE = 0, POSTERN_DSN_RETURN_FULL = 1, POSTERN_DSN_RETURN_HEADERS = 2 };
/* BY= of MAIL (RFC 2852): what is to happen when the time is over; TRACE may be or-ed to it. */
enum {
  POSTERN_BY_NONE = 0, /* not given */
  POSTERN_BY_NOTIFY = 1,
  POSTERN_BY_RETURN = 2,
  POSTERN_BY_TRACE = 256
};
typedef struct postern_event_mail {
  postern_event event;
  postern_bytes reverse_path; /* with angle brackets; validated */
  postern_bytes mailbox;      /* local-part@domain; empty for <> */
  postern_bytes local_part;   /* as sent, quotes included */
  postern_bytes domain;
  postern_bytes parameters; /* all ESMTP parameters as sent; validated */
  uint64_t size;            /* SIZE= (RFC 1870), 0 if not given */
  uint32_t body;            /* POSTERN_BODY_* */
  uint32_t reserved;
  /* Since 1.1. What was not given is empty or 0. */
  postern_bytes envid;         /* ENVID= (RFC 3461), xtext as sent */
  postern_bytes envid_decoded; /* what it stands for: printable ASCII, SP and HT */
  postern_bytes
      auth; /* AUTH=, decoded: a validated mailbox; to be believed of trusted clients only */
  int64_t hold_until;  /* HOLDUNTIL= (RFC 4865), Unix time: not to be sent on before */
  uint32_t hold_for;   /* HOLDFOR=, seconds from now */
  uint32_t dsn_return; /* POSTERN_DSN_RETURN_* */
  int32_t by_seconds;  /* BY= (RFC 2852) */
  uint32_t by_mode;    /* POSTERN_BY_* */
  int32_t priority;    /* MT-PRIORITY= (RFC 6710), -9 to 9, with POSTERN_MAIL_PRIORITY */
  uint32_t reserved2;
} postern_event_mail;

/* RRVS= of RCPT (RFC 7293): what a server that cannot check is to do. Not stated means reject. */
enum { POSTERN_RRVS_UNSTATED = 0, POSTERN_RRVS_REJECT = 1, POSTERN_RRVS_CONTINUE = 2 };

/* NOTIFY= of RCPT (RFC 3461), or-ed; NEVER is alone. 0: not given, which is the server's default.
 */
enum {
  POSTERN_NOTIFY_NEVER = 1,
  POSTERN_NOTIFY_SUCCESS = 2,
  POSTERN_NOTIFY_FAILURE = 4,
  POSTERN_NOTIFY_DELAY = 8
};

typedef struct postern_event_rcpt {
  postern_event event;
  postern_bytes forward_path;
  postern_bytes mailbox; /* "Postmaster" alone with POSTERN_PATH_POSTMASTER */
  postern_bytes local_part;
  postern_bytes domain;
  postern_bytes parameters;
  uint32_t accepted; /* recipients accepted before this one */
  uint32_t reserved;
  /* Since 1.1. What was not given is empty or 0. */
  postern_bytes orcpt_type; /* ORCPT= (RFC 3461): address type, such as rfc822 */
  postern_bytes orcpt;      /* its address as sent, xtext, or UTF-8 with the type utf-8 (RFC 6533)
                               and SMTPUTF8; no address syntax was checked */
  postern_bytes orcpt_decoded; /* decoded: printable ASCII, SP, HT; UTF-8 with SMTPUTF8 */
  int64_t rrvs;                /* RRVS= (RFC 7293), Unix time, with POSTERN_RCPT_RRVS */
  uint32_t notify;             /* POSTERN_NOTIFY_* */
  uint32_t rrvs_action;        /* POSTERN_RRVS_* */
} postern_event_rcpt;

enum {
  POSTERN_CONTENT_BDAT = 1,  /* it comes by BDAT (RFC 3030); accept has no reply of its own */
  POSTERN_CONTENT_LAST = 2,  /* BDAT: the first chunk is the last */
  POSTERN_CONTENT_BINARY = 4 /* BDAT: any octets may come, bare CR and LF as well (BINARYMIME) */
};
typedef struct postern_event_content_begin {
  postern_event event;
  uint32_t recipients;
  uint32_t reserved;
  uint64_t chunk_octets; /* BDAT: octets of the first chunk */
} postern_event_content_begin;

/* Points into the octets given to feed(), or to a constant: no copy is made. */
typedef struct postern_event_content {
  postern_event event;
  postern_bytes data;
} postern_event_content;

typedef struct postern_event_content_end {
  postern_event event;
  uint64_t octets; /* sum of all content slices */
} postern_event_content_end;

/* A rejected or deferred chunk is the end of the message: the client has to send RSET. */
typedef struct postern_event_chunk_end {
  postern_event event;
  uint64_t octets; /* of this chunk, as sent */
  uint64_t total;  /* of all chunks of the message so far, as sent */
} postern_event_chunk_end;

enum {
  POSTERN_RESET_RSET = 1,
  POSTERN_RESET_HELO = 2,
  POSTERN_RESET_STARTTLS = 3,
  POSTERN_RESET_CONTENT_REFUSED = 4, /* a bare newline, over the size limit, a chunk refused */
  POSTERN_RESET_TIMEOUT = 5,         /* the decision after the content came too late */
  POSTERN_RESET_CLOSED = 6           /* QUIT, disconnect, 421 */
};
typedef struct postern_event_reset {
  postern_event event;
  uint32_t reason; /* POSTERN_RESET_* */
  uint32_t reserved;
} postern_event_reset;

/* VRFY, EXPN: the String; HELP: the topic or empty; UNKNOWN: the verb, and the whole line. */
typedef struct postern_event_query {
  postern_event event;
  postern_bytes argument;
  postern_bytes line; /* without CR LF; printable ASCII, HT and, under SMTPUTF8, UTF-8 */
} postern_event_query;

/* What XCLIENT and XFORWARD tell, by the protocol that Postfix publishes. */
enum {
  POSTERN_CLIENT_NAME = 1,
  POSTERN_CLIENT_ADDR = 2, /* XCLIENT: IPv4 or IPv6 address as text, without "IPV6:" */
  POSTERN_CLIENT_PORT = 3, /* decimal */
  POSTERN_CLIENT_PROTO = 4,
  POSTERN_CLIENT_HELO = 5,
  POSTERN_CLIENT_LOGIN = 6,
  POSTERN_CLIENT_DESTADDR = 7,
  POSTERN_CLIENT_DESTPORT = 8,
  POSTERN_CLIENT_IDENT = 9,
  POSTERN_CLIENT_SOURCE = 10
};
enum {
  POSTERN_CLIENT_VALUE = 1,
  POSTERN_CLIENT_UNAVAILABLE = 2,     /* [UNAVAILABLE] */
  POSTERN_CLIENT_TEMP_UNAVAILABLE = 3 /* [TEMPUNAVAIL] */
};
typedef struct postern_client_attribute {
  uint32_t attribute;  /* POSTERN_CLIENT_NAME, ... */
  uint32_t state;      /* POSTERN_CLIENT_VALUE, ... */
  postern_bytes value; /* decoded; printable ASCII that is safe in header fields and logs */
} postern_client_attribute;

/* POSTERN_EVENT_XCLIENT: accepted, the session is back at its greeting, which is the reply, and its
 * client the one that is told of, authenticated if LOGIN has a value; TLS stays. _XFORWARD: for the
 * next message of this session. */
typedef struct postern_event_client {
  postern_event event;
  postern_bytes argument;                     /* as sent; validated */
  const postern_client_attribute *attributes; /* those that were given, each once */
  size_t attribute_count;
} postern_event_client;

typedef struct postern_event_error {
  postern_event event;
  uint32_t reply_id; /* ReplyId of reply_table.proto */
  uint32_t code;     /* reply code sent */
  uint32_t rule;     /* POSTERN_RULE_*: the contract rule that decided */
  uint32_t reserved;
  postern_bytes line; /* the line, cut at the session's limit; anything may be in it */
} postern_event_error;

enum {
  POSTERN_CLOSED_QUIT = 1,
  POSTERN_CLOSED_DISCONNECTED = 2, /* the host said so */
  POSTERN_CLOSED_TIMEOUT = 3,
  POSTERN_CLOSED_ERRORS = 4,   /* R6 */
  POSTERN_CLOSED_COMMANDS = 5, /* commands without progress */
  POSTERN_CLOSED_LINE = 6,     /* F5; a BDAT that does not tell its octets (D5) */
  POSTERN_CLOSED_PROXY = 7,    /* bad or missing PROXY header; nothing was sent */
  POSTERN_CLOSED_POLICY = 8,   /* a verdict of POSTERN_VERDICT_DISCONNECT */
  POSTERN_CLOSED_SHUTDOWN = 9,
  POSTERN_CLOSED_TLS = 10, /* handshake failed */
  POSTERN_CLOSED_MEMORY = 11,
  POSTERN_CLOSED_AUTH = 12 /* limits.auth_failures */
};
typedef struct postern_event_closed {
  postern_event event;
  uint32_t reason; /* POSTERN_CLOSED_* */
  uint32_t reserved;
} postern_event_closed;

/* The AUTH command and each line of its exchange (RFC 4954). Accept: 235. Reject: 535, or another
 * entry such as AUTH_TOO_WEAK. Defer: 454. Challenge: 334, and the client's response is the next
 * event. Neither this event nor any other shows the line itself. Since minor 1. */
enum {
  POSTERN_AUTH_FIRST = 1,       /* the command; else a response to a challenge */
  POSTERN_AUTH_HAS_RESPONSE = 2 /* there is a response, which may be empty */
};
typedef struct postern_event_auth {
  postern_event event;
  postern_bytes mechanism; /* one of those offered, in upper case */
  postern_bytes response;  /* decoded; anything may be in it. Wiped when the decision is answered */
  uint32_t round;          /* challenges sent before */
  uint32_t reserved;
} postern_event_auth;

enum {
  POSTERN_AUTH_END_CANCELLED = 1,  /* "*": 501 */
  POSTERN_AUTH_END_BAD_BASE64 = 2, /* no base64, or no line: 501, 500 */
  POSTERN_AUTH_END_TOO_LONG = 3,   /* 500 */
  POSTERN_AUTH_END_CLOSED = 4,     /* the session closes */
  POSTERN_AUTH_END_ROUNDS = 5,     /* limits.auth_rounds: 535 in place of a challenge */
  POSTERN_AUTH_END_TIMEOUT = 6     /* the decision came too late: 454 */
};
typedef struct postern_event_auth_end {
  postern_event event;
  uint32_t reason; /* POSTERN_AUTH_END_* */
  uint32_t reserved;
} postern_event_auth_end;

/* A parameter of MAIL or RCPT that the engine does not know, on a line that is right otherwise; one
 * event for each, in their order, at most 64. Accept has no reply: the next event is that of the
 * next one, or of the command, whose `parameters` have it. Reject: 555, or BAD_PARAMETER or an
 * override with 501. Defer: 455. Since minor 1. */
enum { POSTERN_PARAMETER_HAS_VALUE = 1 }; /* "KEYWORD=value", else "KEYWORD" */
typedef struct postern_event_parameter {
  postern_event event;
  postern_bytes keyword; /* as sent; validated, as the value is: RFC 5321 section 4.1.2 */
  postern_bytes value;
  uint32_t command; /* POSTERN_EVENT_MAIL or _RCPT */
  uint32_t reserved;
} postern_event_parameter;

/* Contract rules, for logs: rule_name() gives "F1" etc. */
enum {
  POSTERN_RULE_NONE = 0,
  POSTERN_RULE_F1 = 1,
  POSTERN_RULE_F2 = 2,
  POSTERN_RULE_F3 = 3,
  POSTERN_RULE_F4 = 4,
  POSTERN_RULE_F5 = 5,
  POSTERN_RULE_F6 = 6,
  POSTERN_RULE_C500 = 20,
  POSTERN_RULE_C501 = 21,
  POSTERN_RULE_C502 = 22,
  POSTERN_RULE_C503 = 23,
  POSTERN_RULE_C504 = 24,
  POSTERN_RULE_C555 = 25,
  POSTERN_RULE_C214 = 26,
  POSTERN_RULE_R1 = 40,
  POSTERN_RULE_R2 = 41,
  POSTERN_RULE_R3 = 42,
  POSTERN_RULE_R4 = 43,
  POSTERN_RULE_R5 = 44,
  POSTERN_RULE_R6 = 45,
  POSTERN_RULE_R7 = 46,
  POSTERN_RULE_D1 = 60,
  POSTERN_RULE_D2 = 61,
  POSTERN_RULE_D3 = 62,
  POSTERN_RULE_D4 = 63,
  POSTERN_RULE_D5 = 64,
  POSTERN_RULE_B1 = 80,
  POSTERN_RULE_B2 = 81,
  POSTERN_RULE_B3 = 82,
  POSTERN_RULE_B4 = 83,
  POSTERN_RULE_LIMIT = 100 /* a configured limit: recipients, size, deadlines, ... */
};

/* ---- Answers ---- */

enum {
  POSTERN_VERDICT_DEFAULT = 0,
  POSTERN_VERDICT_ACCEPT = 1,
  POSTERN_VERDICT_REJECT = 2,     /* 5yz */
  POSTERN_VERDICT_DEFER = 3,      /* 4yz */
  POSTERN_VERDICT_DISCONNECT = 4, /* 421, then the session closes */
  POSTERN_VERDICT_CHALLENGE = 5   /* AUTH only: 334 with `challenge`, and no reply of your own */
};
typedef struct postern_answer {
  uint32_t struct_size;
  int32_t verdict; /* POSTERN_VERDICT_* */
  /* 0: the entry that the verdict names by itself. Else a ReplyId of reply_table.proto whose code
   * and form (enhanced code, server name) fit event and verdict, such as RELAY_DENIED for a
   * rejected RCPT. */
  uint32_t reply_id;
  /* Override, 0: none. Code, enhanced status code and text in place of the table's, checked like a
   * table entry (class as the verdict, a code allowed here, printable text, 512 octets a line). */
  uint32_t code;
  uint16_t enhanced_class;
  uint16_t enhanced_subject;
  uint16_t enhanced_detail;
  uint16_t reserved;
  postern_bytes text; /* lines separated by LF; empty with code 0 */
  /* Since 1.1. */
  postern_bytes challenge; /* POSTERN_VERDICT_CHALLENGE: as the mechanism has it, not in base64; at
                              most 9210 octets */
  /* With an accepted HELO, where extensions.auth is on: the mechanisms for this client, separated
   * by single spaces; empty: those of the configuration. */
  postern_bytes auth_mechanisms;
  /* LMTP, CONTENT_END: one answer for each recipient that was accepted, in the order of their RCPT.
   * It lies at an even distance of this answer's struct_size from the one before it. Its verdict is
   * accept, reject or defer, or default for the one above; its reply_id and override are as above;
   * its `recipients` are not looked at. The answer around them has a verdict alone.
   * Count 0: all recipients are answered alike. A disconnect makes one 421 in place of all. */
  const struct postern_answer *recipients;
  size_t recipient_count; /* 0, or the number of recipients: POSTERN_E_REPLY for any other */
} postern_answer;

/* ---- Notices ---- */

enum {
  POSTERN_NOTICE_TLS_ESTABLISHED = 1,
  POSTERN_NOTICE_TLS_FAILED = 2,   /* the session closes without a reply */
  POSTERN_NOTICE_DISCONNECTED = 3, /* the client is gone; open tickets are void */
  POSTERN_NOTICE_SHUTDOWN = 4,     /* 421 as soon as no mail transaction is open */
  POSTERN_NOTICE_SHUTDOWN_NOW = 5  /* 421 now; what has a ticket open is void */
};

typedef struct postern_session_info {
  uint32_t struct_size;
  uint32_t state;  /* opaque number; equal states have equal numbers */
  uint32_t errors; /* 5yz answers since the last completed transaction (R6) */
  uint32_t recipients;
  uint32_t tls;
  uint32_t extended; /* EHLO or LHLO was given */
  uint64_t octets_in;
  uint64_t octets_out;
  uint64_t lines;
  uint64_t messages;      /* accepted */
  uint64_t memory_octets; /* held by this session now */
  /* Hash of all that decides how the session answers, but the error count (contract R2). */
  uint64_t fingerprint;
  /* Since 1.1. */
  uint32_t authenticated; /* AUTH succeeded */
  uint32_t lmtp;          /* LMTP is spoken (RFC 2033) */
} postern_session_info;

/* ---- Inspection: for hosts that own the wire ---- */

enum {
  POSTERN_INSPECT_HELO = 1, /* HELO was accepted */
  POSTERN_INSPECT_EHLO = 2, /* EHLO or LHLO was accepted */
  POSTERN_INSPECT_MAIL = 4, /* a mail transaction is open */
  POSTERN_INSPECT_RCPT = 8, /* at least one recipient was accepted */
  POSTERN_INSPECT_TLS = 16,
  POSTERN_INSPECT_CAN_STARTTLS = 32,
  POSTERN_INSPECT_SMTPUTF8 = 64,       /* MAIL had the SMTPUTF8 parameter */
  POSTERN_INSPECT_AUTHENTICATED = 128, /* AUTH succeeded */
  POSTERN_INSPECT_BDAT = 256,          /* a chunk of this transaction was taken */
  POSTERN_INSPECT_TRUSTED = 512,       /* the peer may tell of clients */
  POSTERN_INSPECT_SUBMISSION = 1024    /* mail is submitted here */
};
typedef struct postern_inspect_context {
  uint32_t struct_size;
  uint32_t flags; /* POSTERN_INSPECT_* */
  uint32_t recipients;
  uint32_t reserved;
  postern_bytes client_address;
  /* Since 1.1. The time now, in milliseconds since 1970-01-01 UTC; 0: not known. */
  uint64_t unix_ms;
} postern_inspect_context;

typedef struct postern_verdict {
  uint32_t struct_size;
  uint32_t code;       /* 0: the line is right; the host decides and words the reply */
  uint32_t reply_id;   /* ReplyId, 0 with code 0 */
  uint32_t rule;       /* POSTERN_RULE_* */
  uint32_t event_type; /* POSTERN_EVENT_* a session would raise for this line; 0: none */
  uint32_t reserved;
  /* In: the caller's buffer; the whole reply with CR LF goes there. 2,048 octets always suffice
   * but for HELP. Out: reply_size, which may exceed the capacity: then nothing was written. */
  char *reply;
  size_t reply_capacity;
  size_t reply_size;
} postern_verdict;

/* ---- The table of calls ---- */

typedef struct postern_api {
  uint32_t struct_size;
  uint32_t abi_version;  /* POSTERN_ABI_VERSION of the plugin */
  postern_bytes version; /* product version, ASCII */

  /* Name of a POSTERN_E_* or POSTERN_RULE_*, static text; "unknown" for others. [any-thread] */
  const char *(*error_name)(int32_t result);
  const char *(*rule_name)(uint32_t rule);

  /* Reply tables. `serialized` is a postern.v1.ReplyTable; size 0 gives the default table. Refused
   * as a whole with POSTERN_E_TABLE. `error` may be null. One reference goes to the caller.
   * [any-thread] */
  int32_t (*table_load)(const uint8_t *serialized, size_t size, postern_table **table,
                        postern_error *error);
  /* Gives one reference back; null is allowed. Engines and sessions hold their own. [any-thread] */
  void (*table_release)(postern_table *table);

  /* Engines. `config` is a serialized postern.v1.EngineConfig. `table` null: the default table.
   * `host` null: no log, malloc. One reference goes to the caller. [any-thread] */
  int32_t (*engine_create)(const postern_host *host, const uint8_t *config, size_t size,
                           postern_table *table, postern_engine **engine, postern_error *error);
  /* New sessions use the new table or configuration; running sessions keep what they began with.
   * On refusal the old one stays. [any-thread] */
  int32_t (*engine_set_table)(postern_engine *engine, postern_table *table, postern_error *error);
  int32_t (*engine_set_config)(postern_engine *engine, const uint8_t *config, size_t size,
                               postern_error *error);
  /* Gives one reference back; null is allowed. Sessions keep what they need. [any-thread] */
  void (*engine_release)(postern_engine *engine);

  /* Sessions. All [owner-thread] but session_open [any-thread]. `options` may not be null. */
  int32_t (*session_open)(postern_engine *engine, const postern_session_options *options,
                          postern_session **session);
  /* Takes octets up to the next event, or until output must be drained, or all. Events may point
   * into `data`: leave it alone till next_event() has given null. */
  int32_t (*session_feed)(postern_session *session, const uint8_t *data, size_t size,
                          size_t *consumed);
  /* *event: borrowed until the next call on this session; null when there is none. */
  int32_t (*session_next_event)(postern_session *session, const postern_event **event);
  int32_t (*session_answer)(postern_session *session, uint64_t ticket,
                            const postern_answer *answer);
  /* Octets for the client, borrowed until output_consumed() or any other call. */
  int32_t (*session_output)(postern_session *session, const uint8_t **data, size_t *size);
  /* The first `size` of them were sent or copied. POSTERN_E_ARGUMENT if there are fewer. */
  int32_t (*session_output_consumed)(postern_session *session, size_t size);
  /* Tells the time: before each feed() that follows a wait, and when next_deadline() has come. */
  int32_t (*session_tick)(postern_session *session, uint64_t now_ms);
  /* UINT64_MAX: none. */
  int32_t (*session_next_deadline)(postern_session *session, uint64_t *deadline_ms);
  int32_t (*session_notify)(postern_session *session, uint32_t notice); /* POSTERN_NOTICE_* */
  int32_t (*session_info)(postern_session *session, postern_session_info *info);
  /* Legal in every state; null is allowed. Makes no events. */
  void (*session_close)(postern_session *session);

  /* Judges one command line, with or without its CR LF: same parser, same table, same words as a
   * session in the state that `context` tells; what a session counts over several transactions
   * (limits.transactions) is no part of that. A line without CR LF counts as if it had one.
   * [any-thread] */
  int32_t (*inspect)(postern_engine *engine, const postern_inspect_context *context,
                     const uint8_t *line, size_t size, postern_verdict *verdict);
} postern_api;

/* The one exported function. `host_abi` is the host's POSTERN_ABI_VERSION. `host` may be null.
 * Null result: the major is not served, or host->struct_size is impossible; host->log is told why.
 * The table lives as long as the library is loaded. May be called any number of times.
 * [any-thread] */
typedef const postern_api *(*postern_plugin_v1_fn)(uint32_t host_abi, const postern_host *host);
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const postern_api *
postern_plugin_v1(uint32_t host_abi, const postern_host *host);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* POSTERN_PLUGIN_API_POSTERN_H_ */
