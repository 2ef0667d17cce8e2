// A segment with any damage, read and rendered as the agent does, or used as a worker does. An input is a
// small program: first what to do, then the damages. Its bytes choose the place and kind of each.

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/log.h"
#include "agent/exposition/exposition.h"
#include "agent/json/json.h"
#include "agent/json/workers_json.h"
#include "agent/view/bus_guard.h"
#include "agent/view/segment_follower.h"
#include "shm/base/fork_guard.h"
#include "shm/series/exemplars.h"
#include "shm/workers/gauge_row.h"
#include "shm/workers/gauges.h"
#include "tests/corrupt/damaged_segment.h"
#include "tests/corrupt/header_checksum.h"
#include "tests/corrupt/segment_image.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/require.h"
#include "tests/support/exposition_parser.h"

namespace shmetrics::fuzz {
namespace {

using agent::SegmentFollower;
using agent::SegmentView;
using shm::layout::GaugeMode;
using testing::DamagedSegment;
using testing::GaugeNamed;

/// The segment as it is before each input.
struct Victim {
  Victim() {
    // A failed expectation in the shared test code ends the process too.
    GTEST_FLAG_SET(throw_on_failure, true);
    agent::BusGuard::Install();
    agent::StartLog(agent::LogLevel::kError);
    s.worker.Set(GaugeNamed("build_info", GaugeMode::kInfo, {"version"}), {"1.2"}, 1);
    s.worker.Set(GaugeNamed("latest", GaugeMode::kMostRecent), {}, 3);
  }

