// SPDX-License-Identifier: Apache-2.0

#include "tools/posternctl/config_check.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/session/config.h"
#include "google/protobuf/repeated_field.h"
#include "hosts/common/network.h"
#include "hosts/posternd/posternd_config.pb.h"

namespace postern {
namespace ctl {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

class Checker {
 public:
  explicit Checker(const SourceFile& file) : file_(file) {}

  void Add(Severity severity, const std::string& field, const std::string& why,
           const std::string& mend) {
    Finding finding;
    finding.severity = severity;
    finding.file = file_.path;
    finding.field = field;
    finding.why = why;
    finding.mend = mend;
    const host::TextPlace place = PlaceOf(file_, "", field);
    finding.line = place.line;
    finding.column = place.column;
    findings_.push_back(std::move(finding));
  }

  void Refuse(const std::string& field, const std::string& text) {
    std::string why;
    std::string mend;
    SplitMend(text, &why, &mend);
    Add(Severity::kError, field, why, mend);
  }

  // The engine's complaints: "engine config: FIELD: WHY; MEND", one a line.
  void Engine(const std::string& serialized, const std::string& prefix) {
    const auto config = session::LoadConfig(serialized);
    if (config.ok()) return;
    const std::vector<std::string> lines = absl::StrSplit(config.status().message(), '\n');
    for (std::string line : lines) {
      constexpr char kHead[] = "engine config: ";
      if (absl::StartsWith(line, kHead)) line.erase(0, sizeof(kHead) - 1);
      const size_t colon = line.find(": ");
      const std::string field = colon == std::string::npos ? "" : line.substr(0, colon);
      Refuse(absl::StrCat(prefix, field),
             colon == std::string::npos ? line : line.substr(colon + 2));
    }
  }

  template <typename T>
  void ParseAll(const std::string& field, const Texts& texts) {
    for (int i = 0; i < texts.size(); ++i) {
      const absl::StatusOr<T> parsed = T::Parse(texts.Get(i));
      if (!parsed.ok()) {
        Refuse(absl::StrCat(field, " line ", i + 1), std::string(parsed.status().message()));
      }
    }
  }

  void Readable(const std::string& field, const std::string& path) {
    if (path.empty() || access(path.c_str(), R_OK) == 0) return;
    Add(Severity::kWarning, field, absl::StrCat(path, " cannot be read here: ", strerror(errno)),
        "check the path; relative ones start at posternd's working directory");
  }

  void Posternd(const posternd::v1::PosterndConfig& config) {
    ParseAll<host::Endpoint>("listen", config.listen());
    ParseAll<host::Endpoint>("listen_tls", config.listen_tls());
    ParseAll<host::Network>("proxy_networks", config.proxy_networks());
    if (config.discard() && !config.maildir().empty()) {
      Refuse("maildir", "contradicts discard: true; give one of both");
    }
    for (int i = 0; i < config.domains_size(); ++i) {
      if (config.domains(i).find_first_of("@ <>*") != std::string::npos ||
          config.domains(i).empty()) {
        Refuse(absl::StrCat("domains line ", i + 1),
               absl::StrCat("'", config.domains(i), "' is not a domain; write example.org"));
      }
    }
    if (config.tls_cert().empty() != config.tls_key().empty()) {
      const bool no_key = config.tls_key().empty();
      Refuse(no_key ? "tls_cert" : "tls_key",
             absl::StrCat("stands without ", no_key ? "tls_key" : "tls_cert",
                          "; give certificate and key together"));
    }
    if (config.listen_tls_size() > 0 && config.tls_cert().empty()) {
      Refuse("listen_tls", "TLS needs a certificate; add tls_cert and tls_key");
    }
    for (const auto& [field, value] :
         {std::pair<const char*, uint32_t>("threads", config.threads()),
          std::pair<const char*, uint32_t>("delivery_threads", config.delivery_threads())}) {
      if (value > 256) {
        Refuse(field, absl::StrCat(value, " threads are too many; 256 is the most"));
      }
    }
    if (!config.log_format().empty() && config.log_format() != "text" &&
        config.log_format() != "json") {
      Refuse("log_format",
             absl::StrCat("'", config.log_format(), "' is not known; write text or json"));
    }
    Readable("tls_cert", config.tls_cert());
    Readable("tls_key", config.tls_key());
    if (config.domains_size() == 0) {
      Add(Severity::kWarning, "", "domains: none are named, so mail for every domain is taken",
          "add domains: \"example.org\", unless this is a test");
    }
  }

  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  const SourceFile& file_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> CheckConfig(const SourceFile& file, std::vector<std::string>* tables) {
  Checker checker(file);
  if (file.kind == FileKind::kEngine) {
    checker.Engine(file.parsed.serialized, "");
    return checker.Take();
  }
  posternd::v1::PosterndConfig config;
  if (!config.ParseFromString(file.parsed.serialized)) {
    checker.Refuse("", "holds no serialized posternd configuration; compile it again");
    return checker.Take();
  }
  checker.Posternd(config);
  checker.Engine(config.engine().SerializeAsString(), "engine.");
  if (!config.table().empty()) tables->push_back(config.table());
  return checker.Take();
}

}  // namespace ctl
}  // namespace postern
