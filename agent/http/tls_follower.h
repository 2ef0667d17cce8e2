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

/// The credentials in two files that are replaced now and then, for example when a certificate is renewed.
/// Thread-safe.
class TlsFollower {
 public:
  /// Like TlsCredentials::Load(). After a failure it goes on following the former files.
  Result<void> Follow(const TlsFiles& files);

  /// The credentials in the files now, or the last good ones, because one file may be written before the
  /// other. Reads the files only if they have changed. Null before Follow().
  std::shared_ptr<const TlsCredentials> Current();

 private:
  /// Tells if a file was replaced or changed.
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
