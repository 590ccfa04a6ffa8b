// SPDX-License-Identifier: Apache-2.0
//
// One connection to an upstream server: nginx's connection, and the client that speaks on it.
//
// It belongs to its owner, a session or a probe, until that one parts with it; then it says goodbye
// by itself, waits a moment for the answer, and is gone.
//
// Lifetime: owns itself and its pool. Gone when the connection is closed and no owner holds it.
// Threads: nginx's one thread.
#ifndef POSTERN_HOSTS_NGINX_LINK_H_
#define POSTERN_HOSTS_NGINX_LINK_H_

#include "hosts/common/upstream/client.h"
#include "hosts/nginx/nginx.h"

namespace postern {
namespace nginx {

// Whom a Link tells when something happened to it.
class LinkOwner {
 public:
  virtual void OnUpstream() = 0;

 protected:
  ~LinkOwner() = default;
};

class Link {
 public:
  // Takes over `connection`, which ngx_event_connect_peer() has made; `connected`: at once. Null,
  // and the connection is closed, if there is no memory.
  static Link* Open(ngx_connection_t* connection, bool connected, const upstream::Options& options,
                    const upstream::Identity& identity, LinkOwner* owner);

  upstream::Client* client() { return &client_; }
  // Sends what the client has to say, and looks at its deadlines. Calls nobody.
  void Flush();
  // The owner will not be called again, and the client's log is no longer there. May be called from
  // within the owner's call.
  void Part();

  off_t sent() const { return connection_ == nullptr ? sent_ : connection_->sent; }
  off_t received() const { return received_; }
  // When it was connected and first heard of, in milliseconds of nginx's clock; 0: not yet.
  ngx_msec_t connected_at() const { return connected_at_; }
  ngx_msec_t heard_at() const { return heard_at_; }

 private:
  Link(ngx_pool_t* pool, ngx_connection_t* connection, const upstream::Options& options,
       const upstream::Identity& identity, LinkOwner* owner);

  static void OnRead(ngx_event_t* event);
  static void OnWrite(ngx_event_t* event);
  void Read();
  bool FinishConnect();
  void Arm();
  // Tells the owner, and ends this object if nobody needs it any more: the last act of every entry.
  void Settle();
  void Close();
  void Destroy();

  ngx_pool_t* const pool_;
  ngx_connection_t* connection_;
  LinkOwner* owner_;
  bool connected_ = false;
  bool in_event_ = false;  // Settle() comes
  off_t sent_ = 0;
  off_t received_ = 0;
  ngx_msec_t connected_at_ = 0;
  ngx_msec_t heard_at_ = 0;
  upstream::Client client_;
};

}  // namespace nginx
}  // namespace postern

#endif  // POSTERN_HOSTS_NGINX_LINK_H_
