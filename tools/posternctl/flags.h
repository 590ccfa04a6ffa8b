// SPDX-License-Identifier: Apache-2.0
//
// The flags of posternctl. A command takes the ones that it names in its row of main.cc.
#ifndef POSTERN_TOOLS_POSTERNCTL_FLAGS_H_
#define POSTERN_TOOLS_POSTERNCTL_FLAGS_H_

#include <string>
#include <vector>

#include "absl/flags/declare.h"

ABSL_DECLARE_FLAG(bool, json);
ABSL_DECLARE_FLAG(std::string, color);
ABSL_DECLARE_FLAG(std::string, output);
ABSL_DECLARE_FLAG(std::string, table);
ABSL_DECLARE_FLAG(std::string, config);
ABSL_DECLARE_FLAG(std::string, language);
ABSL_DECLARE_FLAG(std::string, server_name);
ABSL_DECLARE_FLAG(std::string, as);
ABSL_DECLARE_FLAG(bool, html);
ABSL_DECLARE_FLAG(bool, strict);
ABSL_DECLARE_FLAG(bool, warnings);
ABSL_DECLARE_FLAG(bool, translation);
ABSL_DECLARE_FLAG(bool, raw);
ABSL_DECLARE_FLAG(bool, tls);
ABSL_DECLARE_FLAG(bool, starttls);
ABSL_DECLARE_FLAG(std::vector<std::string>, answer);
ABSL_DECLARE_FLAG(double, seconds);
ABSL_DECLARE_FLAG(std::vector<std::string>, commands);

#endif  // POSTERN_TOOLS_POSTERNCTL_FLAGS_H_
