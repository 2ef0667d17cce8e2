#include "tests/soak/soak.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "tests/soak/metrics.h"
#include "tests/support/child.h"
#include "tests/support/exposition_parser.h"
#include "tests/support/http_client.h"

namespace shmetrics::soak {
namespace {

using std::chrono::steady_clock;

constexpr int kWorkers = 6;
constexpr std::size_t kMostAlive = 12;
constexpr std::uint32_t kMostSegments = 5;  ///< the agent keeps four replaced segments

RegistryOptions OptionsFor(const std::string& folder) {
  return {.segment = folder + "/segment.v1",
          .worker_name = "soak",
          .segment_bytes = 32U << 20U,
          .series_limit = 5'000,
          .family_series_limit = 2'000,
          .worker_slots = 64,
          .lease_limit = 1'024,
          .ledger_limit = 512};
}

}  // namespace

Soak::Soak(std::string agent, const std::string& folder, Chaos chaos, std::uint64_t seed, bool may_fill)
    : agent_program_(std::move(agent)),
      chaos_(chaos),
      may_fill_(may_fill),
      registry_(OptionsFor(folder)),
      random_(seed),
      herd_(registry_, seed, &ledger_),
      oracle_(ledger_),
      room_(folder) {}

void Soak::Run(std::chrono::duration<double> duration) {
  Found();
  agent_.emplace(agent_program_, registry_.segment);
  for (int i = 0; i < kWorkers; i++) herd_.StartWorker();
  const auto start = steady_clock::now();
  while (steady_clock::now() < start + duration && !::testing::Test::HasFailure()) TakeTurn();
  const std::chrono::duration<double> taken = steady_clock::now() - start;
  if (!::testing::Test::HasFailure()) End();
  Report(taken);
}

/// Creates all series except the visitors', so that they exist whatever happens to the tmpfs.
void Soak::Found() const {
  EXPECT_EQ(testing::RunInChild([this] {
              Registry& registry = Registry::open(registry_);
              const Metrics metrics(registry);
              EXPECT_TRUE(registry.status().attached) << registry.status().error;
            }),
            0);
}

void Soak::TakeTurn() {
  Scrape();
  herd_.Turn();
  turns_++;
  if (chaos_ == Chaos::kAgentsDieAndTmpfsFills) {
    if (turns_ % 50 == 20) DisturbAgent();
    if (may_fill_ && (room_.is_full() ? Random(10) == 0 : turns_ % 30 == 5)) DisturbTmpfs();
  } else if (turns_ % 30 == 10) {
    RemoveSegment();
  }
  usleep(Random(20'000));
}

/// Scrapes while workers die and are born.
void Soak::Scrape() {
  const bool is_open_metrics = Random(2) == 0;
  herd_.Listen();
  ledger_.BeginScrape();
  const shm::UniqueFd connection = testing::Connect(agent_->port());
  ASSERT_TRUE(connection.valid()) << agent_->process().errors();
  testing::SendAll(connection.get(),
                   std::string("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n") +
                       (is_open_metrics ? "Accept: application/openmetrics-text;version=1.0.0\r\n" : "") +
                       "\r\n");
  DisturbWorkers();
  const std::string answer = testing::ReceiveAll(connection.get());
  herd_.Listen();
  const std::size_t body = answer.find("\r\n\r\n");
  ASSERT_TRUE(answer.starts_with("HTTP/1.1 200 ") && body != std::string::npos)
      << answer.substr(0, 500) << agent_->process().errors();
  oracle_.Check(testing::ParseExposition(std::string_view(answer).substr(body + 4)));
}

void Soak::DisturbWorkers() {
  usleep(Random(3'000));
  // Children are not replaced, and workers fork them by themselves. The choice of the dead keeps their number
  // within bounds.
  // Most of the dead are holders of a lock: few would be by chance.
  if (Random(4) != 0 && (Random(4) == 0 || !herd_.KillHolder())) herd_.Kill(random_());
  while (herd_.size() > kMostAlive) herd_.Kill(random_());
  if (Random(6) == 0) herd_.Stop(random_(), 1 + static_cast<int>(Random(15)));
}

void Soak::DisturbAgent() {
  agent_->process().Kill();
  agent_.emplace(agent_program_, registry_.segment);
  agent_deaths_++;
}

void Soak::DisturbTmpfs() {
  if (room_.is_full()) return room_.Free();
  oracle_.AllowOverflow();
  room_.Fill();
}

/// Makes a new segment before the next scrape, so that this scrape finds it. An agent never learns of a
/// segment that has come and gone between scrapes.
void Soak::RemoveSegment() {
  if (ledger_.segments() == kMostSegments) return;
  VisitEveryShard();
  std::filesystem::remove(registry_.segment);
  Found();
  herd_.Listen();
  ledger_.NoteNewSegment();
}

/// Takes over every lock that a dead process has left in the newest segment, where no living one is before.
void Soak::VisitEveryShard() const {
  EXPECT_EQ(testing::RunInChild([this] {
              const Metrics metrics(Registry::open(registry_));
              // So many keys miss one of the 64 shards once in a million million runs.
              for (int i = 0; i < 2'000; i++) (void)metrics.places.live({"visit" + std::to_string(i)});
            }),
            0);
}

/// Checks that the soak has reached what it is there to prove. Call it when every shard has been visited.
void Soak::CheckTakeovers() const {
  const std::uint64_t takeovers = agent_->Get().Integer("shmetrics_mutex_recoveries_total");
  EXPECT_GT(herd_.holders_killed() * 10, herd_.kills()) << "the soak hits hardly any holder of a lock";
  // Those who still use a segment that has been removed may die there, and leave a lock that nobody visits.
  const std::uint64_t visited = herd_.holders_killed() / (ledger_.segments() == 1 ? 1 : 2);
  EXPECT_GE(takeovers, visited) << "a dead holder's lock was not taken over";
}

/// Checks that nothing left by the dead blocks anyone, and that nothing of the dead is shown except what they
/// have counted.
void Soak::End() {
  room_.Free();
  herd_.AwaitProgress();
  Scrape();
  herd_.KillAll();
  Scrape();
  VisitEveryShard();
  CheckTakeovers();
  for (std::uint32_t key = 0; key < kPlaceKeys; key++)
    EXPECT_LE(ledger_.admission().MostAtOnce(key), PlacesOf(key) * ledger_.segments()) << key;
  EXPECT_EQ(testing::RunInChild([this] {
              const Metrics metrics(Registry::open(registry_));
              std::vector<Lease> places;
              for (std::uint32_t key = 0; key < kPlaceKeys; key++) {
                for (std::uint32_t i = 0; i < PlacesOf(key); i++) {
                  Result<Lease> place =
                      metrics.places.try_acquire({std::to_string(key)}, {.limit = PlacesOf(key)});
                  ASSERT_TRUE(place) << "a newcomer is not admitted: " << place.error().message;
                  places.push_back(std::move(place.value()));
                }
              }
            }),
            0);
}

void Soak::Report(std::chrono::duration<double> duration) const {
  std::printf(
      "%.1f s: %.0f kills a minute, %ju stops, %ju forks, %ju agents killed, %ju times full, %u segments\n",
      duration.count(), static_cast<double>(herd_.kills()) * 60 / duration.count(), herd_.stops(),
      herd_.forks(), agent_deaths_, room_.times(), ledger_.segments());
  std::printf("  %ju scrapes checked, %ju batches, %.0f operations a second, %ju places taken\n",
              oracle_.scrapes(), ledger_.batches(),
              static_cast<double>(ledger_.operations()) / duration.count(), ledger_.admission().taken());
  if (::testing::Test::HasFailure()) return;
  const testing::Scrape last = agent_->Get();
  std::printf(
      "  %ju holders of a lock killed, %ju locks of the dead taken over, %ju refusals for want of memory\n",
      herd_.holders_killed(), last.Integer("shmetrics_mutex_recoveries_total"),
      last.Integer("shmetrics_refusals_total{reason=\"out_of_memory\"}"));
}

}  // namespace shmetrics::soak
