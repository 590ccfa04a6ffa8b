// SPDX-License-Identifier: Apache-2.0
//
// TLS by OpenSSL: the server's certificate and key, and one connection's stream on a non-blocking
// socket. TLS 1.2 at least, no renegotiation.
//
// Threads: TlsContext [immutable], shared by all loops; TlsStream: its connection's loop.
#ifndef POSTERN_HOSTS_POSTERND_TLS_H_
#define POSTERN_HOSTS_POSTERND_TLS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace postern {
namespace posternd {

class TlsContext {
 public:
  // PEM files; the certificate's chain follows it in the same file. With `client_authorities`,
  // which may be empty, clients are asked for a certificate; none, or one of somebody else's, is no
  // reason to refuse a connection, for mail comes from such clients too. Errors name file and mend.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Load(
      const std::string& certificate, const std::string& key,
      const std::string& client_authorities);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* context() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
};

enum class TlsResult { kDone, kWantRead, kWantWrite, kClosed, kFailed };

class TlsStream {
 public:
  // Null when there is no memory for it. The descriptor stays the caller's.
  static std::unique_ptr<TlsStream> Create(const TlsContext& context, int fd);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  TlsResult Handshake();
  TlsResult Read(uint8_t* buffer, size_t size, size_t* read);
  TlsResult Write(const uint8_t* data, size_t size, size_t* written);
  // Octets wait inside that no poll of the socket will report.
  bool HasPending() const;
  // Tells the client that this is the end and not a cut; does not wait for its answer.
  void Shutdown();

  // "TLSv1.3 TLS_AES_256_GCM_SHA384"
  std::string Describe() const;

  // What tells this channel from all others (RFC 5056): tls-exporter of TLS 1.3 (RFC 9266), or
  // tls-unique of TLS 1.2 (RFC 5929), which is unique with the extended master secret alone (RFC
  // 7627). One of both at most; empty if there is none.
  std::string ChannelExporter() const;
  std::string ChannelUnique() const;
  // Whom the client's certificate names: its first mail address, else its common name. Empty
  // without a certificate of our authorities.
  std::string ClientName() const;
  // What was read is wiped inside once it was handed over. Costs little, and something for bulk.
  void WipeWhatWasRead(bool wipe);

 private:
  explicit TlsStream(SSL* ssl) : ssl_(ssl) {}
  TlsResult Classify(int result);

  SSL* ssl_;
  bool failed_ = false;
};

}  // namespace posternd
}  // namespace postern

#endif  // POSTERN_HOSTS_POSTERND_TLS_H_
