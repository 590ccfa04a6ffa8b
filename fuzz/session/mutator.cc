// SPDX-License-Identifier: Apache-2.0

#include "fuzz/session/mutator.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/session/dialogue.h"

namespace postern::fuzz {
namespace {

// Lines worth having anywhere. Each leads somewhere that others do not.
constexpr std::string_view kLines[] = {
    "EHLO client.example\r\n",
    "HELO [192.0.2.7]\r\n",
    "EHLO [IPv6:2001:db8::7]\r\n",
    "MAIL FROM:<a@client.example>\r\n",
    "MAIL FROM:<>\r\n",
    "MAIL FROM:<a@client.example> SIZE=10 BODY=8BITMIME SMTPUTF8\r\n",
    "MAIL FROM:<\"a b\"@client.example> SIZE=99999999999999999999\r\n",
    "MAIL FROM:<@one.example,@two.example:a@client.example>\r\n",
    "MAIL FROM: <a@client.example>\r\n",
    "MAIL FROM:a@client.example X=\r\n",
    "RCPT TO:<b@mx.example>\r\n",
    "RCPT TO:<Postmaster>\r\n",
    "RCPT TO:<j\xC3\xBCrgen@mx.example>\r\n",
    "RCPT TO:<b@mx.example> NOTIFY=NEVER\r\n",
    "DATA\r\n",
    "BDAT 0 LAST\r\n",
    "BDAT 6\r\nQUIT\r\n",
    "MAIL FROM:<a@client.example> BODY=BINARYMIME\r\n",
    ".\r\n",
    "..\r\n",
    ".\n",
    "\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "QUIT\r\n",
    "HELP\r\n",
    "HELP MAIL\r\n",
    "HELP 500\r\n",
    "MAIL FROM:<a@client.example> RET=HDRS ENVID=a+2Bb BY=120;RT MT-PRIORITY=-4\r\n",
    "MAIL FROM:<a@client.example> REQUIRETLS\r\n",
    "RCPT TO:<b@mx.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@mx.example\r\n",
    "RCPT TO:<b@mx.example> RRVS=2014-04-03T23:01:00Z;C NOTIFY=NEVER\r\n",
    "MAIL FROM:<a@client.example> HOLDFOR=60\r\n",
    "MAIL FROM:<a@client.example> HOLDUNTIL=2026-11-25T10:00:00Z BY=9000;N\r\n",
    "MAIL FROM:<a@client.example> XHOST=1 SIZE=5 X-TWO\r\n",
    "RCPT TO:<b@mx.example> XHOST ORCPT=utf-8;b\xC3\xBC@mx.example\r\n",
    "XCLIENT LOGIN=anna\r\n",
    "HELP nothing\r\n",
    "VRFY <b@mx.example>\r\n",
    "VRFY \"b c\" SMTPUTF8\r\n",
    "EXPN list\r\n",
    "STARTTLS\r\n",
    "AUTH PLAIN\r\n",
    "AUTH login AAAA\r\n",
    "AUTH PLAIN =\r\n",
    "AAAA\r\n",
    "*\r\n",
    "MAIL FROM:<a@client.example> AUTH=b+40c\r\n",
    "ETRN client.example\r\n",
    "ETRN @client.example\r\n",
    "ATRN\r\n",
    "ATRN client.example,b.example\r\n",
    "BURL imap://mail.example/x\r\n",
    "BURL imap://mail.example/x LAST\r\n",
    "TURN\r\n",
    "XYZZY\r\n",
    "PROXY TCP4 192.0.2.7 192.0.2.25 56324 25\r\n",
    "EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\n",
    "EHLO client.example\r\nSTARTTLS\r\n\xFFN\x05",
};

constexpr std::string_view kEnds[] = {
    "\n",        "\r",    "\r\r\n",  "\n\r",    "\r\n\r\n", "",
    "\r\n.\r\n", "\n.\n", "\r\n.\n", "\n.\r\n", "\r.\r",    std::string_view("\r\0\n", 3)};

// Where the contract has its edges: lines, local-part, domain, path, label, SIZE, ENVID, ORCPT.
constexpr uint16_t kLimits[] = {512, 538, 526, 552, 562, 678, 1042, 64,
                                255, 256, 63,  20,  40,  100, 500};

class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed * 2654435761u + 12345u) {}
  uint32_t Below(size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return n == 0 ? 0 : static_cast<uint32_t>((state_ >> 33) % n);
  }

 private:
  uint64_t state_;
};

struct Pieces {
  std::string setup;
  std::vector<std::string> lines;

  explicit Pieces(std::string_view input) : setup(input.substr(0, kSetupOctets)) {
    setup.resize(kSetupOctets, '\0');
    std::string_view body = input.substr(std::min(input.size(), kSetupOctets));
    while (!body.empty()) {
      const size_t end = body.find('\n');
      const size_t size = end == std::string_view::npos ? body.size() : end + 1;
      lines.emplace_back(body.substr(0, size));
      body.remove_prefix(size);
    }
  }

