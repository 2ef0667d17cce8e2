#include "agent/http/library_input.h"

#include <gnutls/gnutls.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <exception>
#include <string_view>
#include <unordered_map>

namespace shmetrics::agent {
namespace {

/// After so many blocks others get their turn. All connections of an address share one thread.
constexpr int kBlocksInARow = 8;
constexpr std::size_t kBlock = std::size_t{16} << 10U;
/// More than a StandIn() without its filling.
constexpr std::size_t kLeastRoom = 128;

// Each server has its thread, and reads only its own connections.
thread_local std::unordered_map<int, LibraryInput*> plain_inputs;
thread_local std::unordered_map<const void*, LibraryInput*> tls_inputs;

template <class Key>
LibraryInput* Find(const std::unordered_map<Key, LibraryInput*>& inputs, Key key) {
  const auto found = inputs.find(key);
  return found == inputs.end() ? nullptr : found->second;
}

/// The request of `size` bytes that the library gets in place of `head`: method, version and whether the
/// connection stays open decide how it frames the answer. It always fills the library's buffer: after a shorter
/// read the library would wait for new bytes from the client, but the next request or the end of the
/// connection may be here already.
std::string StandIn(const RequestHead& head, std::size_t size) {
  std::string request = head.method == "HEAD" ? "HEAD" : "GET";
  request += head.version == "HTTP/1.0" ? " / HTTP/1.0" : " / HTTP/1.1";
  request += head.EndsConnection() ? "\r\nConnection: close" : "\r\nConnection: Keep-Alive";
  request += "\r\nHost: ";
  constexpr std::string_view kEnd = "\r\n\r\n";
  request.append(size - request.size() - kEnd.size(), '-');
  return request.append(kEnd);
}

}  // namespace

LibraryInput::LibraryInput(int fd, gnutls_session_int* session, ConnectionDeadlines* deadlines)
    : fd_(fd), session_(session), deadlines_(deadlines) {
  if (session == nullptr) {
    plain_inputs[fd_] = this;
  } else {
    tls_inputs[session_] = this;
  }
}

LibraryInput::~LibraryInput() {
  if (session_ == nullptr) {
    plain_inputs.erase(fd_);
  } else {
    tls_inputs.erase(session_);
  }
}

LibraryInput* LibraryInput::Of(const void* session) { return Find(tls_inputs, session); }
LibraryInput* LibraryInput::Of(int fd) { return Find(plain_inputs, fd); }

ssize_t LibraryInput::Read(char* to, std::size_t room, ssize_t come_again, ssize_t wait,
                           const Source& source) {
  // The library reads on only after the answer, and with room for kilobytes.
  if (is_handed_over_ || room < kLeastRoom) return wait;
  for (int blocks = 0; !reader_.IsComplete(); blocks++) {
    if (blocks == kBlocksInARow) return come_again;
    std::array<char, kBlock> block;
    const ssize_t n = source(block.data(), block.size());
    if (n <= 0) return n;
    deadlines_->Wake(fd_);
    reader_.Add({block.data(), static_cast<std::size_t>(n)});
  }
  head_ = Parsed();
  is_handed_over_ = true;
  return static_cast<ssize_t>(StandIn(head_, room).copy(to, room));
}

RequestHead LibraryInput::Parsed() const {
  RequestHead head = ParseHead(reader_.Head());
  if (reader_.excess() == HeadReader::Excess::kRequestLine) {
    head.fault_status = 414;
    head.fault = "The address of a request has at most 128 KiB here.";
  } else if (reader_.excess() == HeadReader::Excess::kHeaders) {
    head.fault_status = 431;
    head.fault = "Request line and headers have together at most 128 KiB here.";
  }
  return head;
}

bool LibraryInput::Next() {
  head_ = {};
  reader_.Next();
  is_handed_over_ = false;
  return reader_.IsEmpty();
}

}  // namespace shmetrics::agent

using shmetrics::agent::LibraryInput;

extern "C" {

// recvfrom() and gnutls_record_recv_seq() do the same as the functions that are defined here. Both are called from
// C, so no exception may leave them.

// The system's names for the parameters are reserved.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
[[gnu::visibility("default")]] ssize_t recv(int fd, void* bytes, std::size_t size, int flags) {
  LibraryInput* const input = LibraryInput::Of(fd);
  if (input == nullptr) return recvfrom(fd, bytes, size, flags, nullptr, nullptr);
  ssize_t n = 0;  // negative: an errno
  try {
    n = input->Read(static_cast<char*>(bytes), size, -EINTR, -EAGAIN,
                    [fd, flags](char* block, std::size_t room) -> ssize_t {
                      const ssize_t got = recvfrom(fd, block, room, flags, nullptr, nullptr);
                      return got < 0 ? -errno : got;
                    });
  } catch (const std::exception&) {
    n = -ENOMEM;  // the library closes the connection
  }
  if (n >= 0) return n;
  errno = static_cast<int>(-n);
  return -1;
}

[[gnu::visibility("default")]] ssize_t gnutls_record_recv(gnutls_session_t session, void* data,
                                                          std::size_t data_size) {
  LibraryInput* const input = LibraryInput::Of(session);
  if (input == nullptr) return gnutls_record_recv_seq(session, data, data_size, nullptr);
  try {
    return input->Read(static_cast<char*>(data), data_size, GNUTLS_E_INTERRUPTED, GNUTLS_E_AGAIN,
                       [session](char* block, std::size_t room) {
                         return gnutls_record_recv_seq(session, block, room, nullptr);
                       });
  } catch (const std::exception&) {
    return GNUTLS_E_MEMORY_ERROR;
  }
}
}
