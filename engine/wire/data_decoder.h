// SPDX-License-Identifier: Apache-2.0
//
// Decodes the content that follows DATA: dot removal and the end of content (RFC 5321 §4.1.1.4 and
// §4.5.2; contract D1-D4).
//
// What it is: a zero-copy cutter. The content is the concatenation of the slices it returns, octet
// for octet what was sent but for one removed dot per line that begins with one. The CR LF before
// the final dot belongs to the content. What it is not: a judge of size limits or of the message;
// nor of BDAT, which has no dots.
//
// Threads and lifetime: one owner at a time; no heap. Slices are borrowed: they point into the
// octets given to the call that returned them, or at a constant CR LF.

#ifndef POSTERN_ENGINE_WIRE_DATA_DECODER_H_
#define POSTERN_ENGINE_WIRE_DATA_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/wire/scan.h"

namespace postern::wire {

// D3: what becomes of a CR without a LF after it or a LF without a CR before it.
enum class BareNewline : uint8_t {
  kReject,     // it and all that follows is dropped; reading goes on to the true end
  kNormalize,  // it is handed on as CR LF
};

enum class DataStatus : uint8_t {
  kNeedMore,  // all input is consumed and everything that may be delivered has been
  kSlice,     // *slice holds the next octets of content (never empty)
  kEnd,       // the end of content was consumed; *consumed is just past it
};

enum DataFault : uint8_t {
  kBareCr = 1,
  kBareLf = 2,
};

class DataDecoder {
 public:
  explicit DataDecoder(BareNewline policy) : kernels_(ChooseScanKernels()), policy_(policy) {}

  // Begins new content, as after a 354. A fresh decoder is ready already.
  void Start();

  // Takes octets from `in` and sets *consumed. Call again with what is left, even if that is
  // nothing, until kNeedMore or kEnd. The octets delivered, the faults and the end do not depend on
  // how the input is cut into calls (R3). After kEnd it stays at kEnd and consumes nothing until
  // Start.
  DataStatus Next(std::string_view in, size_t* consumed, std::string_view* slice);

  // DataFault bits seen so far. Under kReject that is the first fault alone: the content was cut
  // short there and must not be accepted, and what follows is searched for the end only.
  uint8_t faults() const { return faults_; }

  // Octets delivered in slices since Start.
  uint64_t content_octets() const { return content_octets_; }

  // Octets consumed since Start, removed dots and the end of content included.
  uint64_t wire_octets() const { return wire_octets_; }

 private:
  // What the octets before the next one were.
  enum class State : uint8_t {
    kLineStart,  // CR LF, or nothing yet: DATA's own CR LF stands before the content (§4.1.1.4)
    kMidLine,    // anything else
    kHeldCr,     // a CR not yet delivered: bare or half a CR LF
    kDot,        // a dot at the start of a line, removed
    kDotCr,      // that dot and a CR, neither delivered
    kEnded,
  };

  bool Fault(DataFault fault);
  void Skip(std::string_view in, size_t* at);
  bool Delivering() const { return faults_ == 0 || policy_ == BareNewline::kNormalize; }

  const ScanKernels& kernels_;
  uint64_t content_octets_ = 0;
  uint64_t wire_octets_ = 0;
  BareNewline policy_;
  State state_ = State::kLineStart;
  uint8_t faults_ = 0;
};

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_DATA_DECODER_H_
