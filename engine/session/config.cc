// SPDX-License-Identifier: Apache-2.0

#include "engine/session/config.h"

#include <google/protobuf/stubs/logging.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/proto/engine_config.pb.h"
#include "engine/syntax/auth.h"
#include "engine/syntax/burl_argument.h"
#include "engine/syntax/domain.h"
#include "engine/syntax/ehlo_limits.h"

namespace postern::session {
namespace {

using commands::Extension;

// Bounds that keep every sum in the session inside 64 bits and every reply inside its line.
constexpr uint64_t kMostOctets = uint64_t{1} << 62;
constexpr uint64_t kMostMilliseconds = uint64_t{366} * 24 * 3600 * 1000;
constexpr size_t kMostConfigOctets = 64 * 1024;
constexpr uint32_t kMostLmtpRecipients = 10'000;

// protobuf logs a string that is not UTF-8 to stderr, which a library loaded by a host must not.
bool Parse(std::string_view serialized, v1::EngineConfig* proto) {
  google::protobuf::LogSilencer quiet;
  return proto->ParseFromArray(serialized.data(), static_cast<int>(serialized.size()));
}

class Loader {
 public:
  absl::StatusOr<Config> Load(const v1::EngineConfig& proto) {
    LoadServerName(proto.server_name());
    LoadExtensions(proto.extensions());
    LoadLeniency(proto.leniency());
    LoadLimits(proto.limits());
    LoadDelivery(proto);
    LoadOwn(proto);
    LoadProtocol(proto.protocol());
    switch (proto.bare_newline()) {
      case v1::BARE_NEWLINE_DEFAULT:
      case v1::BARE_NEWLINE_REJECT:
        config_.bare_newline = wire::BareNewline::kReject;
        break;
      case v1::BARE_NEWLINE_NORMALIZE:
        config_.bare_newline = wire::BareNewline::kNormalize;
        break;
      default:
        Problem("bare_newline", absl::StrCat(static_cast<int>(proto.bare_newline()),
                                             " is no policy; use reject (1) or normalize (2)"));
    }
    config_.require_tls = proto.require_tls();
    config_.offer_unknown_commands = proto.offer_unknown_commands();
    if (config_.require_tls && !config_.Enabled(Extension::kStarttls)) {
      Problem("require_tls",
              "needs extensions.starttls, else no client could ever send mail; turn it on");
    }
    LoadAuth(proto);
    LoadQueues(proto.burl_imap());
    if (!problems_.empty()) return absl::InvalidArgumentError(problems_);
    return std::move(config_);
  }

 private:
  void Problem(absl::string_view field, absl::string_view text) {
    absl::StrAppend(&problems_, problems_.empty() ? "" : "\n", "engine config: ", field, ": ",
                    text);
  }

  void LoadServerName(const std::string& name) {
    if (name.empty()) return;
    if (!syntax::ParseDomainOrLiteral(name).ok()) {
      Problem("server_name",
              "is neither a domain nor an address literal such as [192.0.2.1] (RFC 5321 section "
              "4.1.2); give the host's fully qualified name");
      return;
    }
    config_.server_name = name;
  }

  void Turn(v1::Switch value, Extension extension, bool by_default, absl::string_view field) {
    if (value != v1::SWITCH_DEFAULT && value != v1::SWITCH_ON && value != v1::SWITCH_OFF) {
      Problem(absl::StrCat("extensions.", field),
              absl::StrCat(static_cast<int>(value), " is no switch; use on (1) or off (2)"));
      return;
    }
    if (value == v1::SWITCH_ON || (value == v1::SWITCH_DEFAULT && by_default)) {
      config_.enabled |= commands::Bit(extension);
    }
  }

