// SPDX-License-Identifier: Apache-2.0
//
// What engine/syntax's parsers of the extensions' arguments and values must say of a text, by the
// RFCs' grammar (esmtp_grammar.h), and by hand where no grammar counts.
//
// What it is: one comparison for each parser; it is given what the parser said, so that a test can
// give it something wrong. What it is not: a second parser. BDAT's argument is in bdat.h.
//
// Threads and lifetime: as esmtp_grammar.h.

#ifndef POSTERN_FUZZ_ORACLE_ESMTP_VALUES_H_
#define POSTERN_FUZZ_ORACLE_ESMTP_VALUES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/syntax/auth.h"
#include "engine/syntax/burl_argument.h"
#include "engine/syntax/client_attributes.h"
#include "engine/syntax/delivery_parameters.h"
#include "engine/syntax/dsn.h"
#include "engine/syntax/ehlo_limits.h"
#include "engine/syntax/queue_argument.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

// RFC 3461 §4.
Finding RetAgrees(std::string_view text, syntax::DsnError got);
Finding NotifyAgrees(std::string_view text, syntax::DsnError got, uint8_t bits);
Finding EnvidAgrees(std::string_view text, syntax::DsnError got);
Finding OrcptAgrees(std::string_view text, const syntax::Orcpt& got);

// RFC 4954 §4, §5, §8. `decodes`: what DecodeInitialResponse said of the response, where there is
// one.
Finding AuthArgumentAgrees(std::string_view text, const syntax::AuthArgument& got, bool decodes);
// `decoded`: the response; nothing was too big for it.
Finding AuthLineAgrees(std::string_view text, syntax::AuthLine got, std::string_view decoded);
Finding AuthParameterAgrees(std::string_view text, bool utf8, const syntax::AuthParameter& got);

// RFC 2852 §4, RFC 6710 §2, RFC 4865 §3, RFC 7293 §3.
Finding DeliverByAgrees(std::string_view text, syntax::DeliverByError got,
                        const syntax::DeliverBy& by);
Finding MtPriorityAgrees(std::string_view text, bool taken, int8_t priority);
Finding HoldForAgrees(std::string_view text, bool taken, uint32_t seconds);
// What no calendar has, ParseDateTime refuses; date.h judges that.
Finding HoldUntilAgrees(std::string_view text, bool taken);
Finding RrvsAgrees(std::string_view text, bool taken);

// RFC 4468 §3.2, RFC 3986.
Finding BurlArgumentAgrees(std::string_view text, const syntax::BurlArgument& got, bool is_uri);

// RFC 1985 §5; RFC 2645 §5.2.1: `domains` is what the iterator gave, with commas between.
Finding EtrnArgumentAgrees(std::string_view text, const syntax::EtrnArgument& got);
Finding AtrnArgumentAgrees(std::string_view text, std::string_view domains, syntax::QueueError got);

// RFC 9422 §4.
Finding EhloLimitsAgree(std::string_view text, bool taken, const syntax::EhloLimits& limits);

// XCLIENT and XFORWARD.
Finding ClientAttributesAgree(std::string_view text, syntax::ClientAttributeVerb verb,
                              const syntax::ClientAttributes& got);

enum class EsmtpValue : uint8_t {
  kRet,
  kNotify,
  kEnvid,
  kOrcpt,
  kAuthArgument,
  kAuthLine,
  kAuthParameter,
  kAuthParameterUtf8,
  kDeliverBy,
  kMtPriority,
  kHoldFor,
  kHoldUntil,
  kRrvs,
  kBurl,
  kEtrn,
  kAtrn,
  kEhloLimits,
  kXclient,
  kXforward,
};
constexpr unsigned kEsmtpValues = 19;

// Gives the text to the parser of `kind`, and what it says to its comparison.
Finding EsmtpValueAgrees(EsmtpValue kind, std::string_view text);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_ESMTP_VALUES_H_
