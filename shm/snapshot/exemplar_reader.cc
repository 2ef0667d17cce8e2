#include "shm/snapshot/exemplar_reader.h"

#include <bit>
#include <string_view>

#include "shm/base/clock.h"
#include "shm/series/exemplars.h"
#include "shm/series/label_block.h"

namespace shmetrics::shm {
namespace {

/// Reads what the record said at one moment. False if it has never been written, or if writers never left it
/// whole. It tries several times, because a writer needs less time than a reader.
bool ReadWords(const layout::ExemplarRecord& record, ExemplarWords* words) {
  constexpr int kMaxTries = 16;
  for (int i = 0; i < kMaxTries; i++) {
    // SYNC(exemplar), see exemplars.cc
    const std::uint64_t checksum = record.checksum.load(std::memory_order_acquire);
    if (checksum == 0) return false;
    // no order needed: the checksum tells if they belong together
    words->value = record.value.load(std::memory_order_relaxed);
    words->unix_ns = record.unix_ns.load(std::memory_order_relaxed);          // no order needed: as above
    words->label_bytes = record.label_bytes.load(std::memory_order_relaxed);  // no order needed: as above
    if (words->label_bytes > layout::kMaxExemplarBytes) continue;
    for (std::size_t word = 0; word < LabelWordsOf(*words); word++) {
      words->labels[word] = record.labels[word].load(std::memory_order_relaxed);  // no order needed: as above
    }
    if (ChecksumOf(*words) == checksum) return true;
  }
  return false;
}

bool IsExemplarBlock(std::string_view block) {
  const std::vector<Label> labels = ParseLabelBlock(block);
  std::vector<std::string_view> names;
  std::vector<std::string_view> values;
  for (const Label& label : labels) {
    names.push_back(label.name);
    values.emplace_back(label.value);
  }
  return labels.empty() == block.empty() && AreExemplarLabels(names, values);
}

/// True if a value counts in this bucket.
bool LiesIn(const FamilyDefinition& family, std::uint32_t bucket, double value) {
  if (!IsFinite(value)) return false;
  if (family.type != layout::MetricType::kHistogram) return value >= 0;
  const auto bound_count = static_cast<std::uint32_t>(family.bounds.size());
  return BucketOf(family.bounds.data(), bound_count, value) == bucket;
}

}  // namespace

ExemplarReader::ExemplarReader(const Segment& segment, std::vector<ExemplarSnapshot>* out)
    : segment_(segment),
      now_unix_ns_(NowNs(CLOCK_REALTIME)),
      out_(*out),
      records_left_(segment.CommittedBytes() / sizeof(layout::ExemplarRecord)) {}

ExemplarReader::~ExemplarReader() {
  out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(used_), out_.end());
}

void ExemplarReader::Append(const FamilyDefinition& family, const IndexedSeries& series,
                            SeriesSnapshot* snapshot) {
  // SYNC(exemplars), see exemplars.cc
  const layout::Ref ref = series.record->exemplars.load(std::memory_order_acquire);
  if (ref == 0) return;
  const auto count = static_cast<std::uint32_t>(family.bounds.size() + 1);
  const auto* records =
      segment_.At<layout::ExemplarRecord>(ref * std::uint64_t{layout::kRecordAlignment}, count);
  if (records == nullptr || records_left_ < count) {
    skipped_++;
    return;
  }
  records_left_ -= count;
  snapshot->first_exemplar = static_cast<std::uint32_t>(used_);
  for (std::uint32_t bucket = 0; bucket < count; bucket++) AppendBucket(family, records[bucket], bucket);
  snapshot->exemplar_count = static_cast<std::uint32_t>(used_) - snapshot->first_exemplar;
}

void ExemplarReader::AppendBucket(const FamilyDefinition& family, const layout::ExemplarRecord& record,
                                  std::uint32_t bucket) {
  ExemplarWords words;
  if (!ReadWords(record, &words)) return;
  const auto unix_ns = static_cast<std::int64_t>(words.unix_ns);
  // This is no damage: the wall clock has been set back since.
  if (!IsPastTime(unix_ns, now_unix_ns_)) return;
  const std::string_view block(reinterpret_cast<const char*>(words.labels), words.label_bytes);
  const auto value = std::bit_cast<double>(words.value);
  if (!LiesIn(family, bucket, value) || !IsExemplarBlock(block)) {
    skipped_++;
    return;
  }
  if (used_ == out_.size()) out_.emplace_back();
  ExemplarSnapshot& exemplar = out_[used_++];
  exemplar.bucket = bucket;
  exemplar.labels = block;
  exemplar.value = value;
  exemplar.unix_ns = unix_ns;
}

}  // namespace shmetrics::shm
