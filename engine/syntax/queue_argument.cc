// SPDX-License-Identifier: Apache-2.0

#include "engine/syntax/queue_argument.h"

#include "engine/syntax/octet_class.h"

namespace postern::syntax {
namespace {

constexpr size_t kMaxQueueNameOctets = 255;

QueueError CheckDomain(std::string_view name, DomainError* domain_error) {
  if (name.empty()) return QueueError::kEmpty;
  const DomainResult domain = ParseDomain(name);
  if (!domain.ok()) {
    *domain_error = domain.error;
    return QueueError::kBadName;
  }
  if (name.find('.') == std::string_view::npos) return QueueError::kNotQualified;
  return QueueError::kNone;
}

}  // namespace

EtrnArgument ParseEtrnArgument(std::string_view in) {
  EtrnArgument result;
  std::string_view name = in;
  if (!in.empty() && (in[0] == '@' || in[0] == '#')) {
    result.kind = in[0] == '@' ? EtrnKind::kSubdomains : EtrnKind::kQueue;
    name.remove_prefix(1);
  }
  if (result.kind != EtrnKind::kQueue) {
    result.error = CheckDomain(name, &result.domain_error);
  } else if (name.empty()) {
    result.error = QueueError::kEmpty;
  } else if (name.size() > kMaxQueueNameOctets) {
    result.error = QueueError::kBadName;
  } else {
    for (const char c : name) {
      if (!IsOctet(c, kPrintable) || c == ' ') result.error = QueueError::kBadName;
    }
  }
  if (result.ok()) result.name = name;
  return result;
}

bool AtrnIterator::Next(std::string_view* domain) {
  if (done_) return false;
  const size_t comma = rest_.find(',');
  const std::string_view name = rest_.substr(0, comma);
  error_ = CheckDomain(name, &domain_error_);
  done_ = error_ != QueueError::kNone || comma == std::string_view::npos;
  if (error_ != QueueError::kNone) return false;
  if (!done_) rest_.remove_prefix(comma + 1);
  *domain = name;
  return true;
}

}  // namespace postern::syntax
