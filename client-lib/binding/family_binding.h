#ifndef SHMETRICS_CLIENT_LIB_BINDING_FAMILY_BINDING_H_
#define SHMETRICS_CLIENT_LIB_BINDING_FAMILY_BINDING_H_

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client-lib/binding/connection.h"
#include "client-lib/binding/hash_tree.h"
#include "client-lib/binding/info_binding.h"
#include "client-lib/binding/recent_series.h"
#include "client-lib/binding/refusal_log.h"
#include "shm/cells.h"
#include "shm/series/family.h"
#include "shmetrics/counter.h"
#include "shmetrics/family.h"

namespace shmetrics::internal {

class GaugeTable;

/// The result of a registration in one segment. Immutable and never freed: replaced when the segment is.
struct Registration {
  Attachment* attachment;  ///< null if there was no segment
  std::optional<shm::RegisteredFamily> family;
  Error error;  ///< set if there is no family
};

/// A metric family as this process asked for it: its definition, and its place in the segment in use. Made
/// once for each definition and never freed, so that public families and handles are plain values.
class FamilyBinding {
 public:
  /// `connection`, `refusals` and `gauges` must outlive the binding.
  FamilyBinding(shm::FamilyDefinition definition, Connection& connection, RefusalLog& refusals,
                GaugeTable& gauges)
      : definition_(std::move(definition)),
        cell_bytes_(shm::CellBytesOf(definition_)),
        buckets_(definition_.bounds.empty() ? nullptr : new shm::BucketIndex(definition_.bounds)),
        connection_(connection),
        refusals_(refusals),
        gauges_(gauges) {}

  const shm::FamilyDefinition& definition() const { return definition_; }
  const shm::BucketIndex& buckets() const { return buckets_ == nullptr ? shm::kNoBuckets : *buckets_; }
  Connection& connection() const { return connection_; }
  RefusalLog& refusals() const { return refusals_; }
  GaugeTable& gauges() const { return gauges_; }

  /// The series with these values and its segment. A new one is registered. If a counter or histogram is
  /// refused, this is the overflow series. Null where there is none. `refusal`, if given, receives why this
  /// is not the series asked for; it is left alone if it is.
  struct Place {
    Attachment* attachment = nullptr;
    shm::layout::SeriesRecord* series = nullptr;
  };
  Place Find(std::span<const std::string_view> values, std::optional<ErrorCode>* refusal = nullptr) noexcept;

  /// The registration in the segment in use; looks for a new segment if it was replaced. Null without a
  /// segment.
  const Registration* Registered() noexcept;
  /// The same without a look for a new segment, if the last registration is in the segment of `attachment`: for
  /// callers that have just looked.
  const Registration* RegisteredIn(const Attachment* attachment) noexcept {
    const Registration* registration =
        registration_.load(std::memory_order_acquire);  // pairs with RegisterNow()
    const bool is_there =
        registration != nullptr && registration->attachment == attachment && registration->family.has_value();
    return is_there ? registration : Registered();
  }

  /// The cells of Find() and their series; or detached cells without a series. `refusal` as there.
  struct Cells {
    void* first;
    std::uint32_t cpu_stripes;
    shm::layout::SeriesRecord* series;

    template <class Cell>
    shm::Column<Cell> column() const {
      return {static_cast<Cell*>(first), cpu_stripes};
    }
  };
  /// Inline, because most series looked up already exist.
  Cells CellsOf(std::span<const std::string_view> values,
                std::optional<ErrorCode>* refusal = nullptr) noexcept {
    const Registration* registration =
        registration_.load(std::memory_order_acquire);  // pairs with RegisterNow()
    const bool is_current =
        registration != nullptr && registration->family && registration->attachment == connection_.Current();
    if (!is_current) [[unlikely]]
      return CellsAt(Find(values, refusal), refusal);
    const shm::Directory& directory = registration->attachment->directory;
    RecentSeries::Slot& recent = recent_series.Of(registration->family->ref);
    shm::SeriesSearch search{recent.Guess(), {}};
    if (search.series == nullptr || !directory.IsSeries(*registration->family, *search.series, values)) {
      search = directory.Search(*registration->family, values);
      recent.Note(search.series);
    }
    if (search.series == nullptr || !IsShown(*search.series)) [[unlikely]]
      return CellsAt(RegisterSeries(registration, values, search, refusal), refusal);
    return CellsAt({registration->attachment, search.series}, refusal);
  }

  /// Counts that this process had no memory for something, in the segment too if there is one.
  void NoteNoMemory() const noexcept;

  /// What this process says, for an info.
  InfoBinding& info() { return info_; }

  bool Remove(std::span<const std::string_view> values) noexcept;

  /// Registers the family in the segment in use, unless it is registered. Returns why it was refused, or why
  /// there is no segment; nothing if it is registered.
  std::optional<Error> Register() noexcept;
  /// The same without the reason. Allocates nothing if it is registered.
  bool IsRegistered() noexcept;

  using Tree = HashTree<FamilyBinding, 256>;
  Tree::Links tree;  ///< in the registry

 private:
  static bool IsShown(const shm::layout::SeriesRecord& series) {
    // no order needed: at worst the series is shown one scrape later
    return series.visibility.load(std::memory_order_relaxed) == shm::layout::Visibility::kShown;
  }
  /// Where there is a series but no cells, its record is damaged.
  Cells CellsAt(const Place& place, std::optional<ErrorCode>* refusal) const noexcept {
    char* cells = place.series == nullptr ? nullptr
                                          : place.attachment->segment->Cells(
                                                shm::layout::ReadOnce(place.series->cells), cell_bytes_);
    if (cells == nullptr) {
      if (refusal != nullptr && !*refusal) *refusal = ErrorCode::kCorrupt;
      return {detached_cells(), 0, nullptr};
    }
    return {cells, place.attachment->cpu_stripes, place.series};
  }

  const Registration* Current() noexcept;
  const Registration* RegisterNow() noexcept;
  /// The same as RegisterNow(), but throws std::bad_alloc.
  const Registration* TryRegister();
  bool MayRegisterAgain(const Registration& refused) const noexcept;
  /// Registers the series, or shows it again, after `search` in the directory of `registration`.
  Place RegisterSeries(const Registration* registration, std::span<const std::string_view> values,
                       const shm::SeriesSearch& search, std::optional<ErrorCode>* refusal) noexcept;
  /// The same, but throws std::bad_alloc.
  Place TryRegisterSeries(const Registration* registration, std::span<const std::string_view> values,
                          const shm::SeriesSearch& search, std::optional<ErrorCode>* refusal);
  /// The place of a label set that has none in the segment, because the family has none.
  Place Nowhere(const Registration* registration, std::optional<ErrorCode>* refusal) const noexcept;

  const shm::FamilyDefinition definition_;
  const std::uint64_t cell_bytes_;  ///< of one series in one stripe; 0 for gauges
  const std::unique_ptr<const shm::BucketIndex> buckets_;
  Connection& connection_;
  RefusalLog& refusals_;
  GaugeTable& gauges_;
  InfoBinding info_;
  std::atomic<const Registration*> registration_{nullptr};
  std::atomic<std::int64_t> retry_at_ns_{0};  ///< when to ask again after a refusal that may pass
};

/// Gives access to the binding behind a family of the C++ interface.
struct FamilyAccess {
  static FamilyBinding* BindingOf(const Family& family) { return family.binding_; }
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_FAMILY_BINDING_H_
