// SPDX-License-Identifier: Apache-2.0
//
// The whole default table as it goes out, with fixed values: for the golden file
// default_table.golden and the program that writes it. For tests only.

#ifndef POSTERN_ENGINE_REPLIES_RENDER_TABLE_H_
#define POSTERN_ENGINE_REPLIES_RENDER_TABLE_H_

#include <string>

namespace postern::replies {

// Empty where the default table does not load.
std::string RenderDefaultTable();

}  // namespace postern::replies

#endif  // POSTERN_ENGINE_REPLIES_RENDER_TABLE_H_
