// SPDX-License-Identifier: Apache-2.0
//
// The texts of *.abnf, each inside the program: a fuzz target runs where there are no files.

#ifndef POSTERN_FUZZ_ORACLE_GRAMMAR_TEXTS_H_
#define POSTERN_FUZZ_ORACLE_GRAMMAR_TEXTS_H_

namespace postern::fuzz::oracle {

extern const char kRfc5234CoreAbnf[];
extern const char kRfc5321Abnf[];
extern const char kRfc6531Abnf[];
extern const char kParametersAbnf[];
extern const char kValuesAbnf[];

// The extensions.
extern const char kRfc1985Abnf[];
extern const char kRfc2033Abnf[];
extern const char kRfc2852Abnf[];
extern const char kRfc3030Abnf[];
extern const char kRfc3461Abnf[];
extern const char kRfc4468Abnf[];
extern const char kRfc4865Abnf[];
extern const char kRfc4954Abnf[];
extern const char kRfc6710Abnf[];
extern const char kRfc7293Abnf[];
extern const char kRfc9422Abnf[];
extern const char kClientAttributesAbnf[];

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_GRAMMAR_TEXTS_H_
