// SPDX-License-Identifier: Apache-2.0
//
// The values of the parameters that ask for delivery status notifications (RFC 3461 §4): RET and
// ENVID of MAIL, NOTIFY and ORCPT of RCPT.
//
// What it is: judges of esmtp-values that give back views of them as sent. A value that is taken
// decodes, and to nothing but printable text, of ASCII or, where it is said, UTF-8: DecodeXtext
// (xtext.h) with `eight_bit` cannot fail on it.
// What it is not: a judge of addresses: an ORCPT need not fit the syntax of its type (§4.2).
//
// Threads and lifetime: pure functions; a result borrows its input.

#ifndef POSTERN_ENGINE_SYNTAX_DSN_H_
#define POSTERN_ENGINE_SYNTAX_DSN_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::syntax {

// §4.2, §4.4, §5.4. The RFC says it of "the parameter" and seems to count the keyword and "=" in;
// we count the value alone, which takes all that the other reading takes.
inline constexpr size_t kMaxEnvidOctets = 100;
inline constexpr size_t kMaxOrcptOctets = 500;

enum class DsnError : uint8_t {
  kNone,
  kEmpty,         // no value, or nothing behind the semicolon that must be there
  kUnknownWord,   // RET, NOTIFY: no word of the grammar
  kNeverAndMore,  // NOTIFY: NEVER is not alone
  kBadAddrType,   // ORCPT: no atom before the semicolon, or no semicolon
  kBadXtext,      // neither xchar nor hexchar
  kNotPrintable,  // a hexchar that stands for neither printable ASCII nor white space (nor UTF-8)
  kTooLong,
};

enum class DsnReturn : uint8_t { kFull, kHeaders };

// Bits of a NOTIFY. kNotifyNever is alone.
enum DsnNotify : uint8_t {
  kNotifyNever = 1,
  kNotifySuccess = 2,
  kNotifyFailure = 4,
  kNotifyDelay = 8,
};

// §4.3. *out is untouched where there is an error; the same holds below.
DsnError ParseRet(std::string_view value, DsnReturn* out);

// §4.1, the list by RFC 822 §2.7: words may come twice and elements may be null, but one is there.
DsnError ParseNotify(std::string_view value, uint8_t* out);

// §4.4.
DsnError ParseEnvid(std::string_view value);

struct Orcpt {
  DsnError error = DsnError::kNone;
  std::string_view addr_type;  // "rfc822" in any case, or any other atom
  std::string_view address;    // xtext, or as said at ParseOrcpt; as sent, never empty

  bool ok() const { return error == DsnError::kNone; }
};

// §4.2. An empty address is refused, though the grammar has it: nothing can be made of it. `utf8`:
// hexchars may stand for well-formed UTF-8, and with the type utf-8 it may stand there as it is
// (RFC 6533 §3: utf-8-addr-unitext). Hexchars go with every type: Postfix gives the original
// recipient of SMTPUTF8 as rfc822 and xtext of its octets. What RFC 6533 writes \x{...} inside of
// xtext stays as it is.
Orcpt ParseOrcpt(std::string_view value, bool utf8 = false);

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_DSN_H_