  void LoadExtensions(const v1::Extensions& proto) {
    Turn(proto.size(), Extension::kSize, true, "size");
    Turn(proto.eightbitmime(), Extension::kEightBitMime, true, "eightbitmime");
    Turn(proto.pipelining(), Extension::kPipelining, true, "pipelining");
    Turn(proto.enhancedstatuscodes(), Extension::kEnhancedStatusCodes, true, "enhancedstatuscodes");
    Turn(proto.smtputf8(), Extension::kSmtpUtf8, config_.Enabled(Extension::kEightBitMime),
         "smtputf8");
    Turn(proto.starttls(), Extension::kStarttls, true, "starttls");
    Turn(proto.help(), Extension::kHelp, true, "help");
    Turn(proto.expn(), Extension::kExpn, false, "expn");
    Turn(proto.chunking(), Extension::kChunking, true, "chunking");
    const bool may_be_binary =
        config_.Enabled(Extension::kChunking) && config_.Enabled(Extension::kEightBitMime);
    Turn(proto.binarymime(), Extension::kBinaryMime, may_be_binary, "binarymime");
    if (config_.Enabled(Extension::kBinaryMime) && !may_be_binary) {
      Problem("extensions.binarymime",
              "needs extensions.chunking and extensions.eightbitmime (RFC 3030 section 3); turn "
              "them on, or it off");
    }
    Turn(proto.dsn(), Extension::kDsn, true, "dsn");
    Turn(proto.auth(), Extension::kAuth, false, "auth");
    Turn(proto.requiretls(), Extension::kRequireTls, false, "requiretls");
    Turn(proto.deliverby(), Extension::kDeliverBy, false, "deliverby");
    Turn(proto.mt_priority(), Extension::kMtPriority, false, "mt_priority");
    Turn(proto.futurerelease(), Extension::kFutureRelease, false, "futurerelease");
    Turn(proto.rrvs(), Extension::kRrvs, false, "rrvs");
    Turn(proto.limits(), Extension::kLimits, false, "limits");
    Turn(proto.etrn(), Extension::kEtrn, false, "etrn");
    Turn(proto.atrn(), Extension::kAtrn, false, "atrn");
    Turn(proto.burl(), Extension::kBurl, false, "burl");
    Turn(proto.xclient(), Extension::kXclient, false, "xclient");
    Turn(proto.xforward(), Extension::kXforward, false, "xforward");
    if (config_.Enabled(Extension::kSmtpUtf8) && !config_.Enabled(Extension::kEightBitMime)) {
      Problem("extensions.smtputf8",
              "needs extensions.eightbitmime (RFC 6531 section 3.1); turn both on or off");
    }
  }

  void LoadAuth(const v1::EngineConfig& proto) {
    config_.require_auth = proto.require_auth();
    config_.auth_without_tls = proto.auth_without_tls();
    if (config_.require_auth && !config_.Enabled(Extension::kAuth)) {
      Problem("require_auth", "needs extensions.auth, else no client could ever send mail");
    }
    config_.submission = proto.submission();
    if (config_.submission && !config_.Enabled(Extension::kAuth)) {
      Problem("submission", "needs extensions.auth, else no client could ever send mail");
    }
    if (config_.submission && proto.protocol() == v1::PROTOCOL_LMTP) {
      Problem("submission", "is of SMTP (RFC 6409); take it out, or protocol");
    }
    if (config_.require_auth || config_.submission) {
      config_.enabled |= commands::Bit(Extension::kAuthFirst);
    }
    if (proto.auth_mechanisms_size() == 0) return;
    std::string list;
    bool one_each = true;
    for (const std::string& name : proto.auth_mechanisms()) {
      one_each = one_each && !name.empty() && name.find(' ') == std::string::npos;
      absl::StrAppend(&list, list.empty() ? "" : " ", name);
    }
    if (one_each) config_.auth_line = MakeAuthLine(list);
    if (config_.auth_line.empty()) {
      Problem("auth_mechanisms",
              "are names of SASL mechanisms (RFC 4422 section 3.1), each once: 1 to 20 of A to Z, "
              "digits, - and _, such as SCRAM-SHA-256; at most 400 octets in all");
    }
  }

