// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/upstream.h"

#include <algorithm>

namespace postern::fuzz::oracle {
namespace {

// "250-text" -> true, with the code. A line without its CR LF.
bool IsReplyLine(const std::string& line) {
  if (line.size() < 3 || line.size() > 2046) return false;
  if (line[0] < '2' || line[0] > '5') return false;
  for (int i = 1; i < 3; ++i) {
    if (line[i] < '0' || line[i] > '9') return false;
  }
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return false;
  return line.find_first_of(std::string("\r\n\0", 3)) == std::string::npos;
}

bool IsBareNewline(const std::string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] != '\n') return true;
  }
  return false;
}

bool StartsWith(const std::string& text, std::string_view word) {
  return text.compare(0, word.size(), word) == 0;
}

}  // namespace

Finding UpstreamWire::Received(std::string_view octets) {
  received_.append(octets);
  for (;;) {
    // One whole reply off the front.
    std::string code;
    std::string text;
    size_t at = 0;
    bool whole = false;
    size_t lines = 0;
    while (!whole && !over_) {
      const size_t end = received_.find('\n', at);
      if (end == std::string::npos) {
        // A line without end is no reply either.
        if (received_.size() - at > 2048) over_ = true;
        break;
      }
      const bool crlf = end > at && received_[end - 1] == '\r';
      const std::string line = received_.substr(at, end - at - (crlf ? 1 : 0));
      if (!crlf || !IsReplyLine(line) || (!code.empty() && line.substr(0, 3) != code) ||
          ++lines > 129) {
        over_ = true;
        break;
      }
      code = line.substr(0, 3);
      text += line.substr(std::min<size_t>(4, line.size())) + "\n";
      at = end + 1;
      whole = line.size() == 3 || line[3] == ' ';
    }
    if (!whole || over_) return "";
    received_.erase(0, at);
    Reply(code, text);
  }
}

void UpstreamWire::Reply(const std::string& code, std::string text) {
  // Keywords are in any case (RFC 5321 §2.4).
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (due_.empty() || code == "421") over_ = true;
  if (due_.empty()) return;
  const Due due = due_.front();
  due_.pop_front();
  const bool good = code[0] == '2';
  switch (due) {
    case Due::kHello:
      chunking_ = good && text.find("CHUNKING") != std::string::npos;
      binarymime_ = good && text.find("BINARYMIME") != std::string::npos;
      pipelining_ = good && text.find("PIPELINING") != std::string::npos;
      fetches_ = good && text.find("BURL") != std::string::npos;
      break;
    case Due::kMail:
      recipients_ = 0;
      break;
    case Due::kRcpt:
      if (good) ++recipients_;
      break;
    case Due::kData:
      content_ = code == "354";
      if (content_) sent_ = "\r\n";
      break;
    case Due::kChunk:
      if (!good) all_accepted_ = false;
      break;
    case Due::kFinal:
      if (!good) all_accepted_ = false;
      if (std::find(due_.begin(), due_.end(), Due::kFinal) == due_.end()) {
        if (all_accepted_) ++accepted_;
        all_accepted_ = true;
        recipients_ = 0;
      }
      break;
    case Due::kBurl:
      if (burl_last_ && good && all_accepted_) ++accepted_;
      if (burl_last_ || !good) {
        all_accepted_ = true;
        recipients_ = 0;
      }
      break;
    case Due::kGreeting:
    case Due::kOther:
      break;
  }
}

void UpstreamWire::EndOfContent() {
  ++ended_contents_;
  const uint32_t replies = lmtp_ ? recipients_ : 1;
  for (uint32_t i = 0; i < replies; ++i) due_.push_back(Due::kFinal);
}

Finding UpstreamWire::Sent(std::string_view octets) {
  if (octets.empty()) return "";
  if (over_) return "it goes on after the server has broken off: " + Visible(octets.substr(0, 60));
  sent_.append(octets);
  if (header_ != 0) {
    if (header_ == 1) {
      const size_t end = sent_.find("\r\n");
      if (end == std::string::npos) return "";
      if (!StartsWith(sent_, "PROXY ") || end > 105) return "no PROXY header of version 1";
      sent_.erase(0, end + 2);
    } else {
      if (sent_.size() < 16) return "";
      // PROXY, or LOCAL where the client has no address.
      if (!StartsWith(sent_, std::string_view("\r\n\r\n\0\r\nQUIT\n", 12)) ||
          (sent_[12] != '\x21' && sent_.substr(12, 4) != std::string("\x20\0\0\0", 4))) {
        return "no PROXY header of version 2";
      }
      const size_t length =
          static_cast<uint8_t>(sent_[14]) * 256u + static_cast<uint8_t>(sent_[15]);
      if (sent_.size() < 16 + length) return "";
      sent_.erase(0, 16 + length);
    }
    header_ = 0;
  }
  while (!sent_.empty()) {
    if (chunk_left_ > 0) {
      const std::string chunk = sent_.substr(0, chunk_left_);
      for (const char c : chunk) {
        if (!binary_ && (c == '\n') != (chunk_end_ == '\r')) return "a bare newline in a chunk";
        chunk_end_ = c;
      }
      chunk_left_ -= chunk.size();
      sent_.erase(0, chunk.size());
      if (chunk_left_ == 0 && chunk_last_) {
        if (!binary_ && chunk_end_ == '\r') return "a CR alone at the end of the last chunk";
        EndOfContent();
      }
      continue;
    }
    if (content_) {
      // The CR LF of DATA's line stands at the front.
      const size_t end = sent_.find("\r\n.\r\n");
      const std::string text = sent_.substr(0, end);
      if (IsBareNewline(text)) return "a bare newline in content";
      if (end == std::string::npos) {
        // A dot that begins a line is one of two, or the end.
        for (size_t i = 0; (i = sent_.find("\r\n.", i)) != std::string::npos; ++i) {
          if (i + 3 < sent_.size() && sent_[i + 3] != '.' && sent_[i + 3] != '\r') {
            return "a dot that is not doubled";
          }
        }
        if (sent_.size() > 70000) sent_.erase(0, sent_.size() - 8);
        return "";
      }
      sent_.erase(0, end + 5);
      content_ = false;
      EndOfContent();
      continue;
    }
    const size_t end = sent_.find("\r\n");
    if (end == std::string::npos) return "";
    const std::string line = sent_.substr(0, end);
    sent_.erase(0, end + 2);
    const Finding finding = Command(line);
    if (!finding.empty()) return finding;
  }
  return "";
}

