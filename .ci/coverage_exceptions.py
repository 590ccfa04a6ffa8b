# SPDX-License-Identifier: Apache-2.0
"""What the corpora do not reach of engine/, and why (corpus_coverage.py reads it)."""

# (source, first line) of functions that the compiler alone runs.
COMPILE_TIME = [
    ("engine/commands/command_table.cc",
     'constexpr bool InOrder() {'),
    ("engine/commands/command_table.cc",
     'constexpr internal::VerbTable MakeVerbTable() {'),
    ("engine/commands/envelope.cc",
     'constexpr bool KeywordsFit() {'),
    ("engine/commands/envelope.h",
     'constexpr explicit Word(std::string_view lower) : size(lower.size()) {'),
    ("engine/replies/reply_rules.cc",
     'constexpr uint8_t Bit(Placeholder placeholder) {'),
    ("engine/replies/reply_rules.cc",
     'constexpr ReplyId SameId() {'),
    ("engine/replies/reply_rules.cc",
     'constexpr bool Ascending() {'),
    ("engine/session/answer.cc",
     'constexpr Verdicts MakeDefaultVerdicts() {'),
    ("engine/session/answer.cc",
     'constexpr ReplyMatrix MakeReplyMatrix() {'),
    ("engine/session/judge.cc",
     'constexpr FaultTable MakeFaultTable() {'),
    ("engine/syntax/base64.cc",
     'constexpr std::array<uint8_t, 256> MakeValues() {'),
    ("engine/syntax/octet_class.h",
     'constexpr bool InRange(unsigned c, unsigned first, unsigned last) {'),
    ("engine/syntax/octet_class.h",
     'constexpr bool IsOneOf(unsigned c, const char* set) {'),
    ("engine/syntax/octet_class.h",
     'constexpr uint16_t ClassesOf(unsigned c) {'),
    ("engine/syntax/octet_class.h",
     'constexpr std::array<uint16_t, 256> MakeOctetClasses() {'),
    ("engine/syntax/plain_path_tables.cc",
     'constexpr bool ClassesAreRight() {'),
    ("engine/syntax/plain_path_tables.cc",
     'constexpr PlainTables MakeTables() {'),
    ("engine/wire/proxy_header.cc",
     'constexpr std::array<uint32_t, 256> MakeCrcTable() {'),
    ("engine/wire/scan_tables.cc",
     'constexpr ScanTables MakeTables() {'),
]

# (source, text of the line, reason).
EXCEPTIONS = [
]
