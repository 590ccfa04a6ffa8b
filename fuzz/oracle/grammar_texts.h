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

}  // namespace postern::fuzz::oracle

#endif  // POSTERN_FUZZ_ORACLE_GRAMMAR_TEXTS_H_
