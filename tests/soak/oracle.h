#ifndef SHMETRICS_TESTS_SOAK_ORACLE_H_
#define SHMETRICS_TESTS_SOAK_ORACLE_H_

#include <cstdint>
#include <map>
#include <string>

#include "tests/soak/ledger.h"
#include "tests/support/exposition_parser.h"

namespace shmetrics::soak {

/// Compares what each scrape says with what the ledger allows; a test failure where they disagree. One for all the
/// scrapes of one segment and its successors, whichever agent answers.
class Oracle {
 public:
  explicit Oracle(const Ledger& ledger) : ledger_(ledger) {}

  /// Label sets may have been refused for want of memory: of those only the family's sum is known from now on.
  void AllowOverflow() { may_overflow_ = true; }
  /// The ledger's BeginScrape() was called before the scrape was asked for, and all has been noted since it was answered.
  void Check(const testing::ParsedExposition& scrape);

  std::uint64_t scrapes() const { return scrapes_; }

 private:
  using Samples = std::map<std::string, double>;  ///< by name{label="value"}, of one label at most

  void CheckCounters(const Samples& samples) const;
  void CheckHistograms(const Samples& samples) const;
  void CheckVisits(const Samples& samples) const;
  void CheckGauges(const Samples& samples) const;
  void CheckLeases(const Samples& samples) const;
  void CheckNothingGoesBack(const testing::ParsedExposition& scrape);
  void CheckExemplars(const testing::ParsedExposition& scrape) const;
  void ExpectWithin(std::uint32_t account, const std::string& sample, double value) const;

  const Ledger& ledger_;
  bool may_overflow_ = false;
  std::uint64_t scrapes_ = 0;
  std::map<std::string, double> highest_;  ///< of each sample of a counter or histogram
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_ORACLE_H_
