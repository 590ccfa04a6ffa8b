// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/path.h"

#include <cstring>

#include "engine/syntax/octet_class.h"
#include "engine/syntax/parameters.h"
#include "engine/syntax/utf8.h"

namespace postern::syntax {
namespace {

std::string_view View(const char* begin, const char* end) {
  return std::string_view(begin, static_cast<size_t>(end - begin));
}

void Stop(PathError error, const char* where, LocalPartScan* scan) {
  scan->error = error;
  scan->stop = where;
}

// [begin, end) is the whole input. Every failure of a path goes through here.
struct Cursor {
  const char* begin;
  const char* end;
  const PathOptions& options;
  PathResult* result;

  // Where a Mailbox may end; a space begins the parameters.
  bool AtEnd(const char* p) const { return p == end || *p == ' '; }

  bool Fail(PathError error, const char* where) const {
    result->error = error;
    result->error_offset = SaturatedOffset(static_cast<size_t>(where - begin));
    return false;
  }

  bool FailDomain(PathError error, DomainError domain_error, const char* where) const {
    if (domain_error == DomainError::kNeedsUtf8) error = PathError::kNeedsUtf8;
    if (domain_error == DomainError::kBadUtf8) error = PathError::kBadUtf8;
    result->domain_error = domain_error;
    return Fail(error, where);
  }

