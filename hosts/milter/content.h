// SPDX-License-Identifier: Apache-2.0
//
// The content of one message before the contract (D1 to D4): an engine session of its own reads it
// as if it came over the wire by DATA, so that decoder, limits and words are the engine's. Header
// fields and body come from the MTA in any pieces; dots are stuffed here, because milters are given
// them removed.
//
// It sees what the MTA hands on, which is not always what the client sent (docs/hosts/postfix.md
// and sendmail.md tell the difference). It keeps nothing of the message.
//
// Threads and lifetime: one owner at a time; any thread. Belongs to one message.
#ifndef POSTERN_HOSTS_MILTER_CONTENT_H_
#define POSTERN_HOSTS_MILTER_CONTENT_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "hosts/milter/judge.h"

namespace postern {
namespace milter {

class Content {
 public:
  // Null: the engine gives no session, or does not take the message that we begin in it.
  static std::unique_ptr<Content> Begin(std::shared_ptr<const Judge> judge);

  ~Content();
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;

  // `value` with what stands before it behind the colon; a line end that folds it is LF or CR LF.
  void Header(absl::string_view name, absl::string_view value);
  void EndOfHeader() { Octets("\r\n"); }
  void Body(absl::string_view octets) { Octets(octets); }
  Finding End();

 private:
  explicit Content(std::shared_ptr<const Judge> judge) : judge_(std::move(judge)) {}

  bool Open();
  // Content, its dots stuffed.
  void Octets(absl::string_view octets);
  // As they are; takes all events.
  void Feed(absl::string_view octets);
  void Pump(int32_t flags);

  const std::shared_ptr<const Judge> judge_;
  postern_session* session_ = nullptr;
  bool failed_ = false;
  bool line_start_ = true;  // behind CR LF
  bool after_cr_ = false;
  uint32_t rule_ = 0;
  std::string output_;  // since the last command
};

}  // namespace milter
}  // namespace postern

#endif  // POSTERN_HOSTS_MILTER_CONTENT_H_
