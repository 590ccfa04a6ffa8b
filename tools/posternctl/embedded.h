// SPDX-License-Identifier: Apache-2.0
//
// Files that the program carries, made at build (tools/embed_files.py).
#ifndef POSTERN_TOOLS_POSTERNCTL_EMBEDDED_H_
#define POSTERN_TOOLS_POSTERNCTL_EMBEDDED_H_

#include <cstddef>

namespace postern {
namespace ctl {

// A FileDescriptorSet of EngineConfig, ReplyTable and PosterndConfig.
extern const unsigned char kSchema[];
extern const size_t kSchemaSize;

// Style and script of the HTML page.
extern const unsigned char kPageStyle[];
extern const size_t kPageStyleSize;
extern const unsigned char kPageScript[];
extern const size_t kPageScriptSize;

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_EMBEDDED_H_