  // ETRN, ATRN, BURL.
  void LoadQueues(const std::string& burl_imap) {
    const bool auth = config_.Enabled(Extension::kAuth);
    if (config_.Enabled(Extension::kAtrn) && !auth) {
      Problem("extensions.atrn", "needs extensions.auth (RFC 2645 section 5.1.1); turn it on");
    }
    if (config_.Enabled(Extension::kBurl) && !(auth && config_.Enabled(Extension::kEightBitMime))) {
      Problem("extensions.burl",
              "needs extensions.auth and extensions.eightbitmime (RFC 4468 sections 4 and 8); turn "
              "them on");
    }
    constexpr uint32_t kOfSmtp = commands::Bit(Extension::kEtrn) | commands::Bit(Extension::kAtrn) |
                                 commands::Bit(Extension::kBurl);
    if (config_.Enabled(Extension::kLmtp) && (config_.enabled & kOfSmtp) != 0) {
      Problem("protocol",
              "lmtp has no queue and no submission: extensions.etrn, atrn and burl are not for it");
    }
    bool good = burl_imap.size() <= kMaxBurlImapOctets;
    for (absl::string_view word : absl::StrSplit(burl_imap, ' ')) {
      if (burl_imap.empty() || word == "imap") continue;
      // RFC 4468 §3.5: "imap://" authority.
      good = good && absl::ConsumePrefix(&word, "imap://") && !word.empty() &&
             word.find('/') == absl::string_view::npos &&
             syntax::IsAbsoluteUri(absl::StrCat("imap://", word));
      good = good && word.find('?') == absl::string_view::npos;
    }
    if (!good) {
      Problem("burl_imap",
              absl::StrCat("is imap, or imap:// and a server, or several of these with single "
                           "spaces between (RFC 4468 section 3.3); at most ",
                           kMaxBurlImapOctets, " octets"));
      return;
    }
    config_.burl_imap = burl_imap;
  }

  // RFC 2033.
  void LoadProtocol(v1::Protocol protocol) {
    if (protocol == v1::PROTOCOL_DEFAULT || protocol == v1::PROTOCOL_SMTP) return;
    if (protocol != v1::PROTOCOL_LMTP) {
      Problem("protocol", absl::StrCat(static_cast<int>(protocol),
                                       " is no protocol; use smtp (1) or lmtp (2)"));
      return;
    }
    config_.enabled |= commands::Bit(Extension::kLmtp);
    // §5.
    if (!config_.Enabled(Extension::kPipelining) ||
        !config_.Enabled(Extension::kEnhancedStatusCodes)) {
      Problem("protocol",
              "lmtp needs extensions.pipelining and extensions.enhancedstatuscodes (RFC 2033 "
              "section 5); turn them on");
    }
    // Behind the content there is a reply for each, and all of them are held at once (B1).
    if (config_.limits.recipients > kMostLmtpRecipients) {
      Problem("limits.recipients",
              absl::StrCat(config_.limits.recipients, " is out of range with lmtp; use at most ",
                           kMostLmtpRecipients));
    }
  }

  void LoadLeniency(const v1::Leniency& proto) {
    config_.leniency.space_after_colon = proto.space_after_colon();
    config_.leniency.missing_angle_brackets = proto.missing_angle_brackets();
    config_.leniency.trailing_dot_in_domain = proto.trailing_dot_in_domain();
    config_.leniency.underscore_in_helo = proto.underscore_in_helo();
    config_.leniency.any_helo_argument = proto.any_helo_argument();
    config_.leniency.extra_spaces = proto.extra_spaces();
  }

  template <typename T>
  void Limit(uint64_t value, uint64_t least, uint64_t most, absl::string_view field, T* limit) {
    if (value == 0) return;
    if (value < least || value > most) {
      Problem(absl::StrCat("limits.", field), absl::StrCat(value, " is out of range; use ", least,
                                                           " to ", most, ", or 0 for the default"));
      return;
    }
    *limit = static_cast<T>(value);
  }

