// SPDX-License-Identifier: Apache-2.0
//
// An MTA for tests: a slow and obvious SMTP and LMTP server on strings, which goes wrong at the
// reply where it is told to.
//
// It shares no code with the client that it tests, counts what it took responsibility for, and
// complains of a client that breaks the protocol (complaint()).
//
// Threads and lifetime: for one test's thread.
#ifndef POSTERN_HOSTS_COMMON_GATE_FAKE_MTA_H_
#define POSTERN_HOSTS_COMMON_GATE_FAKE_MTA_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern::gate {

struct FakeMessage {
  std::string from;
  std::vector<std::string> to;
  std::string content;
};

// What goes wrong, instead of the reply or after it.
enum class Fault {
  kNone,
  kClosed,         // no reply; the connection ends
  kClosedInReply,  // the first half of it
  kClosedAfter,    // the whole of it
  kSilent,         // no reply, and none to anything after
  kNonsense,       // something that is no reply
  kExtra,          // one more, unasked
  k421,            // closing words, and the end
  kTemporary,      // 451 in its stead
  kPermanent,      // 550 in its stead
};

// What all connections to the MTA share.
struct FakeMail {
  std::vector<FakeMessage> accepted;
  size_t connections = 0;
  size_t replies = 0;          // given so far, over all connections
  size_t fault_at = SIZE_MAX;  // the number of the reply that goes wrong
  Fault fault = Fault::kNone;
  bool lmtp = false;
  std::vector<std::string> keywords = {"PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8"};
  // By the first words of a command, "." for content: the reply instead of success.
  std::map<std::string, std::string> replies_to;
  // Lines that came, content left out.
  std::vector<std::string> heard;
  std::string complaint;
};

class FakeMta {
 public:
  explicit FakeMta(FakeMail* mail) : mail_(mail) {
    ++mail_->connections;
    Reply("220 mta.example ready");
  }

  bool closed() const { return closed_; }
  // What it has to say; taken by this.
  std::string Said() {
    std::string said;
    said.swap(said_);
    return said;
  }

  void Hear(std::string_view octets) {
    in_.append(octets);
    while (!closed_ && !silent_ && Step()) {
    }
  }

 private:
  bool Step() {
    if (chunk_left_ > 0) {
      const size_t take = std::min(chunk_left_, in_.size());
      content_ += in_.substr(0, take);
      in_.erase(0, take);
      chunk_left_ -= take;
      if (chunk_left_ > 0) return false;
      EndChunk();
      return true;
    }
    if (in_data_) {
      // Behind DATA's own CR LF, which stands at the front of in_.
      const size_t end = in_.find("\r\n.\r\n", scanned_);
      if (end == std::string::npos) {
        scanned_ = in_.size() < 4 ? 0 : in_.size() - 4;
        return false;
      }
      const std::string wire = in_.substr(2, end);
      in_.erase(0, end + 5);
      in_data_ = false;
      CheckNewlines(wire);
      bool start = true;
      for (size_t i = 0; i < wire.size(); ++i) {
        if (start && wire[i] == '.') {
          start = false;
          continue;
        }
        content_ += wire[i];
        start = wire[i] == '\n';
      }
      EndContent();
      return true;
    }
    const size_t end = in_.find("\r\n");
    if (end == std::string::npos) {
      if (in_.find('\n') != std::string::npos) Complain("a line with a bare LF: " + in_);
      return false;
    }
    const std::string line = in_.substr(0, end);
    in_.erase(0, end + 2);
    if (line.find_first_of(std::string("\r\n\0", 3)) != std::string::npos) {
      Complain("an octet that cannot stand in a command: " + line);
    }
    Command(line);
    return true;
  }

  // True if it was success.
  bool Command(const std::string& line) {
    mail_->heard.push_back(line);
    const std::string verb = line.substr(0, line.find(' '));
    if (verb == "EHLO" || verb == "LHLO") {
      if ((verb == "LHLO") != mail_->lmtp) Complain("the wrong hello: " + line);
      open_ = false;
      to_.clear();
      std::string reply = "250-mta.example";
      for (const std::string& keyword : mail_->keywords) reply += "\r\n250-" + keyword;
      return Reply(reply + "\r\n250 HELP");
    }
    const bool first = first_;
    first_ = false;
    if (verb == "PROXY" && first) return true;
    if (verb == "XCLIENT") return Reply("220 mta.example ready");
    if (verb == "XFORWARD" || verb == "HELO") return Reply("250 Ok");
    if (verb == "RSET") {
      open_ = false;
      to_.clear();
      content_.clear();
      return Reply("250 2.0.0 Ok");
    }
    if (verb == "QUIT") {
      Reply("221 2.0.0 Bye");
      closed_ = true;
      return true;
    }
    if (verb == "MAIL") {
      if (open_) Complain("MAIL inside a transaction");
      if (!Reply(Scripted(line, "250 2.1.0 Ok"))) return false;
      open_ = true;
      to_.clear();
      content_.clear();
      from_ = Path(line);
      binary_ = line.find(" BODY=BINARYMIME") != std::string::npos;
      return true;
    }
    if (verb == "RCPT") {
      if (!open_) Complain("RCPT outside a transaction");
      if (Reply(Scripted(line, "250 2.1.5 Ok"))) to_.push_back(Path(line));
      return true;
    }
    if (verb == "DATA") {
      if (!open_ || to_.empty()) Complain("DATA without a recipient");
      if (binary_) Complain("DATA for a binary message");
      in_data_ = Reply(Scripted(line, "354 go on"));
      if (in_data_) in_.insert(0, "\r\n");
      scanned_ = 0;
      return in_data_;
    }
    if (verb == "ETRN") {
      if (open_) Complain("ETRN inside a transaction");
      return Reply(Scripted(line, "250 Queuing started"));
    }
    if (verb == "BURL") {
      if (!open_ || to_.empty()) Complain("BURL without a recipient");
      const bool last = line.size() > 5 && line.rfind(" LAST") == line.size() - 5;
      const std::string url = line.substr(5, line.size() - 5 - (last ? 5 : 0));
      const std::string reply = Scripted("BURL", "250 2.5.0 fetched");
      if (last && reply[0] == '2') {
        content_ += "<" + url + ">";
        EndContent();
        return true;
      }
      if (!Reply(reply)) return false;
      content_ += "<" + url + ">";
      return true;
    }
    if (verb == "BDAT") {
      if (!open_ || to_.empty()) Complain("BDAT without a recipient");
      chunk_left_ = std::stoul(line.substr(5));
      last_ = line.size() > 5 && line.rfind(" LAST") == line.size() - 5;
      if (chunk_left_ == 0) EndChunk();
      return true;
    }
    Complain("an unknown command: " + line);
    return Reply("500 5.5.2 what?");
  }

