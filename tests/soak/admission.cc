#include "tests/soak/admission.h"

#include <algorithm>

namespace shmetrics::soak {

void Admission::Taken(std::uint32_t incarnation, const Record& record) {
  open_[{incarnation, record.number}] = {record.key, record.time_ns, record.until_ns};
  taken_++;
}

/// The lease has lived all the time: renew() fails for a lease that has ended.
void Admission::Renewed(std::uint32_t incarnation, const Record& record) {
  open_.at({incarnation, record.number}).until_ns = record.until_ns;
}

void Admission::Left(std::uint32_t incarnation, const Record& record) {
  End(open_.find({incarnation, record.number}), record.time_ns);
}

void Admission::Died(std::uint32_t incarnation, std::int64_t time_ns) {
  for (auto open = open_.lower_bound({incarnation, 0});
       open != open_.end() && open->first.first == incarnation;) {
    End(open++, time_ns);
  }
}

void Admission::End(std::map<Holder, Holding>::iterator open, std::int64_t time_ns) {
  if (open == open_.end()) return;
  Holding& holding = open->second;
  holding.until_ns = std::min(holding.until_ns, time_ns);
  if (holding.from_ns < holding.until_ns) ended_.at(holding.key).push_back(holding);
  open_.erase(open);
}

std::uint32_t Admission::MostAtOnce(std::uint32_t key) const {
  std::vector<std::pair<std::int64_t, int>> changes;  // at one time, an end comes before a beginning
  const auto add = [&](const Holding& holding) {
    changes.emplace_back(holding.from_ns, 1);
    changes.emplace_back(holding.until_ns, -1);
  };
  for (const Holding& holding : ended_.at(key)) add(holding);
  for (const auto& [holder, holding] : open_) {
    if (holding.key == key) add(holding);
  }
  std::ranges::sort(changes);
  int held = 0, most = 0;
  for (const auto& [time, change] : changes) most = std::max(most, held += change);
  return static_cast<std::uint32_t>(most);
}

}  // namespace shmetrics::soak
