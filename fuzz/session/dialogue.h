// SPDX-License-Identifier: Apache-2.0
//
// A dialogue: the input of the session target taken apart. Ten leading octets choose configuration,
// table and cuts; what follows is what the client sends, with marks in it for what the host does.
//
// What it is: a total and reversible format. Every octet string is a dialogue, zeros are the usual
// case (defaults, whole input, accept), and the octets of a client are found in the input as they
// are sent, so that libFuzzer, the dictionary and a person can work on them. What it is not: a
// judge, or a driver of a session (run.h).
//
// Marks begin with 0xFF, which no grammar of SMTP has:
//   FF FF           the octet 0xFF itself (so does FF before any octet that is no mark: both stay)
//   FF T n          time passes: kTicks[n % count]
//   FF N n          notice n % 5 + 1 (POSTERN_NOTICE_*)
//   FF A e v r...   the next decision of event type e (0: any) is answered with verdict v
//   FF V v r...     the decision that was left open is answered now (or one that is none any more)
//   FF W v r...     the same with a ticket that was never given out
//   FF 2            the next answer that is taken is given a second time
//   FF S n          the engine gets table n; sessions that run keep theirs
//   FF X c hi lo    the octet c, as often as the number says
//   FF R n          the last line again, n times
// v: 0 default, 1 accept, 2 reject, 3 defer, 4 disconnect, 5 later (A only), 7 challenge (the text
// of r is its octets), else no verdict.
// r: 0 nothing; 1 id; 2 code(2) class subject detail length text; 3 code(2) class subject detail
// count(2): a text of so many x. F8 to FF: n, then (v id) so often, the answers for the recipients
// (LMTP); where n has its first bit set, so many, else as many as there are, in turn. What is left
// of a value divided by four stands for the others.
//
// Of an answer to BURL with nothing in r, the quotient says how many octets were fetched
// (kFetched).
//
// Threads and lifetime: plain values.

#ifndef POSTERN_FUZZ_SESSION_DIALOGUE_H_
#define POSTERN_FUZZ_SESSION_DIALOGUE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::fuzz {

constexpr size_t kSetupOctets = 10;
constexpr char kMark = '\xFF';

// Repetition makes no more octets than this of one input: the work of an execution stays bounded,
// and every limit of a small configuration is still passed. Lines cost more than octets, and what
// is counted in them (recipients, commands, errors) is passed with less.
constexpr size_t kMaxExpandedOctets = 80 * 1024;  // X
constexpr size_t kMaxRepeatedLines = 8 * 1024;    // R, in octets

enum SetupExtension : uint8_t {
  kWithoutSize = 1,
  kWithout8BitMime = 2,
  kWithoutPipelining = 4,
  kWithoutEnhancedCodes = 8,
  kWithoutSmtpUtf8 = 16,
  kWithoutStartTls = 32,
  kWithoutHelp = 64,
  kWithExpn = 128,
};

// The tenth octet.
enum SetupDelivery : uint8_t {
  kWithoutDsn = 1,
  kWithRequireTls = 2,
  kWithDeliverBy = 4,
  kWithMtPriority = 8,
  kWithRrvs = 16,
  kWithLimits = 32,
  kFewTransactions = 64,  // limits.transactions = 2, limits.recipient_domains = 10
  kLeastTime = 128,       // deliverby_min_s = 60, and a profile of priorities
};

enum SetupLeniency : uint8_t {
  kSpaceAfterColon = 1,
  kMissingAngleBrackets = 2,
  kTrailingDotInDomain = 4,
  kUnderscoreInHelo = 8,
  kAnyHeloArgument = 16,
  kExtraSpaces = 32,
};

enum class TableChoice : uint8_t { kDefault, kFooters, kUtf8, kOtherCodes };
constexpr unsigned kTableChoices = 4;

