#ifndef SHMETRICS_AGENT_HTTP_TLS_FOLLOWER_H_
#define SHMETRICS_AGENT_HTTP_TLS_FOLLOWER_H_

#include <sys/stat.h>

#include <array>
#include <ctime>
#include <memory>
#include <mutex>

#include "agent/http/http_policy.h"
#include "agent/http/tls_credentials.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// The credentials in two files that are exchanged now and then, as those of a certificate that is renewed
/// are. Any thread may use it.
class TlsFollower {
 public:
  /// As TlsCredentials::Load(); on failure what was followed before still is.
  Result<void> Follow(const TlsFiles& files);

  /// What the files hold now, or held when they were last good: one of the two may be written before the
  /// other. Reads them only if they have changed. Null before Follow().
  std::shared_ptr<const TlsCredentials> Current();

 private:
  /// What tells that a file is another, or has other bytes.
  struct Stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    timespec modified;
    bool operator==(const Stamp& other) const;
  };
  using Stamps = std::array<Stamp, 2>;
  static Stamps Look(const TlsFiles& files);

  std::mutex mutex_;
  TlsFiles files_;
  Stamps seen_{};
  std::shared_ptr<const TlsCredentials> credentials_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_TLS_FOLLOWER_H_
