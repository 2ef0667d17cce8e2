#include "agent/http/password_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace shmetrics::agent {
namespace {

std::string NameAt(const PasswordRequest& request) { return request.client + '\n' + request.name; }

}  // namespace

std::vector<PasswordQueue::Rank> PasswordQueue::Ranked(Clock::time_point now) const {
  std::map<std::string, std::size_t> before = being_checked_;
  std::vector<Rank> ranks;
  ranks.reserve(waiting_.size());
  for (const bool has_failed : {false, true}) {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const PasswordRequest& request = waiting_[i];
      if (failed_names_.Last(NameAt(request), now).has_value() != has_failed) continue;
      ranks.push_back({before[request.client]++,
                       failed_clients_.Last(request.client, now).value_or(Clock::time_point::min()), i});
    }
  }
  std::sort(ranks.begin(), ranks.end());
  return ranks;
}

PasswordRequest PasswordQueue::Remove(std::size_t index) {
  const auto place = waiting_.begin() + static_cast<std::ptrdiff_t>(index);
  PasswordRequest request = std::move(*place);
  waiting_.erase(place);
  return request;
}

PasswordRequest PasswordQueue::Start(std::size_t index) {
  ++being_checked_[waiting_[index].client];
  return Remove(index);
}

std::optional<PasswordRequest> PasswordQueue::Add(PasswordRequest request, Clock::time_point now) {
  waiting_.push_back(std::move(request));
  if (waiting_.size() <= most_) return std::nullopt;
  const std::vector<Rank> ranks = Ranked(now);
  if (!ranks.back().IsNewcomer()) return Remove(ranks.back().index);
  return Remove(ranks[ranks.size() / 2].index);  // all are newcomers
}

std::optional<PasswordRequest> PasswordQueue::TakeFirst(Clock::time_point now) {
  if (waiting_.empty()) return std::nullopt;
  return Start(Ranked(now).front().index);
}

std::optional<PasswordRequest> PasswordQueue::TakeLastNewcomer(Clock::time_point now) {
  std::optional<std::size_t> last;
  for (const Rank& rank : Ranked(now)) {
    if (rank.IsNewcomer()) last = rank.index;  // newcomers are ranked as they came
  }
  if (!last) return std::nullopt;
  return Start(*last);
}

void PasswordQueue::Finish(const PasswordRequest& request) {
  const auto found = being_checked_.find(request.client);
  if (found != being_checked_.end() && --found->second == 0) being_checked_.erase(found);
}

void PasswordQueue::Record(const PasswordRequest& request, bool is_right, Clock::time_point now) {
  if (is_right) {
    failed_clients_.Forget(request.client);
    failed_names_.Forget(NameAt(request));
  } else {
    failed_clients_.Add(request.client, now);
    failed_names_.Add(NameAt(request), now);
  }
}

template <class Predicate>
std::vector<PasswordRequest> PasswordQueue::TakeIf(Predicate is_taken) {
  const auto taken = std::stable_partition(waiting_.begin(), waiting_.end(), std::not_fn(is_taken));
  std::vector<PasswordRequest> requests(std::make_move_iterator(taken),
                                        std::make_move_iterator(waiting_.end()));
  waiting_.erase(taken, waiting_.end());
  return requests;
}

std::vector<PasswordRequest> PasswordQueue::TakeAlike(const PasswordRequest& checked) {
  return TakeIf([&](const PasswordRequest& request) {
    return request.name == checked.name && request.digest == checked.digest;
  });
}

std::vector<PasswordRequest> PasswordQueue::TakeOlderThan(Clock::time_point then) {
  return TakeIf([&](const PasswordRequest& request) { return request.since < then; });
}

}  // namespace shmetrics::agent
