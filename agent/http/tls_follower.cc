#include "agent/http/tls_follower.h"

#include "agent/base/log.h"

namespace shmetrics::agent {

bool TlsFollower::Stamp::operator==(const Stamp& other) const {
  return device == other.device && inode == other.inode && size == other.size &&
         modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec;
}

TlsFollower::Stamps TlsFollower::Look(const TlsFiles& files) {
  const auto look = [](const std::string& path) {
    struct stat found {};  // zeros if the file is gone, which is a change too
    stat(path.c_str(), &found);
    return Stamp{found.st_dev, found.st_ino, found.st_size, found.st_mtim};
  };
  return {look(files.certificate), look(files.key)};
}

Result<void> TlsFollower::Follow(const TlsFiles& files) {
  // Before reading: a write meanwhile then shows as a change later.
  const Stamps stamps = Look(files);
  auto loaded = TlsCredentials::Load(files);
  if (!loaded.ok()) return loaded.error();
  const std::lock_guard lock(mutex_);
  files_ = files;
  seen_ = stamps;
  credentials_ = std::move(loaded.value());
  return {};
}

std::shared_ptr<const TlsCredentials> TlsFollower::Current() {
  const std::lock_guard lock(mutex_);
  if (credentials_ == nullptr) return nullptr;
  const Stamps stamps = Look(files_);
  if (stamps == seen_) return credentials_;
  seen_ = stamps;  // also if they are bad, so that they are logged once, not for every connection
  auto loaded = TlsCredentials::Load(files_);
  if (loaded.ok()) {
    credentials_ = std::move(loaded.value());
    Log(LogLevel::kInfo, "read the TLS certificate " + files_.certificate + " again");
  } else {
    Log(LogLevel::kWarn, loaded.error().message + "; the former ones stay in use");
  }
  return credentials_;
}

}  // namespace shmetrics::agent
