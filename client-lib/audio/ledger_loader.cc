#include "client-lib/audio/ledger_loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "client-lib/audio/ledger_format.h"
#include "shm/base/fork_guard.h"
#include "shm/base/open_file.h"
#include "shm/segment/segment_file.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::audio {
namespace {

Error FromKernel(const std::string& path, const std::string& what) {
  return {errno == ELOOP ? ErrorCode::kSymlink : ErrorCode::kNotOpenable,
          "ledger file " + path + " could not be " + what + ": " + std::strerror(errno)};
}

Error Corrupt(const std::string& path, const std::string& what) {
  return {ErrorCode::kCorrupt, "ledger file " + path + " refused: " + what};
}

Result<void> CheckFile(const std::string& path, const struct stat& file) {
  if (!S_ISREG(file.st_mode))
    return Error{ErrorCode::kNotRegular, "ledger file " + path + " is no regular file"};
  // Whoever can write the file can give minutes and tiers away, and its owner can always write it.
  struct stat folder {};
  if (stat(shm::FolderOf(path).c_str(), &folder) != 0) return FromKernel(path, "judged by its folder");
  if (!shm::IsTrustedOwner(file, folder, geteuid())) {
    return Error{ErrorCode::kForeignOwner,
                 "ledger file " + path + " refused: it belongs to uid " + std::to_string(file.st_uid) +
                     ", which is neither this user (" + std::to_string(geteuid()) +
                     "), root nor the owner of its folder; remove it or give it to one of them"};
  }
  if ((file.st_mode & S_IWOTH) != 0) {
    return Error{ErrorCode::kUnsafeMode,
                 "ledger file " + path + " refused: the world may write it; chmod o-w " + path};
  }
  if (static_cast<std::uint64_t>(file.st_size) > kMaxLedgerFileBytes)
    return Corrupt(path, "it has more than 64 MiB");
  return {};
}

/// The whole text of the file; none if there is no such file.
Result<std::optional<std::string>> ReadAll(const std::string& path) {
  const shm::ForkGuard::NoFork no_fork;  // until the descriptor is closed
  if (!no_fork.held())
    return Error{ErrorCode::kBusy, "ledger file " + path + " was not read: " + no_fork.why_not_held()};
  // O_NONBLOCK, because open() of a pipe would wait for a writer.
  const shm::UniqueFd fd = shm::OpenFile(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  no_fork.CloseInChild(fd.get());
  if (!fd.valid() && errno == ENOENT) return std::optional<std::string>();
  struct stat file {};
  if (!fd.valid() || fstat(fd.get(), &file) != 0) return FromKernel(path, "opened");
  if (const Result<void> checked = CheckFile(path, file); !checked.ok()) return checked.error();
  // The file does not grow: an agent never changes it, but renames another file into its place.
  std::string text(static_cast<std::size_t>(file.st_size), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromKernel(path, "read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return std::optional(std::move(text));
}

}  // namespace

Result<std::vector<shm::LedgerRecord>> ReadLedgerFile(const std::string& path) {
  const Result<std::optional<std::string>> text = ReadAll(path);
  if (!text.ok()) return text.error();
  if (!text.value()) return std::vector<shm::LedgerRecord>();
  Result<std::vector<shm::LedgerRecord>> parsed = ParseLedgerFile(*text.value());
  if (!parsed.ok()) return Corrupt(path, parsed.error().message);
  return parsed;
}

}  // namespace shmetrics::audio
