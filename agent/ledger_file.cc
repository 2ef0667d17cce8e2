#include "agent/ledger_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "agent/exposition/ledger_json.h"
#include "agent/exposition/timestamp.h"
#include "agent/log.h"
#include "client-lib/ledger_file.h"
#include "shm/unique_fd.h"

namespace shmetrics::agent {
namespace {

/// The group's, too: workers read it, and they may be other users.
constexpr mode_t kFileMode = 0640;

std::int64_t UnixNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

Error Failed(const std::string& what) {
  return {ErrorCode::kNotCreatable, what + ": " + std::strerror(errno)};
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Two agents may save at once, in containers with the same process id: neither may write into the other's.
std::string TemporaryName(const std::string& path) {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number)) number = static_cast<std::uint64_t>(UnixNow());
  return path + ".new-" + std::to_string(number);
}

}  // namespace

LedgerFile::LedgerFile(std::string path) : path_(std::move(path)) {}

void LedgerFile::Save(std::vector<shm::LedgerRecord> ledger) {
  std::string users = LedgerUsersJson(std::move(ledger));
  if (users == saved_users_) return;
  const Result<void> written = Write(LedgerFileJson(users, FormatUtc(UnixNow())));
  if (written.ok()) {
    saved_users_ = std::move(users);
    if (!last_failure_.empty()) Log(LogLevel::kInfo, "the ledger is saved again, to " + path_);
    last_failure_.clear();
  } else if (written.error().message != last_failure_) {
    last_failure_ = written.error().message;
    Log(LogLevel::kError, "the ledger could not be saved: " + last_failure_);
  }
}

Result<void> LedgerFile::Write(const std::string& text) const {
  if (text.size() > audio::kMaxLedgerFileBytes) {
    return Error{ErrorCode::kBadOption, path_ + " would have more than 64 MiB"};
  }
  const std::string temporary = TemporaryName(path_);
  {
    const shm::UniqueFd file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
    // Without the random name, so that the same failure is the same sentence.
    if (!file.valid()) return Failed("no file can be made beside " + path_);
    // fchmod: the umask has its say in open().
    const bool is_whole =
        fchmod(file.get(), kFileMode) == 0 && WriteAll(file.get(), text) && fsync(file.get()) == 0;
    if (!is_whole || rename(temporary.c_str(), path_.c_str()) != 0) {
      const Error error = Failed("writing " + path_);
      unlink(temporary.c_str());
      return error;
    }
  }
  const std::string folder = path_.substr(0, path_.rfind('/') + 1);
  const shm::UniqueFd parent(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.valid() || fsync(parent.get()) != 0) return Failed("syncing " + folder);
  return {};
}

}  // namespace shmetrics::agent
