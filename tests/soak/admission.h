#ifndef SHMETRICS_TESTS_SOAK_ADMISSION_H_
#define SHMETRICS_TESTS_SOAK_ADMISSION_H_

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tests/soak/accounts.h"
#include "tests/soak/record.h"

namespace shmetrics::soak {

/// The times at which places were held for certain, according to their holders. A place is held from the
/// return of the call that took it. It is held until the call that leaves it, the end of its TTL, or the kill
/// of its holder. Records from several pipes are in no order of time. So only their times tell what was held
/// at once, and only in the end.
class Admission {
 public:
  void Taken(std::uint32_t incarnation, const Record& record);
  void Renewed(std::uint32_t incarnation, const Record& record);
  void Left(std::uint32_t incarnation, const Record& record);
  void Died(std::uint32_t incarnation, std::int64_t time_ns);

  std::uint64_t taken() const { return taken_; }
  /// The most places of this key that were held at one time.
  std::uint32_t MostAtOnce(std::uint32_t key) const;

 private:
  struct Holding {
    std::uint32_t key;
    std::int64_t from_ns;
    std::int64_t until_ns;
  };
  using Holder = std::pair<std::uint32_t, std::uint32_t>;  ///< incarnation, number

  void End(std::map<Holder, Holding>::iterator open, std::int64_t time_ns);

  std::map<Holder, Holding> open_;
  std::array<std::vector<Holding>, kPlaceKeys + 1> ended_;
  std::uint64_t taken_ = 0;
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_ADMISSION_H_
