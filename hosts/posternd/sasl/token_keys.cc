// SPDX-License-Identifier: Apache-2.0
//
// PEM and JWK to OpenSSL's keys; see token_keys.h.

#include "hosts/posternd/sasl/token_keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hosts/common/files.h"
#include "hosts/posternd/sasl/json.h"

namespace postern {
namespace posternd {
namespace {

constexpr absl::string_view kPemBegin = "-----BEGIN ";

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
struct FreeBuilder {
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
};
struct FreeParams {
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
};
struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, FreeBuilder>;
using NumberPtr = std::unique_ptr<BIGNUM, FreeNumber>;

const unsigned char* Octets(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The key in a PEM block of that name; null: there is none in it.
KeyPtr KeyOfBlock(absl::string_view name, const unsigned char* data, long size) {
  if (name == PEM_STRING_PUBLIC) return KeyPtr(d2i_PUBKEY(nullptr, &data, size));
  if (name == PEM_STRING_RSA_PUBLIC) {
    return KeyPtr(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &data, size));
  }
  const std::unique_ptr<X509, FreeCertificate> certificate(d2i_X509(nullptr, &data, size));
  return KeyPtr(certificate == nullptr ? nullptr : X509_get_pubkey(certificate.get()));
}

// The public key of a type that OpenSSL names so, of parameters.
KeyPtr Build(const char* type, OSSL_PARAM_BLD* builder) {
  const std::unique_ptr<OSSL_PARAM, FreeParams> params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return KeyPtr(key);
}

// Members of a JWK in base64url; nothing if one of them is missing or none.
std::optional<Secret> Member(const json_t* jwk, const char* name) {
  const absl::string_view text = JsonTextOf(jwk, name);
  return text.empty() ? std::nullopt : DecodeBase64Url(text);
}

// RFC 7518 §6.3.1.
KeyPtr RsaKey(const json_t* jwk) {
  const std::optional<Secret> n = Member(jwk, "n");
  const std::optional<Secret> e = Member(jwk, "e");
  if (!n.has_value() || !e.has_value()) return nullptr;
  const auto number = [](const Secret& octets) {
    return NumberPtr(
        BN_bin2bn(Octets(octets.view()), static_cast<int>(octets.view().size()), nullptr));
  };
  const NumberPtr modulus = number(*n);
  const NumberPtr exponent = number(*e);
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  if (modulus == nullptr || exponent == nullptr || builder == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return Build("RSA", builder.get());
}

struct Curve {
  absl::string_view name;  // of RFC 7518 §6.2.1.1
  const char* group;       // as OpenSSL has it
  size_t octets;           // of a coordinate, leading zeros included
};
constexpr Curve kCurves[] = {
    {"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}};

KeyPtr EcKey(const json_t* jwk, const Curve& curve) {
  const std::optional<Secret> x = Member(jwk, "x");
  const std::optional<Secret> y = Member(jwk, "y");
  if (!x.has_value() || !y.has_value() || x->view().size() != curve.octets ||
      y->view().size() != curve.octets) {
    return nullptr;
  }
  const std::string point = absl::StrCat("\x04", x->view(), y->view());  // SEC 1 §2.3.3
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return Build("EC", builder.get());
}

// RFC 8037 §2.
KeyPtr Ed25519Key(const json_t* jwk) {
  const std::optional<Secret> x = Member(jwk, "x");
  if (!x.has_value()) return nullptr;
  return KeyPtr(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Octets(x->view()), x->view().size()));
}

// Points on the curve, odd moduli and so on.
bool IsSound(EVP_PKEY* key) {
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
}

// Whether a JWK is one to verify signatures with (RFC 7517 §4.2, §4.3).
bool IsForVerifying(const json_t* jwk) {
  const json_t* const use = JsonMember(jwk, "use");
  if (use != nullptr && JsonTextOf(jwk, "use") != "sig") return false;
  const json_t* const operations = JsonMember(jwk, "key_ops");
  if (operations == nullptr) return true;
  for (size_t i = 0; i < json_array_size(operations); ++i) {
    const json_t* const operation = json_array_get(operations, i);
    if (json_is_string(operation) && JsonText(operation) == "verify") return true;
  }
  return false;
}

// One JWK. *key stays empty for one that serves something else.
absl::Status ReadJwk(const json_t* jwk, const std::string& place, TokenKey* key) {
  if (!json_is_object(jwk)) return host::FileError(place, "is no JSON object, so no key");
  const absl::string_view type = JsonTextOf(jwk, "kty");
  if (type.empty()) return host::FileError(place, "has no \"kty\", so it is no key");
  if (type == "oct") {
    return host::FileError(
        place, "is a symmetric key; tokens are verified with public keys alone, take it out");
  }
  if (JsonMember(jwk, "d") != nullptr) {
    return host::FileError(place, "is a private key; only its public part belongs here");
  }
  if (!IsForVerifying(jwk)) return absl::OkStatus();
  const absl::string_view algorithm = JsonTextOf(jwk, "alg");
  if (JsonMember(jwk, "alg") != nullptr) {
    key->only_for = FindJwsAlgorithm(algorithm);
    if (!key->only_for.has_value()) return absl::OkStatus();
  }
  const absl::string_view curve = JsonTextOf(jwk, "crv");
  KeyPtr made;
  if (type == "RSA") {
    made = RsaKey(jwk);
  } else if (type == "EC") {
    const auto* const known = std::find_if(std::begin(kCurves), std::end(kCurves),
                                           [curve](const Curve& c) { return c.name == curve; });
    if (known == std::end(kCurves)) return absl::OkStatus();
    made = EcKey(jwk, *known);
  } else if (type == "OKP" && curve == "Ed25519") {
    made = Ed25519Key(jwk);
  } else {
    return absl::OkStatus();
  }
  if (made == nullptr || (KeyFits(made.get()) && !IsSound(made.get()))) {
    return host::FileError(place, absl::StrCat("is no valid ", type, " key"));
  }
  if (!KeyFits(made.get())) return absl::OkStatus();
  if (key->only_for.has_value() && !KeyFits(*key->only_for, made.get())) {
    return host::FileError(
        place, absl::StrCat("is a key that its \"alg\", ", algorithm, ", cannot be used with"));
  }
  key->id = std::string(JsonTextOf(jwk, "kid"));
  key->key = std::move(made);
  return absl::OkStatus();
}

// What OpenSSL says of a file is no reason of what the thread does next.
struct ErrorsEnd {
  ~ErrorsEnd() { ERR_clear_error(); }
};

}  // namespace

absl::StatusOr<std::shared_ptr<const TokenKeys>> TokenKeys::Load(
    const std::vector<std::string>& paths) {
  std::shared_ptr<TokenKeys> keys(new TokenKeys());
  for (const std::string& path : paths) {
    struct stat status;
    if (stat(path.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0) {
      return host::FileError(path, "may be changed by others; run chmod o-w on it");
    }
    const absl::StatusOr<std::string> text = host::ReadFile(path);
    if (!text.ok()) return text.status();
    const absl::Status added = keys->Add(*text, path);
    if (!added.ok()) return added;
  }
  return std::shared_ptr<const TokenKeys>(std::move(keys));
}

absl::StatusOr<std::shared_ptr<const TokenKeys>> TokenKeys::Parse(absl::string_view text,
                                                                  const std::string& path) {
  std::shared_ptr<TokenKeys> keys(new TokenKeys());
  const absl::Status added = keys->Add(text, path);
  if (!added.ok()) return added;
  return std::shared_ptr<const TokenKeys>(std::move(keys));
}

absl::Status TokenKeys::Add(absl::string_view text, const std::string& path) {
  const ErrorsEnd end;
  const size_t before = keys_.size();
  const absl::Status status = absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "{")
                                  ? AddJson(text, path)
                                  : AddPem(text, path);
  if (!status.ok()) return status;
  if (keys_.size() == before) {
    return host::FileError(path, absl::StrCat("holds no key for any of ", JwsAlgorithmNames(),
                                              "; give public keys as PEM, or a JSON Web Key Set"));
  }
  return absl::OkStatus();
}

absl::Status TokenKeys::Add(TokenKey key, const std::string& place) {
  if (keys_.size() == kMaxKeys) {
    return host::FileError(place, absl::StrCat("is one key too many; ", kMaxKeys,
                                               " are the most in all files, take old ones out"));
  }
  keys_.push_back(std::move(key));
  return absl::OkStatus();
}

absl::Status TokenKeys::AddPem(absl::string_view text, const std::string& path) {
  size_t at = 0;
  while ((at = text.find(kPemBegin, at)) != absl::string_view::npos) {
    const std::string place =
        absl::StrCat(path, ":", std::count(text.begin(), text.begin() + at, '\n') + 1);
    const absl::string_view rest = text.substr(at);
    const std::unique_ptr<BIO, FreeBio> bio(
        BIO_new_mem_buf(rest.data(), static_cast<int>(rest.size())));
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (bio == nullptr || PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) {
      return host::FileError(place, "begins a PEM block that cannot be read to its end");
    }
    const std::string kind = name;
    const bool is_public =
        kind == PEM_STRING_PUBLIC || kind == PEM_STRING_RSA_PUBLIC || kind == PEM_STRING_X509;
    KeyPtr key = is_public ? KeyOfBlock(kind, data, size) : nullptr;
    OPENSSL_clear_free(data, static_cast<size_t>(size));
    OPENSSL_free(name);
    OPENSSL_free(header);
    if (!is_public) {
      return host::FileError(place, absl::StrCat("begins a PEM block ", kind,
                                                 "; only PUBLIC KEY, RSA PUBLIC KEY and "
                                                 "CERTIFICATE belong here"));
    }
    if (key == nullptr || !KeyFits(key.get())) {
      return host::FileError(place,
                             absl::StrCat("holds no key for any of ", JwsAlgorithmNames(),
                                          " (RSA: ", kMinRsaBits, " to ", kMaxRsaBits, " bits)"));
    }
    if (!IsSound(key.get())) return host::FileError(place, "holds a key that is not valid");
    const absl::Status added = Add({"", std::nullopt, std::move(key)}, place);
    if (!added.ok()) return added;
    at += kPemBegin.size();
  }
  return absl::OkStatus();
}

absl::Status TokenKeys::AddJson(absl::string_view text, const std::string& path) {
  json_error_t error = {};
  const JsonPtr json = ParseJsonObject(text, &error);
  if (json == nullptr) {
    return host::FileError(absl::StrCat(path, ":", error.line),
                           absl::StrCat("is no JSON: ", error.text));
  }
  const json_t* const set = JsonMember(json.get(), "keys");
  if (set != nullptr && !json_is_array(set)) {
    return host::FileError(path, "has \"keys\" that are no array, so it is no JSON Web Key Set");
  }
  const size_t count = set == nullptr ? 1 : json_array_size(set);
  for (size_t i = 0; i < count; ++i) {
    const json_t* const jwk = set == nullptr ? json.get() : json_array_get(set, i);
    TokenKey key;
    const std::string place = set == nullptr ? path : absl::StrCat(path, ": keys[", i, "]");
    absl::Status status = ReadJwk(jwk, place, &key);
    if (status.ok() && key.key != nullptr) status = Add(std::move(key), place);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

std::vector<const TokenKey*> TokenKeys::Find(absl::string_view id) const {
  std::vector<const TokenKey*> found;
  const auto take = [&](auto&& wanted) {
    for (const TokenKey& key : keys_) {
      if (wanted(key)) found.push_back(&key);
    }
  };
  if (id.empty()) {
    take([](const TokenKey&) { return true; });
    return found;
  }
  take([id](const TokenKey& key) { return key.id == id; });
  if (found.empty()) take([](const TokenKey& key) { return key.id.empty(); });
  return found;
}

}  // namespace posternd
}  // namespace postern