  void LoadLimits(const v1::Limits& proto) {
    Limits& limits = config_.limits;
    // RFC 5321 §4.5.3.1.7: message content of at least 64 KiB must be taken.
    Limit(proto.message_octets(), 65536, kMostOctets, "message_octets", &limits.message_octets);
    // §4.5.3.1.8.
    Limit(proto.recipients(), 100, 1'000'000'000, "recipients", &limits.recipients);
    Limit(proto.errors(), 1, 1'000'000'000, "errors", &limits.errors);
    Limit(proto.commands_without_progress(), 10, 1'000'000'000, "commands_without_progress",
          &limits.commands_without_progress);
    // Below one AUTH line (RFC 4954 §4) good clients would be cut off.
    Limit(proto.line_total_octets(), 16384, kMostOctets, "line_total_octets",
          &limits.line_total_octets);
    Limit(proto.command_timeout_ms(), 1, kMostMilliseconds, "command_timeout_ms",
          &limits.command_timeout_ms);
    Limit(proto.content_timeout_ms(), 1, kMostMilliseconds, "content_timeout_ms",
          &limits.content_timeout_ms);
    Limit(proto.decision_timeout_ms(), 1, kMostMilliseconds, "decision_timeout_ms",
          &limits.decision_timeout_ms);
    Limit(proto.content_decision_timeout_ms(), 1, kMostMilliseconds, "content_decision_timeout_ms",
          &limits.content_decision_timeout_ms);
    Limit(proto.session_timeout_ms(), 1, kMostMilliseconds, "session_timeout_ms",
          &limits.session_timeout_ms);
    // What LIMITS can tell has six digits (RFC 9422).
    Limit(proto.transactions(), 1, syntax::kMaxEhloLimit, "transactions", &limits.transactions);
    Limit(proto.recipient_domains(), 1, syntax::kMaxEhloLimit, "recipient_domains",
          &limits.recipient_domains);
    // RFC 4954 §9: not before at least 3 attempts have failed.
    Limit(proto.auth_failures(), 3, 1'000'000'000, "auth_failures", &limits.auth_failures);
    Limit(proto.auth_rounds(), 1, 1000, "auth_rounds", &limits.auth_rounds);
  }

  void LoadDelivery(const v1::EngineConfig& proto) {
    // RFC 6710 §7: priority-profile.
    const std::string& profile = proto.mt_priority_profile();
    bool good = profile.size() <= 20;
    for (const char c : profile) {
      const unsigned folded = static_cast<uint8_t>(c) | 0x20u;
      good = good && ((folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_' || c == '.');
    }
    if (!good) {
      Problem("mt_priority_profile",
              "is no profile name: 20 letters, digits, '-', '_' and '.' at the most (RFC 6710 "
              "section 7)");
    } else {
      config_.mt_priority_profile = profile;
    }
    // RFC 2852 §2: nine digits.
    if (proto.deliverby_min_s() > 999'999'999) {
      Problem("deliverby_min_s",
              absl::StrCat(proto.deliverby_min_s(), " is out of range; use 999999999 at the most"));
    } else {
      config_.deliverby_min_s = proto.deliverby_min_s();
    }
    // RFC 4865 §3: max-future-release-interval has nine digits.
    if (proto.hold_max_s() > 999'999'999) {
      Problem("hold_max_s", absl::StrCat(proto.hold_max_s(),
                                         " is out of range; use 1 to 999999999, or 0 for the "
                                         "default"));
    } else if (proto.hold_max_s() != 0) {
      config_.hold_max_s = proto.hold_max_s();
    }
  }

  // What the host adds: its parameters, and the EHLO lines that offer them.
  void LoadOwn(const v1::EngineConfig& proto) {
    config_.offer_unknown_parameters = proto.offer_unknown_parameters();
    if (config_.offer_unknown_parameters) {
      config_.enabled |= commands::Bit(Extension::kHostParameters);
    }
    constexpr absl::string_view kField = "extra_ehlo_keywords";
    if (proto.extra_ehlo_keywords_size() > static_cast<int>(kMaxExtraKeywords)) {
      Problem(kField, absl::StrCat(proto.extra_ehlo_keywords_size(), " are too many; use ",
                                   kMaxExtraKeywords, " at the most"));
      return;
    }
    for (const std::string& line : proto.extra_ehlo_keywords()) {
      const std::string keyword = line.substr(0, line.find(' '));
      if (!IsEhloLine(line)) {
        Problem(kField,
                absl::StrCat("one is no EHLO line: a keyword of letters, digits and '-', and "
                             "parameters of printable ASCII, with single spaces between, ",
                             kMaxExtraKeywordOctets,
                             " octets at the most (RFC 5321 section "
                             "4.1.1.1)"));
      } else if (commands::IsKeyword(keyword)) {
        Problem(kField, absl::StrCat(keyword, " is a keyword of Postern's own; see extensions"));
      } else if (HasKeyword(keyword)) {
        Problem(kField, absl::StrCat(keyword, " is there twice; give it once"));
      } else {
        config_.extra_ehlo_keywords.push_back(line);
      }
    }
  }

  // RFC 5321 §4.1.1.1: ehlo-line.
  static bool IsEhloLine(std::string_view line) {
    if (line.size() > kMaxExtraKeywordOctets) return false;
    size_t word = 0;
    size_t octets = 0;
    for (const char c : line) {
      if (c == ' ') {
        if (octets == 0) return false;
        ++word;
        octets = 0;
        continue;
      }
      if (c < '!' || c > '~') return false;
      const unsigned folded = static_cast<uint8_t>(c) | 0x20u;
      const bool let_dig = (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9');
      if (word == 0 && !let_dig && (c != '-' || octets == 0)) return false;
      ++octets;
    }
    return octets != 0;
  }

  bool HasKeyword(const std::string& keyword) const {
    for (const std::string& line : config_.extra_ehlo_keywords) {
      if (absl::EqualsIgnoreCase(line.substr(0, line.find(' ')), keyword)) return true;
    }
    return false;
  }

  Config config_;
  std::string problems_;
};

}  // namespace

std::string MakeAuthLine(std::string_view mechanisms) {
  constexpr size_t kMostListOctets = 400;
  if (mechanisms.empty() || mechanisms.size() > kMostListOctets) return {};
  std::string line = "AUTH";
  for (bool more = true; more;) {
    const size_t space = mechanisms.find(' ');
    const std::string_view name = mechanisms.substr(0, space);
    more = space != std::string_view::npos;
    mechanisms.remove_prefix(more ? space + 1 : name.size());
    const syntax::AuthArgument argument = syntax::ParseAuthArgument(name);
    if (!argument.ok() || FindMechanism(line, name)) return {};
    for (const char c : name) {
      if (c >= 'a' && c <= 'z') return {};
    }
    line.append(" ").append(name);
  }
  return line;
}

bool FindMechanism(std::string_view auth_line, std::string_view name) {
  for (size_t at = auth_line.find(' '); at != std::string_view::npos;) {
    const size_t next = auth_line.find(' ', at + 1);
    const size_t end = next == std::string_view::npos ? auth_line.size() : next;
    const std::string_view one = auth_line.substr(at + 1, end - at - 1);
    bool same = one.size() == name.size();
    for (size_t i = 0; same && i < name.size(); ++i) {
      const char c = name[i];
      same = one[i] == (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    }
    if (same) return true;
    at = next;
  }
  return false;
}

absl::StatusOr<Config> LoadConfig(std::string_view serialized) {
  if (serialized.size() > kMostConfigOctets) {
    return absl::InvalidArgumentError(
        absl::StrCat("engine config: ", serialized.size(), " octets; at most ", kMostConfigOctets));
  }
  v1::EngineConfig proto;
  if (!Parse(serialized, &proto)) {
    return absl::InvalidArgumentError(
        "engine config: the octets are no serialized postern.v1.EngineConfig; compile the text "
        "with protoc --encode or posternctl");
  }
  return Loader().Load(proto);
}

}  // namespace postern::session
