// SPDX-License-Identifier: Apache-2.0
//
// Build tool: writes a serialized reply table as the C++ definition that default_table.h declares.
// What only tools tell of a code (its neighbours, sections, usual enhanced codes, when to use it)
// is left out: the library needs what HELP says, and loads it with every table. usage: embed
// TABLE.binpb OUT.cc

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

// Fields of ReplyTable, and of its entries, that are left out: {7, 6} is codes.enhanced_codes. The
// second number 0 stands for the entry as a whole.
constexpr unsigned kLeftOut[][2] = {
    {7, 6},   // codes.enhanced_codes
    {7, 7},   // codes.rfc
    {7, 8},   // codes.neighbours
    {7, 9},   // codes.use_when
    {8, 3},   // classes.meaning
    {9, 0},   // subjects
    {10, 4},  // enhanced_codes.rfc
    {11, 0},  // captions
};

bool IsLeftOut(unsigned entry, unsigned field) {
  for (const auto& [of, number] : kLeftOut) {
    if (of == entry && number == field) return true;
  }
  return false;
}

bool ReadVarint(std::string_view* in, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !in->empty(); shift += 7) {
    const auto octet = static_cast<unsigned char>(in->front());
    in->remove_prefix(1);
    *value |= uint64_t{octet & 0x7fu} << shift;
    if (octet < 0x80) return true;
  }
  return false;
}

void WriteVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

// Copies the fields of a message (varints and length-delimited ones: the schema has no others).
// `entry` is 0 for the table itself. False where the octets are no such message.
bool Copy(std::string_view in, unsigned entry, std::string* out) {
  while (!in.empty()) {
    uint64_t tag = 0;
    uint64_t value = 0;
    if (!ReadVarint(&in, &tag) || !ReadVarint(&in, &value)) return false;
    const auto field = static_cast<unsigned>(tag >> 3);
    const bool left_out = entry == 0 ? IsLeftOut(field, 0) : IsLeftOut(entry, field);
    if ((tag & 7) == 0) {
      if (!left_out) {
        WriteVarint(tag, out);
        WriteVarint(value, out);
      }
      continue;
    }
    if ((tag & 7) != 2 || value > in.size()) return false;
    std::string payload(in.substr(0, static_cast<size_t>(value)));
    in.remove_prefix(static_cast<size_t>(value));
    if (left_out) continue;
    if (entry == 0 && field >= 7) {
      std::string shorter;
      if (!Copy(payload, field, &shorter)) return false;
      payload = shorter;
    }
    WriteVarint(tag, out);
    WriteVarint(payload.size(), out);
    *out += payload;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: embed TABLE.binpb OUT.cc\n");
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::string octets;
  if (!in || whole.empty() || !Copy(whole, 0, &octets)) {
    std::fprintf(stderr, "embed: cannot read %s\n", argv[1]);
    return 1;
  }
  std::ofstream out(argv[2], std::ios::binary);
  out << "#include \"engine/replies/default_table.h\"\n\nnamespace postern::replies {\n\n"
      << "const unsigned char kDefaultTable[] = {";
  for (size_t i = 0; i < octets.size(); ++i) {
    out << (i % 24 == 0 ? "\n    " : "") << static_cast<int>(static_cast<unsigned char>(octets[i]))
        << ',';
  }
  out << "\n};\nconst size_t kDefaultTableSize = sizeof(kDefaultTable);\n\n"
      << "}  // namespace postern::replies\n";
  out.close();
  if (!out) {
    std::fprintf(stderr, "embed: cannot write %s\n", argv[2]);
    return 1;
  }
  return 0;
}