  std::string Join() const {
    std::string s = setup;
    for (const std::string& line : lines) s += line;
    return s;
  }
};

uint32_t NextEvent(Random* random) {
  const uint32_t event = random->Below(21);
  if (event == 20) return 26;  // PARAMETER
  return event < 15 ? event : event < 17 ? event + 3 : event + 4;
}

std::string Mark(Random* random) {
  std::string s(1, kMark);
  ScriptAnswer answer;
  answer.verdict = static_cast<uint8_t>(random->Below(8));
  answer.form = random->Below(3) == 0 ? static_cast<uint8_t>(1 + random->Below(3)) : 0;
  answer.fetched =
      static_cast<uint8_t>(random->Below(2) == 0 ? 0 : random->Below(std::size(kFetched)));
  answer.reply_id = static_cast<uint8_t>(random->Below(238));
  // Of single recipients, mostly with the verdict alone.
  if (random->Below(8) == 0) {
    answer.form = 4;
    answer.exact = random->Below(8) == 0;
    for (unsigned i = 1 + random->Below(3); i > 0; --i) {
      answer.recipients.push_back(
          {static_cast<uint8_t>(random->Below(8) == 0 ? random->Below(6) : random->Below(4)),
           static_cast<uint8_t>(random->Below(4) == 0 ? 50 + random->Below(9) : 0)});
    }
  }
  static constexpr uint16_t kCodes[] = {250, 220, 354, 421, 450, 451, 452, 454, 550, 551,
                                        552, 553, 554, 214, 251, 252, 500, 502, 504, 530};
  answer.code = kCodes[random->Below(std::size(kCodes))];
  answer.enhanced[0] = static_cast<uint8_t>(random->Below(3) == 0 ? 0 : answer.code / 100);
  answer.enhanced[1] = static_cast<uint8_t>(random->Below(8));
  answer.enhanced[2] = static_cast<uint8_t>(random->Below(12));
  static constexpr std::string_view kTexts[] = {"No.",
                                                "mx.example no",
                                                "a\nb",
                                                "a\r\nb",
                                                "gr\xC3\xBC\xC3\x9F"
                                                "e",
                                                "",
                                                "5.7.1 x",
                                                "{server}"};
  answer.text = std::string(kTexts[random->Below(std::size(kTexts))]);
  answer.count = static_cast<uint16_t>(480 + random->Below(40));
  switch (random->Below(8)) {
    case 0:
      s += 'T';
      s += static_cast<char>(random->Below(std::size(kTicks)));
      break;
    case 1:
      s += 'N';
      s += static_cast<char>(random->Below(5));
      break;
    case 2:
    case 3:
    case 4:
      s += 'A';
      // The events that are decisions end at 14; 18 and 19 are those of BDAT and AUTH, 21 to 23
      // those of ETRN, ATRN and BURL.
      s += static_cast<char>(random->Below(3) != 0 ? 0 : NextEvent(random));
      s += PrintAnswer(answer);
      break;
    case 5:
      s += random->Below(4) == 0 ? 'W' : 'V';
      s += PrintAnswer(answer);
      break;
    case 6:
      s += '2';
      break;
    default:
      // So is another table.
      if (random->Below(8) != 0) {
        s += "T\x01";
        break;
      }
      s += 'S';
      s += static_cast<char>(random->Below(kTableChoices));
      break;
  }
  return s;
}

size_t EndOf(const std::string& line) {
  size_t end = line.size();
  while (end > 0 && (line[end - 1] == '\n' || line[end - 1] == '\r')) --end;
  return end;
}

void Stretch(std::string* line, Random* random) {
  const size_t end = EndOf(*line);
  const size_t limit = kLimits[random->Below(std::size(kLimits))] + random->Below(3) - 1;
  const size_t at = random->Below(end + 1);
  const char c = at < end ? (*line)[at] : 'a';
  if (random->Below(12) == 0) {
    // Far beyond: by a mark, as the input itself stays short. The dear ones are rare.
    static constexpr uint32_t kFar[] = {600, 1000, 2000, 4000, 16381, 16382, 16383, 16384};
    const uint32_t count =
        random->Below(16) == 0 ? 65530 + random->Below(6) : kFar[random->Below(std::size(kFar))];
    std::string mark = {kMark, 'X', c, static_cast<char>(count >> 8), static_cast<char>(count)};
    line->insert(at, mark);
    return;
  }
  if (line->size() < limit) line->insert(at, std::string(limit - line->size(), c));
}

