// SPDX-License-Identifier: Apache-2.0
//
// The arguments of BURL (RFC 4468 §3.5): an absolute-URI and "LAST".
//
// What it is: a recogniser of absolute-URI as RFC 3986 §4.3 has it, in any scheme.
// What it is not: a reader of IMAP URLs (RFC 4467), or a judge of whether a URI may be fetched:
// that is the host's, who fetches.
//
// Threads and lifetime: pure functions; a result borrows its input.

#ifndef POSTERN_ENGINE_SYNTAX_BURL_ARGUMENT_H_
#define POSTERN_ENGINE_SYNTAX_BURL_ARGUMENT_H_

#include <cstdint>
#include <string_view>

namespace postern::syntax {

// All of `in`.
bool IsAbsoluteUri(std::string_view in);

enum class BurlError : uint8_t {
  kNone,
  kNoUri,         // nothing where the URI should be
  kBadUri,        // no absolute-URI
  kBadEndMarker,  // something else than SP "LAST" behind it
};

struct BurlArgument {
  BurlError error = BurlError::kNone;
  std::string_view uri;
  std::string_view scheme;  // as sent, in any case
  bool last = false;

  bool ok() const { return error == BurlError::kNone; }
};

// `in` is what follows "BURL" and one space.
BurlArgument ParseBurlArgument(std::string_view in);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_BURL_ARGUMENT_H_
