// SPDX-License-Identifier: Apache-2.0
//
// posternd-passwd: writes a line for the password file.
//
//   posternd-passwd [--crypt | --scram] [--iterations=N] NAME < PASSWORD >> FILE
//
// The password is the first line of the standard input; on a terminal it is asked for, twice and
// without echo. It is never an argument, because all users of a machine see those. Without an
// option the line has both kinds of secret: SCRAM for clients that can, and a hash that costs more
// to guess at for PLAIN and LOGIN.

#include <openssl/rand.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "hosts/posternd/sasl/credential.h"
#include "hosts/posternd/sasl/password_file.h"
#include "hosts/posternd/sasl/secret.h"

namespace postern {
namespace posternd {
namespace {

constexpr size_t kMaxPasswordOctets = 511;  // of crypt(3), less its NUL
constexpr size_t kSaltOctets = 16;

int Fail(const std::string& sentence) {
  std::fprintf(stderr, "posternd-passwd: %s\n", sentence.c_str());
  return 1;
}

// One line without its end, by one octet at a time: nothing of the password stays in a buffer of
// the C library. False: nothing there, or too much.
bool ReadLine(Secret* line) {
  char octets[kMaxPasswordOctets + 1];
  size_t size = 0;
  bool any = false;
  bool fits = true;
  for (;;) {
    char c = 0;
    if (read(STDIN_FILENO, &c, 1) != 1) break;
    any = true;
    if (c == '\n') break;
    fits = fits && size < kMaxPasswordOctets;
    if (fits) octets[size++] = c;
  }
  if (size != 0 && octets[size - 1] == '\r') --size;
  *line = Secret(absl::string_view(octets, size));
  WipeOctets(octets, sizeof(octets));
  return any && fits && !line->empty();
}

// The terminal's echo is off while this lives.
class NoEcho {
 public:
  NoEcho() {
    active_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!active_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~NoEcho() {
    if (active_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  bool active() const { return active_; }

 private:
  bool active_ = false;
  termios before_ = {};
};

bool AskPassword(Secret* password, std::string* error) {
  const NoEcho quiet;
  if (quiet.active()) std::fputs("Password: ", stderr);
  const bool good = ReadLine(password);
  if (quiet.active()) std::fputs("\n", stderr);
  if (!good) {
    *error = "the password is empty or longer than 511 octets";
    return false;
  }
  if (!quiet.active()) return true;
  std::fputs("Once more: ", stderr);
  Secret again;
  ReadLine(&again);
  std::fputs("\n", stderr);
  if (EqualSecrets(password->view(), again.view())) return true;
  *error = "the two passwords differ";
  return false;
}

int Main(int argc, char** argv) {
  bool crypt = true;
  bool scram = true;
  uint32_t iterations = kDefaultScramIterations;
  std::string name;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (argument == "--crypt") {
      scram = false;
    } else if (argument == "--scram") {
      crypt = false;
    } else if (absl::ConsumePrefix(&argument, "--iterations=")) {
      if (!absl::SimpleAtoi(argument, &iterations) || iterations < kMinScramIterations ||
          iterations > kMaxScramIterations) {
        return Fail("--iterations is 4096 to 10000000");
      }
    } else if (absl::StartsWith(argument, "-") || !name.empty()) {
      return Fail("usage: posternd-passwd [--crypt | --scram] [--iterations=N] NAME");
    } else {
      name = std::string(argument);
    }
  }
  if (!crypt && !scram) return Fail("--crypt and --scram together are what no option gives");
  if (name.empty()) {
    return Fail("usage: posternd-passwd [--crypt | --scram] [--iterations=N] NAME");
  }
  name = std::string(SaslPrep(name, /*stored=*/true).view());
  if (!IsUserName(name)) {
    return Fail("the name is none: 1 to 255 octets, without spaces, colons and control characters");
  }
  Secret typed;
  std::string error;
  if (!AskPassword(&typed, &error)) return Fail(error);
  const Secret password = SaslPrep(typed.view(), /*stored=*/true);
  if (password.empty()) return Fail("the password has characters that none may have (RFC 4013)");

  Credential result;
  if (crypt) {
    absl::StatusOr<Credential> made = Credential::MakeCrypt(password);
    if (!made.ok()) return Fail(std::string(made.status().message()));
    result = *std::move(made);
  }
  if (scram) {
    unsigned char salt[kSaltOctets];
    if (RAND_bytes(salt, sizeof(salt)) != 1) return Fail("OpenSSL has no random octets");
    absl::StatusOr<Credential> made = Credential::MakeScram(
        password, iterations, absl::string_view(reinterpret_cast<char*>(salt), sizeof(salt)));
    if (!made.ok()) return Fail(std::string(made.status().message()));
    result = Credential::Join(std::move(result), *std::move(made));
  }
  std::printf("%s:%s\n", name.c_str(), result.ToText().c_str());
  return std::fflush(stdout) == 0 ? 0 : Fail("the line cannot be written");
}

}  // namespace
}  // namespace posternd
}  // namespace postern

int main(int argc, char** argv) { return postern::posternd::Main(argc, argv); }
