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

/// A name as it stands in metadata, and without the last quote also in front of labels: "audio.streaming.active"
std::string QuotedName(std::string_view name);

/// The sample lines of one family, which the text formats and OpenMetrics have in common. `le` and `worker` are the last
/// labels of their lines.
class SampleLines {
 public:
  enum class Exemplars : std::uint8_t { kHidden, kShown };

  /// Writes to `out`. `exposed` must live as long as this.
  SampleLines(const ExposedFamily& exposed, Exemplars exemplars, TextBuffer* out);

  /// All samples of some of the family's series.
  void Write(std::span<const SeriesSnapshot> some);

  // Of a histogram's series, piece by piece.
  void WriteBuckets(const SeriesSnapshot& series);
  void WriteSum(const SeriesSnapshot& series);
  void WriteCount(const SeriesSnapshot& series);

  /// When the series was registered, as a sample `name`, if that is known.
  void WriteCreated(const SeriesSnapshot& series, std::string_view name);

 private:
  std::span<const BucketSnapshot> BucketsOf(const SeriesSnapshot& series) const;
  /// None if they are not to be shown.
  std::span<const ExemplarSnapshot> ExemplarsOf(const SeriesSnapshot& series) const;
  /// What stands in front of the labels in lines of the sample `name`.
  std::string Head(std::string_view name) const;
  /// With room behind it for a number and the end of the line.
  char* BeginLine(std::string_view head, const SeriesSnapshot& series, std::string_view extra_label = {});
  /// The same of samples that bear the family's name.
  char* BeginPlainLine(const SeriesSnapshot& series);
  void EndLine(char* end);
  /// With the first of `exemplars`, if there is one.
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
