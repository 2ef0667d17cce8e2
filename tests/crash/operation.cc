#include "tests/crash/operation.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "shm/base/fork_guard.h"
#include "shm/segment/segment_options.h"
#include "shm/snapshot/snapshot.h"
#include "tests/crash/cell_operations.h"
#include "tests/crash/lease_operations.h"
#include "tests/crash/ledger_operations.h"
#include "tests/crash/metric_operations.h"
#include "tests/support/child.h"

namespace shmetrics::testing {
namespace {

using shm::layout::GaugeMode;

void CheckNothing(Lessee& /*witness*/, SegmentReading& /*reading*/, Runs /*runs*/) {}

/// How the dead have ended is the same before and after the next claim counts it. If nobody else shows gauges,
/// only the workers of LeaveARow() had something to lose, however many have died in a claim since.
void CheckEnds(Lessee& witness, SegmentReading& reading, Runs /*runs*/) {
  const shm::Exits before = reading.Again().snapshot().segment.exits;
  const bool is_alone =
      std::ranges::none_of(reading.snapshot().families, [](const shm::FamilySnapshot& family) {
        return family.type == shm::layout::MetricType::kGauge && family.name != "row";
      });
  if (is_alone) {
    EXPECT_EQ(before.losses, reading.Counter("rows_left_total"));
  }
  {
    const shm::ForkGuard::Lock lock;
    ASSERT_TRUE(witness.worker().slot().Hold().ok());
  }
  const shm::SegmentSnapshot& segment = reading.Again().snapshot().segment;
  EXPECT_EQ(segment.exits.losses, before.losses);
  EXPECT_EQ(segment.exits.ended, before.ended);
  // One that has died in a claim counts when its slot is claimed again.
  const std::uint64_t ends = segment.exits.ended + segment.exits.execs + segment.exits.unknown;
  EXPECT_LE(ends + 1, segment.worker_starts);
  EXPECT_GE(ends, before.losses);
}

/// A worker sets gauges and dies, so that there is a row to clear.
void LeaveARow(const std::string& path) {
  BareWorker dead(path, TinySegment());
  dead.Count(CounterNamed("rows_left_total"), {}, std::uint64_t{1});
  for (const char* n : {"0", "1", "2"}) dead.Set(GaugeNamed("row", GaugeMode::kSum, {"n"}), {n}, 1);
}

Operation Create() {
  return {"create", [](const std::string&) {},
          [](const std::string& path) {
            return [path] { static_cast<void>(shm::Segment::AttachOrCreate(path, TinySegment())); };
          },
          CheckNothing};
}

Operation Attach() {
  Operation attach = Create();
  attach.name = "attach";
  attach.prepare = CreateTinySegment;
  return attach;
}

Operation ClaimSlot() {
  return {"claim_slot", LeaveARow,
          [](const std::string& path) {
            return [worker = AttachWorker(path)] {
              const shm::ForkGuard::Lock lock;
              static_cast<void>(worker->slot().Hold());
            };
          },
          CheckEnds};
}

/// Forks, and returns only in the child. The parent holds its slot until the child ends.
void Fork() {
  const pid_t child = fork();
  if (child == 0) {
    DieWithParent();
    return;
  }
  int status = 0;
  waitpid(child, &status, 0);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

Operation ClaimAfterFork() {
  static const shm::FamilyDefinition gauge = GaugeNamed("forked", GaugeMode::kSum);
  return {"claim_after_fork", LeaveARow,
          [](const std::string& path) {
            auto worker = AttachWorker(path);
            worker->Set(gauge, {}, 1);
            Fork();
            return [worker] { worker->Set(gauge, {}, 5); };
          },
          CheckNothing};
}

/// The first of the CPUs that this process may run on.
std::uint32_t FirstCpu() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof cpus, &cpus);
  std::uint32_t cpu = 0;
  while (cpu + 1 < CPU_SETSIZE && !CPU_ISSET(cpu, &cpus)) cpu++;
  return cpu;
}

}  // namespace

shm::SegmentOptions TinySegment() {
  return {.bytes = 1U << 20U,
          .series_limit = 64,
          .family_series_limit = 8,
          .slot_count = 16,
          .max_cpu_stripes = FirstCpu() + 1,
          .lease_limit = 512,
          .ledger_limit = 512};
}

void CreateTinySegment(const std::string& path) { BareWorker creator(path, TinySegment()); }

std::shared_ptr<BareWorker> AttachWorker(const std::string& path) {
  return std::make_shared<BareWorker>(path, TinySegment());
}

Operation GiveWay() {
  return {"give_way", CreateTinySegment,
          [](const std::string& path) {
            return [worker = AttachWorker(path), successor = AttachWorker(path + ".next")] {
              worker->segment().GiveWayTo(successor->segment());
            };
          },
          [](Lessee& witness, SegmentReading&, Runs runs) {
            EXPECT_TRUE(runs.completed == 0 || witness.worker().segment().IsSuperseded());
          }};
}

const std::vector<Operation>& Operations() {
  static const std::vector<Operation> operations = [] {
    std::vector<Operation> all = {Create(), Attach(), ClaimSlot(), ClaimAfterFork()};
    for (Operation& operation : CellOperations()) all.push_back(std::move(operation));
    for (Operation& operation : MetricOperations()) all.push_back(std::move(operation));
    for (Operation& operation : LeaseOperations()) all.push_back(std::move(operation));
    for (Operation& operation : LedgerOperations()) all.push_back(std::move(operation));
    return all;
  }();
  return operations;
}

}  // namespace shmetrics::testing
