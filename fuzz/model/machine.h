// SPDX-License-Identifier: Apache-2.0
//
// The state of the contract model, and its parts: steps and time (machine.cc), decisions and
// answers (decision.cc), command lines (line.cc), their arguments (arguments.cc, envelope.cc),
// BDAT (chunk.cc), and ETRN, ATRN and BURL (queue.cc).
//
// What it is: one session of the model beside the record of one session of the engine. Each Expect
// takes the next reply or event from the record and compares it. What it is not: to be used from
// outside of this folder (contract.h).
//
// Threads and lifetime: one owner; it borrows dialogue and trace.

#ifndef POSTERN_FUZZ_MODEL_MACHINE_H_
#define POSTERN_FUZZ_MODEL_MACHINE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check.h"
#include "fuzz/model/content.h"
#include "fuzz/model/grammar.h"
#include "fuzz/model/replies.h"
#include "fuzz/session/dialogue.h"
#include "fuzz/session/trace.h"
#include "plugin_api/postern.h"

namespace postern::fuzz::model {

inline constexpr std::string_view kKnownVerbs[] = {
    "HELO", "EHLO", "MAIL", "RCPT",     "DATA",     "RSET", "NOOP", "QUIT",
    "VRFY", "EXPN", "HELP", "STARTTLS", "TURN",     "SEND", "SOML", "SAML",
    "BDAT", "AUTH", "LHLO", "XCLIENT",  "XFORWARD", "ETRN", "ATRN", "BURL"};

inline std::string Upper(std::string_view text) {
  std::string s;
  for (const char c : text) s += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return s;
}

// What MAIL and RCPT say.
struct Envelope {
  PathParts parts;
  std::string path;
  std::string parameters;
  SeenEvent delivery;  // what delivery extensions say of the message, and nothing else
};

// A reply as it went out, taken apart.
struct SeenReply {
  uint32_t code = 0;
  std::string enhanced;            // empty: none
  std::vector<std::string> lines;  // without code, separator and enhanced code
};

// One way in which a line may be refused: situation and contract rule.
struct Refusal {
  uint32_t id = 0;
  uint32_t rule = 0;
};

class Machine {
 public:
  Machine(const Dialogue& dialogue, const Trace& trace);
  Finding Run();

 private:
  enum class Phase { kProxy, kDecision, kCommand, kAuth, kContent, kChunk, kHandshake, kClosed };
  // Of the open transaction: whether content came by BDAT, and whether some of it was lost.
  enum class Chunks { kNone, kOpen, kFailed };

  // machine.cc: the record.
  void BeginStep();
  void EndStep();
  void Fail(const std::string& what);
  bool failed() const { return !finding_.empty(); }
  const SeenStep& step() const { return trace_.steps[step_]; }
  bool Wants(uint32_t event) const;
  const SeenEvent* PeekEvent() const;
  const SeenReply* PeekReply() const;
  void ExpectEvent(const SeenEvent& event);
  void ExpectReply(uint32_t code, std::string_view enhanced, int lines);
  // The one of the situations whose code and enhanced code went out; 0 after a failure.
  Situation ExpectSituation(const std::vector<uint32_t>& ids);
  Situation Find(uint32_t id) const { return model::Find(id, setup_); }

  // machine.cc: time, notices, ends.
  void Tick(uint64_t milliseconds);
  void Notice(uint32_t notice);
  void Pump();
  void Octet(char c);
  void ContentOctet(char c);
  void EndOfContent();
  void TellContent();
  void TellRefusedContent();
  // chunk.cc: BDAT.
  void Bdat(std::string_view line);
  bool IsBdat(ChunkText* chunk) const;
  void RefuseBdat(const ChunkText& chunk, const std::vector<Refusal>& refusals);
  void ReadChunk();
  void ChunkOctet(char c);
  void EndOfChunk();
  void EndOfSkippedChunk();
  void FailChunks(uint32_t reset_reason);
  void SkipChunk(const Refusal& refusal);
  void SkipChunkForHost(uint32_t situation, const ScriptAnswer* answer);
  // queue.cc: ETRN and ATRN, and BURL, which takes its place among the chunks of BDAT.
  void Queue(bool etrn, std::string_view argument);
  void Burl(std::string_view argument);
  bool IsBurl() const;
  bool OfferedAsQueue(std::string_view verb) const {
    // RFC 6409 section 7: neither ETRN nor ATRN where mail is submitted.
    if (setup_.submission && verb != "BURL") return false;
    return verb == "ETRN" ? setup_.etrn
                          : (verb == "ATRN" ? setup_.atrn : setup_.burl) && AuthOffered();
  }
  void RefuseBurl(const std::vector<Refusal>& refusals);
  void FailBurl(uint32_t reset_reason);
  void AcceptBurl(const ScriptAnswer* answer);
  bool InTransaction() const { return transaction_ || chunks_ == Chunks::kFailed; }
  void ProxyOctet(char c);
  void Close(uint32_t reason);
  void CloseWith(uint32_t situation, uint32_t reason);
  void EndTransaction(uint32_t reset_reason);  // 0: without an event
  void AfterCommand();
  void Activity() { active_ = now_; }
  uint64_t Deadline() const;
  // All that decides how the session answers, but the counts of errors and commands.
  std::string State() const;

