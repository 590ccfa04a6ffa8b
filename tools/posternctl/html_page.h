// SPDX-License-Identifier: Apache-2.0
//
// The whole table as one HTML page: searchable, light and dark, readable on a phone, and nothing
// fetched from anywhere. page.css and page.js are part of it.
//
// Threads: pure.
#ifndef POSTERN_TOOLS_POSTERNCTL_HTML_PAGE_H_
#define POSTERN_TOOLS_POSTERNCTL_HTML_PAGE_H_

#include <string>

#include "tools/posternctl/merged_table.h"

namespace postern {
namespace ctl {

std::string HtmlPage(const MergedTable& table);

// Text for an element or a quoted attribute.
std::string HtmlText(const std::string& text);

}  // namespace ctl
}  // namespace postern

#endif  // POSTERN_TOOLS_POSTERNCTL_HTML_PAGE_H_
