// SPDX-License-Identifier: Apache-2.0
//
// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677) by GNU SASL. The library asks for the
// user's keys through its callback, which finds this exchange by the session's hook. No password
// passes here: only salts, and keys that are stored.
//
// The library compares the stored key with memcmp. What it compares it with is a hash of what the
// client sent mixed with a value that takes the stored key to compute, so its time tells nothing
// that a client could steer.

#include <gsasl.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hosts/posternd/sasl/sasl.h"

namespace postern {
namespace posternd {
namespace {

// saslname (RFC 5802 §7): "=" only as "=2C" or "=3D"; anything else "MUST fail" (§5.1), which the
// library leaves to others.
bool IsSaslName(absl::string_view text) {
  for (size_t at = text.find('='); at != absl::string_view::npos; at = text.find('=', at + 1)) {
    const absl::string_view code = text.substr(at + 1, 2);
    if (code != "2C" && code != "3D") return false;
  }
  return !text.empty();
}

// What the library does not look at in the client's first message: that it asks for channel binding
// where the mechanism has it and nowhere else (§6), and that its names are written rightly.
bool IsClientFirst(absl::string_view message, bool plus) {
  const size_t flag_end = message.find(',');
  if (flag_end == absl::string_view::npos) return false;
  const absl::string_view flag = message.substr(0, flag_end);
  if (plus ? !absl::StartsWith(flag, "p=") : flag != "n" && flag != "y") return false;
  message.remove_prefix(flag_end + 1);
  const size_t authzid_end = message.find(',');
  if (authzid_end == absl::string_view::npos) return false;
  absl::string_view authzid = message.substr(0, authzid_end);
  if (!authzid.empty() && (!absl::ConsumePrefix(&authzid, "a=") || !IsSaslName(authzid))) {
    return false;
  }
  message.remove_prefix(authzid_end + 1);
  const size_t name_end = message.find(',');
  if (name_end == absl::string_view::npos) return false;
  absl::string_view name = message.substr(0, name_end);
  return absl::ConsumePrefix(&name, "n=") && IsSaslName(name);
}

class ScramExchange : public SaslExchange {
 public:
  ScramExchange(const SaslServer& server, bool plus, const SaslConnection& connection)
      : SaslExchange(server), plus_(plus), connection_(connection) {}
  ~ScramExchange() override {
    if (session_ != nullptr) gsasl_finish(session_);
  }

  absl::string_view Claimed() const override { return name_; }

  bool Open() {
    const char* const name = plus_ ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
    if (gsasl_server_start(gsasl(), name, &session_) != GSASL_OK) return false;
    gsasl_session_hook_set(session_, this);
    // Both also without PLUS: a client that would bind the channel and was made to believe that we
    // do not ("y") is refused then (RFC 5802 §6).
    return SetBase64(GSASL_CB_TLS_EXPORTER, connection_.tls_exporter) &&
           SetBase64(GSASL_CB_TLS_UNIQUE, connection_.tls_unique);
  }

  // GNU SASL's question for a property.
  int Provide(Gsasl_property property) {
    switch (property) {
      case GSASL_SCRAM_ITER:
        return Set(property, absl::StrCat(Keys().iterations));
      case GSASL_SCRAM_SALT:
        return Set(property, absl::Base64Escape(Keys().salt));
      case GSASL_SCRAM_STOREDKEY:
        return SetSecret(property, Keys().stored_key);
      case GSASL_SCRAM_SERVERKEY:
        return SetSecret(property, Keys().server_key);
      default:
        return GSASL_NO_CALLBACK;
    }
  }

 protected:
  SaslStep OnMessage(absl::string_view message) override {
    if (verified_) {
      // The client's nothing behind our last word.
      if (!message.empty()) return Failure(SaslFailure::kMalformed, name_);
      return Finish();
    }
    // The library reads strings that end with NUL.
    if (message.empty() || message.find('\0') != absl::string_view::npos) {
      return Failure(SaslFailure::kMalformed, name_);
    }
    if (!has_first_ && !IsClientFirst(message, plus_)) return Failure(SaslFailure::kMalformed);
    has_first_ = true;
    char* output = nullptr;
    size_t output_size = 0;
    const int result = gsasl_step(session_, message.data(), message.size(), &output, &output_size);
    const std::string challenge(output == nullptr ? "" : output, output_size);
    gsasl_free(output);
    switch (result) {
      case GSASL_NEEDS_MORE:
        return Challenge(challenge);
      case GSASL_OK:
        verified_ = true;
        return Challenge(challenge);
      case GSASL_MALLOC_ERROR:
      case GSASL_CRYPTO_ERROR:
        return Failure(SaslFailure::kTemporary, name_);
      case GSASL_MECHANISM_PARSE_ERROR:
      case GSASL_BASE64_ERROR:
        return Failure(SaslFailure::kMalformed, name_);
      default:
        return Failure(SaslFailure::kBadCredentials, name_);
    }
  }

 private:
  // Whose name is known since the client's first message.
  const ScramKeys& Keys() {
    if (keys_ != nullptr) return *keys_;
    const char* const name = gsasl_property_fast(session_, GSASL_AUTHID);
    const Secret prepared = SaslPrep(name == nullptr ? "" : name, /*stored=*/false);
    name_ = std::string(prepared.view());
    keys_ = users().FindScram(name_);
    if (keys_ == nullptr) {
      users().MakeUnknownScram(name_, &unknown_);
      keys_ = &unknown_;
    }
    return *keys_;
  }

  SaslStep Finish() {
    // Both are known to be right now; nobody may act for somebody else.
    const char* const authzid = gsasl_property_fast(session_, GSASL_AUTHZID);
    if (authzid != nullptr && *authzid != '\0' &&
        SaslPrep(authzid, /*stored=*/false).view() != name_) {
      return Failure(SaslFailure::kBadCredentials, name_);
    }
    // Never true for keys of nobody; said once more because everything hangs on it.
    if (keys_ == nullptr || keys_ == &unknown_) return Failure(SaslFailure::kBadCredentials, name_);
    return Success(name_);
  }

  int Set(Gsasl_property property, const std::string& text) {
    return gsasl_property_set(session_, property, text.c_str());
  }
  int SetSecret(Gsasl_property property, const Secret& key) {
    const Secret text(absl::Base64Escape(key.view()));
    return gsasl_property_set(session_, property, text.c_str());
  }
  bool SetBase64(Gsasl_property property, const std::string& octets) {
    return octets.empty() || Set(property, absl::Base64Escape(octets)) == GSASL_OK;
  }

  const bool plus_;
  const SaslConnection connection_;
  Gsasl_session* session_ = nullptr;
  const ScramKeys* keys_ = nullptr;
  ScramKeys unknown_;
  std::string name_;
  bool has_first_ = false;
  bool verified_ = false;
};

int OnProperty(Gsasl* /*gsasl*/, Gsasl_session* session, Gsasl_property property) {
  auto* const exchange =
      session == nullptr ? nullptr : static_cast<ScramExchange*>(gsasl_session_hook_get(session));
  return exchange == nullptr ? GSASL_NO_CALLBACK : exchange->Provide(property);
}

}  // namespace

void SetScramCallback(Gsasl* gsasl) { gsasl_callback_set(gsasl, &OnProperty); }

std::unique_ptr<SaslExchange> MakeScramExchange(const SaslServer& server, bool plus,
                                                const SaslConnection& connection) {
  auto exchange = std::make_unique<ScramExchange>(server, plus, connection);
  if (!exchange->Open()) return nullptr;
  return exchange;
}

}  // namespace posternd
}  // namespace postern