  // decision.cc.
  void Decide(uint32_t type, const SeenEvent& event);
  void Answers();
  void Answer(const SeenAnswer& answer);
  void Apply(uint32_t verdict, const ScriptAnswer* answer);
  void ApplyToRecipients(uint32_t verdict, const ScriptAnswer& answer);
  void Accept(const ScriptAnswer* answer);
  void RejectByHost(uint32_t id, const ScriptAnswer* answer, uint32_t times);
  void DecisionTimeout();
  bool MayBeTaken(const SeenAnswer& answer) const;
  bool MustBeTaken(const SeenAnswer& answer) const;
  // LMTP: the answers for single recipients.
  bool MayBeTakenForRecipients(const SeenAnswer& answer) const;
  SeenAnswer ForRecipient(const SeenAnswer& answer, size_t recipient) const;
  // What the host's answer words: its override, its reply id, or the situation itself.
  void ExpectWorded(uint32_t id, const ScriptAnswer* answer);
  // The same, and behind content in LMTP as often as there are recipients (RFC 2033 section 4.2).
  void ExpectFinal(uint32_t id, const ScriptAnswer* answer, uint32_t times);
  // Of the decision that is open, or of content that ends.
  uint32_t FinalReplies() const { return setup_.lmtp ? recipients_ : 1; }
  uint32_t DecisionReplies() const {
    return decision_ == POSTERN_EVENT_CONTENT_END ? FinalReplies() : 1;
  }
  uint32_t SituationOf(uint32_t verdict) const;

  // line.cc.
  void LineOctet(char c);
  void EndOfLine();
  void Command(std::string_view raw);

  // arguments.cc and envelope.cc.
  void Helo(bool extended, std::string_view argument);
  void Mail(std::string_view argument);
  // auth.cc.
  bool AuthOffered() const { return setup_.auth && (tls_ || setup_.auth_in_clear); }
  // RFC 4865 section 4.2; the host tells the time with it.
  bool OffersHolds() const { return setup_.submission && setup_.future_release; }
  int64_t UnixNow() const {
    const uint64_t passed = now_ - opened_;
    const bool over = passed > UINT64_MAX - kUnixMs;
    return static_cast<int64_t>((over ? UINT64_MAX : kUnixMs + passed) / 1000);
  }
  bool CanBeHeld(const SeenEvent& mail) const;
  // Parameters that the host is asked of, and the command that has them.
  void Ask(const SeenEvent& command);
  void AskNext();
  bool AuthInForce() const { return extended_ && AuthOffered(); }
  void Auth(std::string_view rest);
  void AuthLine();
  void FailAuth(const std::vector<Refusal>& refusals, uint32_t reason);
  void EndAuth(uint32_t reason);
  bool MayChallenge(const ScriptAnswer& answer) const;
  void Challenge(const ScriptAnswer& answer);
  // False if the value of AUTH= is none; *mailbox is empty for "<>".
  bool AuthValue(std::string_view value, std::string* mailbox) const;
  void Rcpt(std::string_view argument);
  void Query(uint32_t type, std::string_view argument);
  void Help(std::string_view argument);
  void Client(bool xclient, std::string_view argument);
  bool ForTrusted(std::string_view verb) const { return verb == "XCLIENT" || verb == "XFORWARD"; }
  bool Offers(std::string_view verb) const {
    return verb == "XCLIENT" ? setup_.xclient : setup_.xforward;
  }
  bool ReadEnvelope(std::string_view argument, bool mail, Envelope* envelope);
  // What delivery extensions say of the message goes into *event.
  void Parameters(std::string_view text, bool mail, SeenEvent* event,
                  std::vector<Refusal>* refusals);
  bool DeliveryInForce(std::string_view keyword) const;
  // The path at the front of `text`: what is left behind it, or false with the refusals.
  bool PathAt(std::string_view text, bool mail, PathParts* parts, std::string* path,
              std::string* rest, std::vector<Refusal>* refusals);

