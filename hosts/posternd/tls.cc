// SPDX-License-Identifier: Apache-2.0
//
// TLS by OpenSSL; see tls.h.

#include "hosts/posternd/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "hosts/common/files.h"

namespace postern {
namespace posternd {
namespace {

std::string LastError() {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  std::string text = reason == nullptr ? "unknown reason" : reason;
  ERR_clear_error();
  return text;
}

// A key under a pass phrase must not make the server ask on its terminal.
int RefusePassPhrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return 0; }

// A certificate that does not verify is as good as none; what it was found to be is kept
// (SSL_get_verify_result).
int KeepGoing(int /*verified*/, X509_STORE_CTX* /*context*/) { return 1; }

// An ASN.1 string as UTF-8; empty if it is none, or holds NUL: a name cut short would be another's.
std::string ToUtf8(const ASN1_STRING* text) {
  unsigned char* octets = nullptr;
  const int size = text == nullptr ? -1 : ASN1_STRING_to_UTF8(&octets, text);
  if (size < 0) return "";
  std::string utf8(reinterpret_cast<char*>(octets), static_cast<size_t>(size));
  OPENSSL_free(octets);
  return utf8.find('\0') == std::string::npos ? utf8 : "";
}

std::string FirstMailAddress(const X509* certificate) {
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string address;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && address.empty(); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_EMAIL) address = ToUtf8(name->d.rfc822Name);
  }
  GENERAL_NAMES_free(names);
  return address;
}

std::string CommonName(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  return at < 0 ? "" : ToUtf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Load(
    const std::string& certificate, const std::string& key, const std::string& client_authorities) {
  // First as files, whose errors read better than OpenSSL's.
  for (const std::string& file : {certificate, key, client_authorities}) {
    if (file.empty()) continue;
    absl::StatusOr<std::string> content = host::ReadFile(file);
    if (!content.ok()) return content.status();
  }
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return absl::InternalError(absl::StrCat("OpenSSL: ", LastError()));
  std::shared_ptr<const TlsContext> result(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_SINGLE_ECDH_USE);
  // Idle connections give their buffers back; one read takes whole records.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_passwd_cb(context, &RefusePassPhrase);
  static constexpr unsigned char kSessionContext[] = "posternd";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof(kSessionContext) - 1);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return host::FileError(certificate,
                           absl::StrCat("is no certificate chain in PEM form (", LastError(),
                                        "); begin it with -----BEGIN CERTIFICATE-----"));
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const std::string reason = LastError();
    if (reason.find("mismatch") != std::string::npos) {
      return host::FileError(key, absl::StrCat("does not belong to the certificate ", certificate,
                                               "; name the key it was made with"));
    }
    return host::FileError(
        key, absl::StrCat("is no private key in PEM form without pass phrase (", reason, ")"));
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    LastError();
    return host::FileError(key, absl::StrCat("does not belong to the certificate ", certificate,
                                             "; name the key it was made with"));
  }
  if (!client_authorities.empty()) {
    STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(client_authorities.c_str());
    if (names == nullptr ||
        SSL_CTX_load_verify_locations(context, client_authorities.c_str(), nullptr) != 1) {
      sk_X509_NAME_pop_free(names, X509_NAME_free);
      return host::FileError(client_authorities,
                             absl::StrCat("holds no certificates in PEM form (", LastError(),
                                          "); begin each with -----BEGIN CERTIFICATE-----"));
    }
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &KeepGoing);
  }
  return result;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::unique_ptr<TlsStream> TlsStream::Create(const TlsContext& context, int fd) {
  SSL* ssl = SSL_new(context.context());
  if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1) {
    SSL_free(ssl);
    ERR_clear_error();
    return nullptr;
  }
  SSL_set_accept_state(ssl);
  return std::unique_ptr<TlsStream>(new TlsStream(ssl));
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

TlsResult TlsStream::Classify(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_NONE:
      return TlsResult::kDone;
    case SSL_ERROR_WANT_READ:
      return TlsResult::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return TlsResult::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return TlsResult::kClosed;
    default:
      ERR_clear_error();
      failed_ = true;
      return TlsResult::kFailed;
  }
}

// The error queue belongs to the thread, and SSL_get_error looks into it: it must be empty before
// each call, whatever another connection left there.
TlsResult TlsStream::Handshake() {
  ERR_clear_error();
  return Classify(SSL_do_handshake(ssl_));
}

TlsResult TlsStream::Read(uint8_t* buffer, size_t size, size_t* read) {
  ERR_clear_error();
  *read = 0;
  return Classify(SSL_read_ex(ssl_, buffer, size, read));
}

TlsResult TlsStream::Write(const uint8_t* data, size_t size, size_t* written) {
  ERR_clear_error();
  *written = 0;
  return Classify(SSL_write_ex(ssl_, data, size, written));
}

bool TlsStream::HasPending() const { return SSL_has_pending(ssl_) != 0; }

void TlsStream::Shutdown() {
  // Forbidden after a fatal error, and pointless before the handshake is over.
  if (failed_ || SSL_in_init(ssl_)) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string TlsStream::Describe() const {
  return absl::StrCat(SSL_get_version(ssl_), " ", SSL_get_cipher_name(ssl_));
}

std::string TlsStream::ChannelExporter() const {
  constexpr absl::string_view kLabel = "EXPORTER-Channel-Binding";
  constexpr size_t kOctets = 32;
  unsigned char octets[kOctets];
  if (SSL_version(ssl_) != TLS1_3_VERSION ||
      SSL_export_keying_material(ssl_, octets, sizeof(octets), kLabel.data(), kLabel.size(),
                                 nullptr, 0, 1) != 1) {
    ERR_clear_error();
    return "";
  }
  return std::string(reinterpret_cast<char*>(octets), sizeof(octets));
}

std::string TlsStream::ChannelUnique() const {
  if (SSL_version(ssl_) != TLS1_2_VERSION || SSL_get_extms_support(ssl_) != 1) return "";
  // Of the first Finished message, which is the client's in a whole handshake and ours in a resumed
  // one (RFC 5929 section 3.1).
  unsigned char octets[EVP_MAX_MD_SIZE];
  const size_t size = SSL_session_reused(ssl_) != 0
                          ? SSL_get_finished(ssl_, octets, sizeof(octets))
                          : SSL_get_peer_finished(ssl_, octets, sizeof(octets));
  return std::string(reinterpret_cast<char*>(octets), size);
}

std::string TlsStream::ClientName() const {
  X509* const certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return "";
  const std::string address = FirstMailAddress(certificate);
  return !address.empty() ? address : CommonName(certificate);
}

void TlsStream::WipeWhatWasRead(bool wipe) {
  if (wipe) {
    SSL_set_options(ssl_, SSL_OP_CLEANSE_PLAINTEXT);
  } else {
    SSL_clear_options(ssl_, SSL_OP_CLEANSE_PLAINTEXT);
  }
}

}  // namespace posternd
}  // namespace postern
