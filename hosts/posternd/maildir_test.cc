// SPDX-License-Identifier: Apache-2.0

#include "hosts/posternd/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace postern {
namespace posternd {
namespace {

// Counts calls, and makes the one with the chosen number fail.
class FaultyFileSystem : public FileSystem {
 public:
  int fail_at = -1;  // counted from 0 over all calls
  int error = EIO;
  size_t write_limit = 0;  // short writes of at most that many octets
  int calls() const { return calls_; }
  std::vector<std::string> log;
  int syncs = 0;

  int Create(int directory, const char* name) override {
    return Fails("create") ? -error : FileSystem::Create(directory, name);
  }
  ssize_t Write(int fd, const iovec* slices, int count) override {
    if (Fails("write")) return -error;
    if (write_limit == 0) return FileSystem::Write(fd, slices, count);
    iovec first = slices[0];
    if (first.iov_len > write_limit) first.iov_len = write_limit;
    return FileSystem::Write(fd, &first, 1);
  }
  int Sync(int fd) override {
    ++syncs;
    return Fails("sync") ? -error : FileSystem::Sync(fd);
  }
  int Close(int fd) override {
    const int result = FileSystem::Close(fd);
    return Fails("close") ? -error : result;
  }
  int Rename(int from_directory, const char* from, int to_directory, const char* to) override {
    if (Fails("rename")) return -error;
    return FileSystem::Rename(from_directory, from, to_directory, to);
  }