  // line.cc again, for all of them. Answered 4yz or 5yz by the engine itself, for one of the
  // reasons; a BDAT behind its chunk.
  void Refuse(const std::vector<Refusal>& refusals, bool with_line);
  // `times`: replies that are due, where they are many (RFC 2033).
  void RefuseNow(const std::vector<Refusal>& refusals, bool with_line, uint32_t times = 1);
  // True if the command may go on: it is one of those that lead nowhere, and there were too many.
  bool CountCommand();
  uint64_t LineLimit() const;
  size_t LineCap() const;
  bool SizeInForce() const { return extended_ && !setup_.has(kWithoutSize); }
  bool BodyInForce() const { return extended_ && !setup_.has(kWithout8BitMime); }
  bool Utf8InForce() const { return extended_ && !setup_.has(kWithoutSmtpUtf8); }
  bool StartTlsOffered() const;
  std::vector<std::string> CommandsInForce() const;
  void CheckEhloLines(const SeenReply& reply);

  const Dialogue& dialogue_;
  const Setup& setup_;
  const Trace& trace_;
  Finding finding_;

  // The record.
  size_t step_ = 0;
  std::map<std::string, uint64_t> fingerprints_;
  std::vector<SeenReply> replies_;
  size_t reply_at_ = 0, event_at_ = 0, answer_at_ = 0;
  std::string where_;

  // The session.
  Phase phase_ = Phase::kCommand;
  bool refused_greeting_ = false;
  bool helo_ = false, extended_ = false, tls_ = false;
  bool transaction_ = false;
  uint32_t recipients_ = 0;
  uint32_t transactions_ = 0;  // accepted in this session
  bool smtputf8_ = false;      // of the transaction
  bool authenticated_ = false;
  uint32_t auth_failures_ = 0;
  uint32_t auth_round_ = 0;
  std::string auth_mechanism_;
  uint32_t errors_ = 0;
  uint32_t commands_ = 0;
  uint64_t messages_ = 0;
  bool shutdown_ = false;
  uint64_t now_ = 1000, opened_ = 1000, active_ = 1000;
  uint64_t decision_began_ = 1000;
  std::string pending_;  // octets of the client, from pending_at_ on not read yet
  size_t pending_at_ = 0;

  // The line that is being read.
  std::string line_;
  uint64_t line_octets_ = 0;
  bool line_bare_lf_ = false;

  // The decision that is open.
  uint32_t decision_ = 0;
  bool mail_smtputf8_ = false;  // what MAIL asks for
  bool mail_binary_ = false;
  bool query_smtputf8_ = false;  // what VRFY or EXPN asks for
  bool helo_extended_ = false;   // what HELO asks for
  bool topic_known_ = false;     // what HELP asks for
  bool topic_overview_ = false;
  bool xclient_login_ = false;         // what XCLIENT tells
  std::vector<SeenEvent> parameters_;  // of the line that is judged, and those that are not known
  size_t asked_ = 0;                   // of them
  SeenEvent command_;

  // Content.
  std::unique_ptr<Content> content_;
  size_t content_told_ = 0;  // octets of it that earlier steps told the host
  bool content_refused_ = false;
  // The chunk that is being read, or that the open decision is about.
  Chunks chunks_ = Chunks::kNone;
  bool binary_ = false;      // of the transaction
  bool bdat_begin_ = false;  // the decision CONTENT_BEGIN is BDAT's
  ChunkText chunk_;
  bool burl_last_ = false;  // of the BURL that is decided, or refused
  uint64_t chunk_left_ = 0;
  uint64_t chunk_total_ = 0;      // of the chunks of the message that were taken
  bool skipping_ = false;         // and then said:
  Refusal chunk_refusal_;         // by the engine
  uint32_t chunk_situation_ = 0;  // by the host, or for want of its answer
  ScriptAnswer chunk_answer_;
  bool chunk_has_answer_ = false;
  bool injected_ = false;  // octets in the clear behind STARTTLS were told of

  // The proxy header.
  std::string proxy_;
};

}  // namespace postern::fuzz::model

#endif  // POSTERN_FUZZ_MODEL_MACHINE_H_
