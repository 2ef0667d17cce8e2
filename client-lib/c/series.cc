// Counters, gauges and histograms of the C interface. The handle of a counter is its column in one word, and
// the handle of a gauge is its binding, so neither needs memory. The handle of a histogram is made here.

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>

#include "client-lib/binding/gauge_binding.h"
#include "client-lib/c/face.h"
#include "shm/cells.h"
#include "shmetrics/c.h"
#include "shmetrics/counter.h"

/// What an observation needs. There is one for each series that this process has asked for; its cells
/// identify it.
struct shmetrics_histogram {
  shmetrics::shm::Column<shmetrics::shm::HistogramCell> column;
  const shmetrics::shm::BucketIndex* buckets;
  shmetrics_histogram* next;  ///< in its list; set before it is published
};

namespace {

using namespace shmetrics::internal;  // NOLINT(google-build-using-namespace): what this file is the edge of

// A column fits one word, with the type of the handle above it.
constexpr int kAddressBits = 48;
static_assert(shmetrics::shm::kMaxCpuStripes >> (kTypeShift - kAddressBits) == 0);

template <class Handle>
Handle* HandleOf(HandleType type, const FamilyBinding::Cells& cells) {
  return ToHandle<Handle>(type, reinterpret_cast<std::uintptr_t>(cells.first) |
                                    std::uintptr_t{cells.cpu_stripes} << kAddressBits);
}

template <class Handle>
shmetrics::shm::Column<std::uint64_t> ColumnOf(Handle* handle) {
  const std::uintptr_t word = WordOf(handle);
  return {reinterpret_cast<std::uint64_t*>(word & ((std::uintptr_t{1} << kAddressBits) - 1)),
          static_cast<std::uint32_t>(word >> kAddressBits)};
}

shmetrics_code WhyNotShown(const GaugeBinding& gauge) {
  const std::optional<shmetrics::ErrorCode> refusal = gauge.Refusal();
  return refusal ? CodeOf(*refusal) : SHMETRICS_OK;
}

GaugeBinding* BindingOf(shmetrics_gauge* gauge) { return reinterpret_cast<GaugeBinding*>(WordOf(gauge)); }

/// A larger number is a negative one that was converted.
constexpr std::uint64_t kMaxIncrement = std::numeric_limits<std::int64_t>::max();

/// Sets `*handle` to handle_of(binding, values, &refusal). The handle works also if the label set was refused
/// or has no segment: then the reason is returned.
template <class Handle, class HandleOf>
shmetrics_code With(const shmetrics_family* family, FamilyKind kind, const char* const* values,
                    std::size_t count, Handle** handle, HandleOf handle_of) {
  if (handle == nullptr) return SHMETRICS_BAD_ARGUMENT;
  *handle = nullptr;
  FamilyBinding* binding = BindingOf(family, kind);
  const Texts texts(values, count);
  if (binding == nullptr || !texts.ok()) return SHMETRICS_BAD_ARGUMENT;
  std::optional<shmetrics::ErrorCode> refusal;
  *handle = handle_of(*binding, texts.get(), &refusal);
  return refusal ? CodeOf(*refusal) : SHMETRICS_OK;
}

/// All handles of histograms. Insert-only and lock-free, so that a child forked at any moment finds them
/// whole. Never freed.
class Histograms {
 public:
  /// Null if memory is short.
  shmetrics_histogram* FindOrAdd(shmetrics::shm::Column<shmetrics::shm::HistogramCell> column,
                                 const shmetrics::shm::BucketIndex& buckets) {
    // Multiplied, because the cells of different histograms lie at regular distances.
    const std::uint64_t hash = reinterpret_cast<std::uintptr_t>(column.first) * 0x9E3779B97F4A7C15U;
    std::atomic<shmetrics_histogram*>& head = heads_[hash >> 52U];
    shmetrics_histogram* first = head.load(std::memory_order_acquire);  // pairs with the exchange below
    std::unique_ptr<shmetrics_histogram> made;
    for (shmetrics_histogram* searched = nullptr;;) {
      for (shmetrics_histogram* known = first; known != searched; known = known->next) {
        if (known->column.first == column.first) return known;
      }
      if (made == nullptr) {
        made.reset(new (std::nothrow) shmetrics_histogram{column, &buckets, nullptr});
        if (made == nullptr) return nullptr;
      }
      made->next = searched = first;
      if (head.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) return made.release();
    }
  }

 private:
  std::atomic<shmetrics_histogram*> heads_[4096]{};
};

constinit Histograms histograms;

}  // namespace

