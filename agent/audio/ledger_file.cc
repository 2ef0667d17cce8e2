#include "agent/audio/ledger_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

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

/// At most as many bytes as a ledger may have and one more, from which the parser sees that it has too many.
bool ReadAll(int fd, std::string* text) {
  std::array<char, 65'536> part{};
  while (text->size() <= audio::kMaxLedgerFileBytes) {
    const ssize_t bytes = read(fd, part.data(), part.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return bytes == 0;
    text->append(part.data(), static_cast<std::size_t>(bytes));
  }
  return true;
}

}  // namespace

LedgerFile::LedgerFile(std::string path) : path_(std::move(path)) {}

// What is left if the agent is killed at each step. Other agents may write to the same path at the same time.
//   1 remove leftovers of step 2         die here -> the next Write() removes the rest
//   2 write and sync a temporary file    die here -> it is left over; the former file is valid
//   3 rename it to path_                 die here -> the new file is valid, or the former after a power cut
//   4 sync the folder                    die here -> nothing is missing
Result<void> LedgerFile::Write(const std::string& text) {
  written_.reset();
  if (text.size() > audio::kMaxLedgerFileBytes) {
    return Error{ErrorCode::kBadOption, path_ + " would have more than " +
                                            std::to_string(audio::kMaxLedgerFileBytes >> 20U) + " MiB"};
  }
  RemoveLeftovers(path_);
  const std::string temporary = TemporaryName(path_);
  std::optional<Mark> written;
  {
    const shm::UniqueFd file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
    // Leaves out the random name: the same failure must have the same text, or it would be logged again.
    if (!file.valid()) return Failed("no file can be made beside " + path_);
    // open() applies the umask; fchmod does not.
    const bool is_whole =
        fchmod(file.get(), kFileMode) == 0 && WriteAll(file.get(), text) && fsync(file.get()) == 0;
    struct stat status {};
    written = MarkOf(fstat(file.get(), &status), status);
    if (!is_whole || rename(temporary.c_str(), path_.c_str()) != 0) {
      const Error error = Failed("writing " + path_);
      unlink(temporary.c_str());
      return error;
    }
  }
  const std::string folder = path_.substr(0, path_.rfind('/') + 1);
  const shm::UniqueFd parent(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.valid() || fsync(parent.get()) != 0) return Failed("syncing " + folder);
  written_ = written;
  return {};
}

bool LedgerFile::IsAsWritten() const {
  struct stat file {};
  return written_ && MarkOf(lstat(path_.c_str(), &file), file) == written_;
}

Result<std::optional<audio::LedgerOrigin>> LedgerFile::ReadOrigin() const {
  // O_NONBLOCK, because open() of a pipe would wait for a writer.
  const shm::UniqueFd file(open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return std::optional<audio::LedgerOrigin>();
  if (!file.valid()) return Failed("opening " + path_);
  std::string text;
  if (!ReadAll(file.get(), &text)) return Failed("reading " + path_);
  audio::LedgerOrigin origin;
  const auto parsed = audio::ParseLedgerFile(text, &origin);
  if (!parsed.ok()) return parsed.error();
  return std::optional(std::move(origin));
}

std::optional<LedgerFile::Mark> LedgerFile::MarkOf(int status, const struct stat& file) {
  if (status != 0) return std::nullopt;
  const std::int64_t changed = std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
  return Mark{file.st_dev, file.st_ino, file.st_size, changed};
}

}  // namespace shmetrics::agent
