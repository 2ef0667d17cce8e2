#ifndef SHMETRICS_TESTS_SOAK_ORACLE_H_
#define SHMETRICS_TESTS_SOAK_ORACLE_H_

#include <cstdint>
#include <map>
#include <string>

#include "tests/soak/ledger.h"
#include "tests/support/exposition_parser.h"

namespace shmetrics::soak {

/// Compares each scrape with what the ledger allows. It is a test failure if they disagree. One oracle checks
/// all scrapes of one segment and its successors, whichever agent answers.
class Oracle {
 public:
  explicit Oracle(const Ledger& ledger) : ledger_(ledger) {}

  /// From now on label sets may have been refused for lack of memory, so only the sum of their family is
  /// known.
  void AllowOverflow() { may_overflow_ = true; }
  /// Before the scrape is requested, the ledger's BeginScrape() must be called. After the answer, everything
  /// said must be noted.
  void Check(const testing::ParsedExposition& scrape);

  std::uint64_t scrapes() const { return scrapes_; }

 private:
  using Samples = std::map<std::string, double>;  ///< by name{label="value"}, with at most one label

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
  std::map<std::string, double> highest_;  ///< the last value of each sample of a counter or histogram
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_ORACLE_H_
