/* SPDX-License-Identifier: Apache-2.0
 *
 * The smallest whole host of libpostern.so: SMTP on standard input and output, events on standard
 * error. It accepts every message and throws it away.
 *
 *   cc -std=c99 -I. plugin_api/examples/stdio_host.c -ldl -o stdio_host
 *   ./stdio_host path/to/libpostern.so
 *
 * Who does what: this program does all I/O and owns the clock; the engine parses, keeps the state
 * and writes every reply. One thread, one session. Put it behind inetd, or read on and make it an
 * event loop: pump() is all that has to be called after each read.
 */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plugin_api/postern.h"

static const postern_api *api;

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void log_line(void *user, int32_t severity, const char *text, size_t size) {
  (void)user;
  fprintf(stderr, "log %d: %.*s\n", (int)severity, (int)size, text);
}

static void print(const char *what, postern_bytes octets) {
  fprintf(stderr, "%s %.*s\n", what, (int)octets.size, (const char *)octets.data);
}

/* Looks at an event and fills in our answer. What is not named here gets the default of postern.h,
 * and so do events that a later plugin may add. */
static void handle(const postern_event *event, postern_answer *answer) {
  switch (event->type) {
    case POSTERN_EVENT_HELO:
      print("helo", ((const postern_event_helo *)event)->name);
      break;
    case POSTERN_EVENT_MAIL:
      print("mail from", ((const postern_event_mail *)event)->mailbox);
      break;
    case POSTERN_EVENT_RCPT:
      print("rcpt to", ((const postern_event_rcpt *)event)->mailbox);
      answer->verdict = POSTERN_VERDICT_ACCEPT;
      break;
    case POSTERN_EVENT_CONTENT:
      fprintf(stderr, "content %lu octets\n",
              (unsigned long)((const postern_event_content *)event)->data.size);
      break;
    case POSTERN_EVENT_CONTENT_END: /* a real host says this once the message is safe on disk */
      fprintf(stderr, "message complete\n");
      answer->verdict = POSTERN_VERDICT_ACCEPT;
      break;
    case POSTERN_EVENT_ERROR:
      fprintf(stderr, "refused with %lu by rule %s\n",
              (unsigned long)((const postern_event_error *)event)->code,
              api->rule_name(((const postern_event_error *)event)->rule));
      break;
    case POSTERN_EVENT_CLOSED:
      fprintf(stderr, "closed, reason %lu\n",
              (unsigned long)((const postern_event_closed *)event)->reason);
      break;
    default:
      break;
  }
}

/* Takes all events, answers all decisions, sends all output. Returns flags, or an error. */
static int32_t pump(postern_session *session, int32_t flags) {
  while (flags > 0 && (flags & (POSTERN_HAS_EVENT | POSTERN_HAS_OUTPUT)) != 0) {
    if (flags & POSTERN_HAS_EVENT) {
      const postern_event *event;
      postern_answer answer = {0};
      uint64_t ticket;
      answer.struct_size = sizeof answer;
      flags = api->session_next_event(session, &event);
      if (flags < 0 || event == NULL) break;
      handle(event, &answer);
      ticket = event->ticket; /* `event` is gone with the next call */
      if (ticket != 0) flags = api->session_answer(session, ticket, &answer);
    } else {
      const uint8_t *data;
      size_t size;
      ssize_t sent;
      flags = api->session_output(session, &data, &size);
      if (flags < 0) break;
      sent = write(STDOUT_FILENO, data, size);
      if (sent <= 0) return api->session_notify(session, POSTERN_NOTICE_DISCONNECTED);
      flags = api->session_output_consumed(session, (size_t)sent);
    }
  }
  return flags;
}

int main(int argc, char **argv) {
  postern_host host = {0};
  postern_session_options options = {0};
  postern_engine *engine = NULL;
  postern_session *session = NULL;
  postern_plugin_v1_fn entry = NULL;
  uint8_t buffer[4096];
  int32_t flags;
  void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (library != NULL) *(void **)&entry = dlsym(library, "postern_plugin_v1");
  host.struct_size = sizeof host;
  host.log = log_line;
  api = entry != NULL ? entry(POSTERN_ABI_VERSION, &host) : NULL;
  if (api == NULL) {
    fprintf(stderr, "usage: stdio_host path/to/libpostern.so\n");
    return 2;
  }
  options.struct_size = sizeof options;
  options.now_ms = now_ms();
  if (api->engine_create(&host, NULL, 0, NULL, &engine, NULL) < 0 ||
      api->session_open(engine, &options, &session) < 0) {
    fprintf(stderr, "cannot open a session\n");
    return 1;
  }
  flags = pump(session, POSTERN_HAS_EVENT); /* the connection, and the greeting */
  while (flags >= 0 && (flags & POSTERN_CLOSING) == 0) {
    ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    size_t used = 0;
    if (got <= 0) {
      flags = pump(session, api->session_notify(session, POSTERN_NOTICE_DISCONNECTED));
      break;
    }
    api->session_tick(session, now_ms());
    while (flags >= 0 && used < (size_t)got) { /* feed stops at each event */
      size_t consumed;
      flags = api->session_feed(session, buffer + used, (size_t)got - used, &consumed);
      used += consumed;
      flags = pump(session, flags);
    }
  }
  api->session_close(session);
  api->engine_release(engine);
  dlclose(library);
  return flags < 0 ? 1 : 0;
}
