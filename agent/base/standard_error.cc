#include "agent/base/standard_error.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace shmetrics::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// False if that takes longer than until `end`.
bool WaitUntilWritable(milliseconds patience, steady_clock::time_point end) {
  pollfd stream{STDERR_FILENO, POLLOUT, 0};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    const int timeout =
        patience < milliseconds(0) ? -1 : static_cast<int>(std::max(left, milliseconds(0)).count());
    const int ready = poll(&stream, 1, timeout);
    if (ready > 0) return (stream.revents & POLLNVAL) == 0;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

bool WriteToStandardError(std::string_view text, milliseconds patience) {
  const steady_clock::time_point end = steady_clock::now() + std::max(patience, milliseconds(0));
  while (!text.empty()) {
    if (!WaitUntilWritable(patience, end)) return false;
    // A pipe that can be written has room for this much, so write() does not wait.
    const ssize_t written = write(STDERR_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace shmetrics::agent
