// SPDX-License-Identifier: Apache-2.0

#include "engine/replies/table_parser.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace postern::replies {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using v1::Caption;
using v1::ClassFooter;
using v1::ClassReference;
using v1::CodeReference;
using v1::EnhancedReference;
using v1::HelpTopic;
using v1::Reply;
using v1::ReplyTable;
using v1::SubjectReference;

// Calls visit(tag, record, payload) for each field; `payload` of a length-delimited one is what is
// behind its length. False if `octets` are no message.
template <typename Visit>
bool ForEachField(std::string_view octets, Visit&& visit) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(octets.data()),
                      static_cast<int>(octets.size()));
  for (;;) {
    const auto begin = static_cast<size_t>(in.CurrentPosition());
    const uint32_t tag = in.ReadTag();
    if (tag == 0) return in.ConsumedEntireMessage();
    auto payload = static_cast<size_t>(in.CurrentPosition());
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      uint32_t size = 0;
      if (!in.ReadVarint32(&size)) return false;
      payload = static_cast<size_t>(in.CurrentPosition());
      if (size > octets.size() - payload || !in.Skip(static_cast<int>(size))) return false;
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
    const auto end = static_cast<size_t>(in.CurrentPosition());
    if (!visit(tag, octets.substr(begin, end - begin), octets.substr(payload, end - payload))) {
      return false;
    }
  }
}

constexpr uint32_t Tag(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}

int Count(std::string_view octets, int field) {
  int count = 0;
  // What is wrong with the octets is found when they are parsed.
  ForEachField(octets, [&](uint32_t tag, std::string_view, std::string_view) {
    if (tag == Tag(field)) ++count;
    return true;
  });
  return count;
}

// Room for the lists inside one entry.
void Reserve(std::string_view octets, Reply* reply) {
  reply->mutable_text()->Reserve(Count(octets, Reply::kTextFieldNumber));
  reply->mutable_utf8_text()->Reserve(Count(octets, Reply::kUtf8TextFieldNumber));
}
void Reserve(std::string_view octets, HelpTopic* topic) {
  topic->mutable_text()->Reserve(Count(octets, HelpTopic::kTextFieldNumber));
  topic->mutable_utf8_text()->Reserve(Count(octets, HelpTopic::kUtf8TextFieldNumber));
}
void Reserve(std::string_view octets, ClassFooter* footer) {
  footer->mutable_text()->Reserve(Count(octets, ClassFooter::kTextFieldNumber));
}
void Reserve(std::string_view octets, CodeReference* code) {
  code->mutable_enhanced_codes()->Reserve(Count(octets, CodeReference::kEnhancedCodesFieldNumber));
  code->mutable_rfc()->Reserve(Count(octets, CodeReference::kRfcFieldNumber));
  code->mutable_neighbours()->Reserve(Count(octets, CodeReference::kNeighboursFieldNumber));
}
// Those without lists.
void Reserve(std::string_view, ClassReference*) {}
void Reserve(std::string_view, SubjectReference*) {}
void Reserve(std::string_view, EnhancedReference*) {}
void Reserve(std::string_view, Caption*) {}

template <typename Entry>
bool ParseEntry(std::string_view octets, Entry* entry) {
  Reserve(octets, entry);
  return entry->ParseFromArray(octets.data(), static_cast<int>(octets.size()));
}

}  // namespace

bool ParseTable(std::string_view serialized, ReplyTable* table) {
  // protobuf logs a string that is not UTF-8 to stderr, which a library loaded by a host must not.
  google::protobuf::LogSilencer quiet;
  table->mutable_replies()->Reserve(Count(serialized, ReplyTable::kRepliesFieldNumber));
  table->mutable_help_topics()->Reserve(Count(serialized, ReplyTable::kHelpTopicsFieldNumber));
  table->mutable_footers()->Reserve(Count(serialized, ReplyTable::kFootersFieldNumber));
  table->mutable_codes()->Reserve(Count(serialized, ReplyTable::kCodesFieldNumber));
  table->mutable_classes()->Reserve(Count(serialized, ReplyTable::kClassesFieldNumber));
  table->mutable_subjects()->Reserve(Count(serialized, ReplyTable::kSubjectsFieldNumber));
  table->mutable_enhanced_codes()->Reserve(
      Count(serialized, ReplyTable::kEnhancedCodesFieldNumber));
  table->mutable_captions()->Reserve(Count(serialized, ReplyTable::kCaptionsFieldNumber));
  // Fields that are no lists, and those of later versions.
  std::string rest;
  const bool whole = ForEachField(
      serialized, [&](uint32_t tag, std::string_view record, std::string_view payload) {
        switch (tag) {
          case Tag(ReplyTable::kRepliesFieldNumber):
            return ParseEntry(payload, table->add_replies());
          case Tag(ReplyTable::kHelpTopicsFieldNumber):
            return ParseEntry(payload, table->add_help_topics());
          case Tag(ReplyTable::kFootersFieldNumber):
            return ParseEntry(payload, table->add_footers());
          case Tag(ReplyTable::kCodesFieldNumber):
            return ParseEntry(payload, table->add_codes());
          case Tag(ReplyTable::kClassesFieldNumber):
            return ParseEntry(payload, table->add_classes());
          case Tag(ReplyTable::kSubjectsFieldNumber):
            return ParseEntry(payload, table->add_subjects());
          case Tag(ReplyTable::kEnhancedCodesFieldNumber):
            return ParseEntry(payload, table->add_enhanced_codes());
          case Tag(ReplyTable::kCaptionsFieldNumber):
            return ParseEntry(payload, table->add_captions());
          default:
            rest.append(record.data(), record.size());
            return true;
        }
      });
  return whole && table->MergeFromString(rest);
}

}  // namespace postern::replies
