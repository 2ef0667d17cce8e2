#include "shm/series/exemplars.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <exception>

#include "shm/base/clock.h"
#include "shm/base/crash_point.h"
#include "shm/segment/refusal.h"
#include "shm/series/family.h"
#include "shm/series/label_block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shmetrics::shm {
namespace {

using layout::ExemplarRecord;
using layout::Refusal;

/// After this time a claim is taken for that of a dead writer. A living writer needs far less, and nobody
/// misses the exemplars of so short a time.
constexpr std::uint64_t kClaimNs = 1'000'000;

/// The number of characters of valid UTF-8. A byte begins a character unless it is a continuation byte.
std::size_t CharactersOf(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

/// The exemplar records of a series. Makes them if there are none. If writers race, each may make some, and
/// all but the first writer's are leaked. If there is no room, or if the series leads nowhere, returns null,
/// and `*refusal` says why.
ExemplarRecord* RecordsOf(const Segment& segment, Arena& arena, layout::SeriesRecord* series,
                          std::uint32_t count, Refusal* refusal) {
  layout::Ref ref = series->exemplars.load(std::memory_order_acquire);  // SYNC(exemplars)
  if (ref == 0) {
    Result<std::uint64_t> offset =
        arena.AllocateRecord(count * sizeof(ExemplarRecord), alignof(ExemplarRecord));
    if (!offset.ok()) {
      *refusal = RefusalOf(offset.error().code).value_or(Refusal::kOutOfMemory);
      return nullptr;
    }
    SHMETRICS_CRASH_POINT("exemplars_allocated");
    const layout::Ref made = segment.RefOf(segment.base() + offset.value());
    // SYNC(exemplars): release, pairing with every acquire of the word, so that whoever sees the records sees
    // zeros in them.
    if (series->exemplars.compare_exchange_strong(ref, made, std::memory_order_acq_rel)) ref = made;
  }
  *refusal = Refusal::kCorrupt;
  return segment.At<ExemplarRecord>(ref * std::uint64_t{layout::kRecordAlignment}, count);
}

/// Claims the record for this writer. False if another writer is at it.
bool Claim(ExemplarRecord* record, std::uint64_t now_unix_ns) {
  // no order needed: the exchange checks it
  std::uint64_t since = record->claimed_unix_ns.load(std::memory_order_relaxed);
  // If the wall clock was set back, a claim can lie in the future. The difference is unsigned, so such a
  // claim counts as an old one.
  if (since != 0 && now_unix_ns - since < kClaimNs) return false;
  // SYNC(exemplar-claim): acquire, pairing with the release of the writer before. So in each word the later
  // writer's value stays.
  return record->claimed_unix_ns.compare_exchange_strong(since, now_unix_ns, std::memory_order_acquire);
}

void Store(const ExemplarWords& words, ExemplarRecord* record) {
  // no order needed in all of these: the checksum tells if they belong together
  record->value.store(words.value, std::memory_order_relaxed);
  record->unix_ns.store(words.unix_ns, std::memory_order_relaxed);          // no order needed: as above
  record->label_bytes.store(words.label_bytes, std::memory_order_relaxed);  // no order needed: as above
  SHMETRICS_CRASH_POINT("exemplar_half_written");
  for (std::size_t i = 0; i < LabelWordsOf(words); i++) {
    record->labels[i].store(words.labels[i], std::memory_order_relaxed);  // no order needed: as above
  }
  // SYNC(exemplar): release, pairing with the acquire of readers, so that whoever sees the exemplar sees its
  // value counted.
  record->checksum.store(ChecksumOf(words), std::memory_order_release);
}

/// Writes the labels as a block. False if they are not allowed or too long.
bool WriteLabels(std::span<const std::string_view> names, std::span<const std::string_view> values,
                 ExemplarWords* words) {
  if (!AreExemplarLabels(names, values)) return false;
  words->label_bytes = LabelBlockBytes(names, values);
  if (words->label_bytes > layout::kMaxExemplarBytes) return false;
  WriteLabelBlock(names, values, reinterpret_cast<char*>(words->labels));
  return true;
}

}  // namespace

bool AreExemplarLabels(std::span<const std::string_view> names, std::span<const std::string_view> values) {
  if (names.size() != values.size() || names.size() > layout::kMaxLabels) return false;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < names.size(); i++) {
    const auto before = names.begin() + static_cast<std::ptrdiff_t>(i);
    if (!IsLabelName(names[i]) || std::find(names.begin(), before, names[i]) != before) return false;
    // The size is checked first, so that no megabyte is checked for UTF-8.
    if (values[i].size() > layout::kMaxExemplarBytes || !IsValidUtf8(values[i])) return false;
    characters += names[i].size() + CharactersOf(values[i]);
  }
  return characters <= kMaxExemplarCharacters;
}

std::size_t LabelWordsOf(const ExemplarWords& words) { return (words.label_bytes + 7) / 8; }

std::uint64_t ChecksumOf(const ExemplarWords& words) {
  const std::size_t bytes = offsetof(ExemplarWords, labels) + LabelWordsOf(words) * sizeof(std::uint64_t);
  return std::max<std::uint64_t>(XXH3_64bits(&words, bytes), 1);
}

// An exemplar, after its value has been counted:
//   1 allocate the series' records   die here -> the records of one series are leaked
//   2 point the series to them       die here -> the series has no exemplar yet
//   3 claim the bucket's record      die here -> the old exemplar stays; after 1 ms a writer takes over
//   4 write the words                die here -> the record is torn: the bucket has none until the next one
//   5 write the checksum             die here -> the exemplar is there
//   6 give up the claim
void KeepExemplar(const Segment& segment, Arena& arena, layout::SeriesRecord* series, BucketNumber bucket,
                  double value, std::span<const std::string_view> label_names,
                  std::span<const std::string_view> label_values) noexcept try {
  ExemplarWords words{};
  if (!IsFinite(value) || !WriteLabels(label_names, label_values, &words)) {
    segment.CountRefusal(Refusal::kInvalidExemplar);
    return;
  }
  words.value = std::bit_cast<std::uint64_t>(value);
  words.unix_ns = static_cast<std::uint64_t>(NowNs(CLOCK_REALTIME));
  Refusal refusal{};
  ExemplarRecord* records = RecordsOf(segment, arena, series, bucket.of, &refusal);
  if (records == nullptr) {
    segment.CountRefusal(refusal);
    return;
  }
  ExemplarRecord& record = records[bucket.number];
  if (!Claim(&record, words.unix_ns)) return;
  SHMETRICS_CRASH_POINT("exemplar_claimed");
  Store(words, &record);
  // SYNC(exemplar-claim). This may end the claim of a writer that has taken over meanwhile. Then two writers
  // may tear the record, and the checksum tells.
  record.claimed_unix_ns.store(0, std::memory_order_release);
} catch (const std::exception&) {
  segment.CountRefusal(Refusal::kOutOfMemory);
}

}  // namespace shmetrics::shm
