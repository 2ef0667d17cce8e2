#include "shm/series/hash_chains.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "shm/series/series_record.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using layout::Ref;

constexpr auto kAny = [](Ref, const layout::Record&) { return true; };
constexpr auto kNone = [](Ref, const layout::Record&) { return false; };

class HashChainsTest : public ::testing::Test {
 protected:
  layout::SeriesRecord* Make(std::uint64_t hash) {
    const auto offset = worker_.arena().AllocateRecord(sizeof(layout::SeriesRecord));
    auto* series = segment_.At<layout::SeriesRecord>(offset.value());
    WriteSeriesRecord(series, 1, hash, "", 0, layout::Visibility::kShown);
    return series;
  }
  template <class Matches>
  std::optional<Ref> Find(std::uint64_t hash, Matches matches) const {
    const std::optional<HashChains::Search> search = chains_.Find(hash, matches);
    return search ? std::optional(search->found) : std::nullopt;
  }
  /// Publishes after a search of the empty chain, so that all records of the chain are new.
  template <class Matches>
  std::optional<Ref> Publish(layout::SeriesRecord* series, Matches matches) {
    const HashChains::Search nothing{series->record.hash, 0, 0};
    return RefOf(chains_.Publish(segment_.RefOf(series), &series->record, nothing, matches));
  }
  static std::optional<Ref> RefOf(const HashChains::Publication& publication) {
    const bool is_published = publication.outcome == HashChains::Outcome::kPublished;
    return is_published ? std::optional(publication.ref) : std::nullopt;
  }
  Ref Publish(layout::SeriesRecord* series) { return Publish(series, kNone).value(); }

  testing::PrivateFolder folder_;
  testing::BareWorker worker_{folder_ / "segment"};
  const Segment& segment_ = worker_.segment();
  HashChains chains_{segment_};
  /// Two hashes that differ by this share a chain.
  const std::uint64_t apart_ = segment_.header().chain_count;
};

TEST_F(HashChainsTest, PublishedRecordsAreFoundByTheirHash) {
  layout::SeriesRecord* first = Make(5);
  layout::SeriesRecord* second = Make(5 + apart_);
  EXPECT_EQ(Find(5, kAny), Ref{0});
  EXPECT_EQ(Publish(first), segment_.RefOf(first));
  EXPECT_EQ(Publish(second), segment_.RefOf(second));
  EXPECT_EQ(Find(5, kAny), segment_.RefOf(first));
  EXPECT_EQ(Find(5 + apart_, kAny), segment_.RefOf(second));
  EXPECT_EQ(Find(5 + 2 * apart_, kAny), Ref{0});
  EXPECT_EQ(Find(5, kNone), Ref{0});
}

TEST_F(HashChainsTest, OnlyTheFirstOfTheRecordsThatMatchIsPublished) {
  layout::SeriesRecord* first = Make(7);
  layout::SeriesRecord* second = Make(7);
  Publish(first);
  EXPECT_EQ(Publish(second, kAny), segment_.RefOf(first));
  const Ref other = segment_.RefOf(second);
  EXPECT_EQ(Find(7, [&](Ref ref, const layout::Record&) { return ref == other; }), Ref{0});
}

TEST_F(HashChainsTest, PublishingSearchesOnlyWhatWasPublishedSinceTheSearch) {
  layout::SeriesRecord* old = Make(3);
  Publish(old);
  const HashChains::Search search = chains_.Find(3, kNone).value();
  layout::SeriesRecord* since = Make(3);
  Publish(since);
  layout::SeriesRecord* late = Make(3);
  std::vector<Ref> asked;
  const auto note = [&](Ref ref, const layout::Record&) {
    asked.push_back(ref);
    return false;
  };
  EXPECT_EQ(RefOf(chains_.Publish(segment_.RefOf(late), &late->record, search, note)), segment_.RefOf(late));
  EXPECT_EQ(asked, std::vector{segment_.RefOf(since)});
}

TEST_F(HashChainsTest, TheWalkOfAChainThatLeadsOutOfTheSegmentOrInACircleEnds) {
  layout::SeriesRecord* series = Make(9);
  Publish(series);
  for (const Ref nowhere : {UINT32_MAX, segment_.RefOf(series)}) {
    series->record.next = nowhere;
    EXPECT_EQ(Find(9 + apart_, kAny), std::nullopt);
    layout::SeriesRecord* late = Make(9 + apart_);
    EXPECT_EQ(Publish(late, kAny), std::nullopt);
  }
}

// Fault L11. Readers walk just as far as writers fill a chain.
TEST_F(HashChainsTest, AFullChainTakesNoMoreAndIsNotCalledCorrupt) {
  for (std::uint32_t i = 0; i < layout::kMaxChainLength; i++) {
    ASSERT_FALSE(chains_.Find(11, kNone)->is_full()) << i;
    layout::SeriesRecord* series = Make(11);
    const auto made =
        chains_.Publish(segment_.RefOf(series), &series->record, *chains_.Find(11, kNone), kNone);
    ASSERT_EQ(RefOf(made), segment_.RefOf(series)) << i;
  }
  ASSERT_TRUE(chains_.Find(11, kNone).has_value()) << "it can be walked to its end";
  EXPECT_TRUE(chains_.Find(11, kNone)->is_full());
  layout::SeriesRecord* late = Make(11);
  // After searches of the full chain, and of the chain as it was when it was empty.
  for (const HashChains::Search& search : {*chains_.Find(11, kNone), HashChains::Search{11, 0, 0}}) {
    EXPECT_EQ(chains_.Publish(segment_.RefOf(late), &late->record, search, kNone).outcome,
              HashChains::Outcome::kFull);
  }
  EXPECT_EQ(Find(11 + apart_, kAny), Ref{0});
}

}  // namespace
}  // namespace shmetrics::shm
