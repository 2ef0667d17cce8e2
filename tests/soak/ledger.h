#ifndef SHMETRICS_TESTS_SOAK_LEDGER_H_
#define SHMETRICS_TESTS_SOAK_LEDGER_H_

#include <cstdint>
#include <map>
#include <vector>

#include "tests/soak/accounts.h"
#include "tests/soak/admission.h"
#include "tests/soak/record.h"

namespace shmetrics::soak {

/// What the workers have said so far, and so what a scrape may show: no less than `least`, which was confirmed before it
/// began, and no more than was intended when it had ended. Beside the segment, so that it is another witness.
class Ledger {
 public:
  struct Account {
    std::uint64_t intended = 0, confirmed = 0, least = 0;
  };
  /// One process that lived at some moment of the scrape.
  struct Life {
    bool has_gauges = false;     ///< now
    bool showed_gauges = false;  ///< when the scrape began, and it has not died since
    bool is_dead = false;
    /// The segment it attached to, counted from 1. A child may have inherited any: 0.
    std::uint32_t born_in = 0;
    int streams = 0, asked = 0;               ///< held for certain; and with those that may be
    int least_streams = 0, most_streams = 0;  ///< at any moment of the scrape
  };

  /// What the worker of this number says.
  void Note(std::uint32_t incarnation, const Record& record);
  /// It was living until the kill, at this time; and is dead now.
  void NoteDeath(std::uint32_t incarnation, std::int64_t killed_at_ns);
  /// All has been read that has been said until now.
  void BeginScrape();
  /// Workers whose birth has not been noted yet know no segment but a new one.
  void NoteNewSegment() { segments_++; }

  const std::vector<Account>& accounts() const { return accounts_; }
  const std::map<std::uint32_t, Life>& lives() const { return lives_; }
  const Admission& admission() const { return admission_; }
  std::uint32_t segments() const { return segments_; }
  /// Whether its gauges are where they have always been. Those of another may be on their way to the newest segment.
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
