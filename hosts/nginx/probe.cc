// SPDX-License-Identifier: Apache-2.0

#include "hosts/nginx/probe.h"

#include <new>
#include <string_view>

#include "hosts/nginx/config.h"
#include "hosts/nginx/link.h"

namespace postern {
namespace nginx {
namespace {

using upstream::Client;

// An exiting worker waits for what is under way.
constexpr uint64_t kPatienceMs = 5 * 1000;
constexpr ngx_msec_t kAgainMs = 5 * 1000;

struct Address {
  sockaddr* address;
  socklen_t size;
  ngx_str_t* name;
};

// The `number`-th address of the group. False: there are no more.
bool AddressOf(const ngx_stream_upstream_srv_conf_t& group, ngx_uint_t number, Address* found) {
  if (group.servers != nullptr) {
    auto* const servers = static_cast<ngx_stream_upstream_server_t*>(group.servers->elts);
    for (ngx_uint_t i = 0; i < group.servers->nelts; ++i) {
      if (servers[i].down != 0) continue;
      if (number < servers[i].naddrs) {
        ngx_addr_t* const address = &servers[i].addrs[number];
        *found = {address->sockaddr, address->socklen, &address->name};
        return true;
      }
      number -= servers[i].naddrs;
    }
    return false;
  }
  // A name outside of upstream {}: nginx's round robin has what it resolved to.
  const auto* const peers = static_cast<const ngx_stream_upstream_rr_peers_t*>(group.peer.data);
  if (peers == nullptr) return false;
  for (ngx_stream_upstream_rr_peer_t* peer = peers->peer; peer != nullptr; peer = peer->next) {
    if (number-- == 0) {
      *found = {peer->sockaddr, peer->socklen, &peer->name};
      return true;
    }
  }
  return false;
}

class Probe final : public LinkOwner {
 public:
  explicit Probe(const ServerConfig& config) : config_(config), options_(*config.options) {
    // There is no client to tell of. A PROXY header is sent, for servers that demand it.
    if (options_.identity == upstream::IdentityMode::kXclient ||
        options_.identity == upstream::IdentityMode::kXforward) {
      options_.identity = upstream::IdentityMode::kNone;
    }
    options_.timeouts.connect = kPatienceMs;
    options_.timeouts.greeting = kPatienceMs;
    options_.timeouts.command = kPatienceMs;
    options_.timeouts.quit = kPatienceMs;
    ngx_memzero(&timer_, sizeof(timer_));
    ngx_memzero(&owner_of_timer_, sizeof(owner_of_timer_));
    // nginx's debug log looks at the descriptor of what a timer belongs to.
    owner_of_timer_.fd = static_cast<ngx_socket_t>(-1);
    owner_of_timer_.data = this;
    timer_.data = &owner_of_timer_;
    timer_.handler = &Probe::OnTimer;
    timer_.log = ngx_cycle->log;
    timer_.cancelable = 1;
  }

  // From the first address on.
  void Begin() {
    number_ = 0;
    if (!Next()) ngx_add_timer(&timer_, kAgainMs);
  }

  void OnUpstream() override {
    Client* const client = link_->client();
    if (client->ready()) {
      config_.engine->Observe(client->capabilities());
      ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "postern: upstream %V was seen", name_);
      Drop();
      return;
    }
    if (!client->closed()) return;
    const std::string_view why = upstream::FailureName(client->failure());
    const ngx_uint_t level = told_ ? NGX_LOG_INFO : NGX_LOG_WARN;
    ngx_log_error(level, ngx_cycle->log, 0,
                  "postern: upstream %V: %*s; what hangs on it is not offered before it answers",
                  name_, why.size(), why.data());
    told_ = true;
    Drop();
    if (!Next()) ngx_add_timer(&timer_, kAgainMs);
  }

 private:
  static void OnTimer(ngx_event_t* event) {
    auto* const self = static_cast<Probe*>(static_cast<ngx_connection_t*>(event->data)->data);
    if (!self->config_.engine->observed() && !ngx_exiting) self->Begin();
  }

  void Drop() {
    Link* const link = link_;
    link_ = nullptr;
    link->Part();
  }

  // A connection to the next address that takes one.
  bool Next() {
    Address address;
    while (AddressOf(*config_.upstream, number_++, &address)) {
      ngx_peer_connection_t peer;
      ngx_memzero(&peer, sizeof(peer));
      peer.sockaddr = address.address;
      peer.socklen = address.size;
      peer.name = name_ = address.name;
      peer.get = &ngx_event_get_peer;
      peer.log = ngx_cycle->log;
      peer.log_error = NGX_ERROR_INFO;
      peer.type = SOCK_STREAM;
      const ngx_int_t rc = ngx_event_connect_peer(&peer);
      if (rc != NGX_OK && rc != NGX_AGAIN) continue;
      link_ = Link::Open(peer.connection, rc == NGX_OK, options_, upstream::Identity(), this);
      if (link_ == nullptr) continue;
      if (!link_->client()->closed()) return true;
      Drop();
    }
    return false;
  }

  const ServerConfig& config_;
  upstream::Options options_;
  Link* link_ = nullptr;
  ngx_str_t* name_ = nullptr;
  ngx_uint_t number_ = 0;
  bool told_ = false;
  ngx_event_t timer_;
  ngx_connection_t owner_of_timer_;
};

}  // namespace

ngx_int_t StartProbes(ngx_cycle_t* cycle) {
  if (cycle->conf_ctx[ngx_stream_module.index] == nullptr) return NGX_OK;
  const auto* const core = static_cast<const ngx_stream_core_main_conf_t*>(
      ngx_stream_cycle_get_module_main_conf(cycle, ngx_stream_core_module));
  auto* const* const servers = static_cast<ngx_stream_core_srv_conf_t* const*>(core->servers.elts);
  for (ngx_uint_t i = 0; i < core->servers.nelts; ++i) {
    const auto& config = *static_cast<const ServerConfig*>(
        servers[i]->ctx->srv_conf[ngx_stream_postern_module.ctx_index]);
    if (config.upstream == nullptr) continue;
    void* const place = ngx_palloc(cycle->pool, sizeof(Probe));
    if (place == nullptr) return NGX_ERROR;
    (new (place) Probe(config))->Begin();
  }
  return NGX_OK;
}

}  // namespace nginx
}  // namespace postern
