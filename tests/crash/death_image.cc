#include "tests/crash/death_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "shm/layout/layout.h"

namespace shmetrics::testing {
namespace {

namespace layout = shm::layout;

void Require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

/// Does what handle_futex_death() in the kernel does: it changes the word only if the dead one is the owner,
/// and keeps the bit of the waiters.
std::uint32_t AfterDeathOf(pid_t owner, std::uint32_t word) {
  const bool is_owner = (word & FUTEX_TID_MASK) == static_cast<std::uint32_t>(owner);
  return is_owner ? (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED : word;
}

}  // namespace

void CopySegment(const std::string& from, const std::string& to) {
  const shm::UniqueFd source(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.valid()) return;
  const shm::UniqueFd copy(open(to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  struct stat status;
  Require(copy.valid() && fstat(source.get(), &status) == 0 && ftruncate(copy.get(), status.st_size) == 0,
          "cannot copy a segment");
  for (off_t data = 0, hole = 0; (data = lseek(source.get(), hole, SEEK_DATA)) >= 0;) {
    hole = lseek(source.get(), data, SEEK_HOLE);
    off_t in = data, out = data;
    while (in < hole) {
      const auto left = static_cast<std::size_t>(hole - in);
      Require(copy_file_range(source.get(), &in, copy.get(), &out, left, 0) > 0, "cannot copy a segment");
    }
  }
}

DeathImage::~DeathImage() {
  if (mapped_ != nullptr) munmap(const_cast<char*>(mapped_), bytes_);
}

void DeathImage::Map() {
  file_ = shm::UniqueFd(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file_.valid()) return;
  struct stat status;
  Require(fstat(file_.get(), &status) == 0, "cannot look at a segment");
  bytes_ = static_cast<std::uint64_t>(status.st_size);
  void* memory = mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, file_.get(), 0);
  Require(memory != MAP_FAILED, "cannot map a segment");
  mapped_ = static_cast<const char*>(memory);
}

/// What has been handed out. Nobody writes to the rest, and it is too much to compare at each instruction.
std::vector<DeathImage::Stretch> DeathImage::InUse() const {
  const auto& header = *reinterpret_cast<const layout::Header*>(mapped_);
  const auto& changing = *reinterpret_cast<const layout::MutableHeader*>(mapped_ + layout::kPageBytes);
  const std::uint64_t used = changing.used.load();
  const std::uint64_t front = header.records_offset + (used & UINT32_MAX) * layout::kRecordAlignment;
  const std::uint64_t blocks = ((used >> 32U) * 8 + shm::kStripeBytes - 1) / shm::kStripeBytes;
  const std::uint64_t back = blocks * header.stripe_count * shm::kStripeBytes;
  return {{0, front}, {bytes_ - back, back}};
}

bool DeathImage::TakeBytes() {
  bool is_other = false;
  std::size_t at = 0;
  for (const Stretch& stretch : InUse()) {
    copy_.resize(std::max(copy_.size(), at + stretch.bytes));
    const char* now = mapped_ + stretch.offset;
    if (std::memcmp(copy_.data() + at, now, stretch.bytes) != 0) {
      std::memcpy(copy_.data() + at, now, stretch.bytes);
      is_other = true;
    }
    at += stretch.bytes;
  }
  return is_other;
}

bool DeathImage::Update(const Tracee& tracee) {
  bool is_other = std::exchange(is_first_look_, false);
  if (mapped_ == nullptr) Map();
  if (mapped_ != nullptr) is_other = TakeBytes() || is_other;
  std::vector<std::uint64_t> words = tracee.RobustWords();
  if (words != robust_words_) {
    robust_words_ = std::move(words);
    is_other = true;
  }
  return is_other;
}

void DeathImage::WriteTo(const std::string& path, pid_t dead) const {
  CopySegment(path_, path);
  if (robust_words_.empty()) return;
  const shm::UniqueFd copy(open(path.c_str(), O_RDWR | O_CLOEXEC));
  for (const std::uint64_t address : robust_words_) {
    const std::optional<off_t> offset = OffsetOf(address, dead);
    std::uint32_t word = 0;
    if (!offset || pread(copy.get(), &word, sizeof word, *offset) != sizeof word) continue;
    word = AfterDeathOf(dead, word);
    Require(pwrite(copy.get(), &word, sizeof word, *offset) == sizeof word, "cannot write an image");
  }
}

/// The offset in the file of an address in the process; nothing if the address is not in the file.
std::optional<off_t> DeathImage::OffsetOf(std::uint64_t address, pid_t pid) const {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with(" " + path_)) continue;
    std::uint64_t begin = 0, end = 0, offset = 0;
    char dash = 0;
    std::string access;
    std::istringstream(line) >> std::hex >> begin >> dash >> end >> access >> offset;
    if (begin <= address && address < end) return static_cast<off_t>(address - begin + offset);
  }
  return std::nullopt;
}

}  // namespace shmetrics::testing
