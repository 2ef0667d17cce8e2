#include "agent/http/answer_thread.h"

#include <exception>
#include <utility>

namespace shmetrics::agent {

AnswerThread::AnswerThread(Make make) : make_(std::move(make)), thread_([this] { Run(); }) {}

AnswerThread::~AnswerThread() { Stop(); }

void AnswerThread::Ask(HttpRequest request, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_stopping_) {
      waiting_.push_back({std::move(request), std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  done(nullptr);
}

void AnswerThread::Stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  std::list<Waiting> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(waiting_);
  }
  for (const Waiting& waiting : left) waiting.done(nullptr);
}

void AnswerThread::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    if (is_stopping_) return;
    const std::list<Waiting> alike = TakeAlike();
    lock.unlock();
    const Answer answer = TryToMake(alike.front().request);
    for (const Waiting& waiting : alike) waiting.done(answer);
    lock.lock();
  }
}

std::list<AnswerThread::Waiting> AnswerThread::TakeAlike() {
  std::list<Waiting> alike;
  alike.splice(alike.end(), waiting_, waiting_.begin());
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    const auto one = next++;
    if (one->request == alike.front().request) alike.splice(alike.end(), waiting_, one);
  }
  return alike;
}

AnswerThread::Answer AnswerThread::TryToMake(const HttpRequest& request) const noexcept {
  try {
    return make_(request);
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace shmetrics::agent
