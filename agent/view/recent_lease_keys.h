#ifndef SHMETRICS_AGENT_VIEW_RECENT_LEASE_KEYS_H_
#define SHMETRICS_AGENT_VIEW_RECENT_LEASE_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// A key of a lease gauge is in the segment only while it has live leases. So that a graph falls to 0 rather than break
/// off, the agent remembers the keys it has seen go and shows them at 0: the last 1,000 over all families, the one gone
/// longest forgotten first. A family that is no longer in the snapshot takes its keys with it: nothing is known of what
/// they would mean. One thread at a time.
class RecentLeaseKeys {
 public:
  static constexpr std::size_t kLimit = 1'000;

  /// Adds to the lease gauges of `snapshot` the keys that are gone, at 0, and sorts their series by label block. To be
  /// called with every snapshot before it is shown; the texts are kept alive by it. Costs as much as sorting the keys.
  void AddTo(shm::Snapshot* snapshot);

 private:
  /// The keys of one family at the last look, in one text: 65,536 of them must not be 65,536 allocations.
  struct LiveKeys {
    std::string texts;
    std::vector<std::size_t> ends;  ///< of each key in `texts`
    bool is_in_snapshot;
  };
  struct GoneKey {
    std::string family;
    std::shared_ptr<const std::string> name_and_labels;
  };

  void NoteGone(const shm::FamilySnapshot& family, const LiveKeys& before);
  void ForgetReturned(const shm::FamilySnapshot& family);
  static void Remember(const shm::FamilySnapshot& family, LiveKeys* keys);
  void AddZeros(shm::Snapshot* snapshot) const;

  std::map<std::string, LiveKeys, std::less<>> live_;  ///< by family
  std::deque<GoneKey> gone_;                           ///< the one gone longest first
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_RECENT_LEASE_KEYS_H_
