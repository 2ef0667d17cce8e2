#ifndef SHMETRICS_TESTS_SOAK_LEDGER_H_
#define SHMETRICS_TESTS_SOAK_LEDGER_H_

#include <cstdint>
#include <map>
#include <vector>

#include "tests/soak/accounts.h"
#include "tests/soak/admission.h"
#include "tests/soak/record.h"

namespace shmetrics::soak {

/// What the workers have said so far, and so what a scrape may show. That is no less than `least`, which was
/// confirmed before the scrape began, and no more than was intended when it had ended. The ledger is not in
/// the segment, so it is an independent witness.
class Ledger {
 public:
  struct Account {
    std::uint64_t intended = 0, confirmed = 0, least = 0;
  };
  /// One process that lived at some time during the scrape.
  struct Life {
    bool has_gauges = false;     ///< now
    bool showed_gauges = false;  ///< when the scrape began; false if it has died since
    bool is_dead = false;
    /// The number of the segment it attached to, from 1. 0 for a child, which may have inherited any.
    std::uint32_t born_in = 0;
    /// Streams held for certain, and those plus the ones it may hold.
    int streams = 0, asked = 0;
    /// The least and the most at any time during the scrape.
    int least_streams = 0, most_streams = 0;
  };

  /// Notes what the worker of this number says.
  void Note(std::uint32_t incarnation, const Record& record);
  /// Notes that it lived until the kill, at this time, and is dead now.
  void NoteDeath(std::uint32_t incarnation, std::int64_t killed_at_ns);
  /// Call it when everything said until now has been read.
  void BeginScrape();
  /// A worker whose birth is noted after this attaches to the new segment.
  void NoteNewSegment() { segments_++; }

  const std::vector<Account>& accounts() const { return accounts_; }
  const std::map<std::uint32_t, Life>& lives() const { return lives_; }
  const Admission& admission() const { return admission_; }
  std::uint32_t segments() const { return segments_; }
  /// True if its gauges have always been in one segment. Otherwise they may be on their way to the newest.
  bool IsSettled(const Life& life) const { return segments_ == 1 || life.born_in == segments_; }
  std::uint64_t batches() const { return batches_; }
  std::uint64_t operations() const;

 private:
  void NoteStream(Life& life, Kind kind);

  std::vector<Account> accounts_ = std::vector<Account>(kAccounts);
  std::map<std::uint32_t, Life> lives_;
  Admission admission_;
  std::uint32_t segments_ = 1;
  std::uint64_t batches_ = 0;
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_LEDGER_H_
