// SPDX-License-Identifier: Apache-2.0

#include "plugin_api/adapter_event.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/commands/parse.h"
#include "engine/syntax/client_attributes.h"
#include "plugin_api/adapter_edge.h"

namespace postern::plugin {
namespace {

using session::AuthEnd;
using session::CloseReason;
using session::EventType;
using session::ResetReason;
using session::Rule;
using session::Session;

// The engine knows nothing of the C header; here is the proof that it uses its numbers.
template <typename Enum>
constexpr bool Equal(Enum ours, uint32_t theirs) {
  return static_cast<uint32_t>(ours) == theirs;
}

static_assert(Equal(EventType::kConnect, POSTERN_EVENT_CONNECT));
static_assert(Equal(EventType::kProxyHeader, POSTERN_EVENT_PROXY_HEADER));
static_assert(Equal(EventType::kHelo, POSTERN_EVENT_HELO));
static_assert(Equal(EventType::kStarttls, POSTERN_EVENT_STARTTLS));
static_assert(Equal(EventType::kMail, POSTERN_EVENT_MAIL));
static_assert(Equal(EventType::kRcpt, POSTERN_EVENT_RCPT));
static_assert(Equal(EventType::kContentBegin, POSTERN_EVENT_CONTENT_BEGIN));
static_assert(Equal(EventType::kContent, POSTERN_EVENT_CONTENT));
static_assert(Equal(EventType::kContentEnd, POSTERN_EVENT_CONTENT_END));
static_assert(Equal(EventType::kReset, POSTERN_EVENT_RESET));
static_assert(Equal(EventType::kVrfy, POSTERN_EVENT_VRFY));
static_assert(Equal(EventType::kExpn, POSTERN_EVENT_EXPN));
static_assert(Equal(EventType::kHelp, POSTERN_EVENT_HELP));
static_assert(Equal(EventType::kUnknown, POSTERN_EVENT_UNKNOWN));
static_assert(Equal(EventType::kError, POSTERN_EVENT_ERROR));
static_assert(Equal(EventType::kQuit, POSTERN_EVENT_QUIT));
static_assert(Equal(EventType::kClosed, POSTERN_EVENT_CLOSED));
static_assert(Equal(EventType::kChunkEnd, POSTERN_EVENT_CHUNK_END));
static_assert(Equal(EventType::kAuth, POSTERN_EVENT_AUTH));
static_assert(Equal(EventType::kAuthEnd, POSTERN_EVENT_AUTH_END));
static_assert(Equal(EventType::kEtrn, POSTERN_EVENT_ETRN));
static_assert(Equal(EventType::kAtrn, POSTERN_EVENT_ATRN));
static_assert(Equal(EventType::kBurl, POSTERN_EVENT_BURL));

static_assert(Equal(AuthEnd::kCancelled, POSTERN_AUTH_END_CANCELLED));
static_assert(Equal(AuthEnd::kBadBase64, POSTERN_AUTH_END_BAD_BASE64));
static_assert(Equal(AuthEnd::kTooLong, POSTERN_AUTH_END_TOO_LONG));
static_assert(Equal(AuthEnd::kClosed, POSTERN_AUTH_END_CLOSED));
static_assert(Equal(AuthEnd::kRounds, POSTERN_AUTH_END_ROUNDS));
static_assert(Equal(AuthEnd::kTimeout, POSTERN_AUTH_END_TIMEOUT));
static_assert(Equal(EventType::kXclient, POSTERN_EVENT_XCLIENT));
static_assert(Equal(EventType::kXforward, POSTERN_EVENT_XFORWARD));
static_assert(Equal(EventType::kParameter, POSTERN_EVENT_PARAMETER));

// Counted from 1 in the C interface.
constexpr bool EqualAttribute(syntax::ClientAttribute ours, uint32_t theirs) {
  return static_cast<uint32_t>(ours) + 1 == theirs;
}
static_assert(EqualAttribute(syntax::ClientAttribute::kName, POSTERN_CLIENT_NAME));
static_assert(EqualAttribute(syntax::ClientAttribute::kAddr, POSTERN_CLIENT_ADDR));
static_assert(EqualAttribute(syntax::ClientAttribute::kPort, POSTERN_CLIENT_PORT));
static_assert(EqualAttribute(syntax::ClientAttribute::kProto, POSTERN_CLIENT_PROTO));
static_assert(EqualAttribute(syntax::ClientAttribute::kHelo, POSTERN_CLIENT_HELO));
static_assert(EqualAttribute(syntax::ClientAttribute::kLogin, POSTERN_CLIENT_LOGIN));
static_assert(EqualAttribute(syntax::ClientAttribute::kDestaddr, POSTERN_CLIENT_DESTADDR));
static_assert(EqualAttribute(syntax::ClientAttribute::kDestport, POSTERN_CLIENT_DESTPORT));
static_assert(EqualAttribute(syntax::ClientAttribute::kIdent, POSTERN_CLIENT_IDENT));
static_assert(EqualAttribute(syntax::ClientAttribute::kSource, POSTERN_CLIENT_SOURCE));
static_assert(Equal(syntax::ClientAttributeState::kValue, POSTERN_CLIENT_VALUE));
static_assert(Equal(syntax::ClientAttributeState::kUnavailable, POSTERN_CLIENT_UNAVAILABLE));
static_assert(Equal(syntax::ClientAttributeState::kTempUnavailable,
                    POSTERN_CLIENT_TEMP_UNAVAILABLE));

// The engine's list is handed out as it lies there.
static_assert(sizeof(session::GivenAttribute) == sizeof(postern_client_attribute));
static_assert(offsetof(session::GivenAttribute, state) ==
              offsetof(postern_client_attribute, state));
static_assert(offsetof(session::GivenAttribute, value) ==
              offsetof(postern_client_attribute, value));
static_assert(offsetof(commands::Extras::Text, data) == offsetof(postern_bytes, data));
static_assert(offsetof(commands::Extras::Text, size) == offsetof(postern_bytes, size));

static_assert(Equal(ResetReason::kRset, POSTERN_RESET_RSET));
static_assert(Equal(ResetReason::kHelo, POSTERN_RESET_HELO));
static_assert(Equal(ResetReason::kStarttls, POSTERN_RESET_STARTTLS));
static_assert(Equal(ResetReason::kContentRefused, POSTERN_RESET_CONTENT_REFUSED));
static_assert(Equal(ResetReason::kTimeout, POSTERN_RESET_TIMEOUT));
static_assert(Equal(ResetReason::kClosed, POSTERN_RESET_CLOSED));

static_assert(Equal(CloseReason::kQuit, POSTERN_CLOSED_QUIT));
static_assert(Equal(CloseReason::kDisconnected, POSTERN_CLOSED_DISCONNECTED));
static_assert(Equal(CloseReason::kTimeout, POSTERN_CLOSED_TIMEOUT));
static_assert(Equal(CloseReason::kErrors, POSTERN_CLOSED_ERRORS));
static_assert(Equal(CloseReason::kCommands, POSTERN_CLOSED_COMMANDS));
static_assert(Equal(CloseReason::kLine, POSTERN_CLOSED_LINE));
static_assert(Equal(CloseReason::kProxy, POSTERN_CLOSED_PROXY));
static_assert(Equal(CloseReason::kPolicy, POSTERN_CLOSED_POLICY));
static_assert(Equal(CloseReason::kShutdown, POSTERN_CLOSED_SHUTDOWN));
static_assert(Equal(CloseReason::kTls, POSTERN_CLOSED_TLS));
static_assert(Equal(CloseReason::kMemory, POSTERN_CLOSED_MEMORY));
static_assert(Equal(CloseReason::kAuth, POSTERN_CLOSED_AUTH));
static_assert(Equal(CloseReason::kTurned, POSTERN_CLOSED_TURNED));

static_assert(Equal(session::kHeloExtended, POSTERN_HELO_EXTENDED));
static_assert(Equal(session::kHeloLiteral, POSTERN_HELO_LITERAL));
static_assert(Equal(session::kHeloLmtp, POSTERN_HELO_LMTP));
static_assert(Equal(session::kPathNull, POSTERN_PATH_NULL));
static_assert(Equal(session::kPathPostmaster, POSTERN_PATH_POSTMASTER));
static_assert(Equal(session::kPathQuoted, POSTERN_PATH_QUOTED));
static_assert(Equal(session::kPathLiteral, POSTERN_PATH_LITERAL));
static_assert(Equal(session::kPathRoute, POSTERN_PATH_ROUTE));
static_assert(Equal(session::kPathUtf8, POSTERN_PATH_UTF8));
static_assert(Equal(session::kMailSmtpUtf8, POSTERN_MAIL_SMTPUTF8));
static_assert(Equal(session::kContentBdat, POSTERN_CONTENT_BDAT));
static_assert(Equal(session::kContentLast, POSTERN_CONTENT_LAST));
static_assert(Equal(session::kContentBinary, POSTERN_CONTENT_BINARY));
static_assert(Equal(session::kMailAuth, POSTERN_MAIL_AUTH));
static_assert(Equal(session::kMailAuthNull, POSTERN_MAIL_AUTH_NULL));
static_assert(Equal(session::kAuthFirst, POSTERN_AUTH_FIRST));
static_assert(Equal(session::kAuthHasResponse, POSTERN_AUTH_HAS_RESPONSE));
static_assert(Equal(session::kEtrnSubdomains, POSTERN_ETRN_SUBDOMAINS));
static_assert(Equal(session::kEtrnQueue, POSTERN_ETRN_QUEUE));
static_assert(Equal(session::kBurlFirst, POSTERN_BURL_FIRST));
static_assert(Equal(session::kBurlLast, POSTERN_BURL_LAST));
static_assert(Equal(session::kBurlBinary, POSTERN_BURL_BINARY));

static_assert(Equal(commands::Body::kNone, POSTERN_BODY_NONE));
static_assert(Equal(commands::Body::k7Bit, POSTERN_BODY_7BIT));
static_assert(Equal(commands::Body::k8BitMime, POSTERN_BODY_8BITMIME));
static_assert(Equal(commands::Body::kBinaryMime, POSTERN_BODY_BINARYMIME));

static_assert(Equal(session::kMailRequireTls, POSTERN_MAIL_REQUIRETLS));
static_assert(Equal(session::kMailPriority, POSTERN_MAIL_PRIORITY));
static_assert(Equal(session::kMailHoldFor, POSTERN_MAIL_HOLDFOR));
static_assert(Equal(session::kMailHoldUntil, POSTERN_MAIL_HOLDUNTIL));
static_assert(Equal(session::kParameterHasValue, POSTERN_PARAMETER_HAS_VALUE));
static_assert(Equal(session::kRcptRrvs, POSTERN_RCPT_RRVS));
static_assert(Equal(syntax::RrvsAction::kUnstated, POSTERN_RRVS_UNSTATED));
static_assert(Equal(syntax::RrvsAction::kReject, POSTERN_RRVS_REJECT));
static_assert(Equal(syntax::RrvsAction::kContinue, POSTERN_RRVS_CONTINUE));
static_assert(Equal(syntax::kNotifyNever, POSTERN_NOTIFY_NEVER));
static_assert(Equal(syntax::kNotifySuccess, POSTERN_NOTIFY_SUCCESS));
static_assert(Equal(syntax::kNotifyFailure, POSTERN_NOTIFY_FAILURE));
static_assert(Equal(syntax::kNotifyDelay, POSTERN_NOTIFY_DELAY));

static_assert(Equal(wire::ProxyFamily::kUnspecified, POSTERN_FAMILY_NONE));
static_assert(Equal(wire::ProxyFamily::kInet, POSTERN_FAMILY_INET));
static_assert(Equal(wire::ProxyFamily::kInet6, POSTERN_FAMILY_INET6));
static_assert(Equal(wire::ProxyFamily::kUnix, POSTERN_FAMILY_UNIX));

static_assert(Equal(Rule::kF1, POSTERN_RULE_F1));
static_assert(Equal(Rule::kF2, POSTERN_RULE_F2));
static_assert(Equal(Rule::kF3, POSTERN_RULE_F3));
static_assert(Equal(Rule::kF4, POSTERN_RULE_F4));
static_assert(Equal(Rule::kF5, POSTERN_RULE_F5));
static_assert(Equal(Rule::kF6, POSTERN_RULE_F6));
static_assert(Equal(Rule::kC500, POSTERN_RULE_C500));
static_assert(Equal(Rule::kC501, POSTERN_RULE_C501));
static_assert(Equal(Rule::kC502, POSTERN_RULE_C502));
static_assert(Equal(Rule::kC503, POSTERN_RULE_C503));
static_assert(Equal(Rule::kC504, POSTERN_RULE_C504));
static_assert(Equal(Rule::kC555, POSTERN_RULE_C555));
static_assert(Equal(Rule::kC214, POSTERN_RULE_C214));
static_assert(Equal(Rule::kR6, POSTERN_RULE_R6));
static_assert(Equal(Rule::kD3, POSTERN_RULE_D3));
static_assert(Equal(Rule::kD4, POSTERN_RULE_D4));
static_assert(Equal(Rule::kD5, POSTERN_RULE_D5));
static_assert(Equal(Rule::kB4, POSTERN_RULE_B4));
static_assert(Equal(Rule::kLimit, POSTERN_RULE_LIMIT));

template <typename T>
postern_event Header(EventType type, uint32_t flags, uint64_t ticket) {
  postern_event header;
  header.struct_size = sizeof(T);
  header.type = static_cast<uint32_t>(type);
  header.flags = flags;
  header.reserved = 0;
  header.ticket = ticket;
  return header;
}

void StoreProxyHeader(const wire::ProxyHeader& header, postern_event_proxy_header* out) {
  *out = {};
  out->event = Header<postern_event_proxy_header>(EventType::kProxyHeader,
                                                  header.local ? POSTERN_PROXY_LOCAL : 0, 0);
  out->version = header.version;
  out->family = static_cast<uint32_t>(header.family);
  out->source_port = header.source_port;
  out->destination_port = header.destination_port;
  std::copy(header.source, header.source + sizeof(header.source), out->source);
  std::copy(header.destination, header.destination + sizeof(header.destination), out->destination);
  out->tlvs = Bytes(header.tlvs);
}

// The parameters of delivery extensions; what was not given stays 0.
void StoreExtra(const session::Extra& extra, postern_event_mail* mail) {
  const auto given = [&extra](commands::Given what) { return (extra.given & what) != 0; };
  if (given(commands::kGivenEnvid)) {
    mail->envid = Bytes(extra.values.envid);
    mail->envid_decoded = Bytes(extra.decoded);
  }
  if (given(commands::kGivenRet)) {
    mail->dsn_return = extra.values.dsn_return == syntax::DsnReturn::kFull
                           ? POSTERN_DSN_RETURN_FULL
                           : POSTERN_DSN_RETURN_HEADERS;
  }
  if (given(commands::kGivenBy)) {
    mail->by_seconds = extra.values.by_seconds;
    mail->by_mode =
        extra.values.by_mode == syntax::ByMode::kReturn ? POSTERN_BY_RETURN : POSTERN_BY_NOTIFY;
    if (extra.values.by_trace) mail->by_mode |= POSTERN_BY_TRACE;
  }
  if (given(commands::kGivenPriority)) mail->priority = extra.values.priority;
  if (given(commands::kGivenHoldFor)) mail->hold_for = extra.values.hold_for;
  if (given(commands::kGivenHoldUntil)) mail->hold_until = extra.values.hold_until;
}

void StoreExtra(const session::Extra& extra, postern_event_rcpt* rcpt) {
  const auto given = [&extra](commands::Given what) { return (extra.given & what) != 0; };
  if (given(commands::kGivenOrcpt)) {
    rcpt->orcpt_type = Bytes(extra.values.orcpt_type);
    rcpt->orcpt = Bytes(extra.values.orcpt);
    rcpt->orcpt_decoded = Bytes(extra.decoded);
  }
  if (given(commands::kGivenNotify)) rcpt->notify = extra.values.notify;
  if (given(commands::kGivenRrvs)) {
    rcpt->rrvs = extra.values.rrvs;
    rcpt->rrvs_action = static_cast<uint32_t>(extra.values.rrvs_action);
  }
}

}  // namespace

const postern_event* StoreEvent(const Session& session, const Session::Pending& pending,
                                EventStorage* storage) {
  const Session::Payload& payload = session.payload();
  const EventType type = pending.type;
  const uint64_t ticket = session.TicketOf(pending);
  const auto part = [&payload](Session::Span span) { return Bytes(payload.Part(span)); };
  switch (type) {
    case EventType::kProxyHeader:
      StoreProxyHeader(session.proxy_header(), &storage->proxy_header);
      break;
    case EventType::kHelo:
      storage->helo = {Header<postern_event_helo>(type, payload.flags, ticket), part(payload.text)};
      break;
    case EventType::kMail:
      storage->mail = {Header<postern_event_mail>(type, payload.flags, ticket),
                       part(payload.path),
                       part(payload.mailbox),
                       part(payload.local_part),
                       part(payload.domain),
                       part(payload.parameters),
                       payload.number,
                       payload.count,
                       0,
                       {},
                       {},
                       Bytes(session.mail_auth()),
                       0,
                       0,
                       0,
                       0,
                       0,
                       0,
                       0};
      if (session.extra() != nullptr) StoreExtra(*session.extra(), &storage->mail);
      break;
    case EventType::kRcpt:
      storage->rcpt = {Header<postern_event_rcpt>(type, payload.flags, ticket),
                       part(payload.path),
                       part(payload.mailbox),
                       part(payload.local_part),
                       part(payload.domain),
                       part(payload.parameters),
                       payload.count,
                       0,
                       {},
                       {},
                       {},
                       0,
                       0,
                       0};
      if (session.extra() != nullptr) StoreExtra(*session.extra(), &storage->rcpt);
      break;
    case EventType::kContentBegin:
      storage->content_begin = {
          Header<postern_event_content_begin>(type, session.content_flags(), ticket),
          session.recipients(), 0, session.chunk_octets()};
      break;
    case EventType::kChunkEnd:
      storage->chunk_end = {Header<postern_event_chunk_end>(type, 0, ticket),
                            session.chunk_octets(), session.chunk_total()};
      break;
    case EventType::kContent:
      storage->content = {Header<postern_event_content>(type, 0, ticket), Bytes(payload.whole())};
      break;
    case EventType::kContentEnd:
      storage->content_end = {Header<postern_event_content_end>(type, 0, ticket),
                              session.content_octets()};
      break;
    case EventType::kReset:
      storage->reset = {Header<postern_event_reset>(type, 0, ticket), pending.reason, 0};
      break;
    case EventType::kVrfy:
    case EventType::kExpn:
    case EventType::kHelp:
    case EventType::kUnknown:
      storage->query = {Header<postern_event_query>(type, 0, ticket), part(payload.text),
                        Bytes(payload.whole())};
      break;
    case EventType::kXclient:
    case EventType::kXforward:
      storage->client = {
          Header<postern_event_client>(type, 0, ticket), part(payload.text),
          reinterpret_cast<const postern_client_attribute*>(session.extra()->attributes),
          session.extra()->attribute_count};
      break;
    case EventType::kEtrn:
      storage->etrn = {Header<postern_event_etrn>(type, payload.flags, ticket), part(payload.text)};
      break;
    case EventType::kAtrn:
      storage->atrn = {Header<postern_event_atrn>(type, 0, ticket), part(payload.text)};
      break;
    case EventType::kBurl:
      storage->burl = {Header<postern_event_burl>(type, session.burl_flags(), ticket),
                       part(payload.text), session.chunk_total(), session.recipients(), 0};
      break;
    case EventType::kParameter:
      storage->parameter = {Header<postern_event_parameter>(type, payload.flags, ticket),
                            part(payload.text), part(payload.parameters), payload.count, 0};
      break;
    case EventType::kError:
      storage->error = {Header<postern_event_error>(type, 0, ticket),
                        static_cast<uint32_t>(pending.reply),
                        pending.code,
                        static_cast<uint32_t>(pending.rule),
                        0,
                        Bytes(payload.whole())};
      break;
    case EventType::kClosed:
      storage->closed = {Header<postern_event_closed>(type, 0, ticket), pending.reason, 0};
      break;
    case EventType::kAuth: {
      const Session::AuthParts parts = session.auth_parts();
      storage->auth = {Header<postern_event_auth>(type, parts.flags, ticket),
                       Bytes(parts.mechanism), Bytes(parts.response), parts.round, 0};
      break;
    }
    case EventType::kAuthEnd:
      storage->auth_end = {Header<postern_event_auth_end>(type, 0, ticket), pending.reason, 0};
      break;
    case EventType::kNone:
    case EventType::kConnect:
    case EventType::kStarttls:
    case EventType::kQuit:
      storage->header = Header<postern_event>(type, 0, ticket);
      break;
  }
  return &storage->header;
}

}  // namespace postern::plugin
