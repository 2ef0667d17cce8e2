#ifndef SHMETRICS_AGENT_HTTP_ANSWER_THREAD_H_
#define SHMETRICS_AGENT_HTTP_ANSWER_THREAD_H_

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/http/http_message.h"

namespace shmetrics::agent {

/// Makes answers one after another in a thread of its own, so that the thread that serves the connections
/// does not wait. Requests that are alike and wait at the same time get one answer. It is made after all of
/// them have come, so nobody gets an older one than alone. Thread-safe.
class AnswerThread {
 public:
  /// Null if there is no memory for an answer, or if the thread stops first.
  using Answer = std::shared_ptr<const HttpResponse>;
  using Make = std::function<Answer(const HttpRequest&)>;
  /// Called once. Must not throw.
  using Done = std::function<void(Answer)>;

  explicit AnswerThread(Make make);
  ~AnswerThread();
  AnswerThread(const AnswerThread&) = delete;
  AnswerThread& operator=(const AnswerThread&) = delete;

  /// Calls `done` with the answer, from the thread. What `request` refers to must live until then.
  void Ask(HttpRequest request, Done done);

  /// Waits for the answer that is being made. All who still wait then, and those who ask later, get none.
  void Stop();

 private:
  struct Waiting {
    HttpRequest request;
    Done done;
  };

  void Run();
  /// The first of those who wait, and all who ask the same. The caller holds the mutex.
  std::list<Waiting> TakeAlike();
  Answer TryToMake(const HttpRequest& request) const noexcept;

  const Make make_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Waiting> waiting_;  ///< in the order in which they came
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_ANSWER_THREAD_H_
