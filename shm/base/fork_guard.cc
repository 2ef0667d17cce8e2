#include "shm/base/fork_guard.h"

#include <pthread.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <ctime>
#include <new>

namespace shmetrics::shm {
namespace {

/// Zero bytes are free mutexes and "no generation yet", so the wiped page in a child needs no repair. In
/// glibc and musl, PTHREAD_MUTEX_INITIALIZER is all zero.
struct Page {
  std::atomic<std::uint64_t> generation;
  pthread_mutex_t once_in_a_process;
  pthread_mutex_t no_fork;
  /// Zero in every child, until the handler of fork() sets it again.
  std::atomic<std::uint32_t> is_known_to_libc;
};
constexpr std::size_t kPageBytes = 4096;
/// Tries for about a second. That is long for a fork, and short enough that a deadlocked application goes on.
constexpr int kNoForkTries = 1000;
static_assert(sizeof(Page) <= kPageBytes);

/// Writer: MakePage(), once. Never freed, because threads may still run after statics are destroyed.
constinit std::atomic<Page*> the_page{nullptr};
/// Children inherit it, so a child's next number is above all of its ancestors'.
constinit std::atomic<std::uint64_t> last_generation{0};
/// Used if mmap fails. The kernel does not wipe it; the child handler below clears it.
alignas(Page) constinit std::byte spare_page[sizeof(Page)]{};
constinit pthread_once_t page_is_made = PTHREAD_ONCE_INIT;

void BeforeFork() { pthread_mutex_lock(&the_page.load(std::memory_order_acquire)->no_fork); }
void AfterForkInParent() { pthread_mutex_unlock(&the_page.load(std::memory_order_acquire)->no_fork); }
/// Clears the page where the kernel cannot wipe it.
void AfterForkInChild() {
  Page* page = the_page.load(std::memory_order_acquire);
  std::memset(static_cast<void*>(page), 0, sizeof(Page));
  page->is_known_to_libc.store(1, std::memory_order_release);  // pairs with IsKnownToLibc()
}

void MakePage() {
  void* memory = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) memory = spare_page;
  madvise(memory, kPageBytes, MADV_WIPEONFORK);  // fails for the spare page, which is not a mapping
  auto* page = new (memory) Page{};
  page->is_known_to_libc.store(1, std::memory_order_release);  // pairs with IsKnownToLibc()
  the_page.store(page, std::memory_order_release);             // pairs with every load
  pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
}

/// The page. Its fork handlers are registered before anyone gets it.
Page& ThePage() {
  pthread_once(&page_is_made, MakePage);
  return *the_page.load(std::memory_order_acquire);
}

}  // namespace

std::uint64_t ForkGuard::Generation() {
  std::atomic<std::uint64_t>& generation = ThePage().generation;
  // no order needed: the number says nothing of other memory
  std::uint64_t present = generation.load(std::memory_order_relaxed);
  if (present != 0) return present;
  // no order needed: as above
  const std::uint64_t mine = last_generation.fetch_add(1, std::memory_order_relaxed) + 1;
  return generation.compare_exchange_strong(present, mine, std::memory_order_relaxed)
             ? mine
             : present;  // no order needed
}

bool ForkGuard::IsKnownToLibc() {
  return ThePage().is_known_to_libc.load(std::memory_order_acquire) != 0;  // pairs with the stores above
}

ForkGuard::Lock::Lock() { pthread_mutex_lock(&ThePage().once_in_a_process); }
ForkGuard::Lock::~Lock() { pthread_mutex_unlock(&ThePage().once_in_a_process); }

ForkGuard::NoFork::NoFork() : held_(pthread_mutex_trylock(&ThePage().no_fork) == 0) {
  // Tries again and again instead of waiting: ThreadSanitizer does not know a wait by CLOCK_MONOTONIC, and
  // the wall clock may be set meanwhile.
  for (int i = 0; i < kNoForkTries && !held_; i++) {
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
    held_ = pthread_mutex_trylock(&ThePage().no_fork) == 0;
  }
}
ForkGuard::NoFork::~NoFork() {
  if (held_) pthread_mutex_unlock(&ThePage().no_fork);
}

}  // namespace shmetrics::shm
