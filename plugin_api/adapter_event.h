// SPDX-License-Identifier: Apache-2.0
//
// The engine's events as the structs of postern.h, and the proof that both speak of the same
// numbers.
//
// Lifetime: an EventStorage lives in the session; what it holds is borrowed by the host until the
// next call on that session. Threads: the session's owner.

#ifndef POSTERN_PLUGIN_API_ADAPTER_EVENT_H_
#define POSTERN_PLUGIN_API_ADAPTER_EVENT_H_

#include "engine/session/event.h"
#include "engine/session/session.h"
#include "plugin_api/postern.h"

namespace postern::plugin {

// Room for the event that the host reads; one at a time.
union EventStorage {
  postern_event header;
  postern_event_proxy_header proxy_header;
  postern_event_helo helo;
  postern_event_mail mail;
  postern_event_rcpt rcpt;
  postern_event_content_begin content_begin;
  postern_event_content content;
  postern_event_content_end content_end;
  postern_event_chunk_end chunk_end;
  postern_event_reset reset;
  postern_event_query query;
  postern_event_client client;
  postern_event_parameter parameter;
  postern_event_error error;
  postern_event_closed closed;
  postern_event_auth auth;
  postern_event_auth_end auth_end;
  postern_event_etrn etrn;
  postern_event_atrn atrn;
  postern_event_burl burl;
};

// The event that `session` gave as `pending`, with what it refers to.
const postern_event* StoreEvent(const session::Session& session,
                                const session::Session::Pending& pending, EventStorage* storage);

}  // namespace postern::plugin

#endif  // POSTERN_PLUGIN_API_ADAPTER_EVENT_H_
