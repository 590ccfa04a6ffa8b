// SPDX-License-Identifier: Apache-2.0
//
// Reverse-path, forward-path and Mailbox (RFC 5321 §4.1.2, §4.5.3.1; RFC 6531 §3.3).
//
// What it is: the grammar of what stands behind FROM: and TO:, in one pass. Results are views.
// What it is not: the parser of what follows the path (parameters.h), nor a judge of SMTPUTF8: the
// parameter that allows an internationalized path stands behind it, so callers parse with `utf8`
// and look at has_utf8 afterwards.
//
// Threads and lifetime: pure functions; a result borrows its input.

#ifndef POSTERN_ENGINE_SYNTAX_PATH_H_
#define POSTERN_ENGINE_SYNTAX_PATH_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/syntax/domain.h"
#include "engine/syntax/plain_path.h"

namespace postern::syntax {

inline constexpr size_t kMaxLocalPartOctets = 64;  // RFC 5321 §4.5.3.1.1
// RFC 5321 §4.5.3.1.3: "including the punctuation and element separators". Counted as sent, from
// "<" through ">", a source route with its commas and colon included: it is part of the path,
// though it is ignored. Where the brackets are missing they are counted all the same, so that one
// mailbox is never too long in one form and fine in the other.
inline constexpr size_t kMaxPathOctets = 256;

enum class PathKind : uint8_t { kReversePath, kForwardPath };

// Where several apply, grammar comes before limits, and of the grammar what comes first in the
// text.
enum class PathError : uint8_t {
  kNone,
  kNoPath,                // nothing, or a space, where the path should start
  kMissingAngleBrackets,  // something, but no "<" before it
  kUnclosedAngle,         // the text or a space comes where ">" should be
  kNullForwardPath,       // "<>" as forward-path
  kBadSourceRoute,        // not A-d-l ":"
  kEmptyLocalPart,        // "<@" without a route, or nothing between route and "@"
  kBadLocalPart,          // an octet or a dot where no Dot-string may have it
  kBadQuotedString,    // unclosed, an octet that may not be in it, or followed by neither @ nor >
  kNoDomain,           // no "@", or nothing behind it
  kBadDomain,          // domain_error says more
  kBadAddressLiteral,  // domain_error says more
  kNeedsUtf8,          // an octet 0x80-0xFF, and `utf8` is off
  kBadUtf8,            // malformed UTF-8
  kLocalPartTooLong,   // more than 64 octets
  kDomainTooLong,      // more than 255 octets
  kPathTooLong,        // more than 256 octets
};

// Deviations and extensions, each off by default.
struct PathOptions {
  bool utf8 = false;  // RFC 6531 §3.3
  // A Mailbox without "<" and ">" is taken: it ends at the first SP or the end. Never with a source
  // route, and the null reverse-path keeps its brackets.
  bool allow_missing_angle_brackets = false;
  bool trailing_dot_in_domain = false;
};

struct PathResult {
  // Member by member: compilers clear a whole of this size in a loop.
  constexpr PathResult() noexcept {}  // NOLINT(modernize-use-equals-default)

  PathError error = PathError::kNone;
  DomainError domain_error = DomainError::kNone;
  // Of the first octet that is wrong or, past a limit, of the first octet too many; the octet
  // behind the last where something is missing. Saturates at 65535.
  uint16_t error_offset = 0;

  bool is_null = false;        // "<>"
  bool is_postmaster = false;  // "<Postmaster>" in any case, without a domain (RFC 5321 §4.1.1.3)
  bool local_is_quoted = false;
  bool has_source_route = false;
  bool has_utf8 = false;
  bool domain_is_literal = false;
  bool missing_angle_brackets = false;

  uint16_t used = 0;              // octets of the input that are the path; 0 if there is an error
  std::string_view path;          // as sent, with the angle brackets if there were any
  std::string_view source_route;  // "@a,@b", without the colon
  std::string_view mailbox;       // local-part@domain; "Postmaster" if is_postmaster
  std::string_view local_part;    // as sent, quotes and backslashes included
  std::string_view domain;        // literals with their brackets; without a trailing dot

