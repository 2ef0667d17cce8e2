#include "tests/crash/lease_operations.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "shm/leases/lease_clock.h"
#include "shm/leases/lease_shard.h"
#include "shm/series/key_hash.h"
#include "shmetrics/audio.h"
#include "shmetrics/registry.h"

namespace shmetrics::testing {
namespace {

std::shared_ptr<Lessee> AttachLessee(const std::string& path) {
  return std::make_shared<Lessee>(path, TinySegment());
}

/// Visits the user's leases that nobody has ended, in the shard of all users here. Its last holder may be
/// dead.
template <class Visit>
void ForEachLeaseOf(const std::string& user, Lessee& witness, Visit visit) {
  Result<shm::LeaseShard> shard = shm::LeaseShard::Lock(witness.worker().segment(), 0);
  ASSERT_TRUE(shard.ok()) << shard.error().message;
  shard->leases().ForEach([&](const shm::layout::LeaseEntry& entry) {
    if (shm::IsInUse(entry) && shm::KeyOf(entry) == "user_id=\"" + user + "\"") visit(entry);
  });
}

std::uint64_t LeasesOf(const std::string& user, Lessee& witness) {
  std::uint64_t leases = 0;
  ForEachLeaseOf(user, witness, [&](const shm::layout::LeaseEntry&) { leases++; });
  return leases;
}

/// Expects that the dead use up nothing of the user's limit.
void CheckLimit(const std::string& user, std::uint32_t limit, Lessee& witness) {
  for (std::uint32_t i = 0; i < limit; i++) EXPECT_TRUE(witness.Acquire(user, limit).ok());
  EXPECT_FALSE(witness.Acquire(user, limit).ok());
}

Operation AcquireFree() {
  constexpr const char* kName = "free";
  return {"acquire_free", CreateTinySegment,
          [](const std::string& path) {
            auto lessee = AttachLessee(path);
            static_cast<void>(lessee->worker().slot().Hold());
            return [lessee, user = UserOf(*lessee, kName)] {
              static_cast<void>(lessee->Acquire(user, 3, kMinuteNs));
            };
          },
          [](Lessee& witness, SegmentReading&, Runs runs) {
            const std::string user = UserOf(witness, kName);
            EXPECT_LE(LeasesOf(user, witness), runs.begun);
            CheckLimit(user, 3, witness);
          }};
}

Operation AcquireAtLimit() {
  constexpr const char* kName = "limited";
  return {"acquire_at_limit", CreateTinySegment,
          [](const std::string& path) {
            auto lessee = AttachLessee(path);
            const std::string user = UserOf(*lessee, kName);
            for (int i = 0; i < 2; i++) static_cast<void>(lessee->Acquire(user, 2));
            return [lessee, user] { EXPECT_FALSE(lessee->Acquire(user, 2).ok()); };
          },
          [](Lessee& witness, SegmentReading&, Runs) {
            const std::string user = UserOf(witness, kName);
            EXPECT_LE(LeasesOf(user, witness), 2U);
            CheckLimit(user, 2, witness);
          }};
}

/// Expects at most one lease of a user whose limit is one.
auto CheckOnlyOne(const char* name) {
  return [name](Lessee& witness, SegmentReading&, Runs) {
    const std::string user = UserOf(witness, name);
    EXPECT_LE(LeasesOf(user, witness), 1U);  // or none: anyone may have ended a dead owner's lease
    CheckLimit(user, 1, witness);
  };
}

Operation AcquireFromTheDead() {
  constexpr const char* kName = "dead";
  return {"acquire_from_dead_owner",
          [](const std::string& path) {
            Lessee dead(path, TinySegment());
            static_cast<void>(dead.Acquire(UserOf(dead, kName), 1));
          },
          [](const std::string& path) {
            auto lessee = AttachLessee(path);
            static_cast<void>(lessee->worker().slot().Hold());
            return [lessee, user = UserOf(*lessee, kName)] { static_cast<void>(lessee->Acquire(user, 1)); };
          },
          CheckOnlyOne(kName)};
}

Operation AcquireFromTheExpired() {
  constexpr const char* kName = "expired";
  return {"acquire_from_expired", CreateTinySegment,
          [](const std::string& path) {
            auto lessee = AttachLessee(path);
            static_cast<void>(lessee->Acquire(UserOf(*lessee, kName), 1, 1));
            return [lessee, user = UserOf(*lessee, kName)] { static_cast<void>(lessee->Acquire(user, 1)); };
          },
          CheckOnlyOne(kName)};
}

/// The last holder of the shard died while holding it, with an entry in no list.
Operation AcquireWithRepair() {
  constexpr const char* kName = "heir";
  return {"acquire_with_repair",
          [](const std::string& path) {
            // Stays mapped until the process dies, or the kernel would find no mutex.
            auto* dead = new Lessee(path, TinySegment());
            static_cast<void>(dead->Acquire(UserOf(*dead, kName), 1));
            Result<shm::LeaseShard> shard = shm::LeaseShard::Lock(dead->worker().segment(), 0);
            ASSERT_TRUE(shard.ok());
            shard->leases().TakeFree();
            static_cast<void>(new shm::LeaseShard(std::move(shard.value())));  // never given back
          },
          [](const std::string& path) {
            auto lessee = AttachLessee(path);
            static_cast<void>(lessee->worker().slot().Hold());
            return [lessee, user = UserOf(*lessee, kName)] { static_cast<void>(lessee->Acquire(user, 1)); };
          },
          CheckOnlyOne(kName)};
}

Operation Renew() {
  constexpr const char* kName = "renewed";
  return {"renew", CreateTinySegment,
          [](const std::string& path) {
            auto lessee = AttachLessee(path);
            return [lessee, lease = lessee->Acquire(UserOf(*lessee, kName), {}, kMinuteNs).value()] {
              shm::Leases::Renew(lease, 2 * kMinuteNs);
            };
          },
          [](Lessee& witness, SegmentReading&, Runs runs) {
            const std::string user = UserOf(witness, kName);
            EXPECT_LE(LeasesOf(user, witness), runs.begun);
            ForEachLeaseOf(user, witness, [](const shm::layout::LeaseEntry& entry) {
              EXPECT_GT(entry.state.deadline_ns, 0);
              EXPECT_LE(entry.state.deadline_ns, shm::LeaseNowNs() + 2 * kMinuteNs);
            });
          }};
}

Operation Release() {
  constexpr const char* kName = "released";
  return {"release", CreateTinySegment,
          [](const std::string& path) {
            auto lessee = AttachLessee(path);
            return
                [lessee, lease = lessee->Acquire(UserOf(*lessee, kName)).value()] { lessee->Release(lease); };
          },
          [](Lessee& witness, SegmentReading&, Runs runs) {
            EXPECT_LE(LeasesOf(UserOf(witness, kName), witness), runs.begun - runs.completed);
          }};
}

/// A release while somebody else holds the shard. The lease's place is left for the next holder. If the
/// process that released it dies afterwards, the mutex tells nobody of that death, because it did not hold
/// the mutex.
Operation ReleaseWhileBusy() {
  constexpr const char* kName = "returned";
  return {"release_while_busy", CreateTinySegment,
          [](const std::string& path) {
            auto lessee = AttachLessee(path);
            const std::string user = UserOf(*lessee, kName);
            for (int i = 0; i < 3; i++) static_cast<void>(lessee->Acquire(user, {}, kMinuteNs));
            return [lessee, lease = lessee->Acquire(user).value()] {
              const shm::Segment& segment = lessee->worker().segment();
              {
                const Result<shm::LeaseShard> held = shm::LeaseShard::Lock(segment, 0);
                lessee->Release(lease);
              }
              static_cast<void>(shm::LeaseShard::Lock(segment, 0));
            };
          },
          [](Lessee& witness, SegmentReading&, Runs runs) {
            const std::string user = UserOf(witness, kName);
            EXPECT_LE(LeasesOf(user, witness), 4 * runs.begun - runs.completed);
            CheckLimit(user, 3, witness);
          }};
}

Operation Announce() {
  return {"announce", CreateTinySegment,
          [](const std::string& path) {
            auto quota = std::make_shared<audio::Quota>(Registry::open({.segment = path}),
                                                        audio::QuotaOptions{path + ".ini"});
            static_cast<void>(quota->announce_model("first"));  // it holds a slot now
            return [quota] { static_cast<void>(quota->announce_model("whisper")); };
          },
          [](Lessee&, SegmentReading& reading, Runs) {
            EXPECT_FALSE(reading.Shows("audio_model_workers{model=\"whisper\"}"));
          }};
}

}  // namespace

std::string UserOf(const shm::Segment& segment, std::string_view name) {
  for (int i = 0;; i++) {
    std::string user = std::string(name) + std::to_string(i);
    const std::string_view value = user;
    if (shm::HashOfValues(segment.hash_key(), 0, {&value, 1}) % shm::layout::kLeaseShards == 0) return user;
  }
}
std::string UserOf(Lessee& lessee, std::string_view name) { return UserOf(lessee.worker().segment(), name); }

std::vector<Operation> LeaseOperations() {
  return {AcquireFree(),
          AcquireAtLimit(),
          AcquireFromTheDead(),
          AcquireFromTheExpired(),
          AcquireWithRepair(),
          Renew(),
          Release(),
          ReleaseWhileBusy(),
          Announce()};
}

}  // namespace shmetrics::testing
