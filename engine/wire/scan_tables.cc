// SPDX-License-Identifier: Apache-2.0

#include "engine/wire/scan_tables.h"

namespace postern::wire {
namespace {

constexpr ScanTables MakeTables() {
  ScanTables tables = {};
  for (uint8_t& octet : tables.printable_shift) octet = kPrintableShift;
  for (int8_t& octet : tables.printable_end) octet = kPrintableEnd;
  for (uint8_t& octet : tables.cr) octet = '\r';
  for (uint8_t& octet : tables.lf) octet = '\n';
  for (uint8_t& octet : tables.dot) octet = '.';
  return tables;
}

}  // namespace

constexpr ScanTables kScanTables = MakeTables();

}  // namespace postern::wire