  bool ok() const { return error == PathError::kNone; }
};

// A right path in fewer words, for callers that have many: its parts as offsets and sizes.
struct PathParts {
  const char* begin = nullptr;
  uint16_t used = 0;  // octets of the path
  uint16_t mailbox_offset = 0;
  uint16_t local_size = 0;
  uint16_t domain_offset = 0;
  uint16_t domain_size = 0;
  // What is wrong, where nothing else counts. All that follows is as in PathResult.
  PathError error = PathError::kNone;
  bool is_null = false;
  bool is_postmaster = false;
  bool local_is_quoted = false;
  bool has_source_route = false;
  bool has_utf8 = false;
  bool domain_is_literal = false;

  std::string_view path() const { return {begin, used}; }
  std::string_view mailbox() const {
    const size_t end = domain_size != 0 ? size_t{domain_offset} + domain_size
                                        : size_t{mailbox_offset} + local_size;
    return {begin + mailbox_offset, end - mailbox_offset};
  }
  std::string_view local_part() const { return {begin + mailbox_offset, local_size}; }
  std::string_view domain() const { return {begin + domain_offset, domain_size}; }
};

// What follows are the halves of ParsePath. The first is for paths that are plain, and for plain
// local-parts with IPv4-address-literals; false for any other, and then *at is what the second
// wants to know.
// `parts` is a fresh one. `in[at + 1]` is "[".
bool TakeIpv4Path(std::string_view in, size_t at, PathParts* parts);
// `in` begins with "<".
inline bool ParsePlainPath(std::string_view in, PathParts* parts, size_t* at) {
  const PlainPath plain = ScanPlainPath(in);
  *at = plain.at;
  if (plain.close == 0) {
    return plain.at != 0 && plain.at + 1 < in.size() && in[plain.at + 1] == '[' &&
           TakeIpv4Path(in, plain.at, parts);
  }
  parts->begin = in.data();
  parts->used = static_cast<uint16_t>(plain.close + 1);
  parts->mailbox_offset = 1;
  parts->local_size = static_cast<uint16_t>(plain.at - 1);
  parts->domain_offset = static_cast<uint16_t>(plain.at + 1);
  parts->domain_size = static_cast<uint16_t>(plain.close - plain.at - 1);
  parts->local_is_quoted = in[1] == '"';
  return true;
}
// `result` is a fresh one.
bool ParseUnusualPath(std::string_view in, PathKind kind, const PathOptions& options, size_t at,
                      PathResult* result);
// Of a result without an error.
PathParts PartsOf(const PathResult& result);

// Parses the path at the start of `in`; what follows it is not looked at. With an error the views
// are not to be used. Returns result->ok().
bool ParsePath(std::string_view in, PathKind kind, const PathOptions& options, PathResult* result);

// A Mailbox without angle brackets that is the whole of `in` (as in VRFY, ORCPT, AUTH=).
bool ParseMailbox(std::string_view in, const PathOptions& options, PathResult* result);

// The Local-part at the start of [begin, end), for grammars that have one without a domain.
struct LocalPartScan {
  PathError error = PathError::kNone;  // kEmptyLocalPart, kBadLocalPart, kBadQuotedString,
                                       // kNeedsUtf8 or kBadUtf8
  bool is_quoted = false;
  bool has_utf8 = false;
  const char* stop = nullptr;  // behind it, or at the octet that is wrong
};
void ScanLocalPart(const char* begin, const char* end, bool utf8, LocalPartScan* scan);

// The semantic form of a valid local-part: without the quotes and the backslashes that quote (RFC
// 5321 §4.1.2: all quoted forms are equivalent). `out` has room for kMaxLocalPartOctets; no more is
// ever written. Returns the octets written.
size_t UnquoteLocalPart(std::string_view local_part, char* out);

// Whether a semantic local-part can be written only as Quoted-string: it is no Dot-string. Octets
// 0x80-0xFF count as atext (RFC 6531 §3.3).
bool NeedsQuoting(std::string_view semantic_local_part);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_PATH_H_
