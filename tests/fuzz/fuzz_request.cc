// Sends the bytes on one connection, to an open server and to one that wants a password. Both must survive,
// answer nothing that may have a body or has a zero byte in its head, and answer each head once. The second must
// answer nothing at all.

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/http_server.h"
#include "agent/http/listener.h"
#include "shm/base/unique_fd.h"
#include "tests/fuzz/require.h"
#include "tests/support/http_client.h"

namespace {

using namespace shmetrics;
using namespace shmetrics::agent;
using shmetrics::fuzz::Require;

constexpr std::string_view kAnswered = "HTTP/1.1 200 ";
// More than a head may have. The rest is its body or another request.
constexpr std::size_t kMaxBytes = 140'000;
constexpr int kPatienceMs = 5;
constexpr int kInputsBetweenLooks = 8;

HttpResponse Answer(const HttpRequest& request) {
  Require(request.path.starts_with('/'), "a path begins with a slash");
  return {200, "text/plain", "hello\n"};
}

std::unique_ptr<HttpServer> Start(std::vector<WebUser> users) {
  return std::move(
      HttpServer::Start(Listen({"127.0.0.1", 0}).value(), {}, {{}, std::move(users), {}}, Answer).value());
}

/// The answer that comes at once. An incomplete request has none, and waiting for its deadline would make the
/// fuzzer too slow.
std::string Send(const HttpServer& server, const std::string& bytes) {
  const shm::UniqueFd fd = testing::Connect(server.address().port);
  Require(fd.valid(), "the server takes connections");
  testing::SendAll(fd.get(), bytes);
  std::string received;
  std::array<char, 4096> buffer;
  pollfd wait{fd.get(), POLLIN, 0};
  while (poll(&wait, 1, kPatienceMs) == 1) {
    const ssize_t n = recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    received.append(buffer.data(), static_cast<std::size_t>(n));
  }
  // Closes with a reset, which the server notices at once, so that the next input finds a place.
  const linger reset{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  return received;
}

bool StartsWithWord(std::string_view line, std::string_view word) {
  return line.size() >= word.size() && strncasecmp(line.data(), word.data(), word.size()) == 0;
}

/// True if a line before the first empty one announces a body or has a zero byte.
bool HasBodyOrZero(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return false;
    if (line.find('\0') != std::string_view::npos || StartsWithWord(line, "Transfer-Encoding")) return true;
    if (StartsWithWord(line, "Content-Length") && line.find_first_of("123456789") != std::string_view::npos)
      return true;
  }
  return false;
}

/// How many heads there may be: one for each empty line, and one that is seen to be none before its end.
std::size_t MostHeads(std::string_view bytes) {
  std::size_t heads = 1;
  for (std::size_t i = 1; i < bytes.size(); i++) {
    const bool is_after_cr = bytes[i - 1] == '\r' && i > 1;
    if (bytes[i] == '\n' && (bytes[i - 1] == '\n' || (is_after_cr && bytes[i - 2] == '\n'))) heads++;
  }
  return heads;
}

std::size_t Answers(std::string_view received) {
  std::size_t answers = received.starts_with("HTTP/1.1 ") ? 1 : 0;
  for (std::size_t at = 0; (at = received.find("\nHTTP/1.1 ", at)) != std::string_view::npos; at++) answers++;
  return answers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Never destroyed: it does not matter what a fuzzer leaves behind at its end.
  static int inputs = 0;
  static const HttpServer& open = *Start({}).release();
  static const HttpServer& closed =
      *Start({{"scraper", "$2y$04$abcdefghijklmnopqrstuuS8uYxyuFPOPpgpd6KQSCyJlq4p9lPoO"}}).release();
  const std::string bytes(reinterpret_cast<const char*>(data), std::min(size, kMaxBytes));

  const std::string received = Send(open, bytes);
  // RFC 9112 allows empty lines before a request line.
  const std::size_t first = bytes.find_first_not_of("\r\n");
  if (first != std::string::npos && HasBodyOrZero(std::string_view(bytes).substr(first))) {
    Require(!received.starts_with(kAnswered), "a request with a body or a zero byte is not answered");
  }
  Require(Answers(received) <= MostHeads(bytes), "a request is answered once");
  Require(Send(closed, bytes).find("\r\n\r\nhello\n") == std::string::npos,
          "there is no answer without a password");
  if (++inputs % kInputsBetweenLooks == 0) {
    const std::string alive = testing::SendRaw(
        open.address().port, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    Require(alive.starts_with(kAnswered), "the server lives on");
  }
  return 0;
}
