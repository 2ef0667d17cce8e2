#include "shm/exposition/sample_lines.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "shm/exposition/number.h"
#include "shm/layout/layout.h"
#include "shm/series/family.h"
#include "shm/series/label_block.h"
#include "shm/snapshot/bucket_total.h"

namespace shmetrics::shm {
namespace {

using layout::MetricType;

// The most bytes around the texts of one line: brackets, a `worker` label, two numbers and a time.
constexpr std::size_t kMaxDecorationBytes = 32 + 4 * kMaxNumberBytes;

/// If names and values together have more characters than this, an OpenMetrics parser may refuse the whole
/// scrape.
constexpr std::size_t kMaxExemplarCharacters = 128;

std::vector<std::string> BoundLabels(std::span<const double> bounds) {
  std::vector<std::string> labels;
  labels.reserve(bounds.size() + 1);
  for (const double bound : bounds) {
    char number[kMaxNumberBytes];
    labels.push_back("le=\"" + std::string(number, WriteBound(number, bound)) + '"');
  }
  labels.emplace_back("le=\"+Inf\"");
  return labels;
}

/// Seconds since 1970, with three decimals: Prometheus keeps no more.
char* WriteTime(char* end, std::int64_t unix_ns) {
  const std::uint64_t milliseconds = static_cast<std::uint64_t>(unix_ns) / 1'000'000;
  end = WriteInteger(end, milliseconds / 1'000);
  *end++ = '.';
  for (std::uint64_t divisor = 100; divisor > 0; divisor /= 10) {
    *end++ = static_cast<char>('0' + milliseconds / divisor % 10);
  }
  return end;
}

std::size_t Characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char byte : utf8) count += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

bool IsExposable(const ExemplarSnapshot& exemplar) {
  if (std::isnan(exemplar.value) || exemplar.unix_ns < 0) return false;
  if (exemplar.labels.size() <= kMaxExemplarCharacters) return true;  // with the syntax around it
  std::size_t characters = 0;
  for (const Label& label : ParseLabelBlock(exemplar.labels)) {
    characters += Characters(label.name) + Characters(label.value);
  }
  return characters <= kMaxExemplarCharacters;
}

}  // namespace

std::string QuotedName(std::string_view name) { return '"' + std::string(name) + '"'; }

SampleLines::SampleLines(const ExposedFamily& exposed, Exemplars exemplars, TextBuffer* out)
    : exposed_(exposed),
      with_exemplars_(exemplars == Exemplars::kShown && !exposed.snapshot->exemplars.empty()),
      out_(out),
      head_(Head(exposed.name)) {
  if (exposed.family->type != MetricType::kHistogram) return;
  const std::string name(exposed.name);
  bucket_head_ = Head(name + "_bucket");
  sum_head_ = Head(name + "_sum");
  count_head_ = Head(name + "_count");
  bound_labels_ = BoundLabels(exposed.family->bounds);
}

std::string SampleLines::Head(std::string_view name) const {
  return exposed_.is_quoted ? '{' + QuotedName(name) : std::string(name);
}

void SampleLines::Write(std::span<const SeriesSnapshot> some) {
  switch (exposed_.family->type) {
    case MetricType::kCounter:
      if (!exposed_.is_alias && !with_exemplars_) return WritePlainCounters(some);
      for (const SeriesSnapshot& series : some) WriteCounter(series);
      return;
    case MetricType::kFractionalCounter:
    case MetricType::kGauge:
      for (const SeriesSnapshot& series : some) WriteNumber(series);
      return;
    case MetricType::kHistogram:
      for (const SeriesSnapshot& series : some) {
        WriteBuckets(series);
        WriteSum(series);
        WriteCount(series);
      }
      return;
  }
}

/// Writes most lines of most scrapes. The caller checks every special case before the loop, which saves a
/// tenth of the time.
void SampleLines::WritePlainCounters(std::span<const SeriesSnapshot> some) {
  for (const SeriesSnapshot& series : some) {
    char* end = out_->Reserve(series.name_and_labels.size() + kMaxDecorationBytes);
    end = Append(end, series.name_and_labels);
    *end++ = ' ';
    end = WriteInteger(end, series.integer);
    *end++ = '\n';
    out_->Commit(end);
  }
}

char* SampleLines::BeginLine(std::string_view head, const SeriesSnapshot& series,
                             std::string_view extra_label) {
  char* end =
      out_->Reserve(head.size() + series.name_and_labels.size() + extra_label.size() + kMaxDecorationBytes);
  end = Append(end, head);
  // A quoted name stands inside the braces, as if it were the first label.
  char separator = exposed_.is_quoted ? ',' : '{';
  for (const std::string_view labels : {series.labels(), extra_label}) {
    if (labels.empty()) continue;
    *end++ = separator;
    end = Append(end, labels);
    separator = ',';
  }
  if (separator == ',') *end++ = '}';
  *end++ = ' ';
  return end;
}

char* SampleLines::BeginPlainLine(const SeriesSnapshot& series) {
  if (series.worker >= 0) {
    char label[16 + kMaxNumberBytes];
    char* label_end = Append(label, "worker=\"");
    label_end = WriteInteger(label_end, static_cast<std::uint64_t>(series.worker));
    *label_end++ = '"';
    return BeginLine(head_, series, {label, static_cast<std::size_t>(label_end - label)});
  }
  if (exposed_.is_alias) return BeginLine(head_, series);
  char* end = out_->Reserve(series.name_and_labels.size() + kMaxDecorationBytes);
  end = Append(end, series.name_and_labels);
  *end++ = ' ';
  return end;
}

void SampleLines::EndLine(char* end) {
  *end++ = '\n';
  out_->Commit(end);
}

void SampleLines::EndLine(char* end, std::span<const ExemplarSnapshot> exemplars) {
  if (exemplars.empty() || !IsExposable(exemplars.front())) return EndLine(end);
  const ExemplarSnapshot& exemplar = exemplars.front();
  out_->Commit(end);
  end = out_->Reserve(exemplar.labels.size() + kMaxDecorationBytes);
  end = Append(end, " # {");
  end = Append(end, exemplar.labels);
  end = Append(end, "} ");
  end = WriteDouble(end, exemplar.value);
  if (exemplar.unix_ns > 0) {
    *end++ = ' ';
    end = WriteTime(end, exemplar.unix_ns);
  }
  EndLine(end);
}

void SampleLines::WriteCounter(const SeriesSnapshot& series) {
  char* const end = WriteInteger(BeginPlainLine(series), series.integer);
  EndLine(end, ExemplarsOf(series));
}

void SampleLines::WriteNumber(const SeriesSnapshot& series) {
  char* const end = WriteDouble(BeginPlainLine(series), series.number);
  EndLine(end, ExemplarsOf(series));
}

std::span<const ExemplarSnapshot> SampleLines::ExemplarsOf(const SeriesSnapshot& series) const {
  if (!with_exemplars_) return {};
  return std::span(exposed_.snapshot->exemplars).subspan(series.first_exemplar, series.exemplar_count);
}

std::span<const BucketSnapshot> SampleLines::BucketsOf(const SeriesSnapshot& series) const {
  return exposed_.snapshot->BucketsOf(*exposed_.family, series);
}

void SampleLines::WriteBuckets(const SeriesSnapshot& series) {
  const std::span<const BucketSnapshot> buckets = BucketsOf(series);
  std::span<const ExemplarSnapshot> exemplars = ExemplarsOf(series);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    count += buckets[i].count;
    char* const end = WriteInteger(BeginLine(bucket_head_, series, bound_labels_[i]), count);
    const bool has_one = !exemplars.empty() && exemplars.front().bucket == i;
    EndLine(end, exemplars.first(has_one ? 1 : 0));
    if (has_one) exemplars = exemplars.subspan(1);
  }
}

void SampleLines::WriteSum(const SeriesSnapshot& series) {
  EndLine(WriteDouble(BeginLine(sum_head_, series), TotalOf(BucketsOf(series)).sum));
}

void SampleLines::WriteCount(const SeriesSnapshot& series) {
  EndLine(WriteInteger(BeginLine(count_head_, series), TotalOf(BucketsOf(series)).count));
}

void SampleLines::WriteCreated(const SeriesSnapshot& series, std::string_view name) {
  if (series.created_unix_ns <= 0) return;
  EndLine(WriteTime(BeginLine(Head(name), series), series.created_unix_ns));
}

}  // namespace shmetrics::shm
