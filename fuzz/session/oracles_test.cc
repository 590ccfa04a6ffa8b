// SPDX-License-Identifier: Apache-2.0
//
// Each oracle of the session target is quiet about a real session and speaks up where its rule is
// broken. A record of a real session is taken, and one thing in it is made wrong.

#include "fuzz/session/oracles.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fuzz/model/contract.h"
#include "fuzz/session/run.h"
#include "plugin_api/postern.h"

namespace postern::fuzz {
namespace {

using std::string_literals::operator""s;

const char kSession[] =
    "EHLO client.example\r\nXYZZY\r\nMAIL FROM:<a@client.example> SIZE=10\r\n"
    "RCPT TO:<b@mx.example>\r\nDATA\r\n..one\r\ntwo\r\n.\r\nNOOP\r\nNO\nOP\r\nQUIT\r\n";

Dialogue Of(const std::string& body, const std::string& setup = std::string()) {
  std::string octets = setup;
  octets.resize(kSetupOctets, '\0');
  return ReadDialogue(octets + body);
}

class OraclesTest : public testing::Test {
 protected:
  const Dialogue dialogue_ = Of(kSession);
  Trace whole_ = RunDialogue(dialogue_, Cuts::kWhole, false);
  Trace lines_ = RunDialogue(dialogue_, Cuts::kLines, false);

  // The step that the octets made.
  SeenStep& step() { return whole_.steps.back(); }