// Puts BDAT before octets that are there, with their number or another.
void WrapInChunk(std::vector<std::string>* lines, size_t at, Random* random) {
  const std::string& octets = (*lines)[at];
  std::string count = std::to_string(octets.size());
  switch (random->Below(8)) {
    case 0:
      count = std::to_string(octets.size() + 1);
      break;
    case 1:
      count = std::to_string(octets.empty() ? 0 : octets.size() - 1);
      break;
    case 2: {
      // Beyond 32 bits, at the end of 63, beyond 64, and what is no number.
      static constexpr std::string_view kCounts[] = {
          "0",   "4294967296", "4294967301", "9223372036854775807", "18446744073709551616", "-1",
          "007", "",           "1x"};
      count = std::string(kCounts[random->Below(std::size(kCounts))]);
      break;
    }
    default:
      break;
  }
  const std::string line = "BDAT " + count + (random->Below(3) == 0 ? " LAST\r\n" : "\r\n");
  lines->insert(lines->begin() + static_cast<std::ptrdiff_t>(at), line);
}

void MutateOnce(Pieces* pieces, Random* random) {
  std::vector<std::string>& lines = pieces->lines;
  const size_t at = random->Below(lines.size() + 1);
  const bool has = at < lines.size();
  const auto where = lines.begin() + static_cast<std::ptrdiff_t>(at);
  switch (random->Below(13)) {
    case 0:
      if (has) WrapInChunk(&lines, at, random);
      break;
    case 1:
    case 11:
      lines.insert(where, std::string(kLines[random->Below(std::size(kLines))]));
      break;
    case 2:
      if (has) lines.erase(where);
      break;
    case 3:
      if (lines.size() > 1)
        std::swap(lines[random->Below(lines.size())], lines[random->Below(lines.size())]);
      break;
    case 4:
      if (has) lines.insert(where, std::string(lines[at]));
      break;
    case 5:
      // Lines from elsewhere in the dialogue, again.
      if (has) {
        const size_t from = random->Below(lines.size());
        const size_t count = std::min<size_t>(1 + random->Below(4), lines.size() - from);
        const std::vector<std::string> copy(
            lines.begin() + static_cast<std::ptrdiff_t>(from),
            lines.begin() + static_cast<std::ptrdiff_t>(from + count));
        lines.insert(where, copy.begin(), copy.end());
      }
      break;
    case 6:
      if (has) {
        std::string& line = lines[at];
        line.erase(EndOf(line));
        line += kEnds[random->Below(std::size(kEnds))];
      }
      break;
    case 7:
      for (std::string& line : lines) {
        const size_t end = EndOf(line);
        if (end < line.size() && random->Below(2) == 0) line = line.substr(0, end) + "\r\n";
      }
      break;
    case 8:
      if (has) Stretch(&lines[at], random);
      break;
    case 9:
      if (has) {
        lines[at] += std::string{kMark, 'R',
                                 static_cast<char>(random->Below(8) == 0 ? 1 + random->Below(120)
                                                                         : 1 + random->Below(12))};
      }
      break;
    case 10:
      lines.insert(where, Mark(random));
      break;
    default:
      // A new configuration is the dearest change of all: an engine is made for it.
      if (random->Below(4) != 0) {
        lines.insert(where, std::string(kLines[random->Below(std::size(kLines))]));
        break;
      }
      pieces->setup[random->Below(kSetupOctets)] ^= static_cast<char>(1u << random->Below(8));
      break;
  }
}

size_t Write(const std::string& s, uint8_t* data, size_t max_size) {
  const size_t size = std::min(s.size(), max_size);
  std::memcpy(data, s.data(), size);
  return size;
}

}  // namespace

size_t MutateDialogue(uint8_t* data, size_t size, size_t max_size, uint32_t seed, Mutate fallback) {
  Random random(seed);
  if (random.Below(4) == 0) return fallback(data, size, max_size);
  Pieces pieces(std::string_view(reinterpret_cast<const char*>(data), size));
  for (uint32_t n = 1 + random.Below(3); n > 0; --n) MutateOnce(&pieces, &random);
  return Write(pieces.Join(), data, max_size);
}

size_t CrossDialogues(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size,
                      uint8_t* out, size_t max_size, uint32_t seed) {
  Random random(seed);
  Pieces to(std::string_view(reinterpret_cast<const char*>(a), a_size));
  const Pieces from(std::string_view(reinterpret_cast<const char*>(b), b_size));
  if (!from.lines.empty()) {
    const size_t begin = random.Below(from.lines.size());
    const size_t count = 1 + random.Below(from.lines.size() - begin);
    const size_t at = random.Below(to.lines.size() + 1);
    to.lines.insert(to.lines.begin() + static_cast<std::ptrdiff_t>(at),
                    from.lines.begin() + static_cast<std::ptrdiff_t>(begin),
                    from.lines.begin() + static_cast<std::ptrdiff_t>(begin + count));
  }
  return Write(to.Join(), out, max_size);
}

}  // namespace postern::fuzz
