// SPDX-License-Identifier: Apache-2.0
//
// The connection: how it begins, what replies do, time, the end. Requests are in
// client_requests.cc.

#include "hosts/common/upstream/client.h"

#include <algorithm>

namespace postern::upstream {
namespace {

uint64_t After(uint64_t now, uint64_t wait) {
  return wait > Client::kNever - now ? Client::kNever : now + wait;
}

// A name as RFC 5321 section 4.1.1.1 has it, or near enough to stand on a line of its own. Where
// the engine was told to be lenient the client's name may be anything.
bool IsPlainName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

// Which of the replies of LMTP's recipients the client gets.
int Rank(const Reply& reply) {
  switch (reply.reply_class()) {
    case 4:
      return 3;
    case 5:
      return 2;
    default:
      return 1;
  }
}

}  // namespace

std::string_view FailureName(Failure failure) {
  switch (failure) {
    case Failure::kNone:
      return "none";
    case Failure::kUnavailable:
      return "not reachable";
    case Failure::kClosed:
      return "closed the connection";
    case Failure::kTimeout:
      return "timeout";
    case Failure::kNonsense:
      return "sends nonsense";
    case Failure::kIdentity:
      return "does not take XCLIENT from us";
    case Failure::kRefused:
      return "refuses to begin";
    case Failure::kBareNewline:
      return "bare newline in content";
    case Failure::kMisuse:
      return "call out of order";
    case Failure::kDropped:
      return "dropped";
  }
  return "unknown";
}

Client::Client(const Options& options, const Identity& identity, uint64_t now_ms)
    : options_(options), identity_(identity), now_ms_(now_ms) {
  Begin(Step::kConnect, options_.timeouts.connect);
}

// ---- The wire ----

void Client::Connected() {
  if (step_ != Step::kConnect) return;
  char header[kMaxProxyHeader];
  const size_t size = WriteProxyHeader(options_.identity, identity_, header);
  speaks_for_client_ = size != 0 || options_.client_known;
  if (size != 0) {
    block_mark_ = now_ms_;
    output_.Append({header, size});
  }
  Begin(Step::kGreeting, options_.timeouts.greeting);
}

void Client::Disconnected() {
  Fail(step_ == Step::kConnect ? Failure::kUnavailable
       : step_ == Step::kQuit  ? Failure::kDropped
                               : Failure::kClosed);
}

void Client::Feed(std::string_view octets) {
  while (!octets.empty() && step_ != Step::kClosed) {
    if (parser_.AtReplyStart()) {
      premature_ = !output_.empty();
      const bool content =
          step_ == Step::kContent || step_ == Step::kFinishing || step_ == Step::kFinal;
      // What it says before it has the whole command answers something else. Words of farewell may
      // come at any time, and a refusal of content.
      if (premature_ && !content) {
        return Fail(octets.front() == '4' ? Failure::kClosed : Failure::kNonsense);
      }
    }
    size_t consumed = 0;
    ReplyParser::Line line;
    const ReplyParser::Status status = parser_.Next(octets, &consumed, &line);
    octets.remove_prefix(consumed);
    if (status == ReplyParser::Status::kNeedMore) break;
    if (status == ReplyParser::Status::kBroken) return Fail(Failure::kNonsense);
    if (line.first) {
      incoming_.Clear();
      incoming_.code = line.code;
    }
    if (step_ == Step::kEhlo && line.code == 250) {
      if (!line.first) capabilities_.AddLine(line.text);
    } else {
      incoming_.AddLine(line.text);
    }
    if (!line.last) continue;
    sent_ = false;
    HandleReply();
    // What lies there already cannot be the reply to a command that was made just now.
    if (sent_ && !octets.empty()) return Fail(Failure::kNonsense);
  }
}

void Client::ConsumeOutput(size_t octets) {
  output_.Consume(std::min(octets, output_.size()));
  block_mark_ = now_ms_;
  SendChunks();
}

void Client::Tick(uint64_t now_ms) {
  now_ms_ = std::max(now_ms_, now_ms);
  if (step_ == Step::kClosed || now_ms_ < NextDeadline()) return;
  const bool slow = !output_.empty() && now_ms_ >= After(block_mark_, options_.timeouts.block);
  if (slow || now_ms_ >= reply_deadline_) return Fail(Failure::kTimeout);
  // What is left is a chunk that has waited long enough.
  SealChunk(false);
}

uint64_t Client::NextDeadline() const {
  if (step_ == Step::kClosed) return kNever;
  uint64_t deadline = reply_deadline_;
  if (!output_.empty()) deadline = std::min(deadline, After(block_mark_, options_.timeouts.block));
  if (step_ == Step::kContent && !chunk_.empty() && CanSeal()) {
    deadline = std::min(deadline, After(chunk_mark_, options_.timeouts.chunk));
  }
  return deadline;
}

// ---- Steps ----

void Client::Begin(Step step, uint64_t timeout) {
  step_ = step;
  reply_deadline_ = timeout == kNever ? kNever : After(now_ms_, timeout);
}

// One command, without its CR LF. Octets that came before it can be no reply to it.
void Client::Send(std::string_view line) {
  if (!parser_.AtReplyStart()) return Fail(Failure::kNonsense);
  if (line.size() + 2 > output_.room()) return Fail(Failure::kMisuse);
  if (output_.empty()) block_mark_ = now_ms_;
  output_.Append(line);
  output_.Append("\r\n");
  sent_ = true;
}

void Client::SayHelo(bool extended) {
  capabilities_ = Capabilities();
  FixedText<300> line;
  line.Append(options_.protocol == Protocol::kLmtp ? "LHLO " : extended ? "EHLO " : "HELO ");
  const bool client = says_clients_name() && IsPlainName(identity_.helo.view());
  const std::string_view name = client ? identity_.helo.view() : options_.name.view();
  line.Append(IsPlainName(name) ? name : "localhost");
  Begin(extended ? Step::kEhlo : Step::kHelo, options_.timeouts.command);
  Send(line.view());
}

void Client::HelloDone() {
  const bool tell = (options_.identity == IdentityMode::kXclient && !xclient_done_) ||
                    (options_.identity == IdentityMode::kXforward && capabilities_.xforward != 0);
  if (tell) return SayIdentity();
  Begin(Step::kReady, kNever);
}

void Client::SayIdentity() {
  const bool xclient = options_.identity == IdentityMode::kXclient;
  // Without the address the server would take the client for the gate, and often trust it.
  if (xclient && (capabilities_.xclient & kAttributeAddr) == 0) return Fail(Failure::kIdentity);
  char command[kMaxIdentityCommand];
  const size_t size =
      WriteIdentityCommand(options_.identity, identity_,
                           xclient ? capabilities_.xclient : capabilities_.xforward, command);
  Begin(xclient ? Step::kXclient : Step::kXforward, options_.timeouts.command);
  Send(std::string_view(command, size).substr(0, size - 2));
}

void Client::SayReset() {
  tidy_ = false;
  recipients_ = 0;
  reset_wanted_ = false;
  content_failed_ = false;
  Begin(Step::kReset, options_.timeouts.command);
  Send("RSET");
}

void Client::Decide() { request_ = Request::kDecided; }

void Client::Fail(Failure failure) {
  if (step_ == Step::kClosed) return;
  step_ = Step::kClosed;
  reply_deadline_ = kNever;
  failure_ = failure;
  // A command or content that was cut off must not be completed.
  output_.Clear();
  chunk_.Clear();
  if (request_ == Request::kPending) {
    // One recipient's 250 is not everybody's.
    if (!content_failed_) reply_.Clear();
    Decide();
  }
}

void Client::Refused() {
  if (incoming_.reply_class() < 4) return Fail(Failure::kNonsense);
  reply_ = incoming_;
  Fail(Failure::kRefused);
}

void Client::HandleReply() {
  const uint16_t code = incoming_.code;
  const int reply_class = incoming_.reply_class();
  if (reply_class > 3) tidy_ = false;
  switch (step_) {
    case Step::kGreeting:
      return code == 220 ? SayHelo(true) : Refused();
    case Step::kEhlo:
      if (code == 250) return HelloDone();
      // RFC 5321 section 3.2: a server of old knows only HELO. LMTP has no such thing.
      if (reply_class == 5 && options_.protocol == Protocol::kSmtp) return SayHelo(false);
      return Refused();
    case Step::kHelo:
      return code == 250 ? HelloDone() : Refused();
    case Step::kXclient:
      if (code == 220) {
        xclient_done_ = true;
        speaks_for_client_ = true;
        return SayHelo(true);
      }
      // A client that is turned away by its address, as at a greeting. Other 5yz are about the
      // command.
      if (reply_class == 4 || code == 554 || code == 521) {
        speaks_for_client_ = true;
        return Refused();
      }
      return Fail(reply_class == 5 ? Failure::kIdentity : Failure::kNonsense);
    case Step::kXforward:
      // For logs alone: mail goes on without it.
      if (code == 421) return Fail(Failure::kClosed);
      if (reply_class < 4 && code != 250) return Fail(Failure::kNonsense);
      return Begin(Step::kReady, kNever);
    case Step::kReset:
      if (code == 421) return Fail(Failure::kClosed);
      if (code != 250) return Fail(Failure::kNonsense);
      return Begin(Step::kReady, kNever);
    case Step::kMail:
    case Step::kRcpt:
    case Step::kData: {
      const bool accepted = step_ == Step::kData ? code == 354 : reply_class == 2;
      if (!accepted && reply_class < 4) return Fail(Failure::kNonsense);
      reply_ = incoming_;
      if (accepted && step_ == Step::kRcpt) ++recipients_;
      if (accepted && step_ == Step::kData) {
        encoder_.Start(true);
        Begin(Step::kContent, kNever);
      } else {
        Begin(accepted || step_ != Step::kMail ? Step::kTransaction : Step::kReady, kNever);
      }
      Decide();
      if (code == 421) Fail(Failure::kClosed);
      return;
    }
    case Step::kContent:
    case Step::kFinishing:
      return HandleContentReply();
    case Step::kFinal:
      return HandleFinalReply();
    case Step::kQuit:
      return Fail(Failure::kDropped);
    case Step::kConnect:
    case Step::kReady:
    case Step::kTransaction:
    case Step::kClosed:
      break;
  }
  // Nothing was asked. 421 may come at any time (section 3.8), all else never.
  Fail(code == 421 ? Failure::kClosed : Failure::kNonsense);
}

// While content is under way: replies to chunks, in order; with DATA none is due, and one that
// comes all the same says that the server gave up.
void Client::HandleContentReply() {
  const int reply_class = incoming_.reply_class();
  const bool due = bdat_ && chunks_due_ > 0;
  if (reply_class == 3 || (!due && reply_class == 2)) return Fail(Failure::kNonsense);
  if (due) {
    --chunks_due_;
    reply_deadline_ =
        chunks_due_ > 0 ? After(now_ms_, options_.timeouts.command) : uint64_t{kNever};
  }
  if (reply_class != 2) {
    if (!content_failed_) reply_ = incoming_;
    content_failed_ = true;
    chunk_.Clear();
  }
  if (!due || incoming_.code == 421) return Fail(Failure::kClosed);
  if (content_failed_ && step_ == Step::kFinishing) {
    reset_wanted_ = true;
    step_ = Step::kContent;
    Decide();
  }
  if (reset_wanted_ && chunks_due_ == 0) return SayReset();
  SendChunks();
}

void Client::HandleFinalReply() {
  const int reply_class = incoming_.reply_class();
  if (reply_class == 3) return Fail(Failure::kNonsense);
  if (chunks_due_ > 0) {
    --chunks_due_;
    if (reply_class != 2 && !content_failed_) {
      // The server has the last chunk all the same, and answers that one too.
      content_failed_ = true;
      reply_ = incoming_;
    }
    if (incoming_.code == 421) Fail(Failure::kClosed);
    return;
  }
  if (premature_) {
    // Before it had the end of the content: it can only have refused it, and will not get the end.
    if (reply_class == 2) return Fail(Failure::kNonsense);
    reply_ = incoming_;
    Decide();
    return Fail(Failure::kClosed);
  }
  if (!content_failed_ && (reply_.code == 0 || Rank(incoming_) > Rank(reply_))) reply_ = incoming_;
  --replies_due_;
  if (incoming_.code == 421) {
    // The recipients behind this one will not be heard of.
    reply_ = incoming_;
    Decide();
    return Fail(Failure::kClosed);
  }
  if (replies_due_ > 0) return;
  recipients_ = 0;
  content_failed_ = false;
  Decide();
  // RFC 3030 section 2: a failed BDAT leaves the transaction to be reset.
  if (bdat_ && reply_.reply_class() != 2) return SayReset();
  Begin(Step::kReady, kNever);
}

}  // namespace postern::upstream
