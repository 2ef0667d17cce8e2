#include "agent/http/answer_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace shmetrics::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsNull;

/// Its thread stands still in the first answer, until the test lets it go on.
class AnswerThreadTest : public ::testing::Test {
 protected:
  AnswerThread::Answer Make(const HttpRequest& request) {
    made_.emplace_back(request.path);
    if (made_.size() == 1) {
      has_begun_.set_value();
      go_on_.get_future().wait();
    }
    if (request.path == "/throw") throw std::bad_alloc();
    return std::make_shared<const HttpResponse>(PlainText(200, std::string(request.path)));
  }
  /// Asks, and returns what will be the answer.
  std::future<AnswerThread::Answer> Ask(HttpRequest request) {
    auto promise = std::make_shared<std::promise<AnswerThread::Answer>>();
    std::future<AnswerThread::Answer> answer = promise->get_future();
    thread_.Ask(std::move(request),
                [promise](AnswerThread::Answer made) { promise->set_value(std::move(made)); });
    return answer;
  }
  void WaitForTheFirst() { has_begun_.get_future().wait(); }

  std::vector<std::string> made_;
  std::promise<void> has_begun_;
  std::promise<void> go_on_;
  AnswerThread thread_{[this](const HttpRequest& request) { return Make(request); }};
};

// Fault A5.
TEST_F(AnswerThreadTest, EqualRequestsThatWaitAtTheSameTimeGetOneAnswerThreads) {
  auto first = Ask({"/a"});
  WaitForTheFirst();
  auto second = Ask({"/a"});
  auto other = Ask({"/b"});
  auto gzip = Ask({"/a", {}, {}, "gzip"});
  auto third = Ask({"/a"});
  go_on_.set_value();
  const AnswerThread::Answer shared = second.get();
  EXPECT_EQ(shared, third.get());
  EXPECT_NE(shared, first.get()) << "it was begun before the others asked, so it may be older than they want";
  EXPECT_NE(shared, gzip.get());
  EXPECT_EQ(other.get()->body, "/b\n");
  EXPECT_THAT(made_, ElementsAre("/a", "/a", "/b", "/a"));
}

TEST_F(AnswerThreadTest, WhatThrowsIsNoAnswerAndTheNextOneIsThreads) {
  go_on_.set_value();
  EXPECT_THAT(Ask({"/throw"}).get(), IsNull());
  EXPECT_EQ(Ask({"/b"}).get()->body, "/b\n");
}

TEST_F(AnswerThreadTest, WhoWaitsOrAsksWhenItStopsGetsNoAnswerThreads) {
  auto first = Ask({"/a"});
  WaitForTheFirst();
  auto second = Ask({"/b"});
  auto stop = std::async(std::launch::async, [this] { thread_.Stop(); });
  go_on_.set_value();
  EXPECT_EQ(first.get()->body, "/a\n");
  stop.get();
  // The thread may have taken it before it was told to stop.
  const AnswerThread::Answer answer = second.get();
  if (answer != nullptr) {
    EXPECT_EQ(answer->body, "/b\n");
  }
  EXPECT_THAT(Ask({"/c"}).get(), IsNull());
}

}  // namespace
}  // namespace shmetrics::agent
