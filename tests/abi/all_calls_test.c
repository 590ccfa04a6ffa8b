/* SPDX-License-Identifier: Apache-2.0
 *
 * Every function of the table from plain C11 (EXAMPLES rule 21): what a C host can rely on.
 * `all_calls_test path/to/libpostern.so`; the path may come in POSTERN_PLUGIN instead.
 * With POSTERN_FROZEN_HEADER the same source is a host built with the header as first published. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef POSTERN_FROZEN_HEADER
#include "tests/abi/frozen/postern_v1_0.h"
#else
#include "plugin_api/postern.h"
#endif

static int failures = 0;

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
      ++failures;                                             \
    }                                                         \
  } while (0)

static void log_line(void *user, int32_t severity, const char *text, size_t size) {
  (void)severity;
  (void)text;
  (void)size;
  ++*(int *)user;
}

static void *allocate(void *user, size_t size) {
  (void)user;
  return malloc(size);
}

static void deallocate(void *user, void *memory, size_t size) {
  (void)user;
  (void)size;
  free(memory);
}

/* Takes what the session has for the client; tells whether it begins with `code`. */
static int replied(const postern_api *api, postern_session *session, const char *code) {
  const uint8_t *data = NULL;
  size_t size = 0;
  int same;
  CHECK(api->session_output(session, &data, &size) == POSTERN_OK);
  same = size > strlen(code) && memcmp(data, code, strlen(code)) == 0;
  if (!same) fprintf(stderr, "wanted %s, got %.*s\n", code, (int)size, (const char *)data);
  CHECK(api->session_output_consumed(session, size) >= 0);
  return same;
}

