#ifndef SHMETRICS_AGENT_VIEW_SERIES_SEARCH_H_
#define SHMETRICS_AGENT_VIEW_SERIES_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/result.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Finds series by words of their names and labels, in the spelling of the text format: http 42 or user_id="42".
/// Every word must occur, in capitals or not.
class SeriesSearch {
 public:
  static constexpr std::size_t kMaxBytes = 256;
  static constexpr std::size_t kMaxWords = 8;
  /// Texts are read up to this size, once for each word, so that a search has a bound.
  static constexpr std::size_t kMaxTextBytes = 64U << 20U;

  struct Found {
    const shm::FamilySnapshot* family;
    const shm::SeriesSnapshot* series;
  };
  struct Answer {
    /// Those that have most of the words whole come first, then in the order of the snapshot.
    std::vector<Found> best;
    std::uint64_t matches = 0;
    std::uint64_t searched = 0;  ///< series
    bool is_complete = true;     ///< false if the end was reached: there may be more matches
  };

  /// kInvalidLabels with a sentence for people if `text` has no words, or too many, or is not UTF-8.
  static Result<SeriesSearch> Parse(std::string_view text);

  /// Returns the `top` best matches.
  Answer Run(const shm::Snapshot& snapshot, std::size_t top) const;

 private:
  std::vector<std::string> words_;  ///< without capitals
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_SERIES_SEARCH_H_
