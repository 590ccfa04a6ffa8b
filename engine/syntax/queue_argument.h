// SPDX-License-Identifier: Apache-2.0
//
// The arguments of ETRN (RFC 1985 §5) and ATRN (RFC 2645 §5.2.1): whose mail is to be sent.
//
// What it is: readers that give back views.
// What it is not: a judge of whether the client may have that mail.
//
// Threads and lifetime: pure functions; a result borrows its input.

#ifndef POSTERN_ENGINE_SYNTAX_QUEUE_ARGUMENT_H_
#define POSTERN_ENGINE_SYNTAX_QUEUE_ARGUMENT_H_

#include <cstdint>
#include <string_view>

#include "engine/syntax/domain.h"

namespace postern::syntax {

enum class QueueError : uint8_t {
  kNone,
  kEmpty,         // no name
  kBadName,       // domain_error says more, or an octet that may not be in the name of a queue
  kNotQualified,  // a domain of one label
};

enum class EtrnKind : uint8_t {
  kNode,        // a domain
  kSubdomains,  // "@": a domain and all below it
  kQueue,       // "#": the name of a queue, whose syntax is the host's
};

struct EtrnArgument {
  QueueError error = QueueError::kNone;
  DomainError domain_error = DomainError::kNone;
  EtrnKind kind = EtrnKind::kNode;
  std::string_view name;  // without the option character

  bool ok() const { return error == QueueError::kNone; }
};

// `in` is what follows "ETRN" and one space. A domain has to be fully qualified (§5; §7 answers 501
// to "ETRN localname"), so it has a dot. The name of a queue is 1*255%d33-126: what a line can hold
// and a reply may repeat.
EtrnArgument ParseEtrnArgument(std::string_view in);

// The domains of ATRN, one by one: domain *("," domain), each of two labels or more.
class AtrnIterator {
 public:
  // `in` is what follows "ATRN" and one space.
  explicit AtrnIterator(std::string_view in) : rest_(in) {}

  // False at the end and at an error, from then on always. An empty text is an error: without
  // domains there is no space either.
  bool Next(std::string_view* domain);

  QueueError error() const { return error_; }
  DomainError domain_error() const { return domain_error_; }

 private:
  std::string_view rest_;
  QueueError error_ = QueueError::kNone;
  DomainError domain_error_ = DomainError::kNone;
  bool done_ = false;
};

}  // namespace postern::syntax

#endif  // POSTERN_ENGINE_SYNTAX_QUEUE_ARGUMENT_H_
