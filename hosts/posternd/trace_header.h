// SPDX-License-Identifier: Apache-2.0
//
// The header fields that the final delivery puts before a message (RFC 5321 section 4.4), in this
// order and shape, each line ending in CR LF:
//
//   Return-Path: <reverse-path>
//   Envelope-To: <first>,            one continuation line for each further recipient
//   <TAB><second>
//   Postern-Mail: parameters         of MAIL, as sent, where one says how to deliver (RFC 3461,
//   ...) Postern-Rcpt: <first>            the same of each RCPT that had one <TAB>parameters
//   Received: from HELO ([ADDRESS])  always these three lines; "(user NAME)" may end the first
//   <TAB>by SERVER with ESMTP id QUEUE-ID
//   <TAB>for <recipient>; DATE       or "(N recipients); DATE" when there are several
//
// The message follows octet for octet as it was received. Whoever needs it bare removes the first
// fields: the lines up to and including the third of Received.
//
// Threads: any; pure functions.
#ifndef POSTERN_HOSTS_POSTERND_TRACE_HEADER_H_
#define POSTERN_HOSTS_POSTERND_TRACE_HEADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hosts/common/network.h"

namespace postern {
namespace posternd {

struct TraceFields {
  absl::string_view reverse_path;              // with angle brackets, "<>" for null
  const std::vector<std::string>* recipients;  // forward-paths with angle brackets
  absl::string_view mail_parameters;           // empty: no field
  // Of the recipients, empty where there is nothing to tell; null: of none.
  const std::vector<std::string>* rcpt_parameters = nullptr;
  absl::string_view helo;
  host::Address client;
  absl::string_view server;
  absl::string_view queue_id;
  absl::string_view tls;  // "TLSv1.3 TLS_AES_256_GCM_SHA384", empty without TLS
  bool extended = false;  // EHLO
  bool lmtp = false;      // LHLO
  bool smtputf8 = false;  // MAIL had the SMTPUTF8 parameter
  bool authenticated = false;
  absl::string_view user;  // who logged in; empty: not to be told
  int64_t unix_time = 0;
};

std::string MakeTraceHeader(const TraceFields& fields);

// RFC 3848 and RFC 6531 section 4.3. There is no registered keyword for HELO under TLS.
// S for TLS, A for a client that logged in.
std::string WithProtocol(bool extended, bool lmtp, bool tls, bool smtputf8, bool authenticated);

// "Tue, 24 Nov 2026 04:22:56 +0000", RFC 5322 section 3.3. Always UTC: no time zone data is needed,
// and the host's location stays its own affair.
std::string Rfc5322Date(int64_t unix_time);

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_TRACE_HEADER_H_
