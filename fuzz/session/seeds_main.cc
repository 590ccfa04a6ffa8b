// SPDX-License-Identifier: Apache-2.0
//
// Makes seeds of the session target from the golden transcripts; make_seeds.py calls it.
//
// What it is: each transcript as one dialogue, as near as the setup's choices come to its
// configuration, in a file of its name. What it is not: a judge; where a configuration has no
// counterpart the dialogue is simply another one.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/proto/engine_config.pb.h"
#include "fuzz/session/dialogue.h"
#include "fuzz/session/run.h"
#include "tests/transcripts/transcript.h"

namespace postern::fuzz {
namespace {

uint8_t Choice(uint32_t value, uint32_t usual, const std::vector<uint32_t>& choices) {
  if (value == 0 || value == usual) return 0;
  uint8_t best = 1;
  for (size_t i = 1; i < choices.size(); ++i) {
    if (choices[i] == value) best = static_cast<uint8_t>(i);
  }
  return best;
}

std::string SetupOctets(const transcripts::Transcript& transcript) {
  v1::EngineConfig config;
  config.ParseFromString(transcript.config);
  uint8_t setup[kSetupOctets] = {};
  const auto set = [&setup](size_t octet, uint8_t bit, bool on) {
    if (on) setup[octet] = static_cast<uint8_t>(setup[octet] | bit);
  };
  set(0, 1, transcript.options.tls);
  set(0, 2, transcript.options.can_starttls);
  set(0, 4, transcript.options.proxy_header);
  set(0, 8, config.offer_unknown_commands());
  set(0, 16, config.require_tls());
  set(0, 32, config.protocol() == v1::PROTOCOL_LMTP);
  const bool auth = config.extensions().auth() == v1::SWITCH_ON;
  const bool behind_auth =
      config.extensions().burl() == v1::SWITCH_ON || config.extensions().atrn() == v1::SWITCH_ON;
  set(0, 64, auth && !behind_auth);
  for (size_t i = 1; i < std::size(kWantedEvents); ++i) {
    if (transcript.options.wanted_events == kWantedEvents[i])
      set(0, static_cast<uint8_t>(i << 6), true);
  }
  const v1::Extensions& e = config.extensions();
  set(1, kWithoutSize, e.size() == v1::SWITCH_OFF);
  set(1, kWithout8BitMime, e.eightbitmime() == v1::SWITCH_OFF);
  set(1, kWithoutPipelining, e.pipelining() == v1::SWITCH_OFF);
  set(1, kWithoutEnhancedCodes, e.enhancedstatuscodes() == v1::SWITCH_OFF);
  set(1, kWithoutSmtpUtf8, e.smtputf8() == v1::SWITCH_OFF);
  set(1, kWithoutStartTls, e.starttls() == v1::SWITCH_OFF);
  set(1, kWithoutHelp, e.help() == v1::SWITCH_OFF);
  set(1, kWithExpn, e.expn() == v1::SWITCH_ON);
  set(9, kWithoutDsn, e.dsn() == v1::SWITCH_OFF);
  set(9, kWithRequireTls, e.requiretls() == v1::SWITCH_ON);
  set(9, kWithDeliverBy, e.deliverby() == v1::SWITCH_ON);
  set(9, kWithMtPriority, e.mt_priority() == v1::SWITCH_ON);
  set(9, kWithRrvs, e.rrvs() == v1::SWITCH_ON);
  set(9, kWithLimits, e.limits() == v1::SWITCH_ON);
  set(9, kFewTransactions, config.limits().transactions() != 0);
  set(9, kLeastTime, config.deliverby_min_s() != 0 || !config.mt_priority_profile().empty());
  const v1::Leniency& l = config.leniency();
  set(2, kSpaceAfterColon, l.space_after_colon());
  set(2, kMissingAngleBrackets, l.missing_angle_brackets());
  set(2, kTrailingDotInDomain, l.trailing_dot_in_domain());
  set(2, kUnderscoreInHelo, l.underscore_in_helo());
  set(2, kAnyHeloArgument, l.any_helo_argument());
  set(2, kExtraSpaces, l.extra_spaces());
  set(2, 64, config.bare_newline() == v1::BARE_NEWLINE_NORMALIZE);
  set(2, 128, config.server_name() == "[192.0.2.25]");
  const v1::Limits& limits = config.limits();
  set(3, Choice(limits.errors(), 20, {20, 1, 2, 3}), true);
  set(3,
      static_cast<uint8_t>(Choice(limits.commands_without_progress(), 100, {100, 10, 11, 1000})
                           << 2),
      true);
  set(3, static_cast<uint8_t>(Choice(limits.recipients(), 1000, {1000, 100, 101, 1000}) << 4),
      true);
  set(3, 64, limits.line_total_octets() != 0);
  set(3, 128, limits.message_octets() != 0);
  set(4, 1, limits.command_timeout_ms() != 0);
  set(4, 2, limits.content_timeout_ms() != 0);
  set(4, 4, limits.decision_timeout_ms() != 0);
  set(4, 8, limits.content_decision_timeout_ms() != 0);
  set(4, 16, limits.session_timeout_ms() != 0);
  if (!transcript.table.empty()) {
    const bool footers = transcript.name.find("footer") != std::string::npos;
    setup[5] = static_cast<uint8_t>(footers                   ? TableChoice::kFooters
                                    : transcript.utf8_replies ? TableChoice::kUtf8
                                                              : TableChoice::kOtherCodes);
  }
  set(8, 1, config.extensions().xclient() == v1::SWITCH_ON);
  set(8, 2, config.extensions().xforward() == v1::SWITCH_ON);
  set(8, 4, transcript.options.trusted);
  set(8, 8, config.extensions().etrn() == v1::SWITCH_ON);
  set(8, 16, config.extensions().atrn() == v1::SWITCH_ON);
  set(8, 32, config.extensions().burl() == v1::SWITCH_ON);
  set(8, 64, !config.burl_imap().empty());
  // Cuts of its own for each.
  uint32_t hash = 2166136261u;
  for (const char c : transcript.name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  setup[6] = static_cast<uint8_t>(hash >> 24);
  setup[7] = static_cast<uint8_t>(hash >> 16 & 1);
  set(7, 4, config.auth_without_tls());
  set(7, 8, auth && behind_auth);
  set(7, 16, transcript.options.submission || config.submission());
  set(7, 32, config.extensions().futurerelease() == v1::SWITCH_ON);
  set(7, 64, config.offer_unknown_parameters());
  return std::string(reinterpret_cast<const char*>(setup), sizeof(setup));
}

std::string Answer(const transcripts::Attempt& attempt) {
  ScriptAnswer answer;
  answer.verdict = static_cast<uint8_t>(attempt.verdict);
  answer.reply_id = static_cast<uint8_t>(attempt.reply);
  if (answer.reply_id != 0) answer.form = 1;
  for (size_t i = 0; i < std::size(kFetched) && attempt.octets != 0; ++i) {
    // The next that is no less.
    if (kFetched[i] < attempt.octets) continue;
    answer.fetched = static_cast<uint8_t>(i);
    break;
  }
  if (attempt.verdict == session::Verdict::kChallenge) {
    answer.verdict = kChallenge;
    answer.form = attempt.challenge.size() > 255 ? 3 : 2;
    answer.text = attempt.challenge;
    answer.count = static_cast<uint16_t>(attempt.challenge.size());
  }
  if (attempt.code != 0) {
    answer.form = attempt.text.size() > 255 ? 3 : 2;
    answer.code = attempt.code;
    for (int i = 0; i < 3; ++i) answer.enhanced[i] = static_cast<uint8_t>(attempt.enhanced[i]);
    answer.text = attempt.text;
    answer.count = static_cast<uint16_t>(attempt.text.size());
  }
  if (!attempt.recipients.empty() && attempt.recipients.size() < 8) {
    answer.form = 4;
    answer.exact = true;
    for (const transcripts::Attempt& each : attempt.recipients) {
      answer.recipients.push_back(
          {static_cast<uint8_t>(each.verdict), static_cast<uint8_t>(each.reply)});
    }
  }
  return PrintAnswer(answer);
}

// Long runs of one octet, and of one line, become marks: seeds stay short.
std::string Octets(const std::string& octets) {
  std::string s;
  std::string last;
  for (size_t at = 0; at < octets.size();) {
    const size_t newline = octets.find('\n', at);
    const size_t end = newline == std::string::npos ? octets.size() : newline + 1;
    const std::string line = octets.substr(at, end - at);
    size_t times = 0;
    while (!last.empty() && octets.compare(at, last.size(), last) == 0 && times < 255 &&
           line == last) {
      ++times;
      at += last.size();
    }
    if (times > 0) {
      if (times > 2) {
        s += std::string{kMark, 'R', static_cast<char>(times)};
      } else {
        for (; times > 0; --times) s += PrintOctets(last);
      }
      continue;
    }
    for (size_t i = 0; i < line.size();) {
      size_t run = 1;
      while (i + run < line.size() && line[i + run] == line[i] && run < 65535) ++run;
      if (run > 600) {
        s += std::string{kMark, 'X', line[i], static_cast<char>(run >> 8), static_cast<char>(run)};
      } else {
        s += PrintOctets(line.substr(i, run));
      }
      i += run;
    }
    last = line;
    at = end;
  }
  return s;
}

std::string Seed(const transcripts::Transcript& transcript) {
  std::string s = SetupOctets(transcript);
  for (const transcripts::Step& step : transcript.steps) {
    for (const transcripts::AnswerPlan& plan : step.answers) {
      for (const transcripts::Attempt& attempt : plan.attempts) {
        s += std::string{kMark, 'A', static_cast<char>(plan.event)} + Answer(attempt);
      }
      if (plan.later) {
        ScriptAnswer later;
        later.verdict = kLater;
        s += std::string{kMark, 'A', static_cast<char>(plan.event)} + PrintAnswer(later);
      }
    }
    switch (step.kind) {
      case transcripts::StepKind::kOctets:
        s += Octets(step.octets);
        break;
      case transcripts::StepKind::kTick: {
        size_t nearest = 0;
        for (size_t i = 0; i < std::size(kTicks); ++i) {
          if (kTicks[i] <= step.milliseconds && kTicks[i] > kTicks[nearest]) nearest = i;
        }
        s += std::string{kMark, 'T', static_cast<char>(nearest)};
        break;
      }
      case transcripts::StepKind::kNotice:
        s += std::string{kMark, 'N', static_cast<char>(static_cast<uint8_t>(step.notice) - 1)};
        break;
      case transcripts::StepKind::kVerdict:
        for (const transcripts::Attempt& attempt : step.attempts)
          s += std::string{kMark, 'V'} + Answer(attempt);
        break;
      default:
        break;
    }
  }
  return s;
}

int Main(const std::string& root, const std::string& folder) {
  std::vector<transcripts::Transcript> all;
  std::string error;
  if (!transcripts::LoadTranscripts(root, &all, &error)) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return 1;
  }
  for (const transcripts::Transcript& transcript : all) {
    const std::string seed = Seed(transcript);
    std::string name = transcript.name;
    for (char& c : name) {
      if (c == '/') c = '.';
    }
    std::ofstream file(folder + '/' + name, std::ios::binary);
    file << seed;
    if (!file.good()) {
      std::fprintf(stderr, "cannot write %s/%s\n", folder.c_str(), name.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace postern::fuzz

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: seeds TRANSCRIPTS FOLDER\n");
    return 2;
  }
  return postern::fuzz::Main(argv[1], argv[2]);
}