  DamagedSegment s;
  const testing::SegmentImage image{s};
};

// A correct text repeats only what histograms repeat for each bucket, and there are few here.
constexpr std::size_t kMostText = 64U << 20U;

void RequireParses(const shm::Snapshot& snapshot, shm::Exposition exposition) {
  std::string text;
  agent::WriteExposition(std::array{&snapshot}, exposition, true, &text);
  Require(text.size() <= kMostText, "a text of " + std::to_string(text.size()) + " bytes");
  const testing::ParsedExposition parsed = testing::ParseExposition(text);
  Require(parsed.complaints.empty(),
          parsed.complaints.empty() ? "" : parsed.complaints.front() + "\n" + text);
}

/// Renders a segment that could be read, as the agent does. Once for each input: it takes longer than all the
/// rest.
void RequireRenders(const shm::Snapshot& snapshot) {
  RequireParses(snapshot, {shm::Format::kText004, shm::Escaping::kUnderscores});
  RequireParses(snapshot, {shm::Format::kOpenMetrics100, shm::Escaping::kAllowUtf8});
  std::string document;
  agent::WriteMetricsDocumentJson(snapshot, 0, &document);
  Require(nlohmann::json::accept(document), document);
  std::string workers;
  agent::WriteWorkersJson(snapshot, &workers);
  Require(nlohmann::json::accept(workers), workers);
}

SegmentView ReadWith(SegmentFollower* follower) {
  SegmentView view;
  follower->Read(&view);
  if (view.state == SegmentView::State::kAttached) testing::ExpectSane(view.snapshot);
  std::vector<shm::LedgerRecord> ledger;
  follower->ReadLedger(&ledger);
  for (const shm::LedgerRecord& record : ledger) Require(shm::IsValidUtf8(record.key), record.key);
  return view;
}

/// Reads twice, because the second time much is remembered.
void ReadAfterwards(const Victim& victim) {
  SegmentFollower follower(victim.s.path);
  ReadWith(&follower);
  const SegmentView view = ReadWith(&follower);
  if (view.state == SegmentView::State::kAttached) RequireRenders(view.snapshot);
}

void Damage(const Victim& victim, ByteSource* bytes) {
  while (!bytes->empty()) testing::Mutate(victim.image, [bytes] { return bytes->Value<std::uint32_t>(); });
}

void DamageUnderAReader(const Victim& victim, ByteSource* bytes) {
  SegmentFollower before(victim.s.path);
  ReadWith(&before);
  Damage(victim, bytes);
  ReadWith(&before);
  ReadAfterwards(victim);
}

/// Writes a header of the fuzzer's choice, with a matching checksum; the magic and the signature stay.
void DamageTheHeader(const Victim& victim, ByteSource* bytes) {
  auto* header = reinterpret_cast<shm::layout::Header*>(victim.image.segment().base());
  constexpr std::size_t kFirst = offsetof(shm::layout::Header, header_bytes);
  constexpr std::size_t kWords = (offsetof(shm::layout::Header, checksum) - kFirst) / 4;
  for (std::size_t words = bytes->Below(4); words > 0; words--) {
    const std::size_t at = kFirst + 4 * bytes->Below(kWords);
    const auto word = bytes->Value<std::uint32_t>();
    std::memcpy(reinterpret_cast<char*>(header) + at, &word, sizeof word);
  }
  header->checksum = testing::ChecksumOf(*header);
  Damage(victim, bytes);
  ReadAfterwards(victim);
}

/// Cuts off the file while it is mapped, perhaps only for a moment.
void CutOff(const Victim& victim, ByteSource* bytes) {
  SegmentFollower before(victim.s.path);
  ReadWith(&before);
  const auto whole = static_cast<off_t>(victim.image.segment().header().segment_bytes);
  const off_t cut = bytes->Value<std::uint32_t>() % whole;
  const bool grown_again = bytes->Byte() % 2 == 1;
  Require(truncate(victim.s.path.c_str(), cut) == 0, "truncate");
  if (grown_again) Require(truncate(victim.s.path.c_str(), whole) == 0, "truncate");
  ReadWith(&before);
  ReadAfterwards(victim);
  Require(truncate(victim.s.path.c_str(), whole) == 0, "truncate");
}

void UseSeries(Victim* victim, const shm::FamilyDefinition& definition, std::string_view value) {
  testing::BareWorker& worker = victim->s.worker;
  const Result<shm::RegisteredFamily> family = worker.directory().RegisterFamily(definition);
  if (!family.ok()) return;
  const std::span<const std::string_view> values(&value, definition.label_names.size());
  worker.directory().RemoveSeries(family.value(), values);
  const Result<shm::layout::SeriesRecord*> series = worker.directory().RegisterSeries(family.value(), values);
  worker.directory().OverflowSeries(family.value());
  if (!series.ok()) return;
  if (definition.type == shm::layout::MetricType::kGauge) {
    const shm::ForkGuard::Lock lock;
    shm::GaugeRow row(worker.segment(), worker.arena());
    const auto cell = row.CellOf(worker.slot().Hold().value(), worker.segment().RefOf(series.value()));
    if (cell.ok()) shm::AddToGauge(cell.value(), 1, shm::GaugeOrder(worker.segment(), definition.gauge_mode));
    return;
  }
  const auto buckets = static_cast<std::uint32_t>(definition.bounds.size() + 1);
  const std::string_view name = "trace_id";
  shm::KeepExemplar(worker.segment(), worker.arena(), series.value(), {0, buckets}, 1, {&name, 1},
                    {&value, 1});
  char* cells = worker.segment().Cells(series.value()->cells, family->cell_bytes);
  if (cells == nullptr) return;
  if (definition.type == shm::layout::MetricType::kHistogram) {
    shm::ObserveInHistogram({reinterpret_cast<shm::HistogramCell*>(cells), 0},
                            shm::BucketIndex(definition.bounds), 2);
  } else {
    shm::AddToCounter(reinterpret_cast<std::uint64_t*>(cells), 1);
  }
}

void UseLeases(Victim* victim, std::string_view user) {
  const Result<shm::HeldLease> lease = victim->s.Acquire(user, 100, DamagedSegment::kHourNs);
  static_cast<void>(victim->s.leases.CountLive(victim->s.uploads, {&user, 1}));
  if (lease.ok()) {
    shm::Leases::Renew(lease.value(), DamagedSegment::kHourNs);
    victim->s.leases.Release(lease.value());
  }
  static_cast<void>(victim->s.Spend(user, 1));
  static_cast<void>(victim->s.ledger.SetClass(user, 1));
  static_cast<void>(victim->s.ledger.Restore({std::string(user), 1, 1, 1}));
}

/// Each call of a worker ends with a result; none touches memory outside the segment.
void DamageUnderAWorker(Victim* victim, ByteSource* bytes) {
  Damage(*victim, bytes);
  victim->image.RestoreMutexes();
  for (const std::string_view value : {"x", "another"}) {
    UseSeries(victim, testing::CounterNamed("counter_total", {"a"}), value);
    UseSeries(victim, testing::CounterNamed("new_total", {"a"}), value);
    UseSeries(victim, testing::HistogramNamed("histogram", {1, 2, 3}, {"a"}), value);
    UseSeries(victim, GaugeNamed("sum", GaugeMode::kSum, {"a"}), value);
    UseSeries(victim, GaugeNamed("many", GaugeMode::kMax, {"a"}), value);
  }
  shm::Leases::Renew(victim->s.lease, 0);
  for (const std::string_view user :
       {DamagedSegment::kUser, std::string_view("user1"), std::string_view("n")})
    UseLeases(victim, user);
  ReadAfterwards(*victim);
}

}  // namespace
}  // namespace shmetrics::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shmetrics::fuzz;
  static Victim victim;
  victim.image.Restore();
  ByteSource bytes({data, size});
  switch (bytes.Below(8)) {
    case 0:
      CutOff(victim, &bytes);
      break;
    case 1:
      DamageTheHeader(victim, &bytes);
      break;
    case 2:
    case 3:
    case 4:
      DamageUnderAWorker(&victim, &bytes);
      break;
    default:
      DamageUnderAReader(victim, &bytes);
  }
  return 0;
}