shmetrics_code shmetrics_counter_with(const shmetrics_family* family, const char* const* values,
                                      std::size_t count, shmetrics_counter** counter) {
  return With(family, FamilyKind::kCounter, values, count, counter,
              [](FamilyBinding& binding, auto texts, auto* refusal) {
                return HandleOf<shmetrics_counter>(HandleType::kCounter, binding.CellsOf(texts, refusal));
              });
}

shmetrics_code shmetrics_counter_inc(shmetrics_counter* counter) { return shmetrics_counter_add(counter, 1); }

shmetrics_code shmetrics_counter_add(shmetrics_counter* counter, std::uint64_t n) {
  if (!IsOf(HandleType::kCounter, counter) || n > kMaxIncrement) return SHMETRICS_BAD_ARGUMENT;
  shmetrics::shm::AddToCounter(ColumnOf(counter), n);
  return SHMETRICS_OK;
}

shmetrics_code shmetrics_fractional_with(const shmetrics_family* family, const char* const* values,
                                         std::size_t count, shmetrics_fractional** counter) {
  return With(family, FamilyKind::kFractional, values, count, counter,
              [](FamilyBinding& binding, auto texts, auto* refusal) {
                return HandleOf<shmetrics_fractional>(HandleType::kFractional,
                                                      binding.CellsOf(texts, refusal));
              });
}

shmetrics_code shmetrics_fractional_add(shmetrics_fractional* counter, double n) {
  if (!IsOf(HandleType::kFractional, counter) || !shmetrics::shm::IsFinite(n) || n < 0)
    return SHMETRICS_BAD_ARGUMENT;
  shmetrics::shm::AddToFractionalCounter(ColumnOf(counter), n);
  return SHMETRICS_OK;
}

shmetrics_code shmetrics_gauge_with(const shmetrics_family* family, const char* const* values,
                                    std::size_t count, shmetrics_gauge** gauge) {
  return With(family, FamilyKind::kGauge, values, count, gauge,
              [](FamilyBinding& binding, auto texts, auto* refusal) {
                return ToHandle<shmetrics_gauge>(HandleType::kGauge,
                                                 GaugeBinding::Of(&binding, texts, refusal));
              });
}

shmetrics_code shmetrics_gauge_set(shmetrics_gauge* gauge, double value) {
  if (!IsOf(HandleType::kGauge, gauge)) return SHMETRICS_BAD_ARGUMENT;
  BindingOf(gauge)->Set(value);
  return WhyNotShown(*BindingOf(gauge));
}

shmetrics_code shmetrics_gauge_add(shmetrics_gauge* gauge, double delta) {
  if (!IsOf(HandleType::kGauge, gauge)) return SHMETRICS_BAD_ARGUMENT;
  BindingOf(gauge)->Add(delta);
  return WhyNotShown(*BindingOf(gauge));
}

shmetrics_code shmetrics_gauge_sub(shmetrics_gauge* gauge, double delta) {
  return shmetrics_gauge_add(gauge, -delta);
}

shmetrics_code shmetrics_histogram_with(const shmetrics_family* family, const char* const* values,
                                        std::size_t count, shmetrics_histogram** histogram) {
  const shmetrics_code code =
      With(family, FamilyKind::kHistogram, values, count, histogram,
           [](FamilyBinding& binding, auto texts, auto* refusal) {
             const FamilyBinding::Cells cells = binding.CellsOf(texts, refusal);
             // Detached cells are the same for all families, so they have no family's buckets.
             const bool is_detached = cells.series == nullptr;
             shmetrics_histogram* found =
                 histograms.FindOrAdd(cells.column<shmetrics::shm::HistogramCell>(),
                                      is_detached ? shmetrics::shm::kNoBuckets : binding.buckets());
             return found == nullptr ? nullptr : ToHandle<shmetrics_histogram>(HandleType::kHistogram, found);
           });
  return histogram != nullptr && *histogram == nullptr && code != SHMETRICS_BAD_ARGUMENT
             ? SHMETRICS_OUT_OF_MEMORY
             : code;
}

shmetrics_code shmetrics_histogram_observe(shmetrics_histogram* histogram, double value) {
  if (!IsOf(HandleType::kHistogram, histogram)) return SHMETRICS_BAD_ARGUMENT;
  const auto& series = *reinterpret_cast<const shmetrics_histogram*>(WordOf(histogram));
  shmetrics::shm::ObserveInHistogram(series.column, *series.buckets, value);
  return SHMETRICS_OK;
}
