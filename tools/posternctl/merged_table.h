// SPDX-License-Identifier: Apache-2.0
//
// A table over the default one, as a client and a reader see it: entries, reference, and rendered
// replies. The engine formats (engine/replies); this only asks it.
//
// Threads: immutable once made.
#ifndef POSTERN_TOOLS_POSTERNCTL_MERGED_TABLE_H_
#define POSTERN_TOOLS_POSTERNCTL_MERGED_TABLE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/proto/reply_table.pb.h"
#include "engine/replies/bound_replies.h"
#include "engine/replies/reply_rules.h"
#include "engine/replies/reply_table.h"

namespace postern {
namespace ctl {

// A rendered reply: its lines without CR LF.
using ReplyLines = std::vector<std::string>;

class MergedTable {
 public:
  // `own` is checked already (ReadTable).
  static absl::StatusOr<MergedTable> Make(const v1::ReplyTable& own, const std::string& server);

  const std::string& name() const { return own_.name(); }
  const std::string& language() const { return own_.language(); }
  const std::string& server() const { return server_; }

  // Null where neither table has one.
  const v1::Reply* FindReply(uint32_t id) const;
  const v1::CodeReference* FindCode(uint32_t code) const;
  const v1::ClassReference* FindClass(uint32_t reply_class) const;
  const v1::SubjectReference* FindSubject(uint32_t digit) const;
  // "5.1.1" finds itself, else "X.1.1".
  const v1::EnhancedReference* FindEnhanced(const std::string& code) const;

  // Ascending; topics by name, in capitals.
  const std::map<uint32_t, v1::CodeReference>& codes() const { return codes_; }
  const std::map<uint32_t, v1::ClassReference>& classes() const { return classes_; }
  const std::map<std::string, v1::EnhancedReference>& enhanced() const { return enhanced_; }
  const std::map<std::string, v1::HelpTopic>& topics() const { return topics_; }
  const std::map<uint32_t, v1::ClassFooter>& footers() const { return footers_; }
  // Whether the entry is the table's own, and not the default's.
  bool IsOwn(uint32_t id) const { return own_ids_.count(id) != 0; }

  // The words to show around the entries ("when_seen"), the table's own or the default's. A name
  // that no table has is shown as it is, which the tests of the page would see.
  std::string Caption(const std::string& name) const;
  // The same with values for its placeholders: {{"server", "mx.example"}}.
  std::string Caption(const std::string& name,
                      const std::map<std::string, std::string>& values) const;

  // As it goes out, with sample values; `utf8` for a session where RFC 6531 lets UTF-8 out. EHLO_OK
  // with the keyword lines of an engine with its defaults. `in_force` is what {commands} lists,
  // empty for those of such an engine.
  ReplyLines Render(replies::ReplyId id, bool utf8, const std::string& in_force = "") const;
  // What HELP TOPIC sends; empty if there is no such topic.
  ReplyLines RenderTopic(const std::string& topic) const;
  // The same for people who read UTF-8; empty if the table has no such form.
  ReplyLines Utf8Topic(const v1::HelpTopic& topic) const;

 private:
  MergedTable() = default;

  v1::ReplyTable own_;
  std::string server_;
  std::map<uint32_t, v1::Reply> replies_;
  std::map<uint32_t, bool> own_ids_;
  std::map<uint32_t, v1::CodeReference> codes_;
  std::map<uint32_t, v1::ClassReference> classes_;
  std::map<uint32_t, v1::SubjectReference> subjects_;
  std::map<std::string, v1::EnhancedReference> enhanced_;
  std::map<std::string, v1::HelpTopic> topics_;
  std::map<uint32_t, v1::ClassFooter> footers_;
  std::map<std::string, std::string> captions_;
  std::shared_ptr<const replies::BoundReplies> bound_;
};

// The situations of reply_rules.h, in the order in which a session meets them.
struct SituationName {
  replies::Situation situation;
  // The captions "situation_NAME" and "about_NAME" say what it is.
  std::string name;
};
const std::vector<SituationName>& Situations();

// "RCPT_REJECTED" as a headline: "RCPT rejected".
std::string TitleOf(const std::string& id);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_MERGED_TABLE_H_
