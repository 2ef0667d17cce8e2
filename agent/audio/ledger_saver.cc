#include "agent/audio/ledger_saver.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/timestamp.h"
#include "client-lib/audio/ledger_format.h"
#include "shm/base/clock.h"
#include "shm/base/unique_fd.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::agent {
namespace {

/// The group may read the file, because workers read it and may be other users.
constexpr mode_t kFileMode = 0640;
constexpr const char* kTemporarySuffix = ".new-";
constexpr std::time_t kLeftoverSeconds = 60;

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

/// A random name, because two agents must not write to the same file. In containers, both can have the same
/// process id.
std::string TemporaryName(const std::string& path) {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number))
    number = static_cast<std::uint64_t>(shm::NowNs(CLOCK_REALTIME));
  return path + kTemporarySuffix + std::to_string(number);
}

/// True if `name` is one that TemporaryName() makes.
bool IsTemporary(std::string_view name, std::string_view ledger_name) {
  if (!name.starts_with(ledger_name)) return false;
  name.remove_prefix(ledger_name.size());
  if (!name.starts_with(kTemporarySuffix)) return false;
  name.remove_prefix(std::string_view(kTemporarySuffix).size());
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Removes the temporary files that killed agents left behind. A file that another agent is writing now is
/// younger. If a slow disk made it as old, that agent's rename fails and it writes another one.
void RemoveLeftovers(const std::string& path) {
  const std::string folder = shm::FolderOf(path);
  const std::string ledger_name = path.substr(path.rfind('/') + 1);
  const std::time_t now = std::time(nullptr);
  // Not logged: if no file can be made in the folder either, Write() says so.
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!IsTemporary(entry->path().filename().native(), ledger_name)) continue;
    struct stat file {};
    const std::string& leftover = entry->path().native();
    const bool is_left = lstat(leftover.c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
                         now - file.st_mtime > kLeftoverSeconds;
    if (is_left) unlink(leftover.c_str());
  }
}

}  // namespace

LedgerSaver::LedgerSaver(std::string path) : path_(std::move(path)), load_watch_(path_) {}

void LedgerSaver::SaveFrom(CurrentView* view, const audio::AudioConfig& audio,
                           std::chrono::steady_clock::time_point now) {
  std::optional<std::vector<shm::LedgerRecord>> ledger;
  {
    CurrentView::Turn turn(view);
    load_watch_.Look(turn.Look(), now);
    ledger = turn.LedgerToSave();
  }
  if (!ledger) return;
  // Raw ids are from before hashing was switched on, or from a worker with another configuration. They must
  // not get into the file: a segment is gone with the next boot, a file is not.
  std::erase_if(*ledger, [&](const auto& record) { return !audio.IsUserLabel(record.key); });
  Save(std::move(*ledger));
}

void LedgerSaver::Save(std::vector<shm::LedgerRecord> ledger) {
  std::string users = audio::FormatLedgerUsers(std::move(ledger));
  if (users == saved_users_) return;
  const Result<void> written = Write(audio::FormatLedgerFile(users, FormatUtc(shm::NowNs(CLOCK_REALTIME))));
  if (written.ok()) {
    saved_users_ = std::move(users);
    if (!last_failure_.empty()) Log(LogLevel::kInfo, "the ledger is saved again, to " + path_);
    last_failure_.clear();
  } else if (written.error().message != last_failure_) {
    last_failure_ = written.error().message;
    Log(LogLevel::kError, "the ledger could not be saved: " + last_failure_);
  }
}

// What is left if the agent is killed at each step. Other agents may write to the same path at the same time.
//   1 remove leftovers of step 2         die here -> the next Write() removes the rest
//   2 write and sync a temporary file    die here -> it is left over; the former file is valid
//   3 rename it to path_                 die here -> the new file is valid, or the former after a power cut
//   4 sync the folder                    die here -> nothing is missing
Result<void> LedgerSaver::Write(const std::string& text) const {
  if (text.size() > audio::kMaxLedgerFileBytes) {
    return Error{ErrorCode::kBadOption, path_ + " would have more than " +
                                            std::to_string(audio::kMaxLedgerFileBytes >> 20U) + " MiB"};
  }
  RemoveLeftovers(path_);
  const std::string temporary = TemporaryName(path_);
  {
    const shm::UniqueFd file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
    // Leaves out the random name: the same failure must have the same text, or it would be logged again.
    if (!file.valid()) return Failed("no file can be made beside " + path_);
    // open() applies the umask; fchmod does not.
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
