#include "agent/view/series_search.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "shm/series/family.h"
#include "shm/series/label_block.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;

/// ASCII only: folding the capitals of all languages would need their tables.
char Fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void Fold(std::string_view text, std::string* folded) {
  folded->resize(text.size());
  std::ranges::transform(text, folded->begin(), [](char c) { return Fold(c); });
}

bool IsWordPart(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

enum class Match : std::uint8_t { kNone, kPart, kWhole };

/// Both without capitals.
Match Find(std::string_view text, std::string_view word) {
  // A word may occur often. After some tries it counts as not whole, so that the time has a bound.
  constexpr int kMaxTries = 8;
  Match best = Match::kNone;
  std::size_t from = 0;
  for (int i = 0; i < kMaxTries; ++i) {
    // memmem() takes linear time; std::string_view::find() takes quadratic time on chosen texts.
    const auto* const at =
        static_cast<const char*>(memmem(text.data() + from, text.size() - from, word.data(), word.size()));
    if (at == nullptr) return best;
    const auto begin = static_cast<std::size_t>(at - text.data());
    const std::size_t end = begin + word.size();
    const bool begins = begin == 0 || !IsWordPart(text[begin - 1]) || !IsWordPart(text[begin]);
    const bool ends = end == text.size() || !IsWordPart(text[end]) || !IsWordPart(text[end - 1]);
    if (begins && ends) return Match::kWhole;
    best = Match::kPart;
    from = begin + 1;
  }
  return best;
}

/// Looks at the series of one search, and counts what that costs.
class Matcher {
 public:
  explicit Matcher(std::span<const std::string> words) : words_(words) {}

  bool IsExhausted() const { return text_bytes_ > SeriesSearch::kMaxTextBytes; }

  /// How many of the words the series has whole; nothing if one is missing.
  std::optional<std::size_t> CountWhole(const SeriesSnapshot& series) {
    Fold(series.name_and_labels, &text_);
    if (series.worker >= 0)
      text_.append(",")
          .append(shm::kWorkerLabel)
          .append("=\"")
          .append(std::to_string(series.worker))
          .append("\"");
    std::size_t whole = 0;
    for (const std::string& word : words_) {
      text_bytes_ += text_.size();
      const Match match = Find(text_, word);
      if (match == Match::kNone) return std::nullopt;
      if (match == Match::kWhole) whole++;
    }
    return whole;
  }

 private:
  const std::span<const std::string> words_;
  std::string text_;  ///< kept to use its memory again
  std::size_t text_bytes_ = 0;
};

}  // namespace

Result<SeriesSearch> SeriesSearch::Parse(std::string_view text) {
  const auto refuse = [](std::string sentence) {
    return Error{ErrorCode::kInvalidLabels, std::move(sentence)};
  };
  if (text.size() > kMaxBytes) return refuse("A search has at most " + std::to_string(kMaxBytes) + " bytes.");
  if (!shm::IsValidUtf8(text)) return refuse("A search is UTF-8.");
  SeriesSearch search;
  std::string word;
  for (const char c : std::string(text) + ' ') {
    if (c != ' ') {
      word += Fold(c);
    } else if (!word.empty()) {
      search.words_.push_back(std::exchange(word, {}));
    }
  }
  if (search.words_.empty()) return refuse("Say what to search for: ?search=...");
  if (search.words_.size() > kMaxWords)
    return refuse("A search has at most " + std::to_string(kMaxWords) + " words.");
  return search;
}

SeriesSearch::Answer SeriesSearch::Run(const shm::Snapshot& snapshot, std::size_t top) const {
  Answer answer;
  std::array<std::vector<Found>, kMaxWords + 1> by_whole;
  Matcher matcher(words_);
  for (const FamilySnapshot& family : snapshot.families) {
    for (const SeriesSnapshot& series : family.series) {
      if (matcher.IsExhausted()) {
        answer.is_complete = false;
        break;
      }
      answer.searched++;
      const std::optional<std::size_t> whole = matcher.CountWhole(series);
      if (!whole) continue;
      answer.matches++;
      if (by_whole[*whole].size() < top) by_whole[*whole].push_back({&family, &series});
    }
  }
  for (auto found = by_whole.rbegin(); found != by_whole.rend(); ++found) {
    const std::size_t taken = std::min(found->size(), top - answer.best.size());
    answer.best.insert(answer.best.end(), found->begin(),
                       found->begin() + static_cast<std::ptrdiff_t>(taken));
  }
  return answer;
}

}  // namespace shmetrics::agent
