#include "client-lib/binding/hash_tree.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace shmetrics::internal {
namespace {

struct Thing {
  explicit Thing(int the_number) : number(the_number) {}
  int number;
  using Tree = HashTree<Thing, 4>;
  Tree::Links tree{};
};

class HashTreeTest : public ::testing::Test {
 protected:
  ~HashTreeTest() override {
    std::vector<Thing*> things;
    tree_.ForEach([&](Thing& thing) { things.push_back(&thing); });
    for (const Thing* thing : things) delete thing;
  }
  Thing* Find(std::uint64_t hash, int number) const {
    return tree_.Find(hash, [&](const Thing& thing) { return thing.number == number; });
  }
  Thing* FindOrAdd(std::uint64_t hash, int number) {
    return tree_.FindOrAdd(
        hash, [&](const Thing& thing) { return thing.number == number; },
        [&] { return std::make_unique<Thing>(number); });
  }
  Thing::Tree tree_;
};

TEST_F(HashTreeTest, WhatIsAddedIsFoundAndAddedOnce) {
  EXPECT_EQ(Find(1, 1), nullptr);
  Thing* one = FindOrAdd(1, 1);
  EXPECT_EQ(FindOrAdd(1, 1), one);
  EXPECT_EQ(Find(1, 1), one);
  EXPECT_EQ(Find(2, 1), nullptr);
  EXPECT_EQ(tree_.FindOrAdd(
                2, [](const Thing&) { return false; }, [] { return std::unique_ptr<Thing>(); }),
            nullptr)
      << "what cannot be made is not added";
}

TEST_F(HashTreeTest, ThingsOfOneHashAreToldApart) {
  for (int i = 0; i < 100; i++) FindOrAdd(UINT64_MAX, i);
  for (int i = 0; i < 100; i++) {
    ASSERT_NE(Find(UINT64_MAX, i), nullptr);
    EXPECT_EQ(Find(UINT64_MAX, i)->number, i);
  }
}

TEST_F(HashTreeTest, ThreadsThatAddTheSameThingsGetTheSame) {
  constexpr int kThings = 2'000;
  std::vector<std::vector<Thing*>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got) {
    threads.emplace_back([&] {
      for (int i = 0; i < kThings; i++) mine.push_back(FindOrAdd(i * 0x9E3779B97F4A7C15U, i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : got) EXPECT_EQ(mine, got[0]);
  std::set<int> all;
  tree_.ForEach([&](const Thing& thing) { EXPECT_TRUE(all.insert(thing.number).second); });
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThings));
}

}  // namespace
}  // namespace shmetrics::internal
