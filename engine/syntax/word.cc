// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/word.h"

#include "engine/syntax/octet_class.h"
#include "engine/syntax/parameters.h"
#include "engine/syntax/path.h"
#include "engine/syntax/utf8.h"

namespace postern::syntax {
namespace {

std::string_view View(const char* begin, const char* end) {
  return std::string_view(begin, static_cast<size_t>(end - begin));
}

WordResult Fail(WordError error, std::string_view in, const char* where) {
  WordResult result;
  result.error = error;
  result.error_offset = SaturatedOffset(static_cast<size_t>(where - in.data()));
  return result;
}

WordError FromPathError(PathError error) {
  switch (error) {
    case PathError::kNeedsUtf8:
      return WordError::kNeedsUtf8;
    case PathError::kBadUtf8:
      return WordError::kBadUtf8;
    case PathError::kBadQuotedString:
      return WordError::kBadQuotedString;
    default:
      return WordError::kBadOctet;
  }
}

}  // namespace

HeloResult ParseHeloArgument(std::string_view in, const HeloOptions& options) {
  DomainOptions domain_options;
  domain_options.utf8 = options.utf8;
  domain_options.underscore = options.underscore;
  domain_options.trailing_dot = options.trailing_dot;
  const DomainResult domain = options.address_literal ? ParseDomainOrLiteral(in, domain_options)
                                                      : ParseDomain(in, domain_options);
  HeloResult result;
  result.error = domain.error;
  result.error_offset = domain.error_offset;
  result.is_literal = domain.is_literal;
  result.has_utf8 = domain.has_utf8;
  result.text = domain.text;
  if (domain.ok() || !options.allow_anything || in.empty()) return result;
  const char* const end = in.data() + in.size();
  if (SkipClass<kPrintable>(in.data(), end) != end) return result;
  result = HeloResult{};
  result.is_free_form = true;
  result.text = in;
  return result;
}

WordResult ParseString(std::string_view in, bool utf8) {
  const char* const end = in.data() + in.size();
  if (in.empty()) return Fail(WordError::kEmpty, in, end);
  LocalPartScan scan;
  ScanLocalPart(in.data(), end, utf8, &scan);
  // A Local-part is a String but for its dots.
  const char* stop = scan.stop;
  if (!scan.is_quoted) {
    const size_t dot = View(in.data(), stop).find('.');
    if (dot != std::string_view::npos) return Fail(WordError::kBadOctet, in, in.data() + dot);
  }
  if (scan.error != PathError::kNone) return Fail(FromPathError(scan.error), in, stop);
  if (stop != end) {
    return Fail(scan.is_quoted ? WordError::kBadQuotedString : WordError::kBadOctet, in, stop);
  }
  WordResult result;
  result.is_quoted = scan.is_quoted;
  result.has_utf8 = scan.has_utf8;
  result.text = in;
  return result;
}

WordResult ParseQueryArgument(std::string_view in, bool utf8) {
  const char* p = in.data();
  const char* const end = p + in.size();
  if (p == end) return Fail(WordError::kEmpty, in, p);
  const bool bracketed = *p == '<';
  if (bracketed) ++p;
  const char* const text = p;

  LocalPartScan local;
  ScanLocalPart(p, end, utf8, &local);
  if (local.error != PathError::kNone) return Fail(FromPathError(local.error), in, local.stop);
  p = local.stop;
  WordResult result;
  result.is_quoted = local.is_quoted;
  result.has_utf8 = local.has_utf8;
  const char* text_end = p;
  if (p != end && *p == '@') {
    ++p;
    DomainScan domain;
    if (p != end && *p == '[') {
      ScanAddressLiteral(p, end, &domain);
    } else {
      DomainOptions options;
      options.utf8 = utf8;
      ScanDomain(p, end, options, &domain);
    }
    switch (domain.error) {
      case DomainError::kNone:
        break;
      case DomainError::kNeedsUtf8:
        return Fail(WordError::kNeedsUtf8, in, domain.stop);
      case DomainError::kBadUtf8:
        return Fail(WordError::kBadUtf8, in, domain.stop);
      default:
        return Fail(WordError::kBadMailbox, in, domain.stop);
    }
    if (domain.text.size() > kMaxDomainOctets) {
      return Fail(WordError::kBadMailbox, in, p + kMaxDomainOctets);
    }
    p = text_end = domain.stop;
    result.is_mailbox = true;
    result.has_utf8 |= domain.has_utf8;
  }
  if (bracketed) {
    if (p == end || *p != '>') return Fail(WordError::kBadOctet, in, p);
    ++p;
  }
  if (utf8 && p != end && *p == ' ' && EqualsIgnoreCase(View(p + 1, end), "SMTPUTF8")) {
    result.smtputf8 = true;
    p = end;
  }
  if (p != end) {
    const bool quoted = result.is_quoted && !result.is_mailbox;
    return Fail(quoted ? WordError::kBadQuotedString : WordError::kBadOctet, in, p);
  }
  result.text = View(text, text_end);
  return result;
}

WordResult ParseText(std::string_view in, bool utf8) {
  WordResult result;
  const char* p = in.data();
  const char* const end = p + in.size();
  for (;;) {
    p = SkipClass<kPrintable>(p, end);
    if (p == end) break;
    if (*p == '\t') {
      ++p;
      continue;
    }
    if (!IsOctet(*p, kEightBit)) return Fail(WordError::kBadOctet, in, p);
    if (!utf8) return Fail(WordError::kNeedsUtf8, in, p);
    const size_t length = Utf8SequenceLength(View(p, end));
    if (length == 0) return Fail(WordError::kBadUtf8, in, p);
    result.has_utf8 = true;
    p += length;
  }
  result.text = in;
  return result;
}

}  // namespace postern::syntax
