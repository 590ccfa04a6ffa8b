// SPDX-License-Identifier: Apache-2.0
//
// The content of DATA or BDAT, an octet at a time (contract D1 to D5, RFC 5321 section 4.5.2).
//
// What it is: the reference that decoded content is compared with. What it is not: fast.
//
// Threads and lifetime: one owner.

#ifndef POSTERN_FUZZ_MODEL_CONTENT_H_
#define POSTERN_FUZZ_MODEL_CONTENT_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace postern::fuzz::model {

class Content {
 public:
  enum class Refused { kNo, kBareNewline, kTooLarge };

  Content(bool normalize, uint64_t limit) : normalize_(normalize), limit_(limit) {}

  // True when the octet ends the content.
  bool Add(char c);
  // The same for content that comes by BDAT, which has no dots and no end of its own (RFC 3030
  // section 2). With `binary` any octets may come (section 3).
  void AddFromChunk(char c, bool binary);
  void EndOfChunks();
  // Octets that the message has from elsewhere (BURL) stand here, uncounted in decoded().
  void AddFromElsewhere(uint64_t octets) { elsewhere_ += octets; }
  uint64_t elsewhere() const { return elsewhere_; }
  // A CR at the end of a chunk, of which the next octet decides.
  bool EndsInCr() const { return cr_; }

  Refused refused() const { return refused_; }
  // What the host gets, up to a refusal.
  const std::string& decoded() const { return decoded_; }
  // D1 in its own words: the octets end in CR LF . CR LF, where the CR LF of the DATA line counts.
  // A second opinion to what Add says.
  bool EndsInEndOfData() const;

 private:
  void Emit(const char* octets, size_t size);
  void Bare();

  const bool normalize_;
  const uint64_t limit_;
  Refused refused_ = Refused::kNo;
  bool line_begins_ = true;  // behind CR LF, or behind the DATA line
  bool cr_ = false;          // a CR whose next octet is not known yet
  bool dot_ = false;         // the line is a dot so far
  std::string decoded_;
  uint64_t elsewhere_ = 0;
  std::string tail_ = "\r\n";
};

}  // namespace postern::fuzz::model

#endif  // POSTERN_FUZZ_MODEL_CONTENT_H_
