#include "agent/http/response_budget.h"

#include <malloc.h>

#include <string>
#include <utility>

namespace shmetrics::agent {
namespace {

/// The allocator keeps what was freed, which makes the next scrape faster: its pages are there already. Only
/// after more than this was in flight is it worth the time to give pages back to the kernel.
constexpr std::size_t kWorthTrimming = std::size_t{32} << 20U;

HttpResponse TooMuchInFlight(std::size_t bytes, std::size_t limit) {
  HttpResponse refusal = PlainText(
      503, "This answer has " + std::to_string(bytes) +
               " bytes. With the answers that other clients have not taken yet, that is more than the " +
               std::to_string(limit) + " of [web] max_response_bytes_in_flight.");
  refusal.headers.emplace_back("Retry-After", "5");
  return refusal;
}

}  // namespace

ResponseBudget::ResponseBudget(std::size_t limit) : limit_(limit) {}

std::shared_ptr<const HttpResponse> ResponseBudget::Admit(HttpResponse answer) {
  const std::size_t bytes = answer.body.capacity();
  if (bytes <= kAlwaysFits) return std::make_shared<const HttpResponse>(std::move(answer));
  auto admitted = std::make_unique<const HttpResponse>(std::move(answer));
  if (!Take(bytes)) {
    ++refused_;
    return std::make_shared<const HttpResponse>(TooMuchInFlight(bytes, limit_));
  }
  // If there is no memory for the pointer's own count, it lets go of the answer too.
  return {admitted.release(), [this, bytes](const HttpResponse* sent) {
            delete sent;
            GiveBack(bytes);
          }};
}

bool ResponseBudget::Take(std::size_t bytes) {
  std::size_t before = in_flight_;
  do {
    if (before > limit_ || bytes > limit_ - before) return false;
  } while (!in_flight_.compare_exchange_weak(before, before + bytes));
  const std::size_t now = before + bytes;
  for (std::size_t peak = peak_; peak < now && !peak_.compare_exchange_weak(peak, now);) {
  }
  return true;
}

void ResponseBudget::GiveBack(std::size_t bytes) {
  if (in_flight_.fetch_sub(bytes) != bytes) return;
  if (peak_.exchange(0) > kWorthTrimming) malloc_trim(0);
}

}  // namespace shmetrics::agent
