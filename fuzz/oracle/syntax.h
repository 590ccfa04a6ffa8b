// SPDX-License-Identifier: Apache-2.0
//
// What the functions of engine/syntax must say of a text, by the grammar of the RFCs.
//
// What it is: for each of them a comparison of what it said with what smtp_grammar.h says: whether
// the text is taken, where its parts are, and that the reason of a refusal is not a wrong one. What
// it is not: a judge of which of several true reasons is given, but where a header promises one.
//
// Threads and lifetime: pure functions.

#ifndef POSTERN_FUZZ_ORACLE_SYNTAX_H_
#define POSTERN_FUZZ_ORACLE_SYNTAX_H_

#include <string_view>
#include <vector>

#include "engine/syntax/domain.h"
#include "engine/syntax/parameters.h"
#include "engine/syntax/path.h"
#include "engine/syntax/word.h"
#include "fuzz/check.h"

namespace postern::fuzz::oracle {

// ParseDomain, ParseAddressLiteral, ParseDomainOrLiteral: `rule` is Domain, address-literal or
// Domain-part.
Finding DomainAgrees(std::string_view in, std::string_view rule,
                     const syntax::DomainOptions& options, const syntax::DomainResult& result);

Finding HeloArgumentAgrees(std::string_view in, const syntax::HeloOptions& options,
                           const syntax::HeloResult& result);

// ParsePath.
Finding PathAgrees(std::string_view in, syntax::PathKind kind, const syntax::PathOptions& options,
                   const syntax::PathResult& result);

// ParseMailbox.
Finding MailboxAgrees(std::string_view in, const syntax::PathOptions& options,
                      const syntax::PathResult& result);

// UnquoteLocalPart and NeedsQuoting: quoting anew what was unquoted, and unquoting that, gives the
// same; all forms of a local-part mean one thing (RFC 5321 §4.1.2).
Finding QuotingIsStable(std::string_view local_part);

// Of a path that was taken: printed from what its parts mean, without its source route, it is taken
// again, means the same, and is printed the same.
Finding PathIsStable(syntax::PathKind kind, const syntax::PathOptions& options,
                     const syntax::PathResult& result);

Finding StringAgrees(std::string_view in, bool utf8, const syntax::WordResult& result);
Finding QueryArgumentAgrees(std::string_view in, bool utf8, const syntax::WordResult& result);
Finding TextAgrees(std::string_view in, bool utf8, const syntax::WordResult& result);

// ParameterIterator over all of `in`.
struct ParameterList {
  std::vector<syntax::Parameter> parameters;
  syntax::ParameterError error = syntax::ParameterError::kNone;
  size_t error_offset = 0;
};
ParameterList ReadParameters(std::string_view in, const syntax::ParameterOptions& options);
Finding ParametersAgree(std::string_view in, const syntax::ParameterOptions& options,
                        const ParameterList& list);

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_SYNTAX_H_