  void EndChunk() {
    if (last_) {
      if (!binary_) CheckNewlines(content_);
      return EndContent();
    }
    Reply(Scripted("BDAT", "250 2.0.0 chunk"));
  }

  void EndContent() {
    bool any = false;
    for (size_t i = 0; i < (mail_->lmtp ? to_.size() : 1); ++i) {
      // It has the message, whether its reply arrives or not.
      const std::string reply = Scripted(mail_->lmtp ? "." + to_[i] : ".", "250 2.0.0 queued");
      const bool refused =
          reply[0] != '2' || (mail_->replies == mail_->fault_at &&
                              (mail_->fault == Fault::kTemporary ||
                               mail_->fault == Fault::kPermanent || mail_->fault == Fault::k421));
      if (!refused && !any) {
        any = true;
        mail_->accepted.push_back({from_, to_, content_});
      }
      Reply(reply);
      if (closed_ || silent_) break;
    }
    open_ = false;
    to_.clear();
    content_.clear();
  }

  // True if it was success that was said.
  bool Reply(const std::string& reply) {
    if (silent_ || closed_) return false;
    const bool fault = mail_->replies++ == mail_->fault_at;
    switch (fault ? mail_->fault : Fault::kNone) {
      case Fault::kNone:
        break;
      case Fault::kClosed:
        closed_ = true;
        return false;
      case Fault::kClosedInReply:
        said_ += reply.substr(0, reply.size() / 2);
        closed_ = true;
        return false;
      case Fault::kClosedAfter:
        said_ += reply + "\r\n";
        closed_ = true;
        return reply[0] <= '3';
      case Fault::kSilent:
        silent_ = true;
        return false;
      case Fault::kNonsense:
        said_ += "HTTP/1.1 200 OK\r\n\r\n";
        silent_ = true;
        return false;
      case Fault::kExtra:
        said_ += reply + "\r\n250 2.0.0 and the next one\r\n";
        return reply[0] <= '3';
      case Fault::k421:
        said_ += "421 4.3.2 mta.example closing\r\n";
        closed_ = true;
        return false;
      case Fault::kTemporary:
        said_ += "451 4.3.0 not now\r\n";
        return false;
      case Fault::kPermanent:
        said_ += "550 5.7.1 never\r\n";
        return false;
    }
    said_ += reply + "\r\n";
    return reply[0] <= '3';
  }

  std::string Scripted(const std::string& line, const std::string& otherwise) const {
    for (const auto& [words, reply] : mail_->replies_to) {
      if (line.compare(0, words.size(), words) == 0) return reply;
    }
    return otherwise;
  }
  static std::string Path(const std::string& line) {
    const size_t begin = line.find('<');
    return line.substr(begin, line.find('>') + 1 - begin);
  }
  void CheckNewlines(const std::string& octets) {
    for (size_t i = 0; i < octets.size(); ++i) {
      const bool cr = octets[i] == '\r' && (i + 1 == octets.size() || octets[i + 1] != '\n');
      const bool lf = octets[i] == '\n' && (i == 0 || octets[i - 1] != '\r');
      if (cr || lf) Complain("a bare newline in content");
    }
  }
  void Complain(const std::string& what) {
    if (mail_->complaint.empty()) mail_->complaint = what;
  }

  FakeMail* const mail_;
  std::string in_;
  std::string said_;
  std::string from_;
  std::vector<std::string> to_;
  std::string content_;
  size_t scanned_ = 0;
  size_t chunk_left_ = 0;
  bool first_ = true;
  bool last_ = false;
  bool binary_ = false;
  bool open_ = false;
  bool in_data_ = false;
  bool closed_ = false;
  bool silent_ = false;
};

}  // namespace postern::gate

#endif  // POSTERN_HOSTS_COMMON_GATE_FAKE_MTA_H_
