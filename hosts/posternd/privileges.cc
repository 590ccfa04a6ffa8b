// SPDX-License-Identifier: Apache-2.0
//
// Dropping privileges; see privileges.h.

#include "hosts/posternd/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace postern {
namespace posternd {

absl::Status BecomeUser(const std::string& user) {
  errno = 0;
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("--user=", user, ": there is no such user; create it (adduser --system ", user,
                     ") or name another"));
  }
  if (geteuid() == entry->pw_uid && getuid() == entry->pw_uid) return absl::OkStatus();
  if (geteuid() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--user=", user,
                     ": only root can become another user; start as root or leave "
                     "the flag out"));
  }
  // The groups first: afterwards there is no right to change them.
  if (initgroups(user.c_str(), entry->pw_gid) != 0 ||
      setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
      setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0) {
    return absl::InternalError(
        absl::StrCat("--user=", user, ": cannot become this user: ", strerror(errno)));
  }
  if (entry->pw_uid != 0 && (setuid(0) == 0 || geteuid() == 0)) {
    return absl::InternalError(absl::StrCat("--user=", user, ": privileges could not be dropped"));
  }
  return absl::OkStatus();
}

}  // namespace posternd
}  // namespace postern