// What the session is, for the engine's configuration and for the model alike.
struct Setup {
  bool tls = false;
  bool can_starttls = false;
  bool proxy_header = false;
  bool offer_unknown = false;
  bool require_tls = false;
  bool lmtp = false;
  bool xclient = false, xforward = false;
  bool trusted = false;
  bool etrn = false;
  bool atrn = false, burl = false;  // with auth; burl with 8BITMIME as well
  bool burl_imap = false;
  bool submission = false;        // RFC 6409
  bool future_release = false;    // RFC 4865, and the time is told
  bool offer_parameters = false;  // unknown ones, to the host
  bool auth = false;              // PLAIN and LOGIN
  bool auth_in_clear = false;     // without TLS, too
  uint8_t wanted_choice = 0;      // kWantedEvents
  uint64_t wanted_events = 0;
  uint8_t extensions = 0;  // SetupExtension; SMTPUTF8 without 8BITMIME is off as well
  uint8_t leniency = 0;    // SetupLeniency
  uint8_t delivery = 0;    // SetupDelivery
  bool normalize = false;
  bool literal_server_name = false;
  uint32_t errors = 20;
  uint32_t commands = 100;
  uint32_t recipients = 1000;
  uint64_t line_total = 4194304;
  uint64_t message_octets = 52428800;
  uint64_t command_timeout = 300000;
  uint64_t content_timeout = 180000;
  uint64_t decision_timeout = 300000;
  uint64_t content_decision_timeout = 600000;
  uint64_t session_timeout = 0;
  TableChoice table = TableChoice::kDefault;
  uint8_t cuts = 0;
  bool late_output = false;      // output is taken only when the session asks for it
  bool default_answers = false;  // without a plan, decisions get their default

  bool has(SetupExtension bit) const { return (extensions & bit) != 0; }
  bool has(SetupLeniency bit) const { return (leniency & bit) != 0; }
  bool has(SetupDelivery bit) const { return (delivery & bit) != 0; }
  std::string_view server_name() const {
    return literal_server_name ? "[192.0.2.25]" : "mx.example";
  }
};

// When sessions begin, where the engine is told: on 25 November 2026.
constexpr uint64_t kUnixMs = 1795600000500u;

constexpr uint8_t kLater = 5;
constexpr uint8_t kNoVerdict = 6;
constexpr uint8_t kChallenge = 7;

// One answer as postern_answer has it.
struct ScriptAnswer {
  uint8_t event = 0;  // for a plan: the event type it waits for, 0: any
  uint8_t verdict = 0;
  uint8_t form = 0;  // r above
  uint8_t reply_id = 0;
  uint16_t code = 0;
  uint8_t enhanced[3] = {0, 0, 0};
  uint8_t fetched = 0;  // form 0, of BURL: index of kFetched
  std::string text;     // form 2
  uint16_t count = 0;   // form 3
  // Form 4. `exact`: neither more nor fewer than these.
  struct Recipient {
    uint8_t verdict = 0;
    uint8_t reply_id = 0;
  };
  std::vector<Recipient> recipients;
  bool exact = false;
};
constexpr uint8_t kFirstRecipientsForm = 0xF8;
constexpr uint8_t kExactRecipients = 0x80;

enum class StepKind : uint8_t {
  kOctets,
  kTick,
  kNotice,
  kPlan,
  kVerdict,
  kWrongTicket,
  kTwice,
  kSwap,
};

struct DialogueStep {
  StepKind kind = StepKind::kOctets;
  std::string octets;
  uint64_t milliseconds = 0;
  uint8_t choice = 0;  // notice, table, index of the tick
  ScriptAnswer answer;
};

struct Dialogue {
  Setup setup;
  std::vector<DialogueStep> steps;
};

constexpr uint64_t kTicks[] = {
    1,     999,    1000,   2000,   3000,   4000,   10000,  179999,
    50000, 180000, 299999, 300000, 500000, 599999, 600000, 9000000000000000000u};
// What a host says it has fetched; the sizes about limits.message_octets.
constexpr uint64_t kFetched[] = {0, 1, 100, 65535, 65536, 52428800, uint64_t{1} << 40, UINT64_MAX};

constexpr uint64_t kWantedEvents[] = {
    0,
    (1u << 5) | (1u << 17) | (1u << 19),    // MAIL, CLOSED, AUTH
    (1u << 6) | (1u << 9) | (1u << 17),     // RCPT, CONTENT_END, CLOSED
    0xBFFFEu & ~((1u << 15) | (1u << 10)),  // all but ERROR and RESET and the youngest
};

Setup ReadSetup(std::string_view input);
Dialogue ReadDialogue(std::string_view input);

// The way back, for seeds: octets with their 0xFF doubled, and v and r of an answer.
std::string PrintOctets(std::string_view octets);
std::string PrintAnswer(const ScriptAnswer& answer);

}  // namespace postern::fuzz

#endif  // POSTERN_FUZZ_SESSION_DIALOGUE_H_
