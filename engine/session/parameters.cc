// SPDX-License-Identifier: Apache-2.0
//
// Parameters of MAIL and RCPT that the engine does not know and the host may: it is asked for each
// of them, in their order, and then for the command as if they were known.
//
// The line that they stand on is kept meanwhile, in a block of its own: the octets that were fed
// are the host's again with its first answer. Nothing else may happen to the session before the
// last one, so what was right of the line stays right.

#include <cstring>
#include <new>

#include "engine/commands/envelope.h"
#include "engine/session/session.h"

namespace postern::session {

using commands::ParsedCommand;
using commands::Verb;
using replies::ReplyId;

// Octets of the line stand behind it.
struct Session::AskedLine {
  uint32_t octets;  // of the whole block
  uint32_t size;    // of the line
  uint64_t length;  // on the wire
  uint16_t next;    // where the parameters stand that were not looked at yet
  uint16_t end;     // and where they end
  uint8_t flags;    // wire::LineFlag
  uint8_t asked;    // parameters that the host was asked of
  Verb verb;

  char* text() { return reinterpret_cast<char*>(this) + sizeof(AskedLine); }
  wire::Line line() {
    wire::Line line;
    line.text = {text(), size};
    line.length = length;
    line.flags = flags;
    return line;
  }
};

void Session::AskOfParameters(const ParsedCommand& command, const wire::Line& line) {
  const size_t octets = sizeof(AskedLine) + line.text.size();
  void* const place = memory_->allocate(memory_->user, octets);
  if (place == nullptr) {
    Reply(ReplyId::kOutOfMemory);
    Close(CloseReason::kMemory);
    return;
  }
  asked_ = new (place) AskedLine;
  asked_->octets = static_cast<uint32_t>(octets);
  asked_->size = static_cast<uint32_t>(line.text.size());
  asked_->length = line.length;
  asked_->flags = line.flags;
  asked_->asked = 0;
  asked_->verb = command.verb;
  // The space that they follow is before the first.
  const std::string_view parameters = command.parameters;
  asked_->next = static_cast<uint16_t>(parameters.data() - 1 - line.text.data());
  asked_->end = static_cast<uint16_t>(asked_->next + 1 + parameters.size());
  std::memcpy(asked_->text(), line.text.data(), line.text.size());
  AskOfNextParameter();
}

// The next of them; behind the last one, the command itself.
void Session::AskOfNextParameter() {
  const wire::Line line = asked_->line();
  std::string_view rest = line.text.substr(asked_->next, asked_->end - asked_->next);
  syntax::Parameter parameter;
  if (commands::TakeUnknownParameter(asked_->verb, MakeView(), &rest, &parameter)) {
    ++asked_->asked;
    asked_->next = static_cast<uint16_t>(rest.data() - line.text.data());
    SetTextPayload(parameter.keyword, line);
    if (parameter.has_value) {
      payload_.flags = kParameterHasValue;
      payload_.parameters = {static_cast<uint16_t>(parameter.value.data() - line.text.data()),
                             static_cast<uint16_t>(parameter.value.size())};
    }
    payload_.count =
        static_cast<uint32_t>(asked_->verb == Verb::kMail ? EventType::kMail : EventType::kRcpt);
    Decide(EventType::kParameter);
    return;
  }
  ParsedCommand command;
  // Right before, and nothing that it hangs on has changed but the time: a HOLDUNTIL may be past.
  const Judgement judgement = JudgeLine(line, MakeView(), &command);
  if (judgement.reply != ReplyId::kUnspecified) {
    payload_ = Payload();
    RefuseAlone(judgement);
    FreeAsked();
    return;
  }
  ExecuteEnvelope(command, line);
  // Where the host does not want the command's event, it was decided at once.
  if (!has_ticket()) FreeAsked();
}

void Session::FreeAsked() {
  if (asked_ == nullptr) return;
  memory_->deallocate(memory_->user, asked_, asked_->octets);
  asked_ = nullptr;
}

size_t Session::AskedOctets() const { return asked_ == nullptr ? 0 : asked_->octets; }

uint32_t Session::ParametersAsked() const { return asked_ == nullptr ? 0 : asked_->asked; }

}  // namespace postern::session
