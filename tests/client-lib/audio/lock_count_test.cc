#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <ctime>

#include "shmetrics/audio.h"
#include "tests/client-lib/audio/audio_fixture.h"

namespace shmetrics::audio {
namespace {

std::atomic<int> locks_taken{0};

template <class Function>
Function* NextOf(Function* /*ours*/, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// Counts a robust mutex that was locked. Others are no shard's.
int Count(const pthread_mutex_t& mutex, int error) {
  constexpr int kRobust = 16;  // of glibc, which does not publish it
  if (error == 0 && (mutex.__data.__kind & kRobust) != 0) locks_taken++;
  return error;
}

}  // namespace
}  // namespace shmetrics::audio

// In this program these two stand before those of the C library. shm locks a robust mutex by no other function.
// If that changes, the tests below count 0 and fail.
extern "C" int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  static const auto next = shmetrics::audio::NextOf(pthread_mutex_trylock, "pthread_mutex_trylock");
  return shmetrics::audio::Count(*mutex, next(mutex));
}

extern "C" int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock,
                                       const timespec* deadline) noexcept {
  static const auto next = shmetrics::audio::NextOf(pthread_mutex_clocklock, "pthread_mutex_clocklock");
  return shmetrics::audio::Count(*mutex, next(mutex, clock, deadline));
}

namespace shmetrics::audio {
namespace {

/// How often `work` locks a shard.
template <class Work>
int LocksOf(Work work) {
  const int before = locks_taken;
  work();
  return locks_taken - before;
}

class LockCountTest : public AudioTest {};

TEST_F(LockCountTest, StartingAStreamOrAJobLocksTheUsersShardOnceAlsoIfNoTierIsGiven) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.set_tier("42", Tier::standard));
  Result<Stream> stream = Error{};
  EXPECT_EQ(LocksOf([&] { stream = quota.try_start_stream("42"); }), 1);
  EXPECT_TRUE(stream);
  Result<Job> job = Error{};
  EXPECT_EQ(LocksOf([&] { job = quota.try_start_job("42"); }), 1);
  EXPECT_TRUE(job);
  Result<Stream> of_tier = Error{};
  EXPECT_EQ(LocksOf([&] { of_tier = quota.try_start_stream("42", {.tier = Tier::premium}); }), 1);
  EXPECT_TRUE(of_tier);
}

TEST_F(LockCountTest, ADenialLocksTheUsersShardOnceAndNamesTheTierOfTheLedger) {
  const Quota quota = MakeQuota("standard_concurrent_streams = 0\n");
  ASSERT_TRUE(quota.set_tier("42", Tier::standard));
  Result<Stream> stream = Error{};
  EXPECT_EQ(LocksOf([&] { stream = quota.try_start_stream("42"); }), 1);
  ASSERT_FALSE(stream);
  EXPECT_NE(stream.error().message.find("standard"), std::string::npos) << stream.error().message;
}

TEST_F(LockCountTest, SpendingMinutesLocksTheUsersShardOnce) {
  const Quota quota = MakeQuota();
  EXPECT_EQ(LocksOf([&] { EXPECT_TRUE(quota.consume_daily_minutes("42", 1)); }), 1);
  EXPECT_EQ(LocksOf([&] { EXPECT_TRUE(quota.check_daily_minutes("42")); }), 1);
}

}  // namespace
}  // namespace shmetrics::audio
