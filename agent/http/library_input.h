#ifndef SHMETRICS_AGENT_HTTP_LIBRARY_INPUT_H_
#define SHMETRICS_AGENT_HTTP_LIBRARY_INPUT_H_

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>

#include "agent/http/connection_deadlines.h"
#include "agent/http/head_reader.h"
#include "agent/http/request_head.h"

struct gnutls_session_int;

namespace shmetrics::agent {

/// Stands between a connection's socket and the HTTP library, which cannot be trusted with what clients send
/// (libmicrohttpd 0.9.75): it ends texts at a zero byte, takes a line that begins with one for the end of the
/// head, and when its pool of memory is full it answers twice or not at all. The library has no hook here.
/// So the program defines recv() and gnutls_record_recv(), and the dynamic linker gives those to the library.
/// They read whole heads with a HeadReader. The library itself gets "GET / HTTP/1.1" or "HEAD / HTTP/1.1" for
/// each head, and never a byte of a client.
///
/// If another build of the library should read in another way, it would not get its requests from here.
/// MayAnswer() says so, and no request is answered.
///
/// For use by the library's thread, and without it after that has ended.
class LibraryInput {
 public:
  /// `session` is null without TLS. `fd` must be watched by `deadlines`, and both must outlive this.
  LibraryInput(int fd, gnutls_session_int* session, ConnectionDeadlines* deadlines);
  ~LibraryInput();
  LibraryInput(const LibraryInput&) = delete;
  LibraryInput& operator=(const LibraryInput&) = delete;

  /// The input of a socket or session of this thread; null if it has none.
  static LibraryInput* Of(const void* session);
  static LibraryInput* Of(int fd);

  /// Reads from the client at most `size` bytes: how many, 0 at the end, or a negative error.
  using Source = std::function<ssize_t(char* bytes, std::size_t size)>;

  /// What the library's read returns: the request that stands for the next head once that is complete, else
  /// what `source` returned last. `come_again` makes the library ask again without new bytes from the client,
  /// `wait` only after some have come.
  ssize_t Read(char* to, std::size_t room, ssize_t come_again, ssize_t wait, const Source& source);

  /// The head of the library's current request, until Next().
  const RequestHead& Head() const { return head_; }

  /// True if the library's current request came from here.
  bool MayAnswer() const { return is_handed_over_; }

  /// The current request has been answered. False if some of the next one has come already.
  bool Next();

 private:
  /// Takes apart the head that is complete.
  RequestHead Parsed() const;

  const int fd_;
  const void* const session_;
  ConnectionDeadlines* const deadlines_;
  HeadReader reader_;
  RequestHead head_;  ///< points into reader_
  bool is_handed_over_ = false;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_LIBRARY_INPUT_H_
