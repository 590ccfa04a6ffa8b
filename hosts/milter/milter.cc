// SPDX-License-Identifier: Apache-2.0

#include "hosts/milter/milter.h"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hosts/common/network.h"

// libmilter's thread for signals waits for SIGHUP, SIGTERM and SIGINT and stops the milter on each.
// The linker sends its sigwait() here (--wrap=sigwait), where nothing ever comes: the signals stay
// blocked, and pending for the main thread.
extern "C" int __wrap_sigwait(const sigset_t* set, int* number);
extern "C" int __wrap_sigwait(const sigset_t* /*set*/, int* /*number*/) {
  for (;;) pause();
}

// libmilter hands the octets of an unknown command to its callback as a string, without a look at
// whether whoever sent them ended them with NUL, as it does for all other commands: its read of a
// packet comes here too (--wrap=mi_rd_cmd), and this one's last octet is NUL, always.
extern "C" char* __real_mi_rd_cmd(int fd, struct timeval* timeout, char* command, size_t* size,
                                  char* name);
extern "C" char* __wrap_mi_rd_cmd(int fd, struct timeval* timeout, char* command, size_t* size,
                                  char* name);
extern "C" char* __wrap_mi_rd_cmd(int fd, struct timeval* timeout, char* command, size_t* size,
                                  char* name) {
  char* const octets = __real_mi_rd_cmd(fd, timeout, command, size, name);
  if (octets != nullptr && *size > 0 && *command == SMFIC_UNKNOWN) octets[*size - 1] = '\0';
  return octets;
}

