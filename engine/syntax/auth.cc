// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/auth.h"

#include "engine/syntax/octet_class.h"
#include "engine/syntax/xtext.h"

namespace postern::syntax {
namespace {

bool IsMechanismOctet(char c) { return IsOctet(c, kLetDigHyphen) || c == '_'; }

}  // namespace

AuthArgument ParseAuthArgument(std::string_view in) {
  AuthArgument result;
  const auto fail = [&result](AuthError error, size_t offset) {
    result.error = error;
    result.error_offset = SaturatedOffset(offset);
    return result;
  };
  size_t at = 0;
  while (at < in.size() && IsMechanismOctet(in[at])) ++at;
  if (at == 0 && (in.empty() || in[0] == ' ')) return fail(AuthError::kNoMechanism, 0);
  if (at < in.size() && in[at] != ' ') return fail(AuthError::kBadMechanism, at);
  if (at > kMaxMechanismOctets) return fail(AuthError::kMechanismTooLong, kMaxMechanismOctets);

  if (at < in.size()) {
    const std::string_view response = in.substr(at + 1);
    if (response.empty()) return fail(AuthError::kNoResponse, in.size());
    const size_t space = response.find(' ');
    if (space == 0) return fail(AuthError::kNoResponse, at + 1);
    if (space != std::string_view::npos) return fail(AuthError::kExtraArgument, at + 1 + space);
    result.has_initial_response = true;
    result.initial_response = response;
  }
  result.mechanism = in.substr(0, at);
  return result;
}

Base64Error DecodeInitialResponse(std::string_view text, char* out, size_t capacity,
                                  size_t* length) {
  if (text == "=") text = {};
  return DecodeBase64(text, out, capacity, length);
}

AuthLine DecodeAuthLine(std::string_view in, char* out, size_t capacity, size_t* length) {
  if (in == "*") return AuthLine::kCancel;
  switch (DecodeBase64(in, out, capacity, length)) {
    case Base64Error::kNone:
      return AuthLine::kResponse;
    case Base64Error::kOutputTooBig:
      return AuthLine::kOutputTooBig;
    case Base64Error::kBadLength:
    case Base64Error::kBadOctet:
    case Base64Error::kTrailingBits:
      break;
  }
  return AuthLine::kBadBase64;
}

void ParseAuthParameter(std::string_view value, bool utf8, AuthParameter* result) {
  result->error = AuthParameterError::kNone;
  result->path_error = PathError::kNone;
  result->is_null = false;
  result->mailbox_octets = 0;
  const auto fail = [result](AuthParameterError error) { result->error = error; };

  if (value.empty()) return fail(AuthParameterError::kEmpty);
  if (value.size() > kMaxAuthParameterOctets) return fail(AuthParameterError::kTooLong);
  size_t length = 0;
  if (DecodeXtext(value, result->mailbox, sizeof(result->mailbox), &length) != XtextError::kNone) {
    return fail(AuthParameterError::kBadXtext);
  }
  const std::string_view decoded(result->mailbox, length);
  if (decoded == "<>") {
    result->is_null = true;
    return;
  }
  PathOptions options;
  options.utf8 = utf8;
  PathResult path;
  if (!ParseMailbox(decoded, options, &path)) {
    result->path_error = path.error;
    return fail(AuthParameterError::kBadMailbox);
  }
  result->mailbox_octets = length;
}

}  // namespace postern::syntax
