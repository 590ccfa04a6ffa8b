// SPDX-License-Identifier: Apache-2.0
//
// posternctl bench: how fast the engine plays a dialogue on this machine, and how that compares
// with copying the same octets. A quick look; the benchmarks beside the code measure properly.

#include <stdio.h>
#include <string.h>

#include <chrono>
#include <memory>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/session/session.h"
#include "tools/posternctl/commands.h"
#include "tools/posternctl/dialogue.h"
#include "tools/posternctl/flags.h"
#include "tools/posternctl/ground.h"
#include "tools/posternctl/json.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kDialogue[] =
    "EHLO client.example.org\r\n"
    "MAIL FROM:<anna@example.org> SIZE=1000 BODY=8BITMIME\r\n"
    "RCPT TO:<bob@example.net>\r\n"
    "RCPT TO:<carol@example.net>\r\n"
    "DATA\r\n"
    "Subject: a message\r\n"
    "\r\n"
    "Some lines of text, as people write them to each other, day by day.\r\n"
    ".\r\n"
    "FROB\r\n"
    "QUIT\r\n";

struct Work {
  uint64_t octets_in = 0;
  uint64_t octets_out = 0;
  uint64_t lines = 0;
};

// One session. Decisions are accepted, or left to the table where only the host knows better.
Work PlayOnce(const std::shared_ptr<const session::Ground>& ground, const std::string& octets) {
  session::Options options;
  options.client_address = "192.0.2.7";
  session::Session session(ground, &wire::DefaultMemory(), options);
  size_t at = 0;
  bool more = true;
  while (more) {
    session::Event event;
    while (session.NextEvent(&event)) {
      if (event.ticket == 0) continue;
      session::Answer answer;
      answer.verdict = session::Verdict::kAccept;
      if (session.AnswerTicket(event.ticket, answer) != session::AnswerResult::kOk) {
        session.AnswerTicket(event.ticket, session::Answer());
      }
    }
    session.ConsumeOutput(session.output().size());
    size_t used = 0;
    session.Feed(std::string_view(octets).substr(at), &used);
    at += used;
    more = at < octets.size() || session.has_event();
  }
  session.ConsumeOutput(session.output().size());
  const session::Info info = session.GetInfo();
  return {info.octets_in, info.octets_out, info.lines};
}

// Seconds that `work` takes, repeated until `budget` is used up.
template <typename Repeat>
double Measure(double budget, Repeat work) {
  uint64_t rounds = 1;
  while (true) {
    const Clock::time_point begin = Clock::now();
    for (uint64_t i = 0; i < rounds; ++i) work();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (seconds >= budget || rounds > (uint64_t{1} << 40)) {
      return seconds / static_cast<double>(rounds);
    }
    rounds *= seconds < budget / 10 ? 10 : 2;
  }
}

}  // namespace

int RunBench(const Invocation& invocation) {
  const double seconds = absl::GetFlag(FLAGS_seconds);
  if (!(seconds > 0 && seconds <= 3600)) return Fail("--seconds: give a number from 0 to 3600");
  const absl::StatusOr<std::shared_ptr<const session::Ground>> ground = ReadGround();
  if (!ground.ok()) return Fail(ground.status());
  std::string octets = kDialogue;
  if (!invocation.arguments.empty()) {
    const std::string& path = invocation.arguments[0];
    const absl::StatusOr<std::string> content = ReadAll(path);
    if (!content.ok()) return Fail(content.status());
    const absl::StatusOr<Dialogue> dialogue =
        ReadDialogue(path == "-" ? "standard input" : path, *content, absl::GetFlag(FLAGS_raw));
    if (!dialogue.ok()) return Fail(dialogue.status());
    octets.clear();
    for (const std::string& piece : dialogue->pieces) octets += piece;
    if (octets.empty()) return Fail(absl::StrCat(path, ": holds no dialogue"));
  }
  const Work work = PlayOnce(*ground, octets);
  const double engine = Measure(seconds * 0.9, [&] { PlayOnce(*ground, octets); });
  std::string copy(octets.size(), '\0');
  const double memory = Measure(seconds * 0.1, [&] {
    memcpy(copy.data(), octets.data(), octets.size());
    // The copy must not be left out.
    asm volatile("" : : "r"(copy.data()) : "memory");
  });
  const double lines = static_cast<double>(work.lines == 0 ? 1 : work.lines);
  const double ratio = engine / memory;
  if (absl::GetFlag(FLAGS_json)) {
    JsonWriter json;
    json.BeginObject().Key("octets_in").Number(static_cast<int64_t>(work.octets_in));
    json.Key("octets_out").Number(static_cast<int64_t>(work.octets_out));
    json.Key("lines").Number(static_cast<int64_t>(work.lines));
    json.Key("seconds_per_session").Real(engine).Key("seconds_per_line").Real(engine / lines);
    json.Key("times_memcpy").Real(ratio).EndObject();
    return WriteOutput(json.Done());
  }
  return WriteOutput(
      absl::StrFormat("a session of %u octets in %u command lines, %u octets of replies\n"
                      "  %.0f sessions a second, %.0f lines a second, %.1f MB/s\n"
                      "  %.0f ns a session, %.0f ns a line\n"
                      "  %.0f times as long as memcpy of the same octets\n",
                      work.octets_in, work.lines, work.octets_out, 1 / engine, lines / engine,
                      static_cast<double>(work.octets_in) / engine / 1e6, engine * 1e9,
                      engine * 1e9 / lines, ratio));
}

}  // namespace ctl
}  // namespace postern
