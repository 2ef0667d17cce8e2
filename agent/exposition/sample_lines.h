#ifndef SHMETRICS_AGENT_EXPOSITION_SAMPLE_LINES_H_
#define SHMETRICS_AGENT_EXPOSITION_SAMPLE_LINES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/exposition/exposed_families.h"
#include "agent/exposition/text_buffer.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

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
  void Write(std::span<const shm::SeriesSnapshot> some);

  // Of a histogram's series, piece by piece.
  void WriteBuckets(const shm::SeriesSnapshot& series);
  void WriteSum(const shm::SeriesSnapshot& series);
  void WriteCount(const shm::SeriesSnapshot& series);

  /// When the series was registered, as a sample `name`, if that is known.
  void WriteCreated(const shm::SeriesSnapshot& series, std::string_view name);

 private:
  std::span<const shm::BucketSnapshot> BucketsOf(const shm::SeriesSnapshot& series) const;
  /// None if they are not to be shown.
  std::span<const shm::ExemplarSnapshot> ExemplarsOf(const shm::SeriesSnapshot& series) const;
  /// What stands in front of the labels in lines of the sample `name`.
  std::string Head(std::string_view name) const;
  /// With room behind it for a number and the end of the line.
  char* BeginLine(std::string_view head, const shm::SeriesSnapshot& series,
                  std::string_view extra_label = {});
  /// The same of samples that bear the family's name.
  char* BeginPlainLine(const shm::SeriesSnapshot& series);
  void EndLine(char* end);
  /// With the first of `exemplars`, if there is one.
  void EndLine(char* end, std::span<const shm::ExemplarSnapshot> exemplars);
  void WritePlainCounters(std::span<const shm::SeriesSnapshot> some);
  void WriteCounter(const shm::SeriesSnapshot& series);
  void WriteNumber(const shm::SeriesSnapshot& series);

  const ExposedFamily& exposed_;
  const bool with_exemplars_;
  TextBuffer* out_;
  std::string head_;
  std::string bucket_head_;
  std::string sum_head_;
  std::string count_head_;
  std::vector<std::string> bound_labels_;  ///< formatted once for all series
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_EXPOSITION_SAMPLE_LINES_H_
