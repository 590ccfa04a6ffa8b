// SPDX-License-Identifier: Apache-2.0
//
// Trace header fields; see trace_header.h.

#include "hosts/posternd/trace_header.h"

#include <time.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace postern {
namespace posternd {
namespace {

// The engine validates what it hands out, but its leniency switches may let any printable word pass
// as HELO name. In a header field only what a domain or an address literal is made of may stand,
// else it could open a comment or end the field.
std::string SafeName(absl::string_view name, bool smtputf8) {
  std::string safe(name.substr(0, 255));
  for (char& c : safe) {
    const auto octet = static_cast<unsigned char>(c);
    const bool letter_or_digit = (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
                                 (octet >= '0' && octet <= '9');
    const bool mark = c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
    if (!letter_or_digit && !mark && !(smtputf8 && octet >= 0x80)) c = '?';
  }
  if (safe.empty()) safe = "unknown";
  return safe;
}

// Nothing that comes here holds CR, LF or NUL; a header must not depend on that.
void AppendPath(absl::string_view path, std::string* out) {
  for (const char c : path) out->push_back(c == '\r' || c == '\n' || c == '\0' ? '?' : c);
}

// Who logged in, as a comment (RFC 5322 section 3.2.2). A user's name may hold what would end it,
// and UTF-8, which stands in header fields of a message that was announced so alone (RFC 6532).
std::string UserComment(absl::string_view user, bool smtputf8) {
  std::string comment = " (user ";
  for (const char c : user.substr(0, 255)) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '(' || c == ')' || c == '\\') comment.push_back('\\');
    const bool good = octet >= 0x80 ? smtputf8 : octet >= ' ' && octet != 0x7F;
    comment.push_back(good ? c : '?');
  }
  comment.push_back(')');
  return comment;
}

}  // namespace

std::string WithProtocol(bool extended, bool lmtp, bool tls, bool smtputf8, bool authenticated) {
  extended = extended || lmtp || smtputf8 || authenticated;
  std::string protocol = smtputf8 ? "UTF8" : "";
  protocol += lmtp ? "LMTP" : smtputf8 || !extended ? "SMTP" : "ESMTP";
  if (tls && extended) protocol += 'S';
  if (authenticated) protocol += 'A';
  return protocol;
}

std::string Rfc5322Date(int64_t unix_time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t when = static_cast<time_t>(unix_time);
  tm calendar = {};
  gmtime_r(&when, &calendar);
  return absl::StrFormat("%s, %d %s %04d %02d:%02d:%02d +0000", kDays[calendar.tm_wday],
                         calendar.tm_mday, kMonths[calendar.tm_mon], calendar.tm_year + 1900,
                         calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
}

std::string MakeTraceHeader(const TraceFields& fields) {
  std::string header = "Return-Path: ";
  header.reserve(512);
  AppendPath(fields.reverse_path, &header);
  header += "\r\nEnvelope-To: ";
  const std::vector<std::string>& recipients = *fields.recipients;
  for (size_t i = 0; i < recipients.size(); ++i) {
    if (i != 0) header += ",\r\n\t";
    AppendPath(recipients[i], &header);
  }
  if (!fields.mail_parameters.empty()) {
    header += "\r\nPostern-Mail: ";
    AppendPath(fields.mail_parameters, &header);
  }
  const size_t told = fields.rcpt_parameters == nullptr ? 0 : fields.rcpt_parameters->size();
  for (size_t i = 0; i < recipients.size() && i < told; ++i) {
    const std::string& parameters = (*fields.rcpt_parameters)[i];
    if (parameters.empty()) continue;
    header += "\r\nPostern-Rcpt: ";
    AppendPath(recipients[i], &header);
    header += "\r\n\t";
    AppendPath(parameters, &header);
  }
  absl::StrAppend(&header, "\r\nReceived: from ", SafeName(fields.helo, fields.smtputf8), " (",
                  fields.client.family == 0 ? "unknown" : fields.client.ToLiteral(), ")",
                  fields.user.empty() ? "" : UserComment(fields.user, fields.smtputf8), "\r\n\tby ",
                  fields.server, " with ",
                  WithProtocol(fields.extended, fields.lmtp, !fields.tls.empty(), fields.smtputf8,
                               fields.authenticated),
                  " id ", fields.queue_id);
  if (!fields.tls.empty()) absl::StrAppend(&header, " (", fields.tls, ")");
  header += "\r\n\t";
  if (recipients.size() == 1) {
    header += "for ";
    AppendPath(recipients[0], &header);
  } else {
    absl::StrAppend(&header, "(", recipients.size(), " recipients)");
  }
  absl::StrAppend(&header, "; ", Rfc5322Date(fields.unix_time), "\r\n");
  return header;
}

}  // namespace posternd
}  // namespace postern
