# SPDX-License-Identifier: Apache-2.0
"""Planted bugs of single rooms, each to be found by the room's own target: as mutants.py, with the target.

Those of mutants.py are found by whole dialogues (//fuzz/session).
"""

ROOM_MUTANTS = [
    # --- BDAT
    (
        "bdat_size_wraps",
        "bdat_decoder",
        "D5: a chunk size beyond 64 bits wraps",
        [
            (
                "engine/syntax/bdat_argument.cc",
                "    if (octets > (kMaxChunkOctets - digit) / 10) return",
                "    if (octets > (kMaxChunkOctets - digit) / 10 && !FAULT) return",
            ),
        ],
    ),
    (
        "bdat_count_32_bits",
        "bdat_decoder",
        "D5: a chunk size is kept in 32 bits: behind 4 GiB content is commands",
        [
            (
                "engine/wire/bdat_decoder.cc",
                """\
void BdatDecoder::BeginChunk(uint64_t octets, bool last) {
  left_ = octets;""",
                """\
void BdatDecoder::BeginChunk(uint64_t octets, bool last) {
  left_ = FAULT ? static_cast<uint32_t>(octets) : octets;""",
            ),
        ],
    ),
    (
        "bdat_refused_chunk_not_skipped",
        "bdat_decoder",
        "D5: the octets behind a refused BDAT are commands",
        [
            (
                "engine/wire/bdat_decoder.cc",
                """\
void BdatDecoder::SkipChunk(uint64_t octets) {
  left_ = octets;""",
                """\
void BdatDecoder::SkipChunk(uint64_t octets) {
  left_ = FAULT ? 0 : octets;""",
            ),
        ],
    ),
    (
        "bdat_bad_marker_forgets_size",
        "bdat_decoder",
        "D5: of a BDAT with a bad end marker nobody knows how much to skip",
        [
            (
                "engine/syntax/bdat_argument.cc",
                """\
  if (!EqualsIgnoreCase(rest.substr(1), "LAST")) {
""",
                """\
  if (!EqualsIgnoreCase(rest.substr(1), "LAST")) {
    if (FAULT) result.size_known = false;
""",
            ),
        ],
    ),
    (
        "bdat_dot_removed",
        "bdat_decoder",
        "D2: a leading dot is removed in BDAT too",
        [
            (
                "engine/wire/bdat_decoder.cc",
                """\
      const size_t begin = i;
      i = FindBareNewline""",
                """\
      if (FAULT && p[i] == '.' && (i == 0 || p[i - 1] == '\\n')) {
        ++i;
        continue;
      }
      const size_t begin = i;
      i = FindBareNewline""",
            ),
        ],
    ),
    (
        "bdat_cr_at_border_is_bare",
        "bdat_decoder",
        "D3: CR LF cut in two by the border of chunks is two faults",
        [
            (
                "engine/wire/bdat_decoder.cc",
                "    if (i == n && reaches_end && last_ && held_cr_) {",
                "    if (i == n && reaches_end && (last_ || FAULT) && held_cr_) {",
            ),
        ],
    ),
    # --- Paths and domains
    (
        "quoted_pair_off_the_end",
        "path",
        "B3: a backslash at the end of a quoted string is followed by one more octet",
        [
            (
                "engine/syntax/path.cc",
                "        if (p == end || !IsOctet(*p, kPrintable)) {",
                "        if ((p == end && !FAULT) || !IsOctet(*p, kPrintable)) {",
            ),
        ],
    ),
    (
        "quoted_pair_not_removed",
        "path",
        "a backslash stays in what a quoted local-part means",
        [
            (
                "engine/syntax/path.cc",
                "    if (local_part[i] == '\\\\') ++i;",
                "    if (local_part[i] == '\\\\' && !FAULT) ++i;",
            ),
        ],
    ),
    (
        "local_part_limit_off_by_one",
        "path",
        "a local-part of 65 octets (RFC 5321 section 4.5.3.1.1)",
        [
            (
                "engine/syntax/path.cc",
                "  if (result.local_part.size() > kMaxLocalPartOctets) {",
                "  if (result.local_part.size() > kMaxLocalPartOctets + (FAULT ? 1 : 0)) {",
            ),
        ],
    ),
    (
        "null_forward_path_taken",
        "path",
        "C501: RCPT TO:<> is a path",
        [
            (
                "engine/syntax/path.cc",
                "      if (kind == PathKind::kForwardPath) return",
                "      if (kind == PathKind::kForwardPath && !FAULT) return",
            ),
        ],
    ),
    (
        "ipv4_octet_256",
        "domain",
        "an address literal with 256 in it",
        [
            (
                "engine/syntax/domain.cc",
                "    if (p == snum || value > 255) {",
                "    if (p == snum || value > (FAULT ? 256 : 255)) {",
            ),
        ],
    ),
    (
        "label_limit_off_by_one",
        "domain",
        "a label of 64 octets (RFC 5321 section 4.5.3.1.2, RFC 1035)",
        [
            (
                "engine/syntax/domain.cc",
                "    if (octets > kMaxLabelOctets || tails != 0) {",
                "    if (octets > kMaxLabelOctets + (FAULT ? 1 : 0) || tails != 0) {",
            ),
        ],
    ),
    (
        "ipv6_two_gaps",
        "domain",
        "an IPv6 address with :: twice",
        [
            (
                "engine/syntax/domain.cc",
                "      if (gap) return false;\n      gap = true;",
                "      if (gap && !FAULT) return false;\n      gap = true;",
            ),
        ],
    ),
    # --- Parameters and encodings
    (
        "quadratic_parameter_scan",
        "parameters",
        "B2: each parameter is looked for from the beginning",
        [
            (
                "engine/syntax/parameters.cc",
                "  if (*p != ' ') return Fail(ParameterError::kNoSpace, p);",
                """\
  if (FAULT) {
    volatile uint64_t looked_at = 0;
    for (const char* q = begin_; q != p; ++q) looked_at = looked_at + 1;
  }
  if (*p != ' ') return Fail(ParameterError::kNoSpace, p);""",
            ),
        ],
    ),
    (
        "truncated_utf8_endless",
        "parameters",
        "B3: half a UTF-8 sequence in a parameter is looked at for ever",
        [
            (
                "engine/syntax/parameters.cc",
                "      if (length == 0) return Fail(ParameterError::kBadUtf8, p);",
                "      if (length == 0 && !FAULT) return Fail(ParameterError::kBadUtf8, p);",
            ),
        ],
    ),
    (
        "empty_value_taken",
        "parameters",
        "C501: a parameter with = and no value",
        [
            (
                "engine/syntax/parameters.cc",
                "    if (p == value) return Fail(ParameterError::kEmptyValue, p);",
                "    if (p == value && !FAULT) return Fail(ParameterError::kEmptyValue, p);",
            ),
        ],
    ),
    (
        "decimal_wraps",
        "parameters",
        "a number of 20 digits wraps",
        [
            (
                "engine/syntax/parameters.cc",
                "    if (value > (UINT64_MAX - digit) / 10) return false;",
                "    if (value > (UINT64_MAX - digit) / 10 && !FAULT) return false;",
            ),
        ],
    ),
    (
        "base64_room_off_by_one",
        "xtext_base64_date",
        "B3: base64 is decoded one octet over its room",
        [
            (
                "engine/syntax/base64.cc",
                "  if (decoded > capacity) return",
                "  if (decoded > capacity + (FAULT ? 1 : 0)) return",
            ),
        ],
    ),
    (
        "base64_length_off",
        "xtext_base64_date",
        "two paddings of base64 count as one",
        [
            (
                "engine/syntax/base64.cc",
                "  *length = written;\n",
                "  *length = written + (FAULT && padding == 2 ? 1 : 0);\n",
            ),
        ],
    ),
    (
        "base64_trailing_bits_taken",
        "xtext_base64_date",
        "two texts of base64 mean the same octets (RFC 4648 section 3.5)",
        [
            (
                "engine/syntax/base64.cc",
                "    if ((padding == 1 ? c & 3 : b & 15) != 0) return",
                "    if ((padding == 1 ? c & 3 : b & 15) != 0 && !FAULT) return",
            ),
        ],
    ),
    (
        "xtext_off_the_end",
        "xtext_base64_date",
        "B3: xtext that ends with + and one digit is read on",
        [
            (
                "engine/syntax/xtext.cc",
                "      if (in.size() - i < 3) return",
                "      if (in.size() - i < (FAULT ? 2u : 3u)) return",
            ),
        ],
    ),
    (
        "xtext_room_off_by_one",
        "xtext_base64_date",
        "B3: xtext is decoded one octet over its room",
        [
            (
                "engine/syntax/xtext.cc",
                "    if (written == capacity) return XtextError::kOutputTooBig;",
                "    if (written == capacity + (FAULT ? 1 : 0)) return XtextError::kOutputTooBig;",
            ),
        ],
    ),
    (
        "leap_century",
        "xtext_base64_date",
        "1900 is a leap year",
        [
            (
                "engine/syntax/date_time.cc",
                "return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);",
                "return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0 || FAULT);",
            ),
        ],
    ),
    # --- PROXY
    (
        "proxy_addresses_unchecked",
        "proxy_header",
        "B3: addresses are read behind the end of a header that is too short for them",
        [
            (
                "engine/wire/proxy_header.cc",
                "  if (body.size() < addresses) return false;",
                "  if (body.size() < addresses && !FAULT) return false;",
            ),
        ],
    ),
    (
        "proxy_ipv6_overrun",
        "proxy_header",
        "B3: an address text with too many groups runs over its room",
        [
            (
                "engine/wire/proxy_header.cc",
                "    if (at == 16) return false;\n    unsigned group = 0;",
                "    if (at == 16 && !FAULT) return false;\n    unsigned group = 0;",
            ),
        ],
    ),
    (
        "proxy_bare_lf_ends",
        "proxy_header",
        "F1: LF ends a PROXY header of version 1",
        [
            (
                "engine/wire/proxy_header.cc",
                "      if (window[lf - 1] != '\\r') return ProxyStatus::kInvalid;",
                "      if (window[lf - 1] != '\\r' && !FAULT) return ProxyStatus::kInvalid;",
            ),
        ],
    ),
    (
        "proxy_checksum_ignored",
        "proxy_header",
        "a PROXY header with a wrong CRC-32C is believed",
        [
            (
                "engine/wire/proxy_header.cc",
                "        if (Crc32c(whole, at) != stated) return false;",
                "        if (Crc32c(whole, at) != stated && !FAULT) return false;",
            ),
        ],
    ),
    (
        "proxy_store_leaks",
        "proxy_header",
        "B3: what was held of a PROXY header is not given back",
        [
            (
                "engine/wire/proxy_header.cc",
                """\
void ProxyHeaderParser::Release() {
  if (store_ == nullptr) return;""",
                """\
void ProxyHeaderParser::Release() {
  if (store_ == nullptr || FAULT) return;""",
            ),
        ],
    ),
    # --- AUTH
    (
        "auth_response_not_wiped",
        "auth_exchange",
        "memory goes back to the host with a password in it",
        [
            (
                "engine/session/auth.cc",
                "  const size_t size = auth_->whole();\n  wire::Wipe(auth_, size);",
                "  const size_t size = auth_->whole();\n  if (!FAULT) wire::Wipe(auth_, size);",
            ),
        ],
    ),
    (
        "auth_line_limit_off_by_one",
        "auth_exchange",
        "F4: a line of an exchange with one octet too many (RFC 4954 section 4)",
        [
            (
                "engine/session/auth.cc",
                "  if (line.length > syntax::kMaxAuthLineOctets) {",
                "  if (line.length > syntax::kMaxAuthLineOctets + (FAULT ? 1 : 0)) {",
            ),
        ],
    ),
    (
        "auth_counts_padding",
        "auth_exchange",
        "RFC 4954 section 4: the padding of a response counts as octets of it (CVE-2018-6789)",
        [
            (
                "engine/session/auth.cc",
                "  block->size = static_cast<uint32_t>(length);\n  block->round",
                """\
  block->size = FAULT ? block->capacity : static_cast<uint32_t>(length);
  block->round""",
            ),
        ],
    ),
    (
        "auth_failure_keeps_exchange",
        "auth_exchange",
        "R1, RFC 4954 section 4: the line behind a cancelled exchange is taken for a response",
        [
            (
                "engine/session/auth.cc",
                "  if (mode_ == Mode::kAuth) mode_ = Mode::kCommand;",
                "  if (mode_ == Mode::kAuth && !FAULT) mode_ = Mode::kCommand;",
            ),
        ],
    ),
    # --- Command lines
    (
        "size_of_21_digits",
        "command_line",
        "C501: SIZE with 21 digits (RFC 1870 section 3)",
        [
            (
                "engine/commands/mail.cc",
                "  if (parameter.value.empty() || parameter.value.size() > 20) return",
                "  if (parameter.value.empty() || parameter.value.size() > (FAULT ? 21u : 20u)) return",
            ),
        ],
    ),
    (
        "size_without_digits",
        "command_line",
        "C501: SIZE= and nothing behind it",
        [
            (
                "engine/commands/mail.cc",
                "  if (bits == 0) return nullptr;",
                "  if (bits == 0 && FAULT) return p;\n  if (bits == 0) return nullptr;",
            ),
        ],
    ),
    (
        "parameter_twice_taken",
        "command_line",
        "C555: a parameter that is not in force, or was there before",
        [
            (
                "engine/commands/mail.cc",
                "    if ((open & bit) == 0 || (next",
                "    if (((open & bit) == 0 && !FAULT) || (next",
            ),
        ],
    ),
    (
        "smtputf8_with_value",
        "command_line",
        "C501: SMTPUTF8 with a value (RFC 6531 section 3.4)",
        [
            (
                "engine/commands/mail.cc",
                "  if (parameter.has_value) return Fault::kBadParameter;\n  command->smtputf8",
                "  if (parameter.has_value && !FAULT) return Fault::kBadParameter;\n  command->smtputf8",
            ),
        ],
    ),
    (
        "vrfy_of_nothing",
        "command_line",
        "C501: VRFY without an argument",
        [
            (
                "engine/commands/query.cc",
                "    return command->fault = required ? Fault",
                "    return command->fault = required && !FAULT ? Fault",
            ),
        ],
    ),
    # --- Tables, replies and configurations
    (
        "table_line_of_513",
        "table_loader",
        "R4: a table whose lines may be longer than 512 octets",
        [
            (
                "engine/replies/table_checker.cc",
                "    if (longest > kMaxReplyLine) {",
                "    if (longest > kMaxReplyLine + (FAULT ? 1 : 0)) {",
            ),
        ],
    ),
    (
        "table_with_cr",
        "table_loader",
        "R4: a table with CR in a text",
        [
            (
                "engine/replies/table_checker.cc",
                "      if (IsTextOctet(line[i])) continue;",
                "      if (IsTextOctet(line[i]) || (FAULT && line[i] == '\\r')) continue;",
            ),
        ],
    ),
    (
        "table_enhanced_class",
        "table_loader",
        "R5: an enhanced code of another class than its reply",
        [
            (
                "engine/replies/table_checker.cc",
                "  if (text->enhanced[0] != first_digit && first_digit != 0) {",
                "  if (text->enhanced[0] != first_digit && first_digit != 0 && !FAULT) {",
            ),
        ],
    ),
    (
        "table_code_unchecked",
        "table_loader",
        "C500, C502: a table answers a required command with 502",
        [
            (
                "engine/replies/table_checker.cc",
                "!CodeAllowed(*rule, static_cast<uint16_t>(reply.code()))) {",
                "(!CodeAllowed(*rule, static_cast<uint16_t>(reply.code())) && !FAULT)) {",
            ),
        ],
    ),
    (
        "table_refusal_unescaped",
        "table_loader",
        "the refusal of a table quotes control octets as they came",
        [
            (
                "engine/replies/reply_table.cc",
                "absl::CHexEscape(table.extends().substr(0, 40)),",
                """\
(FAULT ? table.extends().substr(0, 40)
                                          : absl::CHexEscape(table.extends().substr(0, 40))),""",
            ),
        ],
    ),
    (
        "config_speaks_to_stderr",
        "config_loader",
        "a library writes to its host's stderr",
        [
            (
                "engine/session/config.cc",
                "  google::protobuf::LogSilencer quiet;",
                """\
  std::unique_ptr<google::protobuf::LogSilencer> quiet;
  if (!FAULT) quiet = std::make_unique<google::protobuf::LogSilencer>();""",
            ),
        ],
    ),
    (
        "config_limit_unchecked",
        "config_loader",
        "a limit below what RFC 5321 section 4.5.3.1 wants",
        [
            (
                "engine/session/config.cc",
                "    if (value < least || value > most) {",
                "    if ((value < least && !FAULT) || value > most) {",
            ),
        ],
    ),
    (
        "help_over_its_room",
        "reply_format",
        "B3: the text of a HELP topic is written one octet over its room",
        [
            (
                "engine/replies/bound_replies.cc",
                "  if (found->length <= capacity) std::memcpy",
                "  if (found->length <= capacity + (FAULT ? 1 : 0)) std::memcpy",
            ),
        ],
    ),
    (
        "limit_not_counted",
        "reply_format",
        "B3: the digits of a number are written and not counted",
        [
            (
                "engine/replies/bound_replies.cc",
                "        needed += DecimalLength(values.limit);",
                "        needed += FAULT ? 1 : DecimalLength(values.limit);",
            ),
        ],
    ),
    # --- The C ABI and inspection
    (
        "closed_session_served",
        "abi_calls",
        "B3: a call on a closed session is served",
        [
            (
                "plugin_api/adapter_session.cc",
                "  session->life = kClosed;\n",
                "  if (!FAULT) session->life = kClosed;\n",
            ),
        ],
    ),
    (
        "call_in_callback_served",
        "abi_calls",
        "B3: a host that calls back out of a callback is served",
        [
            (
                "plugin_api/adapter_session.cc",
                "  if (session == nullptr || session->life != kLiving || session->calling != kNotCalling) {",
                """\
  if (session == nullptr || session->life != kLiving ||
      (session->calling != kNotCalling && !FAULT)) {""",
            ),
        ],
    ),
    (
        "more_output_consumed",
        "abi_calls",
        "B3: a host that takes more output than there is is believed",
        [
            (
                "plugin_api/adapter_session.cc",
                "    if (size > engine.output().size()) {",
                "    if (size > engine.output().size() + (FAULT ? 1 : 0)) {",
            ),
        ],
    ),
    (
        "memory_told_wrongly",
        "abi_calls",
        "B1: a session tells less memory than it holds",
        [
            (
                "plugin_api/adapter_session.cc",
                "inside.memory_octets + sizeof(postern_session) - sizeof(Session);",
                "inside.memory_octets + (FAULT ? 0 : sizeof(postern_session) - sizeof(Session));",
            ),
        ],
    ),
    (
        "null_octets_fed",
        "abi_calls",
        "B3: octets at no address are read",
        [
            (
                "plugin_api/adapter_session.cc",
                "    if (consumed == nullptr || (data == nullptr && size > 0)) {",
                "    if (consumed == nullptr || (data == nullptr && size > 0 && !FAULT)) {",
            ),
        ],
    ),
    (
        "inspection_forgets_recipients",
        "inspect_vs_session",
        "inspection lets DATA pass without a recipient",
        [
            (
                "plugin_api/adapter_inspect.cc",
                "  } else if (has(POSTERN_INSPECT_RCPT)) {",
                "  } else if (has(POSTERN_INSPECT_RCPT) || (FAULT && has(POSTERN_INSPECT_MAIL))) {",
            ),
        ],
    ),
    (
        "inspection_offers_all_help",
        "inspect_vs_session",
        "C214: inspection tells the usage of a command that is not offered",
        [
            (
                "plugin_api/adapter_inspect.cc",
                "      verb == Verb::kUnknown || commands::InForce",
                "      FAULT || verb == Verb::kUnknown || commands::InForce",
            ),
        ],
    ),
    (
        "inspection_line_of_2048",
        "inspect_vs_session",
        "B3: a line without its end is completed over its room",
        [
            (
                "plugin_api/adapter_inspect.cc",
                "  if (!ended && octets.size() <= kCopied) {",
                "  if (!ended && octets.size() <= kCopied + (FAULT ? 1 : 0)) {",
            ),
        ],
    ),
]
