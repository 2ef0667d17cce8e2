#include "shm/segment/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/segment/refusal.h"

namespace shmetrics::shm {
namespace {

Error CannotMap(const std::string& path, int error) {
  std::string why = std::string("it cannot be mapped: ") + std::strerror(error);
  if (error == EAGAIN) {
    why +=
        "; after mlockall(MCL_FUTURE) that means that the limit of locked memory (ulimit -l) is used up: "
        "raise it, or attach first";
  }
  return SegmentRefused(ErrorCode::kNotOpenable, path, why);
}

}  // namespace

// After mlockall(MCL_FUTURE) the kernel locks each new mapping, fills it, and counts it against
// RLIMIT_MEMLOCK. A mapping that has been unlocked stays so when it grows. So one page is mapped, unlocked,
// and grown.
Result<MappedFile> MappedFile::Map(const UniqueFd& file, const std::string& path, Protection protection,
                                   std::uint64_t bytes) {
  const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const int access = protection == Protection::kReadOnly ? PROT_READ : PROT_READ | PROT_WRITE;
  void* const page = mmap(nullptr, page_bytes, access, MAP_SHARED, file.get(), 0);
  if (page == MAP_FAILED) return CannotMap(path, errno);
  MappedFile mapped(static_cast<char*>(page), page_bytes);
  if (munlock(page, page_bytes) != 0) return CannotMap(path, errno);
  void* const base = mremap(page, page_bytes, bytes, MREMAP_MAYMOVE);
  if (base == MAP_FAILED) return CannotMap(path, errno);
  mapped.base_ = static_cast<char*>(base);
  mapped.bytes_ = bytes;
  madvise(base, bytes, MADV_DONTDUMP);  // a core dump does not need it
  return mapped;
}

MappedFile::~MappedFile() {
  if (base_ != nullptr) munmap(base_, bytes_);
}

}  // namespace shmetrics::shm
