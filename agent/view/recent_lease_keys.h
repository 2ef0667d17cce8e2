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

/// Remembers the keys of lease gauges that have gone, and shows them at 0. The segment has a key only while
/// it has live leases, and without this its graph would break off instead of falling to 0. The limit is 1,000
/// keys over all families; the key that has been gone longest is forgotten first. If a family is no longer in
/// the snapshot, its keys are forgotten too, because nobody knows what they would mean. One thread at a time.
class RecentLeaseKeys {
 public:
  static constexpr std::size_t kLimit = 1'000;

  /// Adds the keys that are gone, at 0, to the lease gauges of `snapshot`, and sorts their series by label
  /// block. The snapshot keeps the added texts alive. Call this with every snapshot that is shown. It costs
  /// as much as sorting the keys.
  void AddTo(shm::Snapshot* snapshot);

 private:
  /// The keys of one family at the last look.
  struct LiveKeys {
    std::vector<std::string_view> texts;
    std::vector<std::shared_ptr<const void>> keep_alive;  ///< of the snapshot that has the texts
    bool is_in_snapshot;
  };
  struct GoneKey {
    std::string family;
    std::shared_ptr<const std::string> name_and_labels;
  };

  void NoteGone(const shm::FamilySnapshot& family, const LiveKeys& before);
  void ForgetReturned(const shm::FamilySnapshot& family);
  static void Remember(const shm::FamilySnapshot& family, const shm::Snapshot& snapshot, LiveKeys* keys);
  void AddZeros(shm::Snapshot* snapshot) const;

  std::map<std::string, LiveKeys, std::less<>> live_;  ///< by family
  std::deque<GoneKey> gone_;                           ///< the key that has been gone longest comes first
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_RECENT_LEASE_KEYS_H_
