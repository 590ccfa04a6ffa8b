/* SPDX-License-Identifier: Apache-2.0
 *
 * A libpostern.so of a later minor, for hosts of today (EXAMPLES rules 2, 8, 23): a longer table, a
 * later version, longer structs with garbage where today's header ends, and two event types that no
 * header of today names before each event, one of them a decision. It does its work through the
 * real library, whose path is in POSTERN_REAL_PLUGIN.
 *
 * A host must answer an unknown decision with POSTERN_VERDICT_DEFAULT and nothing else; one that
 * does not is told so on standard error, and the process ends.
 *
 * Threads: as the real one. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin_api/postern.h"

/* Octets behind each struct, and room for the longest event of today. */
enum { kLater = 64, kLongest = 208 };
enum { kUnknownEvent = 40, kUnknownDecision = 41 };
/* No ticket of the real one is that high. */
#define UNKNOWN_TICKETS ((uint64_t)1 << 62)

typedef struct later_api {
  postern_api known;
  void (*later[4])(void);
} later_api;

struct postern_session {
  postern_session *real;
  uint64_t ticket; /* open decision of ours; 0: none */
  uint64_t tickets;
  int stage; /* 0, 1: which of ours comes next; 2: the real event */
  union {
    postern_event event;
    uint8_t octets[kLongest + kLater];
  } storage;
};

static const postern_api *real;
static later_api api;

static void die(const char *why) {
  fprintf(stderr, "future_plugin: %s\n", why);
  abort();
}

static int32_t open_session(postern_engine *engine, const postern_session_options *options,
                            postern_session **session) {
  postern_session *made = calloc(1, sizeof *made);
  int32_t result;
  if (made == NULL) return POSTERN_E_MEMORY;
  result = real->session_open(engine, options, &made->real);
  *session = result < 0 ? NULL : made;
  if (result < 0) free(made);
  return result;
}

static void close_session(postern_session *session) {
  if (session == NULL) return;
  real->session_close(session->real);
  free(session);
}

/* Flags of the real one, with our own decision among them. */
static int32_t with_ours(const postern_session *session, int32_t flags) {
  return flags >= 0 && session->ticket != 0 ? flags | POSTERN_HAS_TICKET : flags;
}

static int32_t feed(postern_session *session, const uint8_t *data, size_t size, size_t *consumed) {
  if (session->ticket != 0) {
    *consumed = 0;
    return with_ours(session, real->session_output_consumed(session->real, 0));
  }
  return real->session_feed(session->real, data, size, consumed);
}

static int32_t next_event(postern_session *session, const postern_event **event) {
  int32_t flags = real->session_output_consumed(session->real, 0);
  postern_event *out = &session->storage.event;
  *event = NULL;
  if (flags < 0 || session->ticket != 0 || (flags & POSTERN_HAS_EVENT) == 0) {
    return with_ours(session, flags);
  }
  memset(&session->storage, 0xa5, sizeof session->storage);
  if (session->stage < 2) {
    out->struct_size = sizeof session->storage;
    out->type = session->stage == 0 ? kUnknownEvent : kUnknownDecision;
    out->ticket = session->stage == 0 ? 0 : UNKNOWN_TICKETS + ++session->tickets;
    session->ticket = out->ticket;
    ++session->stage;
  } else {
    const postern_event *known;
    flags = real->session_next_event(session->real, &known);
    if (flags < 0 || known == NULL) return flags;
    if (known->struct_size > kLongest) die("an event of today is longer than expected");
    memcpy(session->storage.octets, known, known->struct_size);
    out->struct_size = known->struct_size + kLater;
    session->stage = 0;
  }
  *event = out;
  return with_ours(session, flags);
}

static int32_t answer(postern_session *session, uint64_t ticket, const postern_answer *its) {
  if (ticket < UNKNOWN_TICKETS) return real->session_answer(session->real, ticket, its);
  if (ticket != session->ticket) die("answered a decision that is not open");
  if (its->verdict != POSTERN_VERDICT_DEFAULT || its->reply_id != 0 || its->code != 0 ||
      its->enhanced_class != 0 || its->text.size != 0) {
    die("an unknown decision was not answered with POSTERN_VERDICT_DEFAULT");
  }
  session->ticket = 0;
  return real->session_output_consumed(session->real, 0);
}

static int32_t output(postern_session *session, const uint8_t **data, size_t *size) {
  return real->session_output(session->real, data, size);
}

static int32_t output_consumed(postern_session *session, size_t size) {
  return with_ours(session, real->session_output_consumed(session->real, size));
}

static int32_t tick(postern_session *session, uint64_t now_ms) {
  return with_ours(session, real->session_tick(session->real, now_ms));
}

static int32_t next_deadline(postern_session *session, uint64_t *deadline_ms) {
  return real->session_next_deadline(session->real, deadline_ms);
}

static int32_t notify(postern_session *session, uint32_t notice) {
  /* The client is gone, or TLS is up: our decision is void. */
  session->ticket = 0;
  return real->session_notify(session->real, notice);
}

static int32_t info(postern_session *session, postern_session_info *out) {
  return real->session_info(session->real, out);
}

const postern_api *postern_plugin_v1(uint32_t host_abi, const postern_host *host) {
  const char *path = getenv("POSTERN_REAL_PLUGIN");
  void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
  postern_plugin_v1_fn entry = NULL;
  if (library != NULL) *(void **)&entry = dlsym(library, "postern_plugin_v1");
  if (entry == NULL) die("cannot load POSTERN_REAL_PLUGIN");
  real = entry(host_abi, host);
  if (real == NULL) return NULL;
  memset(&api, 0xa5, sizeof api);
  memcpy(&api.known, real, sizeof api.known);
  api.known.struct_size = sizeof api;
  api.known.abi_version = (POSTERN_ABI_MAJOR << 16) | (POSTERN_ABI_MINOR + 7);
  api.known.session_open = open_session;
  api.known.session_feed = feed;
  api.known.session_next_event = next_event;
  api.known.session_answer = answer;
  api.known.session_output = output;
  api.known.session_output_consumed = output_consumed;
  api.known.session_tick = tick;
  api.known.session_next_deadline = next_deadline;
  api.known.session_notify = notify;
  api.known.session_info = info;
  api.known.session_close = close_session;
  return &api.known;
}
