#include "shm/base/fork_guard.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <ctime>
#include <new>

#include "shm/base/no_cancel.h"

namespace shmetrics::shm {
namespace {

/// Zero bytes are free mutexes and "no generation yet", so the wiped page in a child needs no repair. In
/// glibc and musl, PTHREAD_MUTEX_INITIALIZER is all zero.
struct Page {
  std::atomic<std::uint64_t> generation;
  pthread_mutex_t once_in_a_process;
  pthread_mutex_t no_fork;
  /// Writer of both: the thread that holds `no_fork`.
  std::atomic<pthread_t> no_fork_holder;
  std::uint32_t no_fork_depth;
  /// Held while the handlers of fork() are registered after the first attempt has failed.
  pthread_mutex_t registering;
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

/// Children inherit the handlers too. Writers: MakePage(), else the thread that holds `registering`.
constinit std::atomic<bool> has_handlers{false};

/// How many guards one thread can have within each other.
constexpr std::uint32_t kMaxNoForkDepth = 4;
/// The descriptors that a child has to close if the holder itself forks. Not in the page, because the child
/// reads them. Writer: the thread that holds `no_fork`.
constinit std::atomic<int> fds_of_holder[kMaxNoForkDepth]{-1, -1, -1, -1};
/// Writer: the thread in fork(), of which there is one. Tells its child.
constinit std::atomic<bool> holder_forks{false};

bool IsHolder(const Page& page) {
  // no order needed: only this thread's own store can make the two equal
  return page.no_fork_holder.load(std::memory_order_relaxed) == pthread_self();
}

/// The thread that holds the lock is here only in a signal handler. To wait for itself would never end.
void BeforeFork() {
  Page* page = the_page.load(std::memory_order_acquire);
  const bool is_holder = IsHolder(*page);
  if (!is_holder) pthread_mutex_lock(&page->no_fork);
  holder_forks.store(is_holder, std::memory_order_relaxed);  // no order needed: the same thread reads it
}
void AfterForkInParent() {
  Page* page = the_page.load(std::memory_order_acquire);
  if (!IsHolder(*page)) pthread_mutex_unlock(&page->no_fork);
}
/// Clears the page where the kernel cannot wipe it.
void AfterForkInChild() {
  const NoCancel no_cancel;  // a thread cannot be unwound out of fork()
  for (std::atomic<int>& fd : fds_of_holder) {
    // no order needed: the child has one thread
    const int inherited = fd.exchange(-1, std::memory_order_relaxed);
    if (inherited >= 0 && holder_forks.load(std::memory_order_relaxed)) close(inherited);  // no order needed
  }
  Page* page = the_page.load(std::memory_order_acquire);
#ifdef __SANITIZE_THREAD__
  // It does not see that the page is wiped, and takes the lock of BeforeFork() for one that is held for ever.
  if (!holder_forks.load(std::memory_order_relaxed)) pthread_mutex_unlock(&page->no_fork);  // no order needed
#endif
  std::memset(static_cast<void*>(page), 0, sizeof(Page));
  page->is_known_to_libc.store(1, std::memory_order_release);  // pairs with IsKnownToLibc()
}

/// The C library may have no memory for the handlers.
bool RegisterHandlers() { return pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild) == 0; }

void MakePage() {
  void* memory = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) memory = spare_page;
  madvise(memory, kPageBytes, MADV_WIPEONFORK);  // fails for the spare page, which is not a mapping
  auto* page = new (memory) Page{};
  page->is_known_to_libc.store(1, std::memory_order_release);         // pairs with IsKnownToLibc()
  the_page.store(page, std::memory_order_release);                    // pairs with every load
  has_handlers.store(RegisterHandlers(), std::memory_order_release);  // pairs with HasHandlers()
}

/// The page. Its fork handlers are registered before anyone gets it, unless there was no memory for them.
Page& ThePage() {
  pthread_once(&page_is_made, MakePage);
  return *the_page.load(std::memory_order_acquire);
}

/// The handlers are registered when the library is loaded. A fork() that is under way when they are registered
/// does not call them, so its child would inherit what another thread opens meanwhile. A library that is loaded
/// beside such a fork() cannot avoid that.
[[gnu::constructor]] void RegisterAtLoad() { ThePage(); }

/// True if fork() calls the handlers. Registers them if that has failed so far. Registered twice, they would
/// lock twice: so only one thread does it, and the others are told that there are none yet.
bool HasHandlers(Page& page) {
  if (has_handlers.load(std::memory_order_acquire)) return true;  // pairs with the stores
  if (pthread_mutex_trylock(&page.registering) != 0) return false;
  const bool is_done = has_handlers.load(std::memory_order_acquire) || RegisterHandlers();
  has_handlers.store(is_done, std::memory_order_release);  // pairs with the load above
  pthread_mutex_unlock(&page.registering);
  return is_done;
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

ForkGuard::NoFork::NoFork() : held_(IsHolder(ThePage())) {
  Page& page = ThePage();
  if (!HasHandlers(page)) {
    why_not_held_ = "there is no memory to make fork() wait";
    return;
  }
  if (!held_) held_ = pthread_mutex_trylock(&page.no_fork) == 0;
  // Tries again and again instead of waiting: ThreadSanitizer does not know a wait by CLOCK_MONOTONIC, and
  // the wall clock may be set meanwhile.
  for (int i = 0; i < kNoForkTries && !held_; i++) {
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
    held_ = pthread_mutex_trylock(&page.no_fork) == 0;
  }
  if (!held_) return;
  // no order needed: it matters to this thread only
  page.no_fork_holder.store(pthread_self(), std::memory_order_relaxed);
  depth_ = ++page.no_fork_depth;
}

ForkGuard::NoFork::~NoFork() {
  Page& page = ThePage();
  // In a child that a signal handler made here and returned in, nothing is held: its page was wiped.
  if (!held_ || !IsHolder(page)) return;
  // no order needed: only fork() of this thread reads it
  if (depth_ <= kMaxNoForkDepth) fds_of_holder[depth_ - 1].store(-1, std::memory_order_relaxed);
  if (--page.no_fork_depth != 0) return;
  page.no_fork_holder.store(0, std::memory_order_relaxed);  // no order needed: as above
  pthread_mutex_unlock(&page.no_fork);
}

void ForkGuard::NoFork::CloseInChild(int fd) const {
  // no order needed: only fork() of this thread reads it
  if (held_ && depth_ <= kMaxNoForkDepth) fds_of_holder[depth_ - 1].store(fd, std::memory_order_relaxed);
}

}  // namespace shmetrics::shm
