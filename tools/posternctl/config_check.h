// SPDX-License-Identifier: Apache-2.0
//
// Checks of configurations that need no running server: the engine's own, and what posternd would
// refuse of addresses, pairs and ranges. It looks at no certificate and binds no address.
//
// Threads: pure, but that it asks whether named files can be read.
#ifndef POSTERN_TOOLS_POSTERNCTL_CONFIG_CHECK_H_
#define POSTERN_TOOLS_POSTERNCTL_CONFIG_CHECK_H_

#include <string>
#include <vector>

#include "tools/posternctl/findings.h"
#include "tools/posternctl/table_file.h"

namespace postern {
namespace ctl {

// Faults and warnings of a posternd or engine configuration. Names of tables that it points to are
// added to `tables`.
std::vector<Finding> CheckConfig(const SourceFile& file, std::vector<std::string>* tables);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_CONFIG_CHECK_H_
