#ifndef SHMETRICS_CLIENT_LIB_EXAMPLES_WORK_REPORT_H_
#define SHMETRICS_CLIENT_LIB_EXAMPLES_WORK_REPORT_H_

// Work report: what one process did to its metrics, in a file of its own, so that scripts/demo-check can
// compare what the agent shows with what was done. No part of shmetrics; a real worker needs none.
//
// The file is a ReportHeader and a ReportRow for each sample. A change is entered as intended, made, and
// entered as confirmed. A process killed at any instruction has therefore done no less than it confirmed and
// no more than it intended; one that ended by itself has done exactly both.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>

struct ReportHeader {
  std::uint64_t rows;   ///< that are complete
  std::uint64_t ended;  ///< 1: the process ended by itself
};

struct ReportRow {
  char sample[104];        ///< name and labels as in a scrape
  std::uint64_t is_gauge;  ///< 1: shown only while the process lives
  double intended;
  double confirmed;
};
static_assert(sizeof(ReportHeader) == 16 && sizeof(ReportRow) == 128, "as scripts/demo-check reads them");

/// Keeps the compiler from moving an entry across the change it speaks of. More is not needed: a process dies
/// between two instructions, and what it has stored by then stays stored.
inline void KeepOrder() { std::atomic_signal_fence(std::memory_order_seq_cst); }

/// Lives as long as the process.
class WorkReport {
 public:
  /// Replaces the file at `path`; with an empty path nobody else sees the report. Throws std::system_error.
  WorkReport(const std::string& path, std::size_t max_rows) : path_(path), max_rows_(max_rows) {
    const std::size_t bytes = sizeof(ReportHeader) + max_rows * sizeof(ReportRow);
    const int file = path.empty() ? -1 : MakeFile(bytes);
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              path.empty() ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) Fail(errno, "cannot be mapped");
    if (file >= 0) close(file);
    header_ = static_cast<ReportHeader*>(memory);
  }

  ReportRow* AddRow(const std::string& sample, bool is_gauge = false) {
    if (header_->rows == max_rows_ || sample.size() >= sizeof(ReportRow::sample)) {
      Fail(ENOSPC, "has no room for " + sample);
    }
    ReportRow* const row = reinterpret_cast<ReportRow*>(header_ + 1) + header_->rows;
    std::memcpy(row->sample, sample.c_str(), sample.size() + 1);
    row->is_gauge = is_gauge ? 1 : 0;
    KeepOrder();
    ++header_->rows;
    return row;
  }

  void MarkEnded() { header_->ended = 1; }

 private:
  int MakeFile(std::size_t bytes) const {
    const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) Fail(errno, "cannot be made");
    const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes));
    if (error != 0) Fail(error, "gets no room");
    return file;
  }

  [[noreturn]] void Fail(int error, const std::string& what) const {
    throw std::system_error(error, std::generic_category(), "report '" + path_ + "' " + what);
  }

  std::string path_;
  std::size_t max_rows_;
  ReportHeader* header_;
};

/// A change of one sample: intended when this begins, confirmed when it ends.
class ReportedChange {
 public:
  ReportedChange(ReportRow* row, double amount) : row_(row), amount_(amount) {
    row_->intended += amount_;
    KeepOrder();
  }
  ~ReportedChange() {
    KeepOrder();
    row_->confirmed += amount_;
  }
  ReportedChange(const ReportedChange&) = delete;
  ReportedChange& operator=(const ReportedChange&) = delete;

 private:
  ReportRow* row_;
  double amount_;
};

#endif  // SHMETRICS_CLIENT_LIB_EXAMPLES_WORK_REPORT_H_
