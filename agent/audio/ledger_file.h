#ifndef SHMETRICS_AGENT_AUDIO_LEDGER_FILE_H_
#define SHMETRICS_AGENT_AUDIO_LEDGER_FILE_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "client-lib/audio/ledger_format.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// The file that the ledger is saved in. A reader finds the former file or the new one, never a part of
/// either. Others may write to the same path at any time.
class LedgerFile {
 public:
  explicit LedgerFile(std::string path);

  const std::string& path() const { return path_; }

  /// Replaces the file.
  Result<void> Write(const std::string& text);

  /// True if nobody has removed, replaced or changed the file since Write().
  bool IsAsWritten() const;

  /// Of which segment the file is; nothing if there is no file. kCorrupt if it is no saved ledger.
  Result<std::optional<audio::LedgerOrigin>> ReadOrigin() const;

 private:
  /// What differs when the file is not the same, or not as it was.
  struct Mark {
    dev_t device;
    ino_t inode;
    off_t size;
    std::int64_t changed_ns;

    bool operator==(const Mark&) const = default;
  };
  static std::optional<Mark> MarkOf(int status, const struct stat& file);

  const std::string path_;
  std::optional<Mark> written_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_LEDGER_FILE_H_