namespace postern {
namespace milter {
namespace {

using posternd::LogColour;
using posternd::LogLine;

// Callbacks are given nothing but their connection.
Milter* the_milter = nullptr;

// How long libmilter waits for the MTA before it takes a session for dead; Postfix keeps idle ones
// for as long as its client stays.
constexpr int kMtaTimeoutSeconds = 7200;

Session* SessionOf(SMFICTX* context) { return static_cast<Session*>(smfi_getpriv(context)); }

std::string Macro(SMFICTX* context, const char* name) {
  char buffer[32] = {};
  strncpy(buffer, name, sizeof(buffer) - 1);
  const char* const value = smfi_getsymval(context, buffer);
  return value == nullptr ? "" : value;
}

Macros MacrosOf(SMFICTX* context) {
  Macros macros;
  const std::string version = Macro(context, "{tls_version}");
  macros.tls = !version.empty() && version != "NONE";
  macros.authenticated = !Macro(context, "{auth_authen}").empty();
  return macros;
}

std::string AddressOf(const sockaddr* address) {
  if (address == nullptr) return "";
  sockaddr_storage storage = {};
  if (address->sa_family == AF_INET) {
    memcpy(&storage, address, sizeof(sockaddr_in));
  } else if (address->sa_family == AF_INET6) {
    memcpy(&storage, address, sizeof(sockaddr_in6));
  } else {
    return "";
  }
  return host::Address::FromSocket(storage).ToString();
}

bool SetReply(SMFICTX* context, const Reply& reply) {
  const std::vector<std::string> lines = FitForMilter(reply.lines);
  std::string code = reply.code;
  std::string enhanced = reply.enhanced;
  char* const xcode = enhanced.empty() ? nullptr : &enhanced[0];
  if (lines.size() <= 1) {
    std::string line = lines.empty() ? "" : lines[0];
    return smfi_setreply(context, &code[0], xcode, &line[0]) == MI_SUCCESS;
  }
  std::array<const char*, kMaxReplyLines + 1> l = {};
  for (size_t i = 0; i < lines.size(); ++i) l[i] = lines[i].c_str();
  static_assert(kMaxReplyLines == 32, "the call below lists them");
  return smfi_setmlreply(context, code.c_str(), xcode, l[0], l[1], l[2], l[3], l[4], l[5], l[6],
                         l[7], l[8], l[9], l[10], l[11], l[12], l[13], l[14], l[15], l[16], l[17],
                         l[18], l[19], l[20], l[21], l[22], l[23], l[24], l[25], l[26], l[27],
                         l[28], l[29], l[30], l[31], static_cast<char*>(nullptr)) == MI_SUCCESS;
}

// The answer stands, whether it can be logged or not.
sfsistat Fail(const Session* session, absl::string_view what) noexcept {
  try {
    LogLine line(the_milter->log(), "failed", LogColour::kBad);
    if (session != nullptr) {
      line.Add("id", absl::StrCat(absl::Hex(session->id()))).Add("client", session->client());
    }
    line.Add("why", what).Write();
  } catch (...) {
    // No memory for the line.
  }
  return the_milter->on_failure() == OnFailure::kAccept ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
}

sfsistat Answer(SMFICTX* context, const Session& session, const Finding& finding) {
  if (finding.failed) return Fail(&session, "the engine could not judge this");
  if (!finding.refused()) return SMFIS_CONTINUE;
  LogLine line(the_milter->log(), "refused", LogColour::kWarning);
  line.Add("id", absl::StrCat(absl::Hex(session.id())))
      .Add("client", session.client().empty() ? "unknown" : session.client());
  const std::string queue_id = Macro(context, "i");
  if (!queue_id.empty()) line.Add("queue_id", queue_id);
  line.Add("code", finding.reply.code)
      .Add("rule", finding.rule == 0 ? "-" : session.api().rule_name(finding.rule))
      .Add("line", session.line())
      .Write();
  // Not set, it is refused all the same, in the MTA's words.
  if (!SetReply(context, finding.reply)) {
    the_milter->log()->Warning(
        absl::StrCat("libmilter does not take this reply: ", finding.reply.code));
  }
  return finding.reply.code[0] == '4' ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

// Calls `what` with the session. No exception may reach libmilter, which is C.
template <typename Call>
sfsistat With(SMFICTX* context, Call what) noexcept {
  Session* const session = SessionOf(context);
  if (session == nullptr) return Fail(nullptr, "no session");
  try {
    return Answer(context, *session, what(session));
  } catch (...) {
    return Fail(session, "no memory");
  }
}

sfsistat OnNegotiate(SMFICTX* /*context*/, unsigned long /*actions*/, unsigned long steps,
                     unsigned long /*unused2*/, unsigned long /*unused3*/,
                     unsigned long* our_actions, unsigned long* our_steps, unsigned long* out2,
                     unsigned long* out3) {
  // Nothing of a message is changed. Header fields come as they are written.
  *our_actions = SMFIF_NONE;
  *our_steps |= steps & SMFIP_HDR_LEADSPC;
  *out2 = 0;
  *out3 = 0;
  return SMFIS_CONTINUE;
}

sfsistat OnClose(SMFICTX* context) {
  std::unique_ptr<Session> session(SessionOf(context));
  smfi_setpriv(context, nullptr);
  if (session != nullptr) the_milter->EndSession(std::move(session));
  return SMFIS_CONTINUE;
}

sfsistat OnConnect(SMFICTX* context, char* /*name*/, sockaddr* address) {
  // An MTA may tell of another client on the same connection (XCLIENT).
  OnClose(context);
  try {
    std::unique_ptr<Session> session = the_milter->NewSession(AddressOf(address));
    if (smfi_setpriv(context, session.get()) == MI_SUCCESS) {
      session.release();  // NOLINT(bugprone-unused-return-value): libmilter holds it
      return SMFIS_CONTINUE;
    }
    the_milter->EndSession(std::move(session));
    return Fail(nullptr, "libmilter keeps no session");
  } catch (...) {
    return Fail(nullptr, "no memory");
  }
}

sfsistat OnHelo(SMFICTX* context, char* name) {
  return With(context, [&](Session* session) {
    const Finding finding = session->Helo(name, MacrosOf(context));
    // A refusal is told with MAIL.
    return finding.failed ? finding : Finding();
  });
}

sfsistat OnMail(SMFICTX* context, char** arguments) {
  return With(context,
              [&](Session* session) { return session->Mail(arguments, MacrosOf(context)); });
}

sfsistat OnRcpt(SMFICTX* context, char** arguments) {
  return With(context,
              [&](Session* session) { return session->Rcpt(arguments, MacrosOf(context)); });
}

sfsistat OnData(SMFICTX* context) {
  return With(context, [&](Session* session) { return session->Data(MacrosOf(context)); });
}

sfsistat OnUnknown(SMFICTX* context, const char* line) {
  return With(context, [&](Session* session) { return session->Unknown(line, MacrosOf(context)); });
}

sfsistat OnHeader(SMFICTX* context, char* name, char* value) {
  return With(context, [&](Session* session) { return session->Header(name, value); });
}

sfsistat OnEndOfHeader(SMFICTX* context) {
  return With(context, [](Session* session) { return session->EndOfHeader(); });
}

sfsistat OnBody(SMFICTX* context, unsigned char* octets, size_t size) {
  return With(context, [&](Session* session) {
    return session->Body({reinterpret_cast<const char*>(octets), size});
  });
}

sfsistat OnEndOfMessage(SMFICTX* context) {
  return With(context, [](Session* session) { return session->EndOfMessage(); });
}

sfsistat OnAbort(SMFICTX* context) {
  Session* const session = SessionOf(context);
  if (session != nullptr) session->Abort();
  return SMFIS_CONTINUE;
}

}  // namespace

absl::Status Milter::Start(std::shared_ptr<const Judge> judge) {
  SetJudge(std::move(judge));
  the_milter = this;
  std::string name = "postern-milter";
  smfiDesc filter = {};
  filter.xxfi_name = &name[0];
  filter.xxfi_version = SMFI_VERSION;
  filter.xxfi_flags = SMFIF_NONE;
  filter.xxfi_connect = &OnConnect;
  filter.xxfi_helo = &OnHelo;
  filter.xxfi_envfrom = &OnMail;
  filter.xxfi_envrcpt = &OnRcpt;
  filter.xxfi_header = &OnHeader;
  filter.xxfi_eoh = &OnEndOfHeader;
  filter.xxfi_body = &OnBody;
  filter.xxfi_eom = &OnEndOfMessage;
  filter.xxfi_abort = &OnAbort;
  filter.xxfi_close = &OnClose;
  filter.xxfi_unknown = &OnUnknown;
  filter.xxfi_data = &OnData;
  filter.xxfi_negotiate = &OnNegotiate;
  std::string socket = absl::StrCat("fd:", listener_->fd());
  if (smfi_register(filter) != MI_SUCCESS || smfi_setconn(&socket[0]) != MI_SUCCESS ||
      smfi_settimeout(kMtaTimeoutSeconds) != MI_SUCCESS || smfi_opensocket(false) != MI_SUCCESS) {
    return absl::InvalidArgumentError(
        "libmilter cannot start; it has to be Debian's, of version 8.17 or later");
  }
  std::thread([this] {
    smfi_main();
    gave_up_.store(true);
    kill(getpid(), SIGTERM);
  }).detach();
  return absl::OkStatus();
}

void Milter::SetJudge(std::shared_ptr<const Judge> judge) {
  const std::lock_guard<std::mutex> lock(mutex_);
  judge_ = std::move(judge);
}

std::unique_ptr<Session> Milter::NewSession(std::string client) {
  std::shared_ptr<const Judge> judge;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    judge = judge_;
  }
  auto session =
      std::make_unique<Session>(std::move(judge), next_id_.fetch_add(1), std::move(client));
  sessions_.fetch_add(1);
  if (log_->verbose()) {
    LogLine(log_, "connect")
        .Add("id", absl::StrCat(absl::Hex(session->id())))
        .Add("client", session->client().empty() ? "unknown" : session->client())
        .Write();
  }
  return session;
}

void Milter::EndSession(std::unique_ptr<Session> session) noexcept {
  try {
    if (log_->verbose()) {
      LogLine(log_, "session")
          .Add("id", absl::StrCat(absl::Hex(session->id())))
          .Add("client", session->client().empty() ? "unknown" : session->client())
          .Add("messages", session->messages())
          .Add("refused", session->refused())
          .Write();
    }
  } catch (...) {
    // It ends without a line in the log.
  }
  session.reset();
  sessions_.fetch_sub(1);
}

}  // namespace milter
}  // namespace postern
