// SPDX-License-Identifier: Apache-2.0

#include "fuzz/oracle/framing.h"

namespace postern::fuzz::oracle {
namespace {

enum class Reading : uint8_t { kLine, kRestAfterBareLf, kRestAfterTotal };

std::string Describe(const FramingEvent& event) {
  static constexpr const char* kNames[] = {"line", "bare LF", "over total"};
  std::string s = kNames[static_cast<size_t>(event.kind)];
  s += " at " + std::to_string(event.end) + " \"" + Visible(event.text) + "\" length " +
       std::to_string(event.length);
  if (event.nul) s += " NUL";
  if (event.bare_cr) s += " bare-CR";
  if (event.control) s += " control";
  if (event.eight_bit) s += " eight-bit";
  if (event.after_bare_lf) s += " after-bare-LF";
  return s;
}

}  // namespace

Framing ReferenceFraming(std::string_view octets, size_t capacity, uint64_t max_total) {
  Framing framing;
  Reading reading = Reading::kLine;
  FramingEvent line;
  bool previous_is_cr = false;
  for (size_t i = 0; i < octets.size(); ++i) {
    const char c = octets[i];
    const bool ends = c == '\n' && previous_is_cr;  // F1
    ++line.length;
    const bool over = reading != Reading::kRestAfterTotal && line.length > max_total;  // F5
    if (over) {
      FramingEvent event;
      event.kind = FramingEvent::Kind::kOverTotal;
      event.end = i + 1;
      event.after_bare_lf = reading == Reading::kRestAfterBareLf;
      framing.events.push_back(event);
      reading = Reading::kRestAfterTotal;
    } else if (reading == Reading::kLine && c == '\n') {
      FramingEvent event = line;
      event.kind = ends ? FramingEvent::Kind::kLine : FramingEvent::Kind::kBareLf;  // F2
      event.end = i + 1;
      if (ends) event.text.pop_back();
      event.text.resize(event.text.size() < capacity ? event.text.size() : capacity);
      framing.events.push_back(event);
      if (!ends) reading = Reading::kRestAfterBareLf;
    } else if (reading == Reading::kLine) {
      const auto octet = static_cast<uint8_t>(c);
      line.text += c;
      if (previous_is_cr) line.bare_cr = true;
      if (octet == 0) line.nul = true;
      if (octet >= 0x80) line.eight_bit = true;
      if (octet == 0x7F || (octet != 0 && octet < 0x20 && c != '\t' && c != '\r')) {
        line.control = true;
      }
    }
    previous_is_cr = c == '\r';
    if (ends) {
      line = FramingEvent();
      reading = Reading::kLine;
      previous_is_cr = false;
    }
  }
  framing.at_line_start = line.length == 0;
  return framing;
}

Finding SameFraming(const Framing& expected, const Framing& got) {
  for (size_t i = 0; i < expected.events.size() || i < got.events.size(); ++i) {
    const std::string want =
        i < expected.events.size() ? Describe(expected.events[i]) : std::string("nothing");
    const std::string have = i < got.events.size() ? Describe(got.events[i]) : "nothing";
    if (want != have) {
      return "event " + std::to_string(i) + " should be [" + want + "] and is [" + have + "]";
    }
  }
  if (expected.at_line_start != got.at_line_start) return "it disagrees on being at a line's start";
  return {};
}

}  // namespace postern::fuzz::oracle