/* Feeds one line; accepts what it asks. Returns the type of the first event, 0 if there is none. */
static uint32_t line(const postern_api *api, postern_session *session, const char *text) {
  const postern_event *event = NULL;
  postern_answer answer = {0};
  size_t consumed = 0;
  uint32_t type;
  CHECK(api->session_feed(session, (const uint8_t *)text, strlen(text), &consumed) >= 0);
  CHECK(consumed == strlen(text));
  CHECK(api->session_next_event(session, &event) >= 0);
  if (event == NULL) return 0;
  type = event->type;
  if (event->ticket != 0) {
    answer.struct_size = sizeof answer;
    answer.verdict = POSTERN_VERDICT_ACCEPT;
    CHECK(api->session_answer(session, event->ticket, &answer) >= 0);
  }
  return type;
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : getenv("POSTERN_PLUGIN");
  /* postern.v1.EngineConfig with server_name = "c.example" */
  static const uint8_t config[] = {0x0a, 9, 'c', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e'};
  static const uint8_t nonsense[] = {0xff, 0xff, 0xff};
  int logged = 0;
  char text[512] = "x";
  char reply[2048];
  postern_host host = {0};
  postern_error error = {0};
  postern_session_options options = {0};
  postern_session_info info = {0};
  postern_inspect_context context = {0};
  postern_verdict verdict = {0};
  postern_table *table = NULL;
  postern_engine *engine = NULL;
  postern_session *session = NULL;
  postern_plugin_v1_fn entry = NULL;
  const postern_api *api;
  uint64_t deadline = 0;
  void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (library != NULL) *(void **)&entry = dlsym(library, "postern_plugin_v1");
  if (entry == NULL) {
    fprintf(stderr, "cannot load %s\n", path != NULL ? path : "(no path)");
    return 2;
  }

  host.struct_size = sizeof host;
  host.user = &logged;
  host.log = log_line;
  host.allocate = allocate;
  host.deallocate = deallocate;
  api = entry(POSTERN_ABI_VERSION, &host);
  if (api == NULL) return 2;
  CHECK(api->struct_size >= sizeof(postern_api));
  CHECK(api->abi_version >> 16 == POSTERN_ABI_MAJOR);
  CHECK(api->version.size > 0);

  CHECK(strcmp(api->error_name(POSTERN_E_TICKET), "POSTERN_E_TICKET") == 0);
  CHECK(strcmp(api->error_name(POSTERN_OK), "POSTERN_OK") == 0);
  CHECK(strcmp(api->error_name(-77), "unknown") == 0);
  CHECK(strcmp(api->rule_name(POSTERN_RULE_F2), "F2") == 0);
  CHECK(strcmp(api->rule_name(POSTERN_RULE_C555), "C555") == 0);
  CHECK(strcmp(api->rule_name(99), "unknown") == 0);

  error.struct_size = sizeof error;
  error.text = text;
  error.capacity = sizeof text;
  CHECK(api->table_load(NULL, 0, &table, &error) == POSTERN_OK);
  CHECK(table != NULL && error.size == 0 && text[0] == '\0');
  CHECK(api->engine_create(&host, config, sizeof config, table, &engine, &error) == POSTERN_OK);
  if (engine == NULL) return 1;

  /* Refused as a whole, with a reason; what was in force stays. */
  CHECK(api->engine_set_config(engine, nonsense, sizeof nonsense, &error) == POSTERN_E_CONFIG);
  CHECK(error.size > 0 && text[0] != '\0');
  error.capacity = 4;
  CHECK(api->engine_set_config(engine, nonsense, sizeof nonsense, &error) == POSTERN_E_CONFIG);
  CHECK(strlen(text) == 3 && error.size > 3);
  error.capacity = sizeof text;
  {
    postern_table *bad = (postern_table *)text;
    CHECK(api->table_load(nonsense, sizeof nonsense, &bad, &error) == POSTERN_E_TABLE);
    CHECK(bad == NULL && error.size > 0);
  }
  CHECK(api->engine_set_config(engine, config, sizeof config, &error) == POSTERN_OK);
  CHECK(api->engine_set_table(engine, table, &error) == POSTERN_OK);
  api->table_release(table);

  options.struct_size = sizeof options;
  options.flags = POSTERN_OPEN_CAN_STARTTLS;
  options.now_ms = 1000;
  CHECK(api->session_open(engine, &options, &session) == POSTERN_OK);
  if (session == NULL) return 1;
  CHECK(line(api, session, "") == POSTERN_EVENT_CONNECT);
  CHECK(replied(api, session, "220 c.example "));
  CHECK(api->session_tick(session, 2000) >= 0);
  CHECK(api->session_next_deadline(session, &deadline) == POSTERN_OK);
  CHECK(deadline > 2000 && deadline != UINT64_MAX);
  CHECK(line(api, session, "EHLO me.example\r\n") == POSTERN_EVENT_HELO);
  CHECK(replied(api, session, "250-c.example "));
  CHECK(line(api, session, "STARTTLS\r\n") == POSTERN_EVENT_STARTTLS);
  CHECK(replied(api, session, "220 2.0.0 "));
  CHECK(api->session_notify(session, POSTERN_NOTICE_TLS_ESTABLISHED) >= 0);
  CHECK(line(api, session, "MAIL FROM:<a@b.example>\r\n") == POSTERN_EVENT_ERROR);
  CHECK(replied(api, session, "503 ")); /* RFC 3207 section 4.2: who said EHLO is forgotten */
  CHECK(line(api, session, "EHLO me.example\r\n") == POSTERN_EVENT_HELO);
  CHECK(replied(api, session, "250-"));
  CHECK(line(api, session, "MAIL FROM:<a@b.example>\r\n") == POSTERN_EVENT_MAIL);
  CHECK(replied(api, session, "250 2.1.0 "));
  info.struct_size = sizeof info;
  CHECK(api->session_info(session, &info) == POSTERN_OK);
  CHECK(info.tls == 1 && info.extended == 1 && info.errors == 1 && info.octets_in > 0);
  CHECK(info.lines == 5 && info.memory_octets > 0 && info.memory_octets <= 1024);

  context.struct_size = sizeof context;
  context.flags = POSTERN_INSPECT_EHLO;
  verdict.struct_size = sizeof verdict;
  verdict.reply = reply;
  verdict.reply_capacity = sizeof reply;
  CHECK(api->inspect(engine, &context, (const uint8_t *)"RCPT TO:<x@y>", 13, &verdict) ==
        POSTERN_OK);
  CHECK(verdict.code == 503 && verdict.rule == POSTERN_RULE_C503);
  CHECK(verdict.reply_size > 4 && memcmp(reply, "503 ", 4) == 0);

  api->engine_release(engine); /* the session keeps what it needs */
  CHECK(line(api, session, "NOOP\r\n") == 0);
  CHECK(replied(api, session, "250 "));
  CHECK(logged == 0);
  CHECK(api->session_answer(session, 77, NULL) == POSTERN_E_ARGUMENT);
  CHECK(logged == 1);
  api->session_close(session);
  dlclose(library);
  if (failures == 0) printf("every call of the table does what postern.h says\n");
  return failures == 0 ? 0 : 1;
}
