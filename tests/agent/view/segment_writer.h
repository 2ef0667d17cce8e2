#ifndef SHMETRICS_TESTS_AGENT_VIEW_SEGMENT_WRITER_H_
#define SHMETRICS_TESTS_AGENT_VIEW_SEGMENT_WRITER_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "shm/cells.h"
#include "shm/leases/ledger.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"
#include "shm/segment/segment_options.h"
#include "shm/series/directory.h"

namespace shmetrics::testing {

/// A folder on tmpfs that is removed with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/dev/shm/shmetrics-agent-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_;
};

/// A worker that counts, without the client library. Creates the segment at `path` if there is none.
class SegmentWriter {
 public:
  explicit SegmentWriter(const std::string& path)
      : segment_(std::move(
            shm::Segment::AttachOrCreate(
                path,
                {.bytes = 4U << 20U, .series_limit = 1'000, .family_series_limit = 100, .slot_count = 16})
                .value())) {}

  /// Adds to the counter `name`, which has no labels.
  void Count(const std::string& name, std::uint64_t n) {
    const shm::FamilyDefinition definition{.name = name,
                                           .help = "Help.",
                                           .unit = {},
                                           .type = shm::layout::MetricType::kCounter,
                                           .label_names = {},
                                           .bounds = {}};
    auto family = directory_.RegisterFamily(definition);
    auto series = directory_.RegisterSeries(family.value(), {});
    shm::AddToCounter(reinterpret_cast<std::uint64_t*>(segment_->base() + series.value()->cells), n);
  }

  /// Sets a user's tier in the ledger.
  void SetTier(std::string_view user, std::uint32_t tier) { EXPECT_TRUE(ledger_.SetClass(user, tier).ok()); }
  /// Marks the ledger as loaded, as a worker does after it has read the saved one.
  void MarkLedgerLoaded() { ledger_.MarkLoaded(); }

 private:
  std::shared_ptr<shm::Segment> segment_;
  shm::Arena arena_{*segment_};
  shm::Directory directory_{*segment_, arena_};
  shm::Ledger ledger_{*segment_, arena_};
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_AGENT_VIEW_SEGMENT_WRITER_H_
