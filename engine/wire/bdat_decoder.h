// SPDX-License-Identifier: Apache-2.0
//
// Counts and cuts the content that follows BDAT (RFC 3030 §2; contract D2-D5).
//
// What it is: a zero-copy cutter. It knows where a chunk ends by counting and by nothing else: no
// octet in it is a dot to remove or an end. The content is the concatenation of the slices of all
// chunks of a message, octet for octet what was sent, but for what becomes of bare newlines in a
// message that is not BODY=BINARYMIME: the same as in DATA (D3), and as if the borders of the
// chunks were not there. What it is not: a parser of the command, or a judge of size limits.
//
// Threads and lifetime: one owner at a time; no heap. Slices are borrowed: they point into the
// octets given to the call that returned them, or at a constant CR LF.

#ifndef POSTERN_ENGINE_WIRE_BDAT_DECODER_H_
#define POSTERN_ENGINE_WIRE_BDAT_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/wire/data_decoder.h"
#include "engine/wire/scan.h"

namespace postern::wire {

// What the client said the octets are (RFC 3030 §3).
enum class BdatContent : uint8_t {
  kLines,   // BODY=7BIT, BODY=8BITMIME or none: lines that end with CR LF
  kBinary,  // BODY=BINARYMIME: any octets
};

enum class BdatStatus : uint8_t {
  kNeedMore,  // all input is consumed and everything that may be delivered has been
  kSlice,     // *slice holds the next octets of content (never empty)
  kChunkEnd,  // the last octet of the chunk was consumed; *consumed is just past it
};

class BdatDecoder {
 public:
  explicit BdatDecoder(BareNewline policy) : kernels_(ChooseScanKernels()), policy_(policy) {}

  // Begins a message, before its first chunk.
  void Start(BdatContent content);

  // Begins a chunk, whose octets come next. Not while another one is being read. `last` is "LAST":
  // behind it no LF comes any more that could make a CR LF of a CR at its end.
  void BeginChunk(uint64_t octets, bool last);

  // Begins a chunk whose octets are counted and dropped: that of a BDAT that was refused (D5).
  // What is known of the message stays as it is.
  void SkipChunk(uint64_t octets);

  // Between two chunks: octets that the content has from elsewhere (BURL) stand here. Not while
  // holds_cr(), as nobody knows what would come behind it.
  void CountElsewhere(uint64_t octets) {
    content_octets_ += octets;
    wire_octets_ += octets;
  }

  // A CR at the end of a chunk, which the next one's first octet makes half a CR LF or bare.
  bool holds_cr() const { return held_cr_; }

  // Takes octets of the chunk from `in` and sets *consumed. Call again with what is left, even if
  // that is nothing, until kNeedMore or kChunkEnd; once after the command line also when nothing is
  // there yet, because a chunk may have no octets. What is delivered and the faults do not depend
  // on how the input is cut into calls (R3). It stays at kChunkEnd, and consumes nothing, until the
  // next chunk begins.
  BdatStatus Next(std::string_view in, size_t* consumed, std::string_view* slice);

  // Octets of the chunk that are still to come.
  uint64_t chunk_left() const { return left_; }

  // DataFault bits seen since Start, as DataDecoder's; none in binary content. Under kReject that
  // is the first fault alone, and nothing behind it is delivered.
  uint8_t faults() const { return faults_; }

  // Octets delivered in slices since Start, and those from elsewhere.
  uint64_t content_octets() const { return content_octets_; }

  // Octets consumed since Start, but for those of skipped chunks, and those from elsewhere.
  uint64_t wire_octets() const { return wire_octets_; }

 private:
  bool Fault(DataFault fault);
  size_t FindBareNewline(std::string_view in, size_t from) const;
  bool Delivering() const { return faults_ == 0 || policy_ == BareNewline::kNormalize; }

  const ScanKernels& kernels_;
  uint64_t left_ = 0;
  uint64_t content_octets_ = 0;
  uint64_t wire_octets_ = 0;
  BareNewline policy_;
  BdatContent content_ = BdatContent::kLines;
  uint8_t faults_ = 0;
  bool last_ = false;
  bool skipping_ = false;
  bool held_cr_ = false;  // a CR that is consumed and not yet delivered: bare or half a CR LF
};

}  // namespace postern::wire

#endif  // POSTERN_ENGINE_WIRE_BDAT_DECODER_H_
