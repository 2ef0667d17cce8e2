#include "tests/soak/worker.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

#include "shm/base/clock.h"
#include "shm/base/crash_point.h"

namespace shmetrics::soak {
namespace {

constexpr std::size_t kMaxStreams = 4;
constexpr std::size_t kMaxPlaces = 4;
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

/// The crash points that are passed only by the holder of a shard's lock.
constexpr std::array<std::string_view, 6> kDecidingPoints = {"lease_entry_taken",     "lease_written",
                                                             "lease_begun",           "entry_unlinked",
                                                             "entry_chunk_allocated", "entry_chunk_linked"};
constexpr std::array<std::string_view, 2> kRepairingPoints = {"entry_table_emptied", "shard_repaired"};

/// For the hook, which is a plain function. Also in a forked child, which has a copy of the worker.
Worker* this_worker = nullptr;

std::int64_t Now() { return shm::NowNs(CLOCK_MONOTONIC); }

void WriteRecord(int pipe, const Record& record) {
  // If nobody reads, the test has ended, and a forked worker must not outlive it.
  if (write(pipe, &record, sizeof record) != sizeof record) _exit(0);
}

/// A worker announces itself before it attaches, because it may be killed while it does.
WorkerTerms Announced(const WorkerTerms& terms) {
  WriteRecord(terms.pipe, {.kind = Kind::kBorn, .number = static_cast<std::uint32_t>(getpid())});
  return terms;
}

}  // namespace

Worker::Worker(const WorkerTerms& terms)
    : terms_(Announced(terms)),
      random_(terms.seed * 1'000'003 + terms.incarnation),
      registry_(Registry::open(terms.registry)),
      metrics_(registry_) {}

void Worker::Say(Record record) const { WriteRecord(terms_.pipe, record); }

void Worker::SayBroken(Broken promise) const {
  Say({.kind = Kind::kBroken, .number = static_cast<std::uint32_t>(promise)});
}

void Worker::Run() {
  this_worker = this;
  shm::crash_point_hook = [](const char* crash_point) { this_worker->StandAt(crash_point); };
  for (;;) {
    Act();
    if (Random(2) == 0) usleep(Random(1'000));
  }
}

void Worker::StandAt(std::string_view crash_point) {
  const bool repairs = std::ranges::count(kRepairingPoints, crash_point) != 0;
  if (!repairs && std::ranges::count(kDecidingPoints, crash_point) == 0) return;
  if (Random(repairs ? 20 : 300) != 0) return;
  const Holding holding = repairs ? Holding::kRepairing : Holding::kDeciding;
  Say({.kind = Kind::kHolding, .number = static_cast<std::uint32_t>(holding)});
  usleep(50'000);
  Say({.kind = Kind::kLetGo});
}

void Worker::Act() {
  switch (Random(40)) {
    case 0:
      return metrics_.TakeHandles();
    case 1:
      return Fork();
    case 2:
    case 3:
      return VisitSomeone();
    case 4:
    case 5:
    case 6:
      return SetGauges();
    case 7:
    case 8:
    case 9:
      return AskForStream();
    case 10:
    case 11:
      return LeaveStream();
    case 12:
    case 13:
    case 14:
    case 15:
      return TakePlace();
    case 16:
    case 17:
      return RenewPlace();
    case 18:
    case 19:
    case 20:
      return LeavePlace();
    default:
      return Count();
  }
}

/// Counts in several accounts, so that a kill interrupts each kind of counting.
void Worker::Count() {
  Record batch{.kind = Kind::kIntended};
  batch.delta_count = static_cast<std::uint8_t>(1 + Random(static_cast<std::uint32_t>(batch.deltas.size())));
  for (std::uint8_t i = 0; i < batch.delta_count; i++)
    batch.deltas[i] = {Random(kFirstVisitor), 1 + Random(400)};
  Say(batch);
  for (std::uint8_t i = 0; i < batch.delta_count; i++) CountIn(batch.deltas[i]);
  batch.kind = Kind::kConfirmed;
  Say(batch);
}

void Worker::CountIn(const Delta& delta) {
  const std::uint32_t account = delta.account;
  if (account < kFirstMinutes) {
    for (std::uint32_t i = 0; i < delta.count; i++) metrics_.job[account].inc();
  } else if (account < kFirstBucket) {
    const FractionalCounter minutes = metrics_.job_minutes[account - kFirstMinutes];
    for (std::uint32_t i = 0; i < delta.count; i++) minutes.inc(kMinutesEach);
  } else {
    const std::uint32_t bucket = (account - kFirstBucket) % kBuckets;
    const Histogram latency = metrics_.job_latency[(account - kFirstBucket) / kBuckets];
    const double value = kObserved[bucket];
    for (std::uint32_t i = 1; i < delta.count; i++) latency.observe(value);
    latency.observe(value, {{"bucket", std::to_string(bucket)}});
  }
}

/// Counts in a series that is mostly a new one.
void Worker::VisitSomeone() {
  const std::uint32_t visitor = Random(kVisitors);
  Record batch{.kind = Kind::kIntended, .delta_count = 1};
  batch.deltas[0] = {kFirstVisitor + visitor, 1 + Random(9)};
  Say(batch);
  metrics_.visits.with({VisitorName(visitor)}).inc(batch.deltas[0].count);
  batch.kind = Kind::kConfirmed;
  Say(batch);
}

void Worker::SetGauges() {
  metrics_.alive.set(1);
  metrics_.newest.set(terms_.incarnation);
  metrics_.incarnation.set(terms_.incarnation);
  if (!HasMetFullMemory()) Say({.kind = Kind::kGaugesShown});
  metrics_.alive.add(4);
  metrics_.alive.sub(4);
}

/// If this is true, its gauges may have no memory either, until they are set again.
bool Worker::HasMetFullMemory() const {
  const std::vector<RefusalStatus> refusals = registry_.status().refusals;
  return std::ranges::any_of(
      refusals, [](const RefusalStatus& refusal) { return refusal.code == ErrorCode::kOutOfMemory; });
}

void Worker::AskForStream() {
  if (streams_.size() == kMaxStreams) return;
  Say({.kind = Kind::kStreamAsked});
  Result<Lease> stream = metrics_.streams.try_acquire({std::to_string(terms_.incarnation)});
  Say({.kind = stream.ok() ? Kind::kStreamHeld : Kind::kStreamRefused});
  if (stream.ok()) streams_.push_back(std::move(stream.value()));
}

void Worker::LeaveStream() {
  if (streams_.empty()) return;
  Lease stream = std::move(streams_.back());
  streams_.pop_back();
  if (!stream.renew()) SayBroken(Broken::kLeaseEndedByItself);
  Say({.kind = Kind::kStreamLeaving});
  if (!stream.release()) SayBroken(Broken::kLeaseEndedByItself);
  Say({.kind = Kind::kStreamLeft});
}

void Worker::TakePlace() {
  if (places_.size() == kMaxPlaces) return;
  const std::uint32_t key = Random(kPlaceKeys + 1);
  const bool is_own = key == kOwnKey;
  LeaseOptions options;
  if (!is_own) options.limit = PlacesOf(key);
  if (is_own || Random(2) == 0) options.ttl = std::chrono::milliseconds(20 + Random(100));
  const std::int64_t ttl = options.ttl.value_or(std::chrono::nanoseconds(0)).nanoseconds().count();
  const std::int64_t before = Now();
  Result<Lease> lease = metrics_.places.try_acquire(
      {is_own ? "own" + std::to_string(terms_.incarnation) : std::to_string(key)}, options);
  if (!lease.ok()) return;
  const std::int64_t after = Now();
  const std::int64_t until = ttl == 0 ? kForever : before + ttl;
  const std::int64_t gone_by = ttl == 0 ? kForever : after + ttl;
  Say({.kind = Kind::kPlaceTaken,
       .key = static_cast<std::uint16_t>(key),
       .number = place_number_,
       .time_ns = after,
       .until_ns = until});
  places_.push_back({std::move(lease.value()), place_number_++, ttl, until, gone_by});
}

void Worker::RenewPlace() {
  if (places_.empty()) return;
  const std::size_t chosen = Random(static_cast<std::uint32_t>(places_.size()));
  Place& place = places_[chosen];
  const std::int64_t before = Now();
  const bool renewed = place.lease.renew();
  const std::int64_t after = Now();
  if (renewed && before > place.possible_until) SayBroken(Broken::kLeaseRenewedTooLate);
  if (!renewed && after < place.certain_until) SayBroken(Broken::kLeaseEndedByItself);
  if (!renewed) {
    places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(chosen));
  } else if (place.ttl_ns != 0) {
    place.certain_until = before + place.ttl_ns;
    place.possible_until = after + place.ttl_ns;
    Say({.kind = Kind::kPlaceRenewed, .number = place.number, .until_ns = place.certain_until});
  }
}

void Worker::LeavePlace() {
  if (places_.empty()) return;
  const std::size_t chosen = Random(static_cast<std::uint32_t>(places_.size()));
  Place place = std::move(places_[chosen]);
  places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(chosen));
  Say({.kind = Kind::kPlaceLeaving, .number = place.number, .time_ns = Now()});
  if (!place.lease.release() && Now() < place.certain_until) SayBroken(Broken::kLeaseEndedByItself);
}

/// The child goes on as a worker of its own, with what it has inherited. Nobody waits for it when it is dead.
void Worker::Fork() {
  if (terms_.childs_pipe < 0 || Random(5) != 0) return;
  if (fork() != 0) {
    close(std::exchange(terms_.childs_pipe, -1));
    return;
  }
  close(std::exchange(terms_.pipe, std::exchange(terms_.childs_pipe, -1)));
  terms_.incarnation++;
  random_.seed(terms_.seed * 1'000'003 + terms_.incarnation);
  terms_ = Announced(terms_);
  const auto lives = [](const Lease& lease) { return lease.live(); };
  if (std::ranges::any_of(streams_, lives) || std::ranges::any_of(places_, lives, &Place::lease))
    SayBroken(Broken::kLeaseOfParentLives);
  streams_.clear();
  places_.clear();
}

}  // namespace shmetrics::soak
