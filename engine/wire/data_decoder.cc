// SPDX-License-Identifier: Apache-2.0
//
// The DATA content decoder. See data_decoder.h.
//
// Content is searched for the few places where it is not handed on as it stands: a dot at the start
// of a line, a bare CR, a bare LF. Between them it is not looked at again, and a run of any number
// of ordinary lines is one slice.

#include "engine/wire/data_decoder.h"

#include "engine/wire/scan.h"

namespace postern::wire {
namespace {

constexpr std::string_view kCrLf = "\r\n";

}  // namespace

void DataDecoder::Start() {
  content_octets_ = 0;
  wire_octets_ = 0;
  state_ = State::kLineStart;
  faults_ = 0;
}

// Notes the fault, unless content is being dropped because of an earlier one; returns whether a CR
// LF is to be delivered in its place (D3).
bool DataDecoder::Fault(DataFault fault) {
  if (!Delivering()) return false;
  faults_ = static_cast<uint8_t>(faults_ | fault);
  return policy_ == BareNewline::kNormalize;
}

// Moves *at, which stands at an octet that no CR precedes and that is not a dot to remove, to the
// next dot at the start of a line, or to the end of `in`. Faults are as many as a client likes and
// change nothing any more: looking for each would make rejected content the dearest of all (B2).
void DataDecoder::Skip(std::string_view in, size_t* at) {
  const char* const p = in.data();
  const size_t n = in.size();
  const size_t begin = *at;
  size_t dot = n;
  if (n - begin > 2) dot = begin + 2 + kernels_.find_dot_line(p + begin + 2, n - begin - 2);
  *at = dot;
  if (dot < n) {
    state_ = State::kLineStart;
  } else if (p[n - 1] == '\r') {
    state_ = State::kHeldCr;
  } else {
    const bool line_start = n - begin >= 2 && p[n - 2] == '\r' && p[n - 1] == '\n';
    state_ = line_start ? State::kLineStart : State::kMidLine;
  }
}

DataStatus DataDecoder::Next(std::string_view in, size_t* consumed, std::string_view* slice) {
  const char* const p = in.data();
  const size_t n = in.size();
  size_t i = 0;

  // Each turn consumes an octet or moves to a state from which the next turn does, or returns.
  const auto deliver = [&](std::string_view octets) {
    *slice = octets;
    *consumed = i;
    wire_octets_ += i;
    content_octets_ += octets.size();
    return DataStatus::kSlice;
  };
  for (;;) {
    if (state_ == State::kEnded) {
      *consumed = i;
      wire_octets_ += i;
      return DataStatus::kEnd;
    }
    if (i == n) {
      *consumed = n;
      wire_octets_ += n;
      return DataStatus::kNeedMore;
    }
    switch (state_) {
      case State::kHeldCr:
        if (p[i] == '\n') {
          ++i;
          state_ = State::kLineStart;
          if (Delivering()) return deliver(kCrLf);
          continue;
        }
        state_ = State::kMidLine;
        if (Fault(kBareCr)) return deliver(kCrLf);
        continue;

      case State::kLineStart:
        if (p[i] != '.') break;
        ++i;
        state_ = State::kDot;
        if (i == n) continue;
        [[fallthrough]];

      case State::kDot:
        // The second octet of the line. A LF here is bare, like any LF that no CR precedes (D1).
        if (p[i] == '\r') {
          ++i;
          state_ = State::kDotCr;
          continue;
        }
        state_ = State::kMidLine;
        break;

      case State::kDotCr:
        if (p[i] == '\n') {
          ++i;
          state_ = State::kEnded;
          continue;
        }
        state_ = State::kMidLine;
        if (Fault(kBareCr)) return deliver(kCrLf);
        continue;

      case State::kMidLine:
      case State::kEnded:
        break;
    }

    // p[i] is not a dot to remove, and no CR stands before it.
    if (!Delivering()) {
      Skip(in, &i);
      continue;
    }
    if (p[i] == '\n') {
      ++i;
      state_ = State::kMidLine;
      if (Fault(kBareLf)) return deliver(kCrLf);
      continue;
    }
    const size_t begin = i;
    const size_t event = i + 1 + kernels_.find_content_event(p + i + 1, n - i - 1);
    size_t end = event;
    if (event < n) {
      if (p[event - 1] == '\r') {  // bare: what follows is not a LF
        end = event - 1;
        i = event;
        // Its CR LF is owed: kHeldCr sees the octet that is not a LF and pays.
        state_ = State::kHeldCr;
      } else {
        i = event;
        state_ = p[event] == '.' ? State::kLineStart : State::kMidLine;
      }
    } else {
      i = n;
      if (p[n - 1] == '\r') {
        end = n - 1;
        state_ = State::kHeldCr;
      } else {
        state_ = p[n - 1] == '\n' ? State::kLineStart : State::kMidLine;
      }
    }
    if (end > begin) return deliver({p + begin, end - begin});
  }
}

}  // namespace postern::wire