  SeenEvent& Event(uint32_t type) {
    for (SeenEvent& event : step().events) {
      if (event.type == type) return event;
    }
    ADD_FAILURE() << "no event " << type;
    return step().events.front();
  }
  SeenLine& Line(std::string_view begin) {
    for (SeenLine& line : lines_.lines) {
      if (line.line.compare(0, begin.size(), begin) == 0) return line;
    }
    ADD_FAILURE() << "no line " << begin;
    return lines_.lines.front();
  }
  void Replace(std::string_view from, std::string_view to) {
    std::string& output = step().output;
    const size_t at = output.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    output.replace(at, from.size(), to);
  }
};

TEST_F(OraclesTest, AreQuietAboutASoundSession) {
  EXPECT_EQ(CallsHold(whole_), "");
  EXPECT_EQ(SameWhateverCuts(whole_, lines_), "");
  EXPECT_EQ(RefusalsChangeNothing(lines_), "");
  EXPECT_EQ(OneReplyPerLine(lines_), "");
  EXPECT_EQ(RepliesParse(dialogue_.setup, whole_), "");
  EXPECT_EQ(ContentIsWhatWasSent(dialogue_.setup, lines_), "");
  EXPECT_EQ(BoundsHold(whole_), "");
  EXPECT_EQ(NothingAfterClosed(whole_), "");
  EXPECT_EQ(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, CallsThatFailAreSeen) {
  whole_.fault = "feed failed";
  EXPECT_NE(CallsHold(whole_), "");
}

TEST_F(OraclesTest, CutsThatMatterAreSeen) {
  {
    Trace other = whole_;
    other.steps.back().output += "250 2.0.0 OK\r\n";
    EXPECT_NE(SameWhateverCuts(whole_, other), "");
  }
  {
    Trace other = whole_;
    other.steps.back().events[0].text += 'x';
    EXPECT_NE(SameWhateverCuts(whole_, other), "");
  }
  {
    Trace other = whole_;
    other.steps.back().events.pop_back();
    EXPECT_NE(SameWhateverCuts(whole_, other), "");
    EXPECT_NE(SameWhateverCuts(other, whole_), "");
  }
  {
    Trace other = whole_;
    ++other.steps.back().info.fingerprint;
    EXPECT_NE(SameWhateverCuts(whole_, other), "");
  }
  {
    Trace other = whole_;
    ++other.steps.back().info.errors;
    EXPECT_NE(SameWhateverCuts(whole_, other), "");
  }
  {
    Trace other = whole_;
    ++other.steps.back().deadline;
    EXPECT_NE(SameWhateverCuts(whole_, other), "");
  }
  {
    Trace other = whole_;
    other.steps[0].answers[0].result = POSTERN_E_REPLY;
    EXPECT_NE(SameWhateverCuts(whole_, other), "");
  }
}

TEST_F(OraclesTest, ARefusalThatChangesTheStateIsSeen) {
  SeenLine& line = Line("XYZZY");
  ASSERT_EQ(line.output.substr(0, 3), "500");
  ++line.fingerprint_after;
  EXPECT_NE(RefusalsChangeNothing(lines_), "");
}

TEST_F(OraclesTest, ARefusalThatDoesNotCountIsSeen) {
  --Line("XYZZY").errors_after;
  EXPECT_NE(RefusalsChangeNothing(lines_), "");
}

TEST_F(OraclesTest, TwoRepliesToALineAreSeen) {
  SeenLine& line = Line("NOOP");
  line.output += line.output;
  EXPECT_NE(OneReplyPerLine(lines_), "");
}

TEST_F(OraclesTest, ALineWithoutAReplyIsSeen) {
  Line("NO\nOP").output.clear();
  EXPECT_NE(OneReplyPerLine(lines_), "");
}

TEST_F(OraclesTest, OctetsBehindStartTlsAreNoLines) {
  SeenLine& line = Line("NOOP");
  line.output.clear();
  line.handshake = true;
  line.events.clear();
  EXPECT_EQ(OneReplyPerLine(lines_), "");
  line.handshake = false;
  EXPECT_NE(OneReplyPerLine(lines_), "");
}

TEST_F(OraclesTest, BadRepliesAreSeen) {
  const std::string good = step().output;
  const auto fault = [&](std::string_view from, std::string_view to) {
    step().output = good;
    Replace(from, to);
    return RepliesParse(dialogue_.setup, whole_);
  };
  EXPECT_EQ(fault("OK\r\n", "OK\r\n"), "");
  EXPECT_NE(fault("OK\r\n", "OK\n"), "");
  EXPECT_NE(fault("2.0.0 OK", "2.0.0 O\x07K"), "");
  EXPECT_NE(fault("2.0.0 OK", "2.0.0 O\xC3\xA9K"), "");
  EXPECT_NE(fault("2.0.0 OK", "2.0.0 O\0K"s), "");
  EXPECT_NE(fault("250 2.0.0 OK", "250 OK"), "");
  EXPECT_NE(fault("250 2.0.0 OK", "250 5.0.0 OK"), "");
  EXPECT_NE(fault("250 2.0.0 OK", "250_2.0.0 OK"), "");
  EXPECT_NE(fault("250 2.0.0 OK", "650 2.0.0 OK"), "");
  EXPECT_NE(fault("250 2.0.0 OK", "25 2.0.0 OK"), "");
  EXPECT_NE(fault("250 2.0.0 OK", "250 2.0.0 " + std::string(510, 'x')), "");
  EXPECT_NE(fault("250-8BITMIME", "251-8BITMIME"), "");
  EXPECT_NE(fault("250 HELP\r\n", "250-HELP\r\n"), "");
  step().output = good.substr(0, good.size() - 1);
  EXPECT_NE(RepliesParse(dialogue_.setup, whole_), "");
}

TEST_F(OraclesTest, TwoEnhancedCodesInOneReplyAreSeen) {
  Replace("250 2.0.0 OK", "250-2.0.0 OK\r\n250 2.0.1 OK");
  EXPECT_NE(RepliesParse(dialogue_.setup, whole_), "");
}

TEST_F(OraclesTest, ContentThatIsNotWhatWasSentIsSeen) {
  const auto doctor = [&](auto change) {
    Trace lines = lines_;
    for (SeenLine& line : lines.lines) {
      for (SeenEvent& event : line.events) change(&event);
    }
    return ContentIsWhatWasSent(dialogue_.setup, lines);
  };
  EXPECT_EQ(doctor([](SeenEvent*) {}), "");
  EXPECT_NE(doctor([](SeenEvent* event) {
              if (event->type == POSTERN_EVENT_CONTENT && event->text[0] == '.') {
                event->text.insert(0, ".");
              }
            }),
            "");
  EXPECT_NE(doctor([](SeenEvent* event) {
              if (event->type == POSTERN_EVENT_CONTENT) event->text[event->text.size() - 2] = 'x';
            }),
            "");
  EXPECT_NE(doctor([](SeenEvent* event) {
              if (event->type == POSTERN_EVENT_CONTENT_END) ++event->number;
            }),
            "");
  // An end at the wrong line, and none at the right one.
  EXPECT_NE(doctor([](SeenEvent* event) {
              if (event->type == POSTERN_EVENT_CONTENT) event->type = POSTERN_EVENT_CONTENT_END;
            }),
            "");
  EXPECT_NE(doctor([](SeenEvent* event) {
              if (event->type == POSTERN_EVENT_CONTENT_END) event->type = POSTERN_EVENT_QUIT;
            }),
            "");
}

TEST_F(OraclesTest, ContentWithABareNewlineThatIsAcceptedIsSeen) {
  const Dialogue dialogue =
      Of("EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\na\nb\r\n.\r\n");
  Trace lines = RunDialogue(dialogue, Cuts::kLines, false);
  EXPECT_EQ(ContentIsWhatWasSent(dialogue.setup, lines), "");
  SeenEvent end;
  end.type = POSTERN_EVENT_CONTENT_END;
  end.number = 1;
  lines.lines.back().events.push_back(end);
  EXPECT_NE(ContentIsWhatWasSent(dialogue.setup, lines), "");
}

TEST_F(OraclesTest, BoundsThatAreLeftAreSeen) {
  const auto doctor = [&](auto change) {
    Trace trace = whole_;
    change(&trace);
    return BoundsHold(trace);
  };
  EXPECT_EQ(doctor([](Trace*) {}), "");
  EXPECT_NE(doctor([](Trace* t) { t->memory_peak = t->memory_at_open + 16385; }), "");
  EXPECT_NE(doctor([](Trace* t) { t->memory_left = 1; }), "");
  EXPECT_NE(doctor([](Trace* t) { t->octets_out = 10000000; }), "");
  EXPECT_NE(doctor([](Trace* t) { t->events = 10000; }), "");
  EXPECT_NE(doctor([](Trace* t) { t->allocations = 10000; }), "");
}

TEST_F(OraclesTest, WorkThatIsNotLinearIsSeen) {
  EXPECT_EQ(WorkIsLinear(whole_), "");
  whole_.octets_fed = 65536;
  whole_.work = uint64_t{65536} * 65536 / 2;
  EXPECT_NE(WorkIsLinear(whole_), "");
}

TEST_F(OraclesTest, WhatHappensBehindClosedIsSeen) {
  {
    Trace trace = whole_;
    SeenEvent event;
    event.type = POSTERN_EVENT_ERROR;
    trace.steps.back().events.push_back(event);
    EXPECT_NE(NothingAfterClosed(trace), "");
  }
  {
    Trace trace = whole_;
    trace.steps.push_back(trace.steps.back());
    trace.steps.back().events.clear();
    EXPECT_NE(NothingAfterClosed(trace), "") << "output";
    trace.steps.back().output.clear();
    EXPECT_EQ(NothingAfterClosed(trace), "");
    trace.steps.back().closing = false;
    EXPECT_NE(NothingAfterClosed(trace), "");
  }
}

// The contract model, by what it is to say about records that are wrong.

TEST_F(OraclesTest, TheModelSeesAnotherCode) {
  Replace("500 5.5.1", "502 5.5.1");
  EXPECT_NE(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, TheModelSeesAnotherEnhancedCode) {
  Replace("500 5.5.1", "500 5.5.2");
  EXPECT_NE(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, TheModelSeesAReplyTooMany) {
  step().output += "250 2.0.0 OK\r\n";
  EXPECT_NE(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, TheModelSeesAReplyTooFew) {
  Replace("250 2.0.0 OK\r\n", "");
  EXPECT_NE(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, TheModelSeesAKeywordThatIsNotListed) {
  Replace("250-8BITMIME\r\n", "");
  EXPECT_NE(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, TheModelSeesFieldsOfEvents) {
  const std::vector<SeenEvent> good = step().events;
  const auto doctor = [&](uint32_t type, auto change) {
    step().events = good;
    change(&Event(type));
    return CheckContract(dialogue_, whole_);
  };
  EXPECT_EQ(doctor(POSTERN_EVENT_MAIL, [](SeenEvent*) {}), "");
  EXPECT_NE(doctor(POSTERN_EVENT_MAIL, [](SeenEvent* e) { e->mailbox += 'x'; }), "");
  EXPECT_NE(doctor(POSTERN_EVENT_MAIL, [](SeenEvent* e) { e->number = 11; }), "");
  EXPECT_NE(doctor(POSTERN_EVENT_MAIL, [](SeenEvent* e) { e->flags ^= 4; }), "");
  EXPECT_NE(doctor(POSTERN_EVENT_RCPT, [](SeenEvent* e) { e->count = 1; }), "");
  EXPECT_NE(doctor(POSTERN_EVENT_CONTENT, [](SeenEvent* e) { e->text.insert(0, "."); }), "");
  EXPECT_NE(doctor(POSTERN_EVENT_CONTENT_END, [](SeenEvent* e) { ++e->number; }), "");
  EXPECT_NE(doctor(POSTERN_EVENT_ERROR, [](SeenEvent* e) { e->rule = POSTERN_RULE_C501; }), "");
  EXPECT_NE(doctor(POSTERN_EVENT_ERROR, [](SeenEvent* e) { e->line = "XYZZ"; }), "");
  EXPECT_NE(doctor(POSTERN_EVENT_CLOSED, [](SeenEvent* e) { e->reason = 2; }), "");
}

TEST_F(OraclesTest, TheModelSeesEventsThatAreMissing) {
  step().events.pop_back();
  EXPECT_NE(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, TheModelSeesTheErrorCount) {
  ++step().info.errors;
  EXPECT_NE(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, TheModelSeesDeadlines) {
  ++whole_.steps[0].deadline;
  EXPECT_NE(CheckContract(dialogue_, whole_), "");
}

TEST_F(OraclesTest, TheModelSeesAnAnswerThatShouldHaveBeenRefused) {
  // "accept 550" for MAIL is no answer; the session says so.
  const std::string plan =
      "\xFF"
      "A\x05\x01\x02\x02\x26\0\0\0\x02no"s;
  const Dialogue dialogue = Of(plan + "EHLO c.example\r\nMAIL FROM:<>\r\n");
  Trace trace = RunDialogue(dialogue, Cuts::kWhole, false);
  EXPECT_EQ(CheckContract(dialogue, trace), "");
  std::vector<SeenAnswer>& answers = trace.steps.back().answers;
  ASSERT_EQ(answers.size(), 3u);
  ASSERT_EQ(answers[1].result, POSTERN_E_REPLY);
  answers[1].result = 0;
  answers.pop_back();
  EXPECT_NE(CheckContract(dialogue, trace), "");
}

TEST_F(OraclesTest, TheModelSeesATicketThatIsGoodTwice) {
  const Dialogue dialogue = Of("EHLO c.example\r\n\xFFV\x01\0"s);
  Trace trace = RunDialogue(dialogue, Cuts::kWhole, false);
  EXPECT_EQ(CheckContract(dialogue, trace), "");
  trace.steps.back().answers[0].result = 0;
  EXPECT_NE(CheckContract(dialogue, trace), "");
}

}  // namespace
}  // namespace postern::fuzz