 private:
  bool Fails(const char* call) {
    log.push_back(call);
    return calls_++ == fail_at;
  }
  int calls_ = 0;
};

class MaildirTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/posternd_maildir_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    path_ = root_ + "/deep/Maildir";
  }
  void TearDown() override {
    const std::string command = "rm -rf '" + root_ + "'";
    ASSERT_EQ(system(command.c_str()), 0);
  }
  std::set<std::string> List(const std::string& sub) {
    std::set<std::string> names;
    DIR* directory = opendir((path_ + "/" + sub).c_str());
    while (const dirent* entry = directory == nullptr ? nullptr : readdir(directory)) {
      if (entry->d_name[0] != '.') names.insert(entry->d_name);
    }
    if (directory != nullptr) closedir(directory);
    return names;
  }
  std::string Read(const std::string& name) {
    std::ifstream file(path_ + "/" + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  static int Append(IncomingMessage* message, std::vector<std::string> pieces) {
    std::vector<iovec> slices;
    for (std::string& piece : pieces) slices.push_back({piece.data(), piece.size()});
    return message->Append(slices.data(), static_cast<int>(slices.size()));
  }

  std::string root_;
  std::string path_;
  const std::atomic<bool> not_cancelled_{false};
};

TEST_F(MaildirTest, CopiesAreBehindHeadersOfTheirOwn) {
  FaultyFileSystem faulty;
  faulty.write_limit = 7;
  auto maildir = Maildir::Open(path_, &faulty).value();
  int result = -1;
  auto first = maildir->Create(&result);
  ASSERT_EQ(Append(first.get(), {"To: a\r\n", "\r\n", "hello\r\n"}), 0);
  auto second = maildir->Create(&result);
  ASSERT_EQ(Append(second.get(), {"To: b\r\n"}), 0);
  ASSERT_EQ(second->Copy(*first, 7), 0);
  EXPECT_EQ(second->octets(), 16u);
  ASSERT_EQ(second->Commit(not_cancelled_), 0);
  // A copy that fails is no matter of the others.
  auto third = maildir->Create(&result);
  faulty.error = ENOSPC;
  faulty.fail_at = faulty.calls();
  EXPECT_EQ(third->Copy(*first, 7), -ENOSPC);
  EXPECT_EQ(third->Commit(not_cancelled_), -ENOSPC);
  third.reset();
  ASSERT_EQ(first->Commit(not_cancelled_), 0);
  EXPECT_TRUE(List("tmp").empty());
  ASSERT_EQ(List("new").size(), 2u);
  EXPECT_EQ(Read("new/" + first->name()), "To: a\r\n\r\nhello\r\n");
  EXPECT_EQ(Read("new/" + second->name()), "To: b\r\n\r\nhello\r\n");
}

TEST_F(MaildirTest, DeliversWholeMessagesAndNothingBeforeCommit) {
  auto maildir = Maildir::Open(path_).value();
  int result = -1;
  auto message = maildir->Create(&result);
  ASSERT_EQ(result, 0);
  ASSERT_EQ(Append(message.get(), {"Subject: x\r\n", "", "\r\nhello\r\n"}), 0);
  EXPECT_TRUE(List("new").empty());
  EXPECT_EQ(List("tmp").size(), 1u);
  ASSERT_EQ(message->Commit(not_cancelled_), 0);
  EXPECT_EQ(message->octets(), 21u);
  const std::string name = message->name();
  message.reset();
  EXPECT_TRUE(List("tmp").empty());
  EXPECT_EQ(Read("new/" + name), "Subject: x\r\n\r\nhello\r\n");
}

TEST_F(MaildirTest, SyncsFileThenRenamesThenSyncsDirectory) {
  FaultyFileSystem file_system;
  auto maildir = Maildir::Open(path_, &file_system).value();
  file_system.log.clear();
  int result = -1;
  auto message = maildir->Create(&result);
  ASSERT_EQ(Append(message.get(), {"x"}), 0);
  ASSERT_EQ(message->Commit(not_cancelled_), 0);
  EXPECT_EQ(file_system.log,
            (std::vector<std::string>{"create", "write", "sync", "close", "rename", "sync"}));
}

TEST_F(MaildirTest, ShortWritesLoseNothing) {
  FaultyFileSystem file_system;
  file_system.write_limit = 3;
  auto maildir = Maildir::Open(path_, &file_system).value();
  int result = -1;
  auto message = maildir->Create(&result);
  ASSERT_EQ(Append(message.get(), {"abcdefgh", "ij", "klmnopqrstuvw"}), 0);
  ASSERT_EQ(message->Commit(not_cancelled_), 0);
  EXPECT_EQ(Read("new/" + message->name()), "abcdefghijklmnopqrstuvw");
}

TEST_F(MaildirTest, EveryFailureIsReportedAndLeavesNothingInNewOrTmp) {
  FaultyFileSystem counting;
  int before = 0;
  {
    auto maildir = Maildir::Open(path_, &counting).value();
    before = counting.calls();
    int result = -1;
    auto message = maildir->Create(&result);
    ASSERT_EQ(Append(message.get(), {"first"}), 0);
    ASSERT_EQ(Append(message.get(), {"second"}), 0);
    ASSERT_EQ(message->Commit(not_cancelled_), 0);
    ASSERT_EQ(remove((path_ + "/new/" + message->name()).c_str()), 0);
  }
  const int steps = counting.calls() - before;
  ASSERT_EQ(steps, 7);  // create, write, write, sync, close, rename, sync
  for (const int error : {ENOSPC, EIO, EDQUOT}) {
    for (int step = 0; step < steps; ++step) {
      FaultyFileSystem file_system;
      file_system.error = error;
      auto maildir = Maildir::Open(path_, &file_system).value();
      file_system.fail_at = file_system.calls() + step;
      int result = 0;
      auto message = maildir->Create(&result);
      if (message != nullptr) {
        Append(message.get(), {"first"});
        Append(message.get(), {"second"});
        result = message->Commit(not_cancelled_);
      }
      EXPECT_EQ(result, -error) << "step " << step;
      message.reset();
      EXPECT_TRUE(List("new").empty()) << "step " << step;
      EXPECT_TRUE(List("tmp").empty()) << "step " << step;
    }
  }
}

TEST_F(MaildirTest, AFailedWriteSticks) {
  FaultyFileSystem file_system;
  auto maildir = Maildir::Open(path_, &file_system).value();
  int result = -1;
  auto message = maildir->Create(&result);
  file_system.fail_at = file_system.calls();
  EXPECT_EQ(Append(message.get(), {"lost"}), -EIO);
  EXPECT_EQ(Append(message.get(), {"later"}), -EIO);
  EXPECT_EQ(message->Commit(not_cancelled_), -EIO);
  message.reset();
  EXPECT_TRUE(List("new").empty());
}

TEST_F(MaildirTest, CancelledBeforeTheRenameLeavesNothing) {
  auto maildir = Maildir::Open(path_).value();
  int result = -1;
  auto message = maildir->Create(&result);
  ASSERT_EQ(Append(message.get(), {"x"}), 0);
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(message->Commit(cancelled), -ECANCELED);
  message.reset();
  EXPECT_TRUE(List("new").empty());
  EXPECT_TRUE(List("tmp").empty());
}

TEST_F(MaildirTest, NeverReplacesAFileInNew) {
  auto maildir = Maildir::Open(path_).value();
  int result = -1;
  auto message = maildir->Create(&result);
  std::ofstream(path_ + "/new/" + message->name()) << "theirs";
  ASSERT_EQ(Append(message.get(), {"ours"}), 0);
  EXPECT_EQ(message->Commit(not_cancelled_), -EEXIST);
  EXPECT_EQ(Read("new/" + message->name()), "theirs");
}

TEST_F(MaildirTest, ConcurrentCommitsAllArriveAndShareDirectorySyncs) {
  auto maildir = Maildir::Open(path_).value();
  constexpr int kThreads = 8;
  constexpr int kEach = 20;
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        int result = -1;
        auto message = maildir->Create(&result);
        if (message == nullptr || Append(message.get(), {"x"}) != 0 ||
            message->Commit(not_cancelled_) != 0) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(List("new").size(), static_cast<size_t>(kThreads * kEach));
  EXPECT_TRUE(List("tmp").empty());
}

TEST_F(MaildirTest, OpenRemovesLeftoversOfDeadProcessesAndOldFilesOnly) {
  std::string live_name;
  {
    auto maildir = Maildir::Open(path_).value();
    int result = -1;
    auto message = maildir->Create(&result);
    live_name = message->name();
  }
  // A process that certainly is gone.
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  const std::string own = "P" + std::to_string(getpid()) + "Q";
  std::string dead_name = live_name;
  dead_name.replace(dead_name.find(own), own.size(), "P" + std::to_string(child) + "Q");
  std::string running_name = live_name;  // the parent of this process lives
  running_name.replace(running_name.find(own), own.size(), "P" + std::to_string(getppid()) + "Q");
  for (const std::string& name :
       {dead_name, running_name, std::string("foreign"), std::string("ancient")}) {
    std::ofstream(path_ + "/tmp/" + name) << "part";
  }
  const timespec old[2] = {{time(nullptr) - 37 * 3600, 0}, {time(nullptr) - 37 * 3600, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (path_ + "/tmp/ancient").c_str(), old, 0), 0);
  auto maildir = Maildir::Open(path_).value();
  EXPECT_EQ(maildir->removed_at_start(), 2);
  EXPECT_EQ(List("tmp"), (std::set<std::string>{running_name, "foreign"}));
}

TEST_F(MaildirTest, APlaceThatCannotBeUsedIsNamedWithTheMend) {
  absl::Status status = Maildir::Open("/dev/null/Maildir").status();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("/dev/null"), std::string::npos);
  EXPECT_NE(status.message().find("--maildir="), std::string::npos);
}

TEST(ProcessOfNameTest, KnowsOwnNamesOnly) {
  EXPECT_EQ(ProcessOfName("17.M000001P42Q7.host.example", "host.example"), 42);
  EXPECT_EQ(ProcessOfName("17.M000001P42Q7.other", "host.example"), 0);
  EXPECT_EQ(ProcessOfName("17.M000001P0Q7.host", "host"), 0);
  EXPECT_EQ(ProcessOfName("17.M1P99999999999Q7.host", "host"), 0);
  EXPECT_EQ(ProcessOfName("1234.5678.host", "host"), 0);
  EXPECT_EQ(ProcessOfName("Q.P.M", "host"), 0);
  EXPECT_EQ(ProcessOfName("", "host"), 0);
}

}  // namespace
}  // namespace posternd
}  // namespace postern
