#ifndef SHMETRICS_SHM_EXPOSITION_SAMPLE_LINES_H_
#define SHMETRICS_SHM_EXPOSITION_SAMPLE_LINES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/exposition/exposed_families.h"
#include "shm/exposition/text_buffer.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// A name in quotes, as in "audio.streaming.active". It stands like this in metadata, and inside the braces
/// of a sample.
std::string QuotedName(std::string_view name);

/// Writes the sample lines of one family, which are the same in the text formats and OpenMetrics. `le` and
/// `worker` are the last labels of their lines.
class SampleLines {
 public:
  enum class Exemplars : std::uint8_t { kHidden, kShown };

  /// Writes to `out`. `exposed` must live as long as this.
  SampleLines(const ExposedFamily& exposed, Exemplars exemplars, TextBuffer* out);

  /// All samples of some of the family's series.
  void Write(std::span<const SeriesSnapshot> some);

  // Parts of a histogram's series.
  void WriteBuckets(const SeriesSnapshot& series);
  void WriteSum(const SeriesSnapshot& series);
  void WriteCount(const SeriesSnapshot& series);

  /// Writes a sample `name` with the time when the series was registered, if that is known.
  void WriteCreated(const SeriesSnapshot& series, std::string_view name);

 private:
  std::span<const BucketSnapshot> BucketsOf(const SeriesSnapshot& series) const;
  /// The exemplars of the series; none if they are not to be shown.
  std::span<const ExemplarSnapshot> ExemplarsOf(const SeriesSnapshot& series) const;
  /// The text before the labels in lines of the sample `name`.
  std::string Head(std::string_view name) const;
  /// Writes a line up to its value. Behind it there is room for a number and the end of the line.
  char* BeginLine(std::string_view head, const SeriesSnapshot& series, std::string_view extra_label = {});
  /// The same for samples with the family's name.
  char* BeginPlainLine(const SeriesSnapshot& series);
  void EndLine(char* end);
  /// Ends the line with the first of `exemplars`, if there is one.
  void EndLine(char* end, std::span<const ExemplarSnapshot> exemplars);
  void WritePlainCounters(std::span<const SeriesSnapshot> some);
  void WriteCounter(const SeriesSnapshot& series);
  void WriteNumber(const SeriesSnapshot& series);

  const ExposedFamily& exposed_;
  const bool with_exemplars_;
  TextBuffer* out_;
  std::string head_;
  std::string bucket_head_;
  std::string sum_head_;
  std::string count_head_;
  std::vector<std::string> bound_labels_;  ///< formatted once for all series
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_SAMPLE_LINES_H_
