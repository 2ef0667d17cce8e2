#include "agent/exposition/text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "agent/exposition/number.h"
#include "agent/exposition/text_buffer.h"
#include "shm/family.h"
#include "shm/layout.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;
using shm::layout::MetricType;

// The most that stands around the texts of one line: keywords or a suffix, a `worker` or `le` label, a
// number.
constexpr std::size_t kMaxDecorationBytes = 32 + 2 * kMaxNumberBytes;

char* Append(char* out, std::string_view text) {
  return out + text.copy(out, text.size());  // unlike memcpy it takes an empty view
}

std::size_t ExpectedBytes(const shm::Snapshot& snapshot) {
  std::size_t bytes = 0;
  for (const FamilySnapshot& family : snapshot.families) {
    const std::size_t lines = family.type == MetricType::kHistogram ? family.bounds.size() + 3 : 1;
    for (const SeriesSnapshot& series : family.series) bytes += lines * (series.name_and_labels.size() + 16);
  }
  return bytes;
}

void WriteHelp(const FamilySnapshot& family, TextBuffer* out) {
  if (family.help.empty()) return;
  char* end = out->Room(family.name.size() + 2 * family.help.size() + kMaxDecorationBytes);
  end = Append(end, "# HELP ");
  end = Append(end, family.name);
  *end++ = ' ';
  for (const char c : family.help) {
    if (c == '\\' || c == '\n') *end++ = '\\';
    *end++ = c == '\n' ? 'n' : c;
  }
  *end++ = '\n';
  out->Keep(end);
}

void WriteType(const FamilySnapshot& family, TextBuffer* out) {
  char* end = out->Room(family.name.size() + kMaxDecorationBytes);
  end = Append(end, "# TYPE ");
  end = Append(end, family.name);
  *end++ = ' ';
  end = Append(end, shm::TypeName(family.type));
  *end++ = '\n';
  out->Keep(end);
}

/// The label block in braces, with `extra`, one more label, at its end.
char* WriteLabels(char* end, std::string_view labels, std::string_view extra) {
  *end++ = '{';
  end = Append(end, labels);
  if (!labels.empty()) *end++ = ',';
  end = Append(end, extra);
  *end++ = '}';
  return end;
}

void WriteCounter(const SeriesSnapshot& series, TextBuffer* out) {
  char* end = out->Room(series.name_and_labels.size() + kMaxDecorationBytes);
  end = Append(end, series.name_and_labels);
  *end++ = ' ';
  end = WriteInteger(end, series.integer);
  *end++ = '\n';
  out->Keep(end);
}

char* WriteWithWorker(char* end, const SeriesSnapshot& series) {
  char label[kMaxDecorationBytes];
  char* label_end = Append(label, "worker=\"");
  label_end = WriteInteger(label_end, static_cast<std::uint64_t>(series.worker));
  *label_end++ = '"';
  end = Append(end, series.name_and_labels.substr(0, series.name_bytes));
  return WriteLabels(end, series.labels(), {label, static_cast<std::size_t>(label_end - label)});
}

void WriteNumber(const SeriesSnapshot& series, TextBuffer* out) {
  char* end = out->Room(series.name_and_labels.size() + kMaxDecorationBytes);
  end = series.worker < 0 ? Append(end, series.name_and_labels) : WriteWithWorker(end, series);
  *end++ = ' ';
  end = WriteDouble(end, series.number);
  *end++ = '\n';
  out->Keep(end);
}

/// The `le` labels of a family, formatted once for all its series.
std::vector<std::string> BoundLabels(const FamilySnapshot& family) {
  std::vector<std::string> labels;
  labels.reserve(family.bounds.size() + 1);
  for (const double bound : family.bounds) {
    char number[kMaxNumberBytes];
    labels.push_back("le=\"" + std::string(number, WriteBound(number, bound)) + '"');
  }
  labels.emplace_back("le=\"+Inf\"");
  return labels;
}

void WriteBucket(const SeriesSnapshot& series, std::string_view le, std::uint64_t count, TextBuffer* out) {
  char* end = out->Room(series.name_and_labels.size() + le.size() + kMaxDecorationBytes);
  end = Append(end, series.name_and_labels.substr(0, series.name_bytes));
  end = Append(end, "_bucket");
  end = WriteLabels(end, series.labels(), le);
  *end++ = ' ';
  end = WriteInteger(end, count);
  *end++ = '\n';
  out->Keep(end);
}

void WriteSumAndCount(const SeriesSnapshot& series, double sum, std::uint64_t count, TextBuffer* out) {
  const std::string_view name = series.name_and_labels.substr(0, series.name_bytes);
  const std::string_view braced_labels = series.name_and_labels.substr(series.name_bytes);
  char* end = out->Room(2 * (series.name_and_labels.size() + kMaxDecorationBytes));
  end = Append(end, name);
  end = Append(end, "_sum");
  end = Append(end, braced_labels);
  *end++ = ' ';
  end = WriteDouble(end, sum);
  *end++ = '\n';
  end = Append(end, name);
  end = Append(end, "_count");
  end = Append(end, braced_labels);
  *end++ = ' ';
  end = WriteInteger(end, count);
  *end++ = '\n';
  out->Keep(end);
}

void WriteHistogram(const SeriesSnapshot& series, const std::vector<std::string>& bound_labels,
                    const shm::BucketSnapshot* bucket, TextBuffer* out) {
  std::uint64_t count = 0;
  double sum = 0;
  for (const std::string& le : bound_labels) {
    count += bucket->count;
    sum += bucket->sum;
    ++bucket;
    WriteBucket(series, le, count, out);
  }
  WriteSumAndCount(series, sum, count, out);
}

void WriteAllSeries(const FamilySnapshot& family, const shm::Snapshot& snapshot, TextBuffer* out) {
  switch (family.type) {
    case MetricType::kCounter:
      for (const SeriesSnapshot& series : family.series) WriteCounter(series, out);
      return;
    case MetricType::kFractionalCounter:
    case MetricType::kGauge:
      for (const SeriesSnapshot& series : family.series) WriteNumber(series, out);
      return;
    case MetricType::kHistogram: {
      const std::vector<std::string> bound_labels = BoundLabels(family);
      for (const SeriesSnapshot& series : family.series) {
        WriteHistogram(series, bound_labels, snapshot.buckets.data() + series.first_bucket, out);
      }
      return;
    }
  }
}

}  // namespace

void WriteText(const shm::Snapshot& snapshot, std::string* out) {
  TextBuffer buffer(out, ExpectedBytes(snapshot));
  for (const FamilySnapshot& family : snapshot.families) {
    if (family.series.empty()) continue;
    WriteHelp(family, &buffer);
    WriteType(family, &buffer);
    WriteAllSeries(family, snapshot, &buffer);
  }
}

}  // namespace shmetrics::agent