  DomainOptions ForDomain() const {
    DomainOptions domain;
    domain.utf8 = options.utf8;
    domain.trailing_dot = options.trailing_dot_in_domain;
    return domain;
  }
};

// A-d-l ":", from its first "@". Moves *p behind the colon.
bool ParseSourceRoute(const Cursor& cursor, const char** p) {
  const char* const route = *p;
  const char* at = route;
  const DomainOptions options = cursor.ForDomain();
  for (;;) {
    DomainScan scan;
    ScanDomain(at + 1, cursor.end, options, &scan);
    // "<@>" and "<@example.org>": rather a mailbox without a local-part than a route without
    // mailbox.
    const bool no_route = at == route &&
                          (scan.error == DomainError::kNone || scan.error == DomainError::kEmpty) &&
                          (cursor.AtEnd(scan.stop) || *scan.stop == '>');
    if (no_route) return cursor.Fail(PathError::kEmptyLocalPart, route);
    if (scan.error != DomainError::kNone) {
      return cursor.FailDomain(PathError::kBadSourceRoute, scan.error, scan.stop);
    }
    if (scan.has_utf8) cursor.result->has_utf8 = true;
    at = scan.stop;
    if (at != cursor.end && *at == ':') break;
    if (at == cursor.end || *at != ',') return cursor.Fail(PathError::kBadSourceRoute, at);
    ++at;
    if (at == cursor.end || *at != '@') return cursor.Fail(PathError::kBadSourceRoute, at);
  }
  cursor.result->has_source_route = true;
  cursor.result->source_route = View(route, at);
  *p = at + 1;
  return true;
}

// "@" ( Domain / address-literal ), from the octet behind the "@". Moves *p behind it.
bool ParseDomainPart(const Cursor& cursor, bool bracketed, const char** p) {
  const char* const domain = *p;
  DomainScan scan;
  PathError error = PathError::kBadDomain;
  if (domain != cursor.end && *domain == '[') {
    ScanAddressLiteral(domain, cursor.end, &scan);
    error = PathError::kBadAddressLiteral;
    cursor.result->domain_is_literal = true;
  } else {
    ScanDomain(domain, cursor.end, cursor.ForDomain(), &scan);
  }
  if (scan.error != DomainError::kNone) {
    if (scan.error != DomainError::kEmpty) return cursor.FailDomain(error, scan.error, scan.stop);
    if (cursor.AtEnd(domain) || *domain == '>') return cursor.Fail(PathError::kNoDomain, domain);
    return cursor.FailDomain(error, DomainError::kBadOctet, domain);
  }
  const bool at_end = cursor.AtEnd(scan.stop);
  if (bracketed ? at_end || *scan.stop != '>' : !at_end) {
    if (at_end) return cursor.Fail(PathError::kUnclosedAngle, scan.stop);
    return cursor.FailDomain(error, DomainError::kBadOctet, scan.stop);
  }
  if (scan.has_utf8) cursor.result->has_utf8 = true;
  cursor.result->domain = scan.text;
  *p = scan.stop;
  return true;
}

// The rest of a Mailbox whose local-part ends before "@" at `at`.
bool ParseBehindLocalPart(const Cursor& cursor, bool bracketed, const char* local, const char* at,
                          const char** p) {
  PathResult* const result = cursor.result;
  result->local_part = View(local, at);
  *p = at + 1;
  if (!ParseDomainPart(cursor, bracketed, p)) return false;
  // Not View(local, *p): the domain has lost its trailing dot.
  result->mailbox = View(local, result->domain.data() + result->domain.size());
  return true;
}

// Mailbox, and "Postmaster" where `postmaster` lets it stand alone. Moves *p behind it: to ">" if
// `bracketed`, else to a space or the end.
bool ParseMailboxAt(const Cursor& cursor, bool bracketed, bool postmaster, const char** p) {
  PathResult* const result = cursor.result;
  const char* const local = *p;
  LocalPartScan scan;
  ScanLocalPart(local, cursor.end, cursor.options.utf8, &scan);
  if (scan.error != PathError::kNone) return cursor.Fail(scan.error, scan.stop);
  const char* at = scan.stop;
  result->local_is_quoted = scan.is_quoted;
  if (scan.has_utf8) result->has_utf8 = true;
  result->local_part = View(local, at);

  if (at == cursor.end || *at != '@') {
    // Within brackets a space is no end: "<a b@c>" is a bad local-part, and not one without domain.
    if (at != cursor.end && *at != '>' && (bracketed || *at != ' ')) {
      return cursor.Fail(scan.is_quoted ? PathError::kBadQuotedString : PathError::kBadLocalPart,
                         at);
    }
    // RFC 5321 §4.1.1.3; the quoted form is not the one that is written there.
    if (!postmaster || scan.is_quoted || !EqualsIgnoreCase(result->local_part, "POSTMASTER")) {
      return cursor.Fail(PathError::kNoDomain, at);
    }
    if (bracketed ? at == cursor.end : !cursor.AtEnd(at)) {
      return cursor.Fail(bracketed ? PathError::kUnclosedAngle : PathError::kBadLocalPart, at);
    }
    result->is_postmaster = true;
    result->mailbox = result->local_part;
    *p = at;
    return true;
  }

  return ParseBehindLocalPart(cursor, bracketed, local, at, p);
}

// RFC 5321 §4.5.3.1.1-3, for a path that is right otherwise. `unsent` is 2 for missing brackets.
bool CheckLimits(const Cursor& cursor, size_t unsent) {
  const PathResult& result = *cursor.result;
  if (result.local_part.size() > kMaxLocalPartOctets) {
    return cursor.Fail(PathError::kLocalPartTooLong,
                       result.local_part.data() + kMaxLocalPartOctets);
  }
  if (result.domain.size() > kMaxDomainOctets) {
    return cursor.FailDomain(PathError::kDomainTooLong, DomainError::kTooLong,
                             result.domain.data() + kMaxDomainOctets);
  }
  if (result.path.size() + unsent > kMaxPathOctets) {
    return cursor.Fail(PathError::kPathTooLong, cursor.begin + kMaxPathOctets - unsent);
  }
  return true;
}

// The path from its local-part on, which ends before the "@" at `at` and is right.
bool ParseFromAt(const Cursor& cursor, size_t at) {
  PathResult* const result = cursor.result;
  const char* const local = cursor.begin + 1;
  result->local_is_quoted = *local == '"';
  const char* p;
  if (!ParseBehindLocalPart(cursor, true, local, cursor.begin + at, &p)) return false;
  result->path = View(cursor.begin, p + 1);
  if (!CheckLimits(cursor, 0)) return false;
  result->used = static_cast<uint16_t>(result->path.size());
  return true;
}

// Any path, octet by octet.
bool ParseFromStart(const Cursor& cursor, PathKind kind) {
  PathResult* const result = cursor.result;
  const char* const begin = cursor.begin;
  const char* const end = cursor.end;
  const char* p = begin;
  if (cursor.AtEnd(p)) return cursor.Fail(PathError::kNoPath, p);

  const bool bracketed = *p == '<';
  if (bracketed) {
    ++p;
    if (p == end) return cursor.Fail(PathError::kUnclosedAngle, p);
    if (*p == '>') {
      if (kind == PathKind::kForwardPath) return cursor.Fail(PathError::kNullForwardPath, p);
      result->is_null = true;
      result->path = View(begin, p + 1);
      result->used = 2;
      return true;
    }
    if (*p == '@' && !ParseSourceRoute(cursor, &p)) return false;
  } else {
    if (!cursor.options.allow_missing_angle_brackets) {
      return cursor.Fail(PathError::kMissingAngleBrackets, p);
    }
    result->missing_angle_brackets = true;
  }

  const bool postmaster = kind == PathKind::kForwardPath && !result->has_source_route;
  if (!ParseMailboxAt(cursor, bracketed, postmaster, &p)) return false;
  if (bracketed) ++p;
  result->path = View(begin, p);
  if (!CheckLimits(cursor, bracketed ? 0 : 2)) return false;
  result->used = static_cast<uint16_t>(result->path.size());
  return true;
}

}  // namespace

void ScanLocalPart(const char* begin, const char* end, bool utf8, LocalPartScan* scan) {
  *scan = LocalPartScan{};
  const char* p = begin;
  if (p != end && *p == '"') {
    scan->is_quoted = true;
    ++p;
    for (;;) {
      p = SkipClass<kQtextSmtp>(p, end);
      if (p == end) return Stop(PathError::kBadQuotedString, p, scan);
      if (*p == '"') break;
      if (*p == '\\') {
        // quoted-pairSMTP takes no UTF8-non-ascii: RFC 6531 §3.3 extends qtextSMTP alone.
        ++p;
        if (p == end || !IsOctet(*p, kPrintable)) {
          return Stop(PathError::kBadQuotedString, p, scan);
        }
        ++p;
        continue;
      }
      if (!IsOctet(*p, kEightBit)) return Stop(PathError::kBadQuotedString, p, scan);
      if (!utf8) return Stop(PathError::kNeedsUtf8, p, scan);
      const size_t length = Utf8SequenceLength(View(p, end));
      if (length == 0) return Stop(PathError::kBadUtf8, p, scan);
      scan->has_utf8 = true;
      p += length;
    }
    scan->stop = p + 1;
    return;
  }

  for (;;) {
    const char* const atom = p;
    p = SkipClass<kAtext>(p, end);
    while (p != end && IsOctet(*p, kEightBit)) {
      if (!utf8) return Stop(PathError::kNeedsUtf8, p, scan);
      const size_t length = Utf8SequenceLength(View(p, end));
      if (length == 0) return Stop(PathError::kBadUtf8, p, scan);
      scan->has_utf8 = true;
      p = SkipClass<kAtext>(p + length, end);
    }
    if (p == atom) {
      const bool nothing = p == begin && (p == end || *p == '@' || *p == '>' || *p == ' ');
      return Stop(nothing ? PathError::kEmptyLocalPart : PathError::kBadLocalPart, p, scan);
    }
    if (p == end || *p != '.') break;
    ++p;
  }
  scan->stop = p;
}

bool TakeIpv4Path(std::string_view in, size_t at, PathParts* parts) {
  const char* const begin = in.data();
  const char* const end = begin + in.size();
  const char* const domain = begin + at + 1;
  const char* const behind = BehindIpv4Literal(domain, end);
  // The octets before the domain are few enough for the whole to stay in all limits.
  if (behind == nullptr || behind == end || *behind != '>') return false;
  parts->begin = begin;
  parts->used = static_cast<uint16_t>(behind + 1 - begin);
  parts->mailbox_offset = 1;
  parts->local_size = static_cast<uint16_t>(at - 1);
  parts->domain_offset = static_cast<uint16_t>(at + 1);
  parts->domain_size = static_cast<uint16_t>(behind - domain);
  parts->local_is_quoted = begin[1] == '"';
  parts->domain_is_literal = true;
  return true;
}

PathParts PartsOf(const PathResult& result) {
  PathParts parts;
  const auto offset = [&result](std::string_view part) {
    return static_cast<uint16_t>(part.empty() ? 0 : part.data() - result.path.data());
  };
  parts.begin = result.path.data();
  parts.used = result.used;
  parts.mailbox_offset = offset(result.mailbox);
  parts.local_size = static_cast<uint16_t>(result.local_part.size());
  parts.domain_offset = offset(result.domain);
  parts.domain_size = static_cast<uint16_t>(result.domain.size());
  parts.is_null = result.is_null;
  parts.is_postmaster = result.is_postmaster;
  parts.local_is_quoted = result.local_is_quoted;
  parts.has_source_route = result.has_source_route;
  parts.has_utf8 = result.has_utf8;
  parts.domain_is_literal = result.domain_is_literal;
  return parts;
}

bool ParsePath(std::string_view in, PathKind kind, const PathOptions& options, PathResult* result) {
  PathParts parts;
  size_t at = 0;
  *result = PathResult{};
  if (in.empty() || in[0] != '<' || !ParsePlainPath(in, &parts, &at)) {
    return ParseUnusualPath(in, kind, options, at, result);
  }
  result->local_is_quoted = parts.local_is_quoted;
  result->domain_is_literal = parts.domain_is_literal;
  result->used = parts.used;
  result->path = parts.path();
  result->mailbox = parts.mailbox();
  result->local_part = parts.local_part();
  result->domain = parts.domain();
  return true;
}

bool ParseUnusualPath(std::string_view in, PathKind kind, const PathOptions& options, size_t at,
                      PathResult* result) {
  const Cursor cursor{in.data(), in.data() + in.size(), options, result};
  // The local-part may be right all the same; what the domain is or lacks is found out from there.
  return at != 0 ? ParseFromAt(cursor, at) : ParseFromStart(cursor, kind);
}

bool ParseMailbox(std::string_view in, const PathOptions& options, PathResult* result) {
  *result = PathResult{};
  const char* const end = in.data() + in.size();
  const Cursor cursor{in.data(), end, options, result};
  const char* p = in.data();
  if (in.empty()) return cursor.Fail(PathError::kNoPath, p);
  if (!ParseMailboxAt(cursor, false, false, &p)) return false;
  if (p != end) {
    return cursor.FailDomain(
        result->domain_is_literal ? PathError::kBadAddressLiteral : PathError::kBadDomain,
        DomainError::kBadOctet, p);
  }
  result->path = in;
  if (!CheckLimits(cursor, 2)) return false;
  result->used = static_cast<uint16_t>(in.size());
  return true;
}

size_t UnquoteLocalPart(std::string_view local_part, char* out) {
  if (local_part.empty() || local_part[0] != '"') {
    const size_t length = local_part.substr(0, kMaxLocalPartOctets).size();
    if (length != 0) std::memcpy(out, local_part.data(), length);
    return length;
  }
  size_t length = 0;
  for (size_t i = 1; i + 1 < local_part.size() && length < kMaxLocalPartOctets; ++i) {
    if (local_part[i] == '\\') ++i;
    out[length++] = local_part[i];
  }
  return length;
}

bool NeedsQuoting(std::string_view semantic_local_part) {
  const char* p = semantic_local_part.data();
  const char* const end = p + semantic_local_part.size();
  for (;;) {
    const char* const atom = p;
    p = SkipClass < kAtext | kEightBit > (p, end);
    if (p == atom) return true;
    if (p == end) return false;
    if (*p != '.') return true;
    ++p;
  }
}

}  // namespace postern::syntax