Finding UpstreamWire::Command(const std::string& line) {
  if (line.size() > 2046) return "a command line of " + std::to_string(line.size()) + " octets";
  for (const char c : line) {
    if (static_cast<uint8_t>(c) < ' ' || c == 0x7F) return "a control octet: " + Visible(line);
  }
  if (quit_) return "a command behind QUIT";
  const bool bdat = StartsWith(line, "BDAT ");
  if (line == "QUIT") {
    quit_ = true;
    due_.push_back(Due::kOther);
    return "";
  }
  const bool chunks_alone =
      std::all_of(due_.begin(), due_.end(), [](Due due) { return due == Due::kChunk; });
  if (bdat) {
    if (!chunking_) return "BDAT to a server without CHUNKING";
    if (!chunks_alone || due_.size() >= (pipelining_ ? 8u : 1u)) return "BDAT out of turn";
    if (due_.empty() && !received_.empty()) return "a chunk while a reply to nothing is being read";
  } else {
    if (!due_.empty()) return "a command before the reply to another: " + Visible(line);
    if (!received_.empty()) return "a command while a reply is being read: " + Visible(line);
  }
  if (StartsWith(line, lmtp_ ? "LHLO " : "EHLO ") || (!lmtp_ && StartsWith(line, "HELO "))) {
    due_.push_back(Due::kHello);
  } else if (StartsWith(line, "XCLIENT ") || StartsWith(line, "XFORWARD ") || line == "RSET") {
    due_.push_back(Due::kOther);
    all_accepted_ = true;
    recipients_ = 0;
  } else if (StartsWith(line, "MAIL FROM:<")) {
    due_.push_back(Due::kMail);
    chunk_end_ = '\n';
    // RFC 3030 section 3. It may stand within the path, where it means nothing.
    binary_ = line.find(" BODY=BINARYMIME", line.rfind('>')) != std::string::npos;
    if (binary_ && !(chunking_ && binarymime_)) return "BINARYMIME to a server without it";
  } else if (StartsWith(line, "RCPT TO:<")) {
    due_.push_back(Due::kRcpt);
  } else if (line == "DATA") {
    if (recipients_ == 0) return "DATA without a recipient";
    if (binary_) return "DATA for a binary message";
    due_.push_back(Due::kData);
  } else if (bdat) {
    if (recipients_ == 0) return "BDAT without a recipient";
    const size_t digits = line.find_first_not_of("0123456789", 5);
    chunk_last_ = digits != std::string::npos && line.substr(digits) == " LAST";
    if (digits == 5 || line.size() == 5 || (digits != std::string::npos && !chunk_last_)) {
      return "a malformed BDAT: " + Visible(line);
    }
    chunk_left_ = std::stoul(line.substr(5, digits - 5));
    if (!chunk_last_) {
      if (chunk_left_ == 0) return "an empty chunk that is not the last";
      due_.push_back(Due::kChunk);
    } else if (chunk_left_ == 0) {
      EndOfContent();
    }
  } else if (StartsWith(line, "ETRN ")) {
    if (recipients_ != 0) return "ETRN in a transaction";
    due_.push_back(Due::kOther);
  } else if (StartsWith(line, "BURL ")) {
    if (!fetches_) return "BURL to a server without it";
    if (recipients_ == 0) return "BURL without a recipient";
    const size_t space = line.find(' ', 5);
    burl_last_ = space != std::string::npos;
    if (line.size() == 5 || space == 5 || (burl_last_ && line.substr(space) != " LAST")) {
      return "a malformed BURL: " + Visible(line);
    }
    due_.push_back(Due::kBurl);
  } else {
    return "an unknown command: " + Visible(line);
  }
  return "";
}

}  // namespace postern::fuzz::oracle
