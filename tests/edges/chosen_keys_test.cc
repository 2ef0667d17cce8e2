// Fault L11. Somebody chooses label values and user ids that a hash without a secret puts into one chain.
// They must lie as evenly as any others, and the secret must be shown nowhere.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "shm/leases/lease_shard.h"
#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot.h"
#include "shmetrics/audio.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/http_client.h"
#include "tests/support/registry_fixture.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shmetrics {
namespace {

constexpr std::size_t kKeys = 2'000;
/// By chance alone, no chain is this long.
constexpr std::size_t kLong = 32;

/// Keys whose hashes by XXH3, which has no secret, have zeros at the bits of the mask.
std::vector<std::string> Chosen(std::uint64_t mask) {
  std::vector<std::string> keys;
  for (int i = 0; keys.size() < kKeys; i++) {
    char key[16];
    const int bytes = std::snprintf(key, sizeof key, "u%x", i);
    if ((XXH3_64bits(key, static_cast<std::size_t>(bytes)) & mask) == 0) keys.emplace_back(key);
  }
  return keys;
}

class ChosenKeysTest : public testing::RegistryFixture {
 protected:
  ChosenKeysTest() : registry_(Registry::open(Many())) {}

  std::shared_ptr<shm::Segment> Segment() const {
    return shm::Segment::Attach(segment_, shm::Segment::Access::kReadOnly).value();
  }
  /// The longest of the chains that begin at these heads, of records that begin with the next one's Ref.
  static std::size_t Longest(const shm::Segment& segment, const std::atomic<shm::layout::Ref>* heads,
                             std::uint32_t count) {
    std::size_t longest = 0;
    for (std::uint32_t i = 0; i < count; i++) {
      std::size_t length = 0;
      for (shm::layout::Ref ref = heads[i]; ref != 0; ref = *segment.AtRef<shm::layout::Ref>(ref)) length++;
      longest = std::max(longest, length);
    }
    return longest;
  }
  static std::size_t LongestOfShards(const shm::Segment& segment, shm::Segment::LeaseChains kind) {
    std::size_t longest = 0;
    for (std::uint32_t shard = 0; shard < shm::layout::kLeaseShards; shard++) {
      const auto* heads = segment.lease_chains(shard, kind);
      longest = std::max(longest, Longest(segment, heads, segment.header().lease_chain_count));
    }
    return longest;
  }
  /// The bits of a hash that choose a shard and a chain in it.
  std::uint64_t LeaseMask() const {
    return (std::uint64_t{Segment()->header().lease_chain_count - 1} << 32U) |
           (shm::layout::kLeaseShards - 1);
  }

  Registry& registry_;

 private:
  RegistryOptions Many() const {
    RegistryOptions options = Options();
    options.segment_bytes = 64U << 20U;
    options.series_limit = options.family_series_limit = 4'096;
    options.lease_limit = options.ledger_limit = 4'096;
    return options;
  }
};

TEST_F(ChosenKeysTest, NoChainOfTheDirectoryIsLong) {
  const CounterFamily requests = registry_.counter({.name = "requests_total", .labels = {"user_id"}});
  const std::uint64_t mask = Segment()->header().chain_count - 1;
  for (const std::string& user : Chosen(mask)) requests.with({user}).inc();
  const auto segment = Segment();
  const auto* heads = reinterpret_cast<const std::atomic<shm::layout::Ref>*>(segment->base() +
                                                                             segment->header().chains_offset);
  EXPECT_LT(Longest(*segment, heads, segment->header().chain_count), kLong);
  EXPECT_EQ(Read().Family("requests_total")->series.size(), kKeys);
}

TEST_F(ChosenKeysTest, NoChainOfLeasesIsLong) {
  const LeaseGaugeFamily streams = registry_.lease_gauge({.name = "streams", .labels = {"user_id"}});
  std::vector<Lease> held;
  for (const std::string& user : Chosen(LeaseMask())) {
    Result<Lease> lease = streams.try_acquire({user}, {.limit = 1});
    ASSERT_TRUE(lease.ok()) << lease.error().message;
    held.push_back(std::move(lease.value()));
  }
  EXPECT_LT(LongestOfShards(*Segment(), shm::Segment::LeaseChains::kLeases), kLong);
}

TEST_F(ChosenKeysTest, NoChainOfTheLedgerIsLong) {
  const audio::Quota quota{registry_};
  for (const std::string& user : Chosen(LeaseMask())) {
    ASSERT_TRUE(quota.consume_daily_minutes(user, 0.01).ok());
  }
  EXPECT_LT(LongestOfShards(*Segment(), shm::Segment::LeaseChains::kLedger), kLong);
}

TEST_F(ChosenKeysTest, NoAnswerOfTheAgentAndNoCopyInAProcessHasTheSecret) {
  const auto segment = Segment();
  const shm::HashKey& key = segment->hash_key();
  EXPECT_NE(key.words[0], 0U);
  EXPECT_EQ(segment->header().hash_key.words[0], 0U);
  EXPECT_EQ(segment->header().hash_key.words[1], 0U);
  std::vector<std::string> forms;
  for (const std::uint64_t word : key.words) {
    forms.push_back(std::to_string(word));
    forms.push_back(std::to_string(static_cast<std::int64_t>(word)));
    char hex[17];
    for (const char* format : {"%016lx", "%016lX"}) {
      std::snprintf(hex, sizeof hex, format, word);
      forms.emplace_back(hex);
      std::snprintf(hex, sizeof hex, format, __builtin_bswap64(word));
      forms.emplace_back(hex);
    }
  }
  testing::Agent agent(SHMETRICS_AGENT, segment_, 0, {"--log.level=debug"});
  for (const std::string path :
       {"/", "/metrics", "/api/v1/metrics/json", "/api/v1/workers", "/api/v1/status", "/api/v1/families",
        "/api/v1/history", "/api/v1/series?search=a", "/api/v1/audio/stream/status"}) {
    const testing::HttpAnswer answer = testing::Get(agent.port(), path);
    EXPECT_EQ(answer.status, 200) << path;
    for (const std::string& form : forms) EXPECT_EQ(answer.body.find(form), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace shmetrics
