// SPDX-License-Identifier: Apache-2.0
//
// The texts of AUTH (RFC 4954 §4, §5, §8): the arguments of the command, the lines of the exchange,
// and the AUTH parameter of MAIL.
//
// What it is: readers that decode base64 into the caller's buffer, which may be the one that holds
// the text: a line is decoded where it lies, and there is one place to wipe.
// What it is not: SASL. What the octets say is between the client and whoever checks them.
//
// Threads and lifetime: pure functions; views in a result borrow the input.

#ifndef POSTERN_ENGINE_SYNTAX_AUTH_H_
#define POSTERN_ENGINE_SYNTAX_AUTH_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/syntax/base64.h"
#include "engine/syntax/path.h"

namespace postern::syntax {

// §4: "12288 octets is considered to be a sufficient line length limit". CR LF included.
inline constexpr size_t kMaxAuthLineOctets = 12288;
inline constexpr size_t kMaxMechanismOctets = 20;       // RFC 4422 §3.1
inline constexpr size_t kMaxAuthParameterOctets = 500;  // §3 (5)

enum class AuthError : uint8_t {
  kNone,
  kNoMechanism,       // nothing where the name should be
  kBadMechanism,      // an octet that is not ALPHA / DIGIT / "-" / "_"
  kMechanismTooLong,  // more than 20 octets
  kNoResponse,        // a space and nothing behind it
  kExtraArgument,     // a second space
};

struct AuthArgument {
  AuthError error = AuthError::kNone;
  uint16_t error_offset = 0;  // of the octet that is wrong or too many
  // As sent: SASL's names are in upper case (RFC 4422 §3.1), but RFC 4954 §8 wants any taken.
  std::string_view mechanism;
  bool has_initial_response = false;
  std::string_view initial_response;  // as sent, not looked at yet

  bool ok() const { return error == AuthError::kNone; }
};

// `in` is what follows "AUTH" and one space.
AuthArgument ParseAuthArgument(std::string_view in);

// The initial response, decoded; "=" is the empty one (§4). *length is set on success. `out` may be
// text.data().
Base64Error DecodeInitialResponse(std::string_view text, char* out, size_t capacity,
                                  size_t* length);

enum class AuthLine : uint8_t {
  kResponse,     // decoded; may be empty
  kCancel,       // "*": 501 (§4)
  kBadBase64,    // 501 5.5.2 (§4); "=" stands for nothing but an initial response
  kOutputTooBig  // the response does not fit `capacity`
};

// A line of the exchange, without its CR LF. *length is set for kResponse. `out` may be in.data().
AuthLine DecodeAuthLine(std::string_view in, char* out, size_t capacity, size_t* length);

enum class AuthParameterError : uint8_t {
  kNone,
  kEmpty,
  kBadXtext,
  kTooLong,     // more than kMaxAuthParameterOctets
  kBadMailbox,  // decoded, it is neither "<>" nor a Mailbox; path_error says more
};

struct AuthParameter {
  AuthParameterError error = AuthParameterError::kNone;
  PathError path_error = PathError::kNone;
  bool is_null = false;       // "<>": nobody, or nobody who is to be named
  size_t mailbox_octets = 0;  // in `mailbox`, of which the rest is not written; 0 if is_null
  char mailbox[kMaxAuthParameterOctets];

  bool ok() const { return error == AuthParameterError::kNone; }
};

// The value of AUTH= (§5, §8). `utf8` where SMTPUTF8 is in force: then the mailbox may be an
// internationalized one (RFC 6531 §3.3), which xtext carries as hexchars.
void ParseAuthParameter(std::string_view value, bool utf8, AuthParameter* result);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_AUTH_H_
