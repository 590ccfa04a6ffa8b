// SPDX-License-Identifier: Apache-2.0
//
// Shows a person what an input of the session target is and what the session makes of it:
//
//   ./bazelw run //fuzz/session:explain -- FILE
//
// What it is: steps, output, events, answers and state as recorded, and what the contract model
// says. What it is not: a test.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/check.h"
#include "fuzz/model/contract.h"
#include "fuzz/session/run.h"

namespace postern::fuzz {
namespace {

void Show(const DialogueStep& step) {
  const ScriptAnswer& a = step.answer;
  switch (step.kind) {
    case StepKind::kOctets:
      std::printf("C: %s\n", Visible(step.octets).substr(0, 2000).c_str());
      break;
    case StepKind::kTick:
      std::printf("T: +%llu\n", static_cast<unsigned long long>(step.milliseconds));
      break;
    case StepKind::kNotice:
      std::printf("N: %d\n", step.choice);
      break;
    case StepKind::kTwice:
      std::printf("the next answer twice\n");
      break;
    case StepKind::kSwap:
      std::printf("table %d\n", step.choice);
      break;
    default:
      std::printf("%s: event %d verdict %d id %d code %d %d.%d.%d \"%s\" x*%d\n",
                  step.kind == StepKind::kPlan      ? "A"
                  : step.kind == StepKind::kVerdict ? "V"
                                                    : "W",
                  a.event, a.verdict, a.form == 1 ? a.reply_id : 0, a.code, a.enhanced[0],
                  a.enhanced[1], a.enhanced[2], Visible(a.text).c_str(), a.count);
      break;
  }
}

void Show(const SeenStep& step) {
  if (!step.output.empty()) std::printf("   S: %s\n", Visible(step.output).c_str());
  for (const SeenEvent& event : step.events) std::printf("   E: %s\n", Describe(event).c_str());
  for (const SeenAnswer& answer : step.answers) {
    std::printf("   answered %u: verdict %d form %d%s => %d\n", answer.event, answer.answer.verdict,
                answer.answer.form, answer.later ? " later" : "", answer.result);
  }
  std::printf("   errors=%u recipients=%u tls=%u extended=%u state=%u fingerprint=%016llx%s%s%s",
              step.info.errors, step.info.recipients, step.info.tls, step.info.extended,
              step.info.state, static_cast<unsigned long long>(step.info.fingerprint),
              step.ticket ? " TICKET" : "", step.start_tls ? " START_TLS" : "",
              step.closing ? " CLOSING" : "");
  std::printf(" now=%llu deadline=%llu memory=%llu result=%d\n",
              static_cast<unsigned long long>(step.now),
              static_cast<unsigned long long>(step.deadline),
              static_cast<unsigned long long>(step.info.memory), step.result);
}

int Main(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const Dialogue dialogue = ReadDialogue(input);
  const Trace trace = RunDialogue(dialogue, Cuts::kWhole, false);
  std::printf("setup");
  for (size_t i = 0; i < kSetupOctets && i < input.size(); ++i) {
    std::printf(" %02x", static_cast<unsigned>(static_cast<uint8_t>(input[i])));
  }
  std::printf("\n");
  size_t at = 0;
  if (!trace.steps.empty()) Show(trace.steps[at++]);
  for (const DialogueStep& step : dialogue.steps) {
    Show(step);
    if (step.kind == StepKind::kPlan || step.kind == StepKind::kTwice) continue;
    if (at < trace.steps.size()) Show(trace.steps[at++]);
  }
  if (!trace.fault.empty()) std::printf("fault: %s\n", trace.fault.c_str());
  const Finding finding = CheckContract(dialogue, trace);
  std::printf("contract: %s\n", finding.empty() ? "holds" : finding.c_str());
  return 0;
}

}  // namespace
}  // namespace postern::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: explain FILE\n");
    return 2;
  }
  return postern::fuzz::Main(argv[1]);
}
