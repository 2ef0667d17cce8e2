#include "shm/segment/kept_file.h"

#include <sys/stat.h>

namespace shmetrics::shm {

std::optional<FileIdentity> IdentityOf(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

KeptFile::~KeptFile() { Take(); }

void KeptFile::Keep(UniqueFd file) {
  Get();  // a number that the application has taken is forgotten
  int none = -1;
  // no order needed: the number is all there is
  if (fd_.compare_exchange_strong(none, file.get(), std::memory_order_relaxed)) file.Release();
}

int KeptFile::Get() const {
  const int fd = fd_.load(std::memory_order_relaxed);  // no order needed: as in Keep()
  if (fd < 0 || IdentityOf(fd) == identity_) return fd;
  Forget(fd);
  return -1;
}

UniqueFd KeptFile::Take() {
  const int fd = Get();
  return UniqueFd(fd >= 0 && Forget(fd) ? fd : -1);
}

std::optional<nlink_t> KeptFile::NameCount() const {
  struct stat status;
  const int fd = fd_.load(std::memory_order_relaxed);  // no order needed: as in Keep()
  if (fd < 0) return std::nullopt;
  // One question, so that both answers are about one file.
  if (fstat(fd, &status) == 0 && FileIdentity{status.st_dev, status.st_ino} == identity_)
    return status.st_nlink;
  Forget(fd);
  return std::nullopt;
}

bool KeptFile::Forget(int fd) const {
  return fd_.compare_exchange_strong(fd, -1, std::memory_order_relaxed);  // no order needed: as in Keep()
}

}  // namespace shmetrics::shm
