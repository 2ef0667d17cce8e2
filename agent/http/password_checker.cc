#include "agent/http/password_checker.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "agent/http/basic_auth.h"

namespace shmetrics::agent {
namespace {

// One for newcomers and one for the others at least. At most four, because guesses must not take all
// processors of a large machine.
constexpr unsigned kLeastThreads = 2;
constexpr unsigned kMostThreads = 4;
constexpr std::chrono::milliseconds kPauseWithoutMemory{100};
constexpr int kNiceOfGuesses = 10;
// A password that waits longer would be answered when its client has given up, and Prometheus gives up after
// ten seconds. It must be turned away before the deadline cuts its connection, which tells the client nothing.
constexpr std::chrono::milliseconds kPatience{10'000};

/// How many connections may wait for their password to be checked. Some are left for the others.
std::size_t MostWaiting(const HttpLimits& limits) {
  return std::max(1U, limits.max_connections - (limits.max_connections + 7) / 8);
}

/// The user whose hash is compared. A name that does not exist takes as much work as the dearest that does, so
/// that the time does not tell that it does not.
const WebUser& Candidate(const std::vector<WebUser>& users, const std::string& name) {
  const auto user = std::ranges::find(users, name, &WebUser::name);
  if (user != users.end()) return *user;
  return *std::ranges::max_element(users, {}, [](const WebUser& known) { return CostOf(known.bcrypt_hash); });
}

PasswordVerdict Compare(const PasswordRequest& request) {
  try {
    const bool is_right = IsHashOf(request.password, request.candidate.bcrypt_hash);
    return is_right && request.is_known_name ? PasswordVerdict::kRight : PasswordVerdict::kWrong;
  } catch (const std::exception&) {
    return PasswordVerdict::kTurnedAway;  // no memory to find out
  }
}

}  // namespace

PasswordChecker::PasswordChecker(std::size_t most_waiting, std::chrono::milliseconds patience,
                                 PasswordCounts* counts)
    : patience_(patience), counts_(counts == nullptr ? own_counts_ : *counts), queue_(most_waiting) {}

PasswordChecker::PasswordChecker(const HttpLimits& limits, PasswordCounts* counts)
    : PasswordChecker(MostWaiting(limits), std::min(kPatience, limits.deadline / 2), counts) {}

PasswordChecker::~PasswordChecker() { Stop(); }

std::variant<PasswordVerdict, PasswordRequest> PasswordChecker::Judge(const std::vector<WebUser>& users,
                                                                      std::string_view authorization,
                                                                      const std::string& client) {
  if (users.empty()) return PasswordVerdict::kRight;
  const std::optional<Credentials> sent = DecodeBasic(authorization);
  if (!sent) return PasswordVerdict::kWrong;
  if (sent->password.size() > kMaxPasswordBytes) {
    ++counts_.too_long;
    return PasswordVerdict::kTooLong;
  }
  PasswordRequest request{.client = client,
                          .name = sent->name,
                          .password = sent->password,
                          .candidate = Candidate(users, sent->name),
                          .users = users.size(),
                          .answer = {}};
  request.is_known_name = request.candidate.name == request.name;
  const std::lock_guard lock(mutex_);
  request.digest = known_.DigestOf(request.candidate, request.password);
  if (request.is_known_name && known_.Has(request.name, request.digest)) {
    ++counts_.remembered;
    return PasswordVerdict::kRight;
  }
  return request;
}

bool PasswordChecker::StartThreads() {
  const unsigned count = std::clamp(std::thread::hardware_concurrency(), kLeastThreads, kMostThreads);
  try {
    threads_.reserve(count);
    while (threads_.size() < count) threads_.emplace_back(&PasswordChecker::Work, this, threads_.empty());
  } catch (const std::exception&) {
    // Fewer do as well, if there is one of each kind.
  }
  return threads_.size() >= kLeastThreads;
}

void PasswordChecker::Check(PasswordRequest request) noexcept {
  ++counts_.waiting;
  std::optional<PasswordRequest> turned_away;
  {
    const std::lock_guard lock(mutex_);
    request.since = Clock::now();
    if (is_stopping_ || !StartThreads()) {
      turned_away = std::move(request);
    } else {
      try {
        turned_away = queue_.Add(std::move(request), Clock::now());
      } catch (const std::exception&) {
        // No memory to say who must go: the request waits with the others.
      }
    }
  }
  changed_.notify_all();  // not every thread may take it, so all look
  if (turned_away) End(&*turned_away, PasswordVerdict::kTurnedAway);
}

void PasswordChecker::Stop() {
  std::vector<PasswordRequest> waiting;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    waiting = queue_.TakeOlderThan(Clock::time_point::max());
  }
  changed_.notify_all();
  EndAll(std::move(waiting), PasswordVerdict::kTurnedAway);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void PasswordChecker::End(PasswordRequest* request, PasswordVerdict verdict) noexcept {
  --counts_.waiting;
  ++(verdict == PasswordVerdict::kRight   ? counts_.right
     : verdict == PasswordVerdict::kWrong ? counts_.wrong
                                          : counts_.turned_away);
  request->answer(verdict);
}

void PasswordChecker::EndAll(std::vector<PasswordRequest> requests, PasswordVerdict verdict) noexcept {
  for (PasswordRequest& request : requests) End(&request, verdict);
}

std::vector<PasswordRequest> PasswordChecker::Learn(const PasswordRequest& checked, PasswordVerdict verdict) {
  queue_.Finish(checked);
  if (verdict == PasswordVerdict::kTurnedAway) return {};
  const bool is_right = verdict == PasswordVerdict::kRight;
  if (is_right) known_.Remember(checked.name, checked.digest, checked.users);
  queue_.Record(checked, is_right, Clock::now());
  std::vector<PasswordRequest> alike = queue_.TakeAlike(checked);
  try {
    for (const PasswordRequest& request : alike) queue_.Record(request, is_right, Clock::now());
  } catch (const std::exception&) {
    // No memory to remember them by. They must be answered all the same: nobody else has them.
  }
  return alike;
}

void PasswordChecker::WorkOnce(bool is_for_newcomers, std::unique_lock<std::mutex>* lock) {
  const Clock::time_point now = Clock::now();
  std::vector<PasswordRequest> impatient = queue_.TakeOlderThan(now - patience_);
  if (!impatient.empty()) {
    lock->unlock();
    EndAll(std::move(impatient), PasswordVerdict::kTurnedAway);
    lock->lock();
    return;
  }
  std::optional<PasswordRequest> next =
      is_for_newcomers ? queue_.TakeLastNewcomer(now) : queue_.TakeFirst(now);
  if (!next) {
    changed_.wait(*lock);
    return;
  }
  lock->unlock();
  const PasswordVerdict verdict = Compare(*next);
  std::vector<PasswordRequest> alike;
  lock->lock();
  try {
    alike = Learn(*next, verdict);
  } catch (const std::exception&) {
    // No memory to remember it by. The verdict holds.
  }
  lock->unlock();
  End(&*next, verdict);
  EndAll(std::move(alike), verdict);
  lock->lock();
}

void PasswordChecker::Work(bool is_for_newcomers) {
  // Guesses take their time from nobody: not from answers, and not from newcomers. Where the system forbids it,
  // they share alike.
  if (!is_for_newcomers) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceOfGuesses);
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    try {
      WorkOnce(is_for_newcomers, &lock);
    } catch (const std::exception&) {
      // No memory to choose by, and nobody was chosen. Others may give some back.
      changed_.wait_for(lock, kPauseWithoutMemory);
    }
  }
}

}  // namespace shmetrics::agent
