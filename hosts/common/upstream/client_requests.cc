// SPDX-License-Identifier: Apache-2.0
//
// What the client is asked to do, and content on its way out.

#include <algorithm>
#include <charconv>

#include "hosts/common/upstream/client.h"

namespace postern::upstream {
namespace {

// Any command that we make.
using Line = FixedText<2048>;

// "BDAT 4294967295 LAST" and CR LF.
constexpr size_t kMaxChunkHeader = 32;
// For the end of content, behind whatever fills the queue.
constexpr size_t kReserve = 64;
// A chunk with less room than this goes out, so that nobody has to feed it by the octet.
constexpr size_t kNearlyFull = 1024;

uint64_t After(uint64_t now, uint64_t wait) {
  return wait > Client::kNever - now ? Client::kNever : now + wait;
}

// What may stand on a command line behind its verb. The engine validated it; that no line is
// smuggled in here is not left to that alone.
bool IsSafe(std::string_view text, bool utf8) {
  return std::all_of(text.begin(), text.end(), [utf8](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet >= ' ' && octet != 0x7F && (utf8 || octet < 0x80);
  });
}

bool IsPath(std::string_view path, bool utf8) {
  return path.size() >= 2 && path.front() == '<' && path.back() == '>' && IsSafe(path, utf8);
}

bool AppendNumber(uint64_t number, Line* line) {
  char digits[20];
  const auto result = std::to_chars(digits, digits + sizeof(digits), number);
  return line->Append({digits, static_cast<size_t>(result.ptr - digits)});
}

}  // namespace

// A request begins.
void Client::Ask() {
  if (request_ != Request::kNone) Fail(Failure::kMisuse);
  content_failed_ = false;
  reply_.Clear();
  request_ = Request::kPending;
  if (step_ == Step::kClosed) Decide();
}

bool Client::TakeOutcome() {
  if (request_ != Request::kDecided) return false;
  request_ = Request::kNone;
  return true;
}

void Client::Mail(const MailArguments& arguments) {
  Ask();
  if (closed()) return;
  Line line;
  bool fits = line.Append("MAIL FROM:") && line.Append(arguments.path);
  // RFC 1870 section 6: a declaration, which a server that does not ask for it does without.
  if (arguments.size != 0 && capabilities_.Has(kSize)) {
    fits = fits && line.Append(" SIZE=") && AppendNumber(arguments.size, &line);
  }
  // 7BIT is what a server without 8BITMIME takes all for (RFC 6152 section 3).
  const bool binary = arguments.body == Body::kBinaryMime;
  if (binary) {
    fits = fits && line.Append(" BODY=BINARYMIME");
  } else if (arguments.body != Body::kNone && capabilities_.Has(kEightBitMime)) {
    fits = fits && line.Append(arguments.body == Body::k7Bit ? " BODY=7BIT" : " BODY=8BITMIME");
  }
  if (arguments.smtputf8) fits = fits && line.Append(" SMTPUTF8");
  fits = fits && line.Append(arguments.parameters);
  const bool lossless = (arguments.body != Body::k8BitMime || capabilities_.Has(kEightBitMime)) &&
                        (!binary || CanTakeBinary()) &&
                        (!arguments.smtputf8 || capabilities_.Has(kSmtpUtf8));
  if (!ready() || !fits || !lossless || !IsPath(arguments.path, arguments.smtputf8) ||
      !IsSafe(arguments.parameters, arguments.smtputf8)) {
    return Fail(Failure::kMisuse);
  }
  ++transactions_;
  smtputf8_ = arguments.smtputf8;
  binary_ = binary;
  recipients_ = 0;
  Begin(Step::kMail, options_.timeouts.command);
  Send(line.view());
}

void Client::Rcpt(std::string_view path, std::string_view parameters) {
  Ask();
  if (closed()) return;
  Line line;
  const bool fits = line.Append("RCPT TO:") && line.Append(path) && line.Append(parameters);
  if (!in_transaction() || !fits || !IsPath(path, smtputf8_) || !IsSafe(parameters, smtputf8_)) {
    return Fail(Failure::kMisuse);
  }
  Begin(Step::kRcpt, options_.timeouts.command);
  Send(line.view());
}

void Client::Data() {
  Ask();
  if (closed()) return;
  if (!in_transaction() || recipients_ == 0) return Fail(Failure::kMisuse);
  bdat_ = options_.chunking && capabilities_.Has(kChunking);
  if (!bdat_) {
    Begin(Step::kData, options_.timeouts.data);
    return Send("DATA");
  }
  if (!parser_.AtReplyStart()) return Fail(Failure::kNonsense);
  chunks_due_ = 0;
  chunk_.Clear();
  encoder_.Start(false);
  reply_.code = 354;
  Begin(Step::kContent, kNever);
  Decide();
}

size_t Client::ContentRoom() const {
  if (step_ != Step::kContent || content_failed_) return SIZE_MAX;
  if (bdat_) return kChunk - std::min(kChunk, chunk_.size());
  const size_t room = output_.room() - std::min(kReserve, output_.room());
  // The inverse of ContentEncoder::Most.
  return room / 4 * 3;
}

void Client::Content(std::string_view slice) {
  if (closed() || content_failed_ || slice.empty()) return;
  if (step_ != Step::kContent || request_ != Request::kNone || slice.size() > ContentRoom()) {
    return Fail(Failure::kMisuse);
  }
  bool clean = true;
  if (bdat_) {
    if (chunk_.empty()) chunk_mark_ = now_ms_;
    if (binary_) {
      chunk_.Append(slice);
    } else {
      clean = encoder_.Encode(slice, &chunk_);
    }
  } else {
    if (output_.empty()) block_mark_ = now_ms_;
    clean = encoder_.Encode(slice, &output_);
  }
  if (!clean) return Fail(Failure::kBareNewline);
  SendChunks();
}

void Client::Finish() {
  if (content_failed_ && request_ == Request::kNone) {
    // The server has said no already: a chunk was refused, or it gave up in the middle.
    Decide();
    if (closed()) return;
    // Replies to the chunks behind that one may still come.
    reset_wanted_ = true;
    if (chunks_due_ == 0) SayReset();
    return;
  }
  Ask();
  if (closed()) return;
  if (step_ != Step::kContent) return Fail(Failure::kMisuse);
  const bool clean = bdat_ ? encoder_.Finish(&chunk_) : encoder_.Finish(&output_);
  if (!clean) return Fail(Failure::kBareNewline);
  replies_due_ = options_.protocol == Protocol::kLmtp ? recipients_ : 1;
  if (bdat_) {
    step_ = Step::kFinishing;
    return SendChunks();
  }
  if (!parser_.AtReplyStart()) return Fail(Failure::kNonsense);
  Begin(Step::kFinal, options_.timeouts.termination);
  if (output_.empty()) block_mark_ = now_ms_;
  output_.Append(".\r\n");
}

bool Client::CanSeal() const {
  const uint32_t most = capabilities_.Has(kPipelining) ? kMaxChunksUnderWay : 1;
  return chunks_due_ < most && chunk_.size() + kMaxChunkHeader <= output_.room();
}

// The open chunk goes out, if there is room and the server is not behind with its replies.
bool Client::SealChunk(bool last) {
  if (!CanSeal()) return false;
  Line header;
  header.Append("BDAT ");
  AppendNumber(chunk_.size(), &header);
  header.Append(last ? " LAST\r\n" : "\r\n");
  if (output_.empty()) block_mark_ = now_ms_;
  output_.Append(header.view());
  output_.Append(chunk_.view());
  chunk_.Clear();
  if (last) {
    Begin(Step::kFinal, options_.timeouts.termination);
  } else {
    ++chunks_due_;
    reply_deadline_ = After(now_ms_, options_.timeouts.command);
  }
  return true;
}

void Client::SendChunks() {
  if (!bdat_) return;
  if (step_ == Step::kContent && chunk_.size() + kNearlyFull > kChunk) SealChunk(false);
  if (step_ == Step::kFinishing) SealChunk(true);
}

void Client::Reset() {
  request_ = Request::kNone;
  switch (step_) {
    case Step::kTransaction:
      return SayReset();
    case Step::kContent:
      if (!bdat_) return Fail(Failure::kDropped);
      chunk_.Clear();
      content_failed_ = true;
      reset_wanted_ = true;
      if (chunks_due_ == 0) SayReset();
      return;
    case Step::kMail:
    case Step::kRcpt:
    case Step::kData:
    case Step::kFinishing:
    case Step::kFinal:
      // The reply is on its way and will be nobody's.
      return Fail(Failure::kDropped);
    default:
      content_failed_ = false;
      return;
  }
}

void Client::Quit() {
  request_ = Request::kNone;
  switch (step_) {
    case Step::kReady:
    case Step::kTransaction:
    case Step::kReset:
      Begin(Step::kQuit, options_.timeouts.quit);
      return Send("QUIT");
    case Step::kQuit:
    case Step::kClosed:
      return;
    default:
      return Fail(Failure::kDropped);
  }
}

bool Client::tidy() const {
  if (!ready() || !tidy_ || options_.one_client) return false;
  if (request_ != Request::kNone || !output_.empty() || !parser_.AtReplyStart()) return false;
  switch (options_.identity) {
    case IdentityMode::kNone:
    case IdentityMode::kXforward:
      return true;
    case IdentityMode::kXclient:
      return (capabilities_.xclient & kAttributeAddr) != 0;
    case IdentityMode::kProxy1:
    case IdentityMode::kProxy2:
      return false;
  }
  return false;
}

bool Client::CanServe(const Identity& identity) const {
  if (!ready() || request_ != Request::kNone || !parser_.AtReplyStart()) return false;
  const bool same = identity.client == identity_.client && identity.server == identity_.server;
  if (options_.client_known && !same) return false;
  switch (options_.identity) {
    case IdentityMode::kNone:
    case IdentityMode::kXforward:
      return true;
    case IdentityMode::kXclient:
      return identity == identity_ || (capabilities_.xclient & kAttributeAddr) != 0;
    case IdentityMode::kProxy1:
    case IdentityMode::kProxy2:
      return same;
  }
  return false;
}

void Client::Serve(const Identity& identity) {
  if (!CanServe(identity)) return Fail(Failure::kMisuse);
  if (identity == identity_) return;
  const bool other_name = identity.helo.view() != identity_.helo.view();
  identity_ = identity;
  switch (options_.identity) {
    case IdentityMode::kXforward:
      if (capabilities_.xforward != 0) SayIdentity();
      return;
    case IdentityMode::kXclient:
      xclient_done_ = false;
      return SayIdentity();
    case IdentityMode::kNone:
    case IdentityMode::kProxy1:
    case IdentityMode::kProxy2:
      if (other_name && says_clients_name()) SayHelo(true);
      return;
  }
}

}  // namespace postern::upstream
