// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/content.h"

#include <algorithm>

namespace postern::fuzz::oracle {

Content ReferenceContent(std::string_view octets, bool normalize) {
  Content content;
  // DATA's own CR LF stands before the content and counts (RFC 5321 §4.1.1.4).
  const std::string wire = "\r\n" + std::string(octets);
  const size_t end = wire.find("\r\n.\r\n");  // D1
  content.ended = end != std::string::npos;
  content.wire = content.ended ? end + 5 - 2 : octets.size();
  // The first CR LF of the end belongs to the content.
  const std::string lines = content.ended ? wire.substr(0, end + 2) : wire;
  bool dropping = false;
  const auto fault = [&](bool* which) {
    if (dropping) return;
    *which = true;
    if (normalize) {
      content.octets += "\r\n";
    } else {
      dropping = true;
    }
  };
  for (size_t i = 2; i < lines.size(); ++i) {
    const char c = lines[i];
    const bool line_start = lines[i - 2] == '\r' && lines[i - 1] == '\n';
    if (c == '.' && line_start) continue;  // D2
    if (c == '\r') {
      if (i + 1 == lines.size()) break;  // half a CR LF, or bare: not known yet
      if (lines[i + 1] == '\n') {
        if (!dropping) content.octets += "\r\n";
        ++i;
      } else {
        fault(&content.bare_cr);
      }
    } else if (c == '\n') {
      fault(&content.bare_lf);
    } else if (!dropping) {
      content.octets += c;
    }
  }
  return content;
}

Finding SameDecoded(const Decoded& expected, const Decoded& got) {
  if (expected.wire != got.wire) {
    return "it should take " + std::to_string(expected.wire) + " octets and took " +
           std::to_string(got.wire);
  }
  if (expected.octets != got.octets) {
    const auto differ = std::mismatch(expected.octets.begin(), expected.octets.end(),
                                      got.octets.begin(), got.octets.end());
    const auto at = static_cast<size_t>(differ.first - expected.octets.begin());
    return "the content differs at octet " + std::to_string(at) + ": \"" +
           Visible(std::string_view(expected.octets).substr(at, 40)) + "\" became \"" +
           Visible(std::string_view(got.octets).substr(at, 40)) + "\"";
  }
  if (expected.bare_cr != got.bare_cr) return "bare CR: found or not found wrongly";
  if (expected.bare_lf != got.bare_lf) return "bare LF: found or not found wrongly";
  return {};
}

Finding SameContent(const Content& expected, const Content& got) {
  if (expected.ended != got.ended) {
    return got.ended ? "it ended and should go on" : "it goes on and should have ended";
  }
  return SameDecoded({expected.octets, expected.wire, expected.bare_cr, expected.bare_lf},
                     {got.octets, got.wire, got.bare_cr, got.bare_lf});
}

std::string CleanContent(std::string_view octets) {
  std::string content;
  for (size_t i = 0; i < octets.size(); ++i) {
    if (octets[i] == '\r' || octets[i] == '\n') {
      if (octets[i] == '\r' && i + 1 < octets.size() && octets[i + 1] == '\n') ++i;
      content += "\r\n";
    } else {
      content += octets[i];
    }
  }
  const bool whole = content.empty() || content.back() == '\n';
  return whole ? content : content + "\r\n";
}

std::string EncodeContent(std::string_view content) {
  std::string wire;
  bool line_start = true;
  for (const char c : content) {
    if (line_start && c == '.') wire += '.';
    wire += c;
    line_start = c == '\n';
  }
  return wire + ".\r\n";
}

}  // namespace postern::fuzz::oracle
