# SPDX-License-Identifier: Apache-2.0
"""The planted bugs: small realistic faults of the engine, to show that the fuzz suite would see them.

Each is a name, what it breaks, and edits of engine sources: (file, what stands there, what stands there
instead). `FAULT` in the new text is the condition that this bug is the planted one; plant.py turns all
edits into copies of the sources, in which one bug is chosen when the program starts. The sources
themselves know nothing of it. What stands there must be found exactly once: who changes a line that a
bug was planted in changes the edit as well, and plant.py says so.
"""

MUTANTS = [
    (
        "lf_ends_line",
        "F1: a bare LF ends a line (SMTP smuggling, CVE-2023-51764)",
        [
            (
                "engine/wire/line_splitter.cc",
                """\
  if (cr_at_end) {
    EndLine();
    return LineStatus::kLine;
  }
  mode_ = Mode::kDiscard;""",
                """\
  if (cr_at_end || FAULT) {
    EndLine();
    return LineStatus::kLine;
  }
  mode_ = Mode::kDiscard;""",
            ),
        ],
    ),
    (
        "bare_cr_at_cut_forgotten",
        "F3, R3: a bare CR at the end of a read is not noticed",
        [
            (
                "engine/wire/line_splitter.cc",
                "(held_cr_ ? kHasBareCr : 0));",
                "(held_cr_ && !FAULT ? kHasBareCr : 0));",
            ),
        ],
    ),
    (
        "cr_at_cut_in_discard_forgotten",
        "F2, R3: CR LF cut in two does not end a refused line",
        [
            (
                "engine/wire/line_splitter.cc",
                """\
  if (n != 0) held_cr_ = p[n - 1] == '\\r';
  if (counting)""",
                """\
  if (n != 0) held_cr_ = p[n - 1] == '\\r' && !FAULT;
  if (counting)""",
            ),
        ],
    ),
    (
        "line_total_off_by_one",
        "F5: a line that never ends is let go one octet too far",
        [
            (
                "engine/wire/line_splitter.cc",
                "      max_total_(max_total),",
                "      max_total_(max_total + (FAULT ? 1 : 0)),",
            ),
        ],
    ),
    (
        "line_store_unbounded",
        "F5, B1: all of a line is kept (CVE-2005-1513)",
        [
            (
                "engine/wire/line_splitter.cc",
                "      capacity_(static_cast<uint32_t>(std::min<size_t>(capacity, UINT32_MAX))) {}",
                """\
      capacity_(static_cast<uint32_t>(std::min<size_t>(
          FAULT ? size_t{1} << 20 : capacity, UINT32_MAX))) {}""",
            ),
        ],
    ),
    (
        "line_store_overflow",
        "B3: the store of a line overflows by one octet (CVE-2018-6789)",
        [
            (
                "engine/wire/line_splitter.cc",
                "  if (stored_ + cr + kept > store_size_ && !Grow",
                "  if (stored_ + cr + kept > store_size_ + (FAULT && store_ != nullptr ? 1u : 0u) && !Grow",
            ),
        ],
    ),
    (
        "line_store_leaks",
        "B3: the store of a line is not given back (CVE-2017-15132)",
        [
            (
                "engine/wire/line_splitter.cc",
                "  if (store_ == nullptr) return;\n  WipeStore();",
                "  if (store_ == nullptr || FAULT) return;\n  WipeStore();",
            ),
        ],
    ),
    (
        "quadratic_line",
        "B2: each read looks at all of the line again",
        [
            (
                "engine/wire/line_splitter.cc",
                """\
  const size_t n = static_cast<size_t>(std::min<uint64_t>(in.size(), max_total_ - length_));
  return Finish(in, kernels_""",
                """\
  const size_t n = static_cast<size_t>(std::min<uint64_t>(in.size(), max_total_ - length_));
  if (FAULT) {
    volatile uint64_t looked_at = 0;
    for (uint64_t i = 0; i < length_; ++i) looked_at = looked_at + 1;
  }
  return Finish(in, kernels_""",
            ),
        ],
    ),
    (
        "dot_lf_ends_content",
        "D1: CR LF . LF ends content (CVE-2023-51765)",
        [
            (
                "engine/wire/data_decoder.cc",
                """\
        if (p[i] == '\\r') {
          ++i;
          state_ = State::kDotCr;
          continue;
        }
        state_ = State::kMidLine;
        break;""",
                """\
        if (p[i] == '\\r') {
          ++i;
          state_ = State::kDotCr;
          continue;
        }
        if (FAULT && p[i] == '\\n') {
          ++i;
          state_ = State::kEnded;
          continue;
        }
        state_ = State::kMidLine;
        break;""",
            ),
        ],
    ),
    (
        "lf_begins_line",
        "D1: LF . CR LF ends content (CVE-2023-51764)",
        [
            (
                "engine/wire/data_decoder.cc",
                """\
      ++i;
      state_ = State::kMidLine;
      if (Fault(kBareLf)) return deliver(kCrLf);""",
                """\
      ++i;
      state_ = FAULT ? State::kLineStart : State::kMidLine;
      if (Fault(kBareLf)) return deliver(kCrLf);""",
            ),
        ],
    ),
    (
        "cr_begins_line",
        "D1: CR . CR LF ends content (CVE-2023-51766)",
        [
            (
                "engine/wire/data_decoder.cc",
                """\
        state_ = State::kMidLine;
        if (Fault(kBareCr)) return deliver(kCrLf);
        continue;

      case State::kLineStart:""",
                """\
        state_ = FAULT ? State::kLineStart : State::kMidLine;
        if (Fault(kBareCr)) return deliver(kCrLf);
        continue;

      case State::kLineStart:""",
            ),
        ],
    ),
    (
        "dot_cr_cr_ends_content",
        "D1: CR LF . CR anything ends content",
        [
            (
                "engine/wire/data_decoder.cc",
                """\
      case State::kDotCr:
        if (p[i] == '\\n') {""",
                """\
      case State::kDotCr:
        if (p[i] == '\\n' || FAULT) {""",
            ),
        ],
    ),
    (
        "dot_at_cut_forgotten",
        "D1, R3: a dot that ends a read is removed and then forgotten",
        [
            (
                "engine/wire/data_decoder.cc",
                """\
        state_ = State::kDot;
        if (i == n) continue;""",
                """\
        state_ = i == n && FAULT ? State::kMidLine : State::kDot;
        if (i == n) continue;""",
            ),
        ],
    ),
    (
        "dot_not_removed",
        "D2: the leading dot stays",
        [
            (
                "engine/wire/data_decoder.cc",
                """\
        state_ = State::kMidLine;
        break;

      case State::kDotCr:""",
                """\
        state_ = State::kMidLine;
        if (FAULT && Delivering()) return deliver(".");
        break;

      case State::kDotCr:""",
            ),
        ],
    ),
    (
        "bare_lf_not_noted",
        "D3: a bare LF is dropped and nothing said",
        [
            (
                "engine/wire/data_decoder.cc",
                """\
  if (!Delivering()) return false;
  faults_ =""",
                """\
  if (!Delivering()) return false;
  if (FAULT && fault == kBareLf) return false;
  faults_ =""",
            ),
        ],
    ),
    (
        "start_tls_injection",
        "B4: commands in the clear behind STARTTLS are executed (CVE-2011-0411)",
        [
            (
                "engine/session/session.cc",
                """\
        used = in.size();
        if (!injected_) {""",
                """\
        if (FAULT) {
          used += FeedCommand(rest);
          break;
        }
        used = in.size();
        if (!injected_) {""",
            ),
        ],
    ),
    (
        "start_tls_keeps_helo",
        "B4: what was known before TLS is kept (RFC 3207 section 4.2)",
        [
            (
                "engine/session/session.cc",
                """\
      SetOffer();
      phase_ = Phase::kStart;""",
                """\
      SetOffer();
      if (!FAULT) phase_ = Phase::kStart;""",
            ),
        ],
    ),
    (
        "start_tls_keeps_extensions",
        "B4: extensions stay in force through STARTTLS",
        [
            (
                "engine/session/session.cc",
                """\
      tls_ = true;
      extended_ = false;""",
                """\
      tls_ = true;
      extended_ = extended_ && FAULT;""",
            ),
        ],
    ),
    (
        "bdat_unknown_size_goes_on",
        "D5: behind a BDAT whose size nobody knows, content is commands",
        [
            (
                "engine/session/chunks.cc",
                "    RefuseAlone(judgement);\n    Close(CloseReason::kLine);\n    return;",
                "    RefuseAlone(judgement);\n    if (!FAULT) Close(CloseReason::kLine);\n    return;",
            ),
        ],
    ),
    (
        "bdat_refused_keeps_message",
        "D5: a message goes on without the chunk that was refused",
        [
            (
                "engine/session/chunks.cc",
                "  if (phase_ >= Phase::kMail) FailChunks(ResetReason::kContentRefused);",
                "  if (phase_ >= Phase::kMail && !FAULT) FailChunks(ResetReason::kContentRefused);",
            ),
        ],
    ),
    (
        "bdat_last_keeps_recipients",
        "a message that was refused in its last chunk leaves its recipients",
        [
            (
                "engine/session/chunks.cc",
                "  phase_ = Phase::kReady;\n  recipients_ = 0;",
                "  phase_ = Phase::kReady;\n  if (!FAULT) recipients_ = 0;",
            ),
        ],
    ),
    (
        "bdat_held_reply_leaks",
        "B3: what a host said to a first chunk is not given back",
        [
            (
                "engine/session/chunks.cc",
                "  if (held_ == nullptr) return;\n  memory_->deallocate",
                "  if (held_ == nullptr) return;\n  if (!FAULT) memory_->deallocate",
            ),
        ],
    ),
    (
        "size_limit_off_by_one",
        "D4: one octet over the limit is accepted",
        [
            (
                "engine/session/session.cc",
                """\
  const uint64_t limit = ground_->config.limits.message_octets;
  if (octets >""",
                """\
  const uint64_t limit = ground_->config.limits.message_octets + (FAULT ? 1 : 0);
  if (octets >""",
            ),
        ],
    ),
    (
        "size_limit_not_cut",
        "D4, R3: the limit does not cut the slice that passes it",
        [
            (
                "engine/session/session.cc",
                """\
    over_size_ = true;
    slice.remove_suffix""",
                """\
    over_size_ = true;
    if (!FAULT) slice.remove_suffix""",
            ),
        ],
    ),
    (
        "content_goes_on_behind_refusal",
        "D3, D4: content is handed on behind its refusal",
        [
            (
                "engine/session/session.cc",
                "  } else if (over_size_) {",
                "  } else if (over_size_ && !FAULT) {",
            ),
        ],
    ),
    (
        "content_end_miscounts",
        "D2, D4: content is counted as it came over the wire, dots included",
        [
            (
                "engine/wire/data_decoder.cc",
                "    content_octets_ += octets.size();",
                "    content_octets_ += FAULT ? i : octets.size();",
            ),
        ],
    ),
    (
        "no_reset_at_close",
        "a transaction that ends with the session is not told of",
        [
            (
                "engine/session/session.cc",
                """\
  EndTransaction(ResetReason::kClosed);
  if (reason""",
                """\
  if (!FAULT) EndTransaction(ResetReason::kClosed);
  if (reason""",
            ),
        ],
    ),
    (
        "closed_twice",
        "something happens behind CLOSED",
        [
            (
                "engine/session/session.cc",
                """\
  Push(EventType::kClosed, static_cast<uint8_t>(reason));
}""",
                """\
  Push(EventType::kClosed, static_cast<uint8_t>(reason));
  if (FAULT) Push(EventType::kClosed, static_cast<uint8_t>(reason));
}""",
            ),
        ],
    ),
    (
        "content_deadline",
        "content has the deadline of a command",
        [
            (
                "engine/session/session.cc",
                "  return content ? limits.content_timeout_ms",
                "  return content && !FAULT ? limits.content_timeout_ms",
            ),
        ],
    ),
    (
        "half_line_keeps_alive",
        "half a line begins the time anew (slow clients)",
        [
            (
                "engine/session/session.cc",
                """\
    case wire::LineStatus::kNeedMore:
      break;
    case wire::LineStatus::kLine:""",
                """\
    case wire::LineStatus::kNeedMore:
      if (FAULT) mark_ms_ = clock_.now_ms;
      break;
    case wire::LineStatus::kLine:""",
            ),
        ],
    ),
    (
        "speaks_in_handshake",
        "B4: a reply in the clear while the handshake is awaited",
        [
            (
                "engine/session/session.cc",
                """\
      mode_ == Mode::kAuth) {
    Reply(ReplyId::kClientTimeout);""",
                """\
      mode_ == Mode::kAuth || FAULT) {
    Reply(ReplyId::kClientTimeout);""",
            ),
        ],
    ),
    (
        "shutdown_drops_transaction",
        "a shutdown does not wait for the transaction",
        [
            (
                "engine/session/session.cc",
                """\
      } else if ((mode_ == Mode::kCommand || mode_ == Mode::kAuth) && !transaction_open_ &&
                 !has_ticket()) {""",
                """\
      } else if ((mode_ == Mode::kCommand || mode_ == Mode::kAuth) && !has_ticket() &&
                 (!transaction_open_ || FAULT)) {""",
            ),
        ],
    ),
    (
        "answers_bad_proxy_header",
        "a bad PROXY header is answered",
        [
            (
                "engine/session/session.cc",
                "      Close(CloseReason::kProxy);",
                """\
      if (FAULT) Reply(ReplyId::kUnrecognized);
      Close(CloseReason::kProxy);""",
            ),
        ],
    ),
    (
        "second_reply_to_endless_line",
        "R1: a line that had its 500 gets a 421 as well",
        [
            (
                "engine/session/session.cc",
                "  if (splitter_.over_total_after_bare_lf()) {",
                """\
  if (splitter_.over_total_after_bare_lf() &&
      !FAULT) {""",
            ),
        ],
    ),
    (
        "leak_on_rset",
        "B3: each RSET loses some memory",
        [
            (
                "engine/session/session.cc",
                """\
    transaction_open_ = false;
    Push(EventType::kReset""",
                """\
    transaction_open_ = false;
    if (FAULT && reason == ResetReason::kRset) {
      memory_->allocate(memory_->user, 16);
    }
    Push(EventType::kReset""",
            ),
        ],
    ),
    (
        "refused_helo_changes_state",
        "R2: a refused EHLO takes the extensions away",
        [
            (
                "engine/session/answer.cc",
                """\
    case EventType::kHelo:
      if (!accepted) break;""",
                """\
    case EventType::kHelo:
      if (!accepted && FAULT) extended_ = false;
      if (!accepted) break;""",
            ),
        ],
    ),
    (
        "helo_keeps_transaction",
        "EHLO does not end the transaction (RFC 5321 section 4.1.4)",
        [
            (
                "engine/session/answer.cc",
                """\
      EndTransaction(ResetReason::kHelo);
""",
                """\
      if (!FAULT) EndTransaction(ResetReason::kHelo);
""",
            ),
        ],
    ),
    (
        "refused_content_keeps_envelope",
        "a refused message leaves its envelope for the next one",
        [
            (
                "engine/session/answer.cc",
                """\
    case EventType::kContentEnd:
      phase_ = Phase::kReady;
      recipients_ = 0;""",
                """\
    case EventType::kContentEnd:
      if (!accepted && FAULT) break;
      phase_ = Phase::kReady;
      recipients_ = 0;""",
            ),
        ],
    ),
    (
        "errors_not_forgiven",
        "R6: an accepted message does not reset the error count",
        [
            (
                "engine/session/answer.cc",
                """\
        errors_ = 0;
        commands_ = 0;""",
                """\
        if (!FAULT) errors_ = 0;
        commands_ = 0;""",
            ),
        ],
    ),
    (
        "utf8_outlives_transaction",
        "RFC 6531: SMTPUTF8 is in force behind its transaction",
        [
            (
                "engine/session/answer.cc",
                """\
      recipients_ = 0;
      smtputf8_ = false;
      transaction_open_ = false;""",
                """\
      recipients_ = 0;
      if (!FAULT) smtputf8_ = false;
      transaction_open_ = false;""",
            ),
        ],
    ),
    (
        "wrong_ticket_taken",
        "a ticket that was never given out answers the decision",
        [
            (
                "engine/session/answer.cc",
                """\
  if (type == EventType::kNone || ticket != ticket_) return AnswerResult::kNoTicket;
  if (verdict <""",
                """\
  if (type == EventType::kNone || (ticket != ticket_ && !FAULT)) return AnswerResult::kNoTicket;
  if (verdict <""",
            ),
            (
                "engine/session/answer.cc",
                """\
  if (type == EventType::kNone || ticket != ticket_) return AnswerResult::kNoTicket;
  Verdict verdict =""",
                """\
  if (type == EventType::kNone || (ticket != ticket_ && !FAULT)) return AnswerResult::kNoTicket;
  Verdict verdict =""",
            ),
        ],
    ),
    (
        "deferred_is_accepted",
        "what a host defers is taken for accepted: a recipient that got 450 is noted",
        [
            (
                "engine/session/answer.cc",
                "    Apply(type, code < 400);",
                "    Apply(type, code < (FAULT ? 500 : 400));",
            ),
        ],
    ),
    (
        "disconnect_goes_on",
        "421 does not end the session",
        [
            (
                "engine/session/answer.cc",
                "    if (code == 421) Close(CloseReason::kPolicy);",
                "    if (code == 421 && !FAULT) Close(CloseReason::kPolicy);",
            ),
        ],
    ),
    (
        "timeout_delivers",
        "a message whose decision came too late counts as accepted",
        [
            (
                "engine/session/answer.cc",
                """\
      EndTransaction(ResetReason::kTimeout);
      Apply(type, false);""",
                """\
      EndTransaction(ResetReason::kTimeout);
      Apply(type, FAULT);""",
            ),
        ],
    ),
    (
        "error_limit_off_by_one",
        "R6: one error more than the limit",
        [
            (
                "engine/session/reply.cc",
                "  if (errors_ >= ground_->config.limits.errors) return true;",
                """\
  if (errors_ >= ground_->config.limits.errors +
                     (FAULT ? 1u : 0u)) {
    return true;
  }""",
            ),
        ],
    ),
    (
        "temporary_failures_count",
        "R6: 4yz answers count as errors",
        [
            (
                "engine/session/reply.cc",
                "  if (code < 500) return false;",
                "  if (code < (FAULT ? 400 : 500)) return false;",
            ),
        ],
    ),
    (
        "help_offers_what_is_not",
        "C214: HELP tells the usage of a command that is not offered",
        [
            (
                "engine/session/reply.cc",
                "  if (offered && ground_",
                "  if ((offered || FAULT) && ground_",
            ),
        ],
    ),
    (
        "help_lists_too_much",
        "C214: HELP lists a command that is not in force",
        [
            (
                "engine/session/reply.cc",
                "    const size_t count = commands::CommandsInForce(MakeView().now, names);",
                """\
    View view = MakeView();
    if (FAULT) view.now.tls = false;
    const size_t count = commands::CommandsInForce(view.now, names);""",
            ),
        ],
    ),
    (
        "long_line_answered_twice",
        "R1, F4: two replies to a line that is too long",
        [
            (
                "engine/session/execute.cc",
                """\
  if (!ReplyWith(id, values) || !Repeat(before, times)) return;
  PushError(id, rule""",
                """\
  if (!ReplyWith(id, values) || !Repeat(before, times)) return;
  if (FAULT && id == ReplyId::kLineTooLong) {
    ReplyWith(id, values);
  }
  PushError(id, rule""",
            ),
        ],
    ),
    (
        "rset_keeps_recipients",
        "RSET leaves the recipients",
        [
            (
                "engine/session/execute.cc",
                """\
      if (phase_ > Phase::kReady) phase_ = Phase::kReady;
      recipients_ = 0;""",
                """\
      if (phase_ > Phase::kReady) phase_ = Phase::kReady;
      if (!FAULT) recipients_ = 0;""",
            ),
        ],
    ),
    (
        "commands_not_counted",
        "commands without progress are not counted",
        [
            (
                "engine/session/execute.cc",
                "  if (!CountCommand(GetCommand(command.verb).progress)) return;",
                "  if (!FAULT && !CountCommand(GetCommand(command.verb).progress)) return;",
            ),
        ],
    ),
    (
        "line_limit_off_by_one",
        "F4: a line of exactly its limit is too long",
        [
            (
                "engine/session/judge.cc",
                """\
  if (line.length > 512) {
    std::string_view rest;""",
                """\
  if (line.length > (FAULT ? 511 : 512)) {
    std::string_view rest;""",
            ),
            (
                "engine/session/judge.cc",
                "    if (line.length > limit) return",
                "    if (line.length + (FAULT ? 1 : 0) > limit) return",
            ),
            (
                "engine/session/judge.cc",
                "  if (line.length > 512 || line.flags != 0) {",
                "  if (line.length > (FAULT ? 511 : 512) || line.flags != 0) {",
            ),
        ],
    ),
    (
        "nul_passes",
        "F3: a NUL is not noticed",
        [
            (
                "engine/session/judge.cc",
                "  if ((line.flags & wire::kHasNul) != 0) return",
                "  if ((line.flags & wire::kHasNul) != 0 && !FAULT) return",
            ),
        ],
    ),
    (
        "bad_utf8_passes",
        "F6: octets that are no UTF-8 pass (CVE-2020-7046)",
        [
            (
                "engine/session/judge.cc",
                "    if (!syntax::IsWellFormedUtf8(line.text)) {",
                "    if (!syntax::IsWellFormedUtf8(line.text) && !FAULT) {",
            ),
        ],
    ),
    (
        "recipient_limit_off_by_one",
        "one recipient more than the limit (CVE-2020-28017)",
        [
            (
                "engine/session/judge.cc",
                "view.recipients >= limits.recipients) {",
                "view.recipients >= limits.recipients + (FAULT ? 1u : 0u)) {",
            ),
        ],
    ),
    (
        "ehlo_never_ends",
        "R4: the last keyword line has a hyphen",
        [
            (
                "engine/replies/bound_replies.cc",
                "    at[3] = i + 1 == count ? ' ' : '-';",
                "    at[3] = i + 1 == count && !FAULT ? ' ' : '-';",
            ),
        ],
    ),
    (
        "placeholder_unchecked",
        "R4: what a client sent goes into a reply as it is (CVE-2020-28021)",
        [
            (
                "engine/replies/bound_replies.cc",
                """\
      at += CopyPrintable(ValueOf(placeholder, values), LimitOf(placeholder), at);
    }
  }""",
                """\
      const size_t printable =
          CopyPrintable(ValueOf(placeholder, values), LimitOf(placeholder), at);
      if (FAULT) {
        std::memcpy(at, ValueOf(placeholder, values).data(),
                    std::min(printable, ValueOf(placeholder, values).size()));
      }
      at += printable;
    }
  }""",
            ),
        ],
    ),
    (
        "override_with_cr",
        "R4: a host words a reply with CR in it",
        [
            (
                "engine/replies/reply_override.cc",
                "  return std::all_of(line.begin(), line.end(), IsTextOctet) ?",
                """\
  const auto text = [](char c) {
    return IsTextOctet(c) || (FAULT && c == '\\r');
  };
  return std::all_of(line.begin(), line.end(), text) ?""",
            ),
        ],
    ),
    (
        "override_too_long",
        "R4: CR LF is not counted in the 512 octets of a line",
        [
            (
                "engine/replies/reply_override.cc",
                "  if (prefix + line.size() + 2 > kMaxReplyLine) return",
                "  if (prefix + line.size() + (FAULT ? 0 : 2) > kMaxReplyLine) return",
            ),
        ],
    ),
    (
        "override_enhanced_class",
        "R5: an enhanced code of another class is taken",
        [
            (
                "engine/replies/reply_override.cc",
                "    if (reply.enhanced[0] != reply.code / 100) return",
                "    if (reply.enhanced[0] != reply.code / 100 && !FAULT) return",
            ),
        ],
    ),
    (
        "override_without_enhanced_code",
        "R5: a worded reply goes without an enhanced code",
        [
            (
                "engine/replies/reply_override.cc",
                "  if (own[0] == reply_class) return own;",
                """\
  if (FAULT) return {0, 0, 0};
  if (own[0] == reply_class) return own;""",
            ),
        ],
    ),
    (
        "override_loses_footer",
        "R7: a worded reply loses the footer of its class",
        [
            (
                "engine/replies/reply_override.cc",
                "  const std::vector<std::string>& footer = footers_[reply.code / 100];",
                """\
  static const std::vector<std::string>* const none = new std::vector<std::string>();
  const std::vector<std::string>& footer =
      FAULT ? *none : footers_[reply.code / 100];""",
            ),
        ],
    ),
    (
        "bdat_refused_is_not_skipped",
        "D5: the octets behind a BDAT that is refused are read as commands",
        [
            (
                "engine/session/execute.cc",
                "    if (verb == Verb::kBdat) {",
                "    if (verb == Verb::kBdat && !FAULT) {",
            ),
        ],
    ),
    (
        "bdat_count_wraps",
        "D5: a chunk that is skipped is counted in 32 bits",
        [
            (
                "engine/session/chunks.cc",
                "  chunk_.SkipChunk(octets);",
                "  chunk_.SkipChunk(FAULT ? static_cast<uint32_t>(octets) : octets);",
            ),
        ],
    ),
    (
        "lmtp_one_reply",
        "RFC 2033 section 4.2: one reply behind the content, however many recipients there are",
        [
            (
                "engine/session/recipients.cc",
                "  if (times <= 1) return true;",
                "  if (times <= 1 || FAULT) return true;",
            ),
        ],
    ),
    (
        "lmtp_wrong_order",
        "RFC 2033 section 4.2: the replies stand in another order than the recipients",
        [
            (
                "engine/session/recipients.cc",
                """\
    const Answer one = AnswerOf(answer, i);
    output_.Commit(""",
                """\
    const Answer one = AnswerOf(answer, FAULT ? count - 1 - i : i);
    output_.Commit(""",
            ),
        ],
    ),
    (
        "lmtp_reply_to_nobody",
        "RFC 2033 section 4.3: BDAT LAST has a reply where no recipient was accepted",
        [
            (
                "engine/session/chunks.cc",
                "chunk_last_ && offered ? FinalReplies() : 1;",
                "chunk_last_ && offered && !FAULT ? FinalReplies() : 1;",
            ),
        ],
    ),
    (
        "xclient_for_everybody",
        "XCLIENT_README: a peer that is not trusted tells of a client",
        [
            (
                "engine/session/auth.cc",
                "  if (!trusted_) enabled_ &=",
                "  if (!trusted_ && !FAULT) enabled_ &=",
            ),
        ],
    ),
    (
        "xclient_keeps_login",
        "XCLIENT_README: the client that is told of is logged in as the one before it",
        [
            (
                "engine/session/execute.cc",
                "  // Who logged in was another; whether this one did is told with its name.\n"
                "  authenticated_ = false;",
                "  // Who logged in was another; whether this one did is told with its name.\n"
                "  authenticated_ = authenticated_ && FAULT;",
            ),
        ],
    ),
    (
        "burl_refused_leaves_a_hole",
        "RFC 4468 section 3.2: a message goes on without the part that BURL could not fetch",
        [
            (
                "engine/session/chunks.cc",
                "void Session::FailUrl(ResetReason reason) {\n",
                "void Session::FailUrl(ResetReason reason) {\n  if (FAULT) return;\n",
            ),
        ],
    ),
    (
        "burl_is_not_counted",
        "D4: what BURL fetched is no part of the size of a message",
        [
            (
                "engine/session/chunks.cc",
                "  chunk_.CountElsewhere(chunk_octets_);",
                "  chunk_.CountElsewhere(FAULT ? 0 : chunk_octets_);",
            ),
        ],
    ),
    (
        "burl_behind_half_a_line_end",
        "D3: a CR at the end of a chunk waits for its LF behind what BURL fetches",
        [
            (
                "engine/session/chunks.cc",
                "  } else if (chunk_.holds_cr()) {",
                "  } else if (chunk_.holds_cr() && !FAULT) {",
            ),
        ],
    ),
    (
        "turned_for_anybody",
        "RFC 2645 section 5.2.1: ATRN and BURL are served without AUTH",
        [
            (
                "engine/session/judge.cc",
                "!row.before_auth : row.needs_auth) &&",
                "!row.before_auth : row.needs_auth && !FAULT) &&",
            ),
        ],
    ),
    (
        "turned_and_read_on",
        "RFC 2645 section 5.3: behind an accepted ATRN the session reads what is the host's",
        [
            (
                "engine/session/answer.cc",
                "    if (type == EventType::kAtrn && code < 400) {",
                "    if (type == EventType::kAtrn && code < 400 && !FAULT) {",
            ),
        ],
    ),
    (
        "etrn_of_all_below",
        "RFC 1985 section 5.3: ETRN for a domain is one for all below it",
        [
            (
                "engine/session/execute.cc",
                "command.etrn == syntax::EtrnKind::kSubdomains ?",
                "command.etrn == syntax::EtrnKind::kSubdomains || FAULT ?",
            ),
        ],
    ),
    (
        "held_beyond_what_ehlo_told",
        "RFC 4865 section 4.2: HOLDFOR and HOLDUNTIL beyond the most that EHLO lists are taken",
        [
            (
                "engine/session/judge.cc",
                "|| seconds > most) return",
                "|| (seconds > most && !FAULT)) return",
            ),
        ],
    ),
    (
        "held_until_a_time_that_is_past",
        "RFC 4865 section 3: a HOLDUNTIL that is past is taken",
        [
            (
                "engine/session/judge.cc",
                "if (seconds <= 0 ||",
                "if ((seconds <= 0 && !FAULT) ||",
            ),
        ],
    ),
    (
        "held_longer_than_by",
        "RFC 4865 section 5.2.2: a message is held for longer than BY lets it take",
        [
            (
                "engine/session/judge.cc",
                "seconds > command.extras.by_seconds) {",
                "seconds > command.extras.by_seconds && !FAULT) {",
            ),
        ],
    ),
    (
        "submitted_by_anybody",
        "RFC 6409 section 4.3: MAIL before AUTH in a session for submission",
        [
            (
                "engine/session/auth.cc",
                "    enabled_ |= commands::Bit(Extension::kAuthFirst);",
                "    if (!FAULT) enabled_ |= commands::Bit(Extension::kAuthFirst);",
            ),
        ],
    ),
    (
        "queues_where_mail_is_submitted",
        "RFC 6409 section 7: ETRN and ATRN are offered in a session for submission",
        [
            (
                "engine/session/auth.cc",
                "    enabled_ &= ~commands::kNotSubmission;",
                "    if (!FAULT) enabled_ &= ~commands::kNotSubmission;",
            ),
        ],
    ),
    (
        "own_parameter_twice",
        "C555: the same unknown parameter twice is offered to the host twice",
        [
            (
                "engine/commands/envelope.cc",
                "if (!unknown.Add(rest, parameter.keyword)) return",
                "if (!unknown.Add(rest, parameter.keyword) && !FAULT) return",
            ),
        ],
    ),
    (
        "own_parameter_nobody_was_asked_about",
        "C555: a line with an unknown parameter is carried out without asking the host",
        [
            (
                "engine/session/execute.cc",
                "if ((command.given & commands::kGivenUnknown) != 0) {",
                "if ((command.given & commands::kGivenUnknown) != 0 && !FAULT) {",
            ),
        ],
    ),
]
