// SPDX-License-Identifier: Apache-2.0

#include "hosts/nginx/variables.h"

#include <string_view>

#include "hosts/nginx/session.h"

namespace postern {
namespace nginx {
namespace {

enum Variable : uintptr_t {
  kCode,
  kRule,
  kRules,
  kErrors,
  kMessages,
  kUpstreamCode,
  kFailure,
  kHelo,
  kClosed,
};

const char* ClosedReason(uint32_t reason) {
  switch (reason) {
    case POSTERN_CLOSED_QUIT:
      return "quit";
    case POSTERN_CLOSED_DISCONNECTED:
      return "disconnected";
    case POSTERN_CLOSED_TIMEOUT:
      return "timeout";
    case POSTERN_CLOSED_ERRORS:
      return "errors";
    case POSTERN_CLOSED_COMMANDS:
      return "commands";
    case POSTERN_CLOSED_LINE:
      return "line";
    case POSTERN_CLOSED_POLICY:
      return "policy";
    case POSTERN_CLOSED_SHUTDOWN:
      return "shutdown";
    case POSTERN_CLOSED_TLS:
      return "tls";
    case POSTERN_CLOSED_MEMORY:
      return "memory";
    default:
      return "";
  }
}

// All rules that lines were refused by, separated by commas.
ngx_int_t WriteRules(const Session& session, u_char* out) {
  u_char* p = out;
  const auto& rules = session.record().rules;
  for (uint32_t rule = 1; rule < rules.size(); ++rule) {
    if (!rules.test(rule)) continue;
    if (p != out) *p++ = ',';
    const char* const name = session.api().rule_name(rule);
    p = ngx_cpymem(p, name, ngx_strlen(name));
  }
  return p - out;
}

ngx_int_t Get(ngx_stream_session_t* s, ngx_stream_variable_value_t* v, uintptr_t data) {
  Session* const session = Session::Of(s);
  if (session == nullptr) {
    v->not_found = 1;
    return NGX_OK;
  }
  const Record& record = session->record();
  // Longest: all rules, each of some few letters.
  constexpr size_t kRoom = 512;
  auto* const out = static_cast<u_char*>(ngx_pnalloc(s->connection->pool, kRoom));
  if (out == nullptr) return NGX_ERROR;
  u_char* p = out;
  const auto text = [&p](std::string_view words) { p = ngx_cpymem(p, words.data(), words.size()); };
  const auto number = [&p](uint32_t value) {
    if (value != 0) p = ngx_sprintf(p, "%uD", value);
  };
  switch (data) {
    case kCode:
      number(record.sent.code());
      break;
    case kRule:
      if (record.rule != 0) text(session->api().rule_name(record.rule));
      break;
    case kRules:
      p += WriteRules(*session, out);
      break;
    case kErrors:
      p = ngx_sprintf(p, "%uD", record.errors);
      break;
    case kMessages:
      p = ngx_sprintf(p, "%uD", record.messages);
      break;
    case kUpstreamCode:
      number(record.upstream_code);
      break;
    case kFailure:
      if (record.failure != upstream::Failure::kNone) text(upstream::FailureName(record.failure));
      break;
    case kHelo:
      text(session->helo());
      break;
    case kClosed:
      text(ClosedReason(record.closed));
      break;
    default:
      break;
  }
  v->data = out;
  v->len = static_cast<unsigned>(p - out) & 0xfffffff;
  v->valid = 1;
  v->no_cacheable = 0;
  v->not_found = v->len == 0 ? 1 : 0;  // nginx's logs show "-"
  return NGX_OK;
}

}  // namespace

ngx_int_t AddVariables(ngx_conf_t* cf) {
  struct {
    ngx_str_t name;
    Variable which;
  } variables[] = {
      {ngx_string("postern_code"), kCode},
      {ngx_string("postern_rule"), kRule},
      {ngx_string("postern_rules"), kRules},
      {ngx_string("postern_errors"), kErrors},
      {ngx_string("postern_messages"), kMessages},
      {ngx_string("postern_upstream_code"), kUpstreamCode},
      {ngx_string("postern_failure"), kFailure},
      {ngx_string("postern_helo"), kHelo},
      {ngx_string("postern_closed"), kClosed},
  };
  for (auto& [name, which] : variables) {
    ngx_stream_variable_t* const variable =
        ngx_stream_add_variable(cf, &name, NGX_STREAM_VAR_NOCACHEABLE);
    if (variable == nullptr) return NGX_ERROR;
    variable->get_handler = &Get;
    variable->data = which;
  }
  return NGX_OK;
}

}  // namespace nginx
}  // namespace postern
