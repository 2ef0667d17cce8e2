#include "shm/fork_guard.h"

#include <pthread.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <new>

namespace shmetrics::shm {
namespace {

/// Zero bytes are a free mutex and "no generation yet": what the kernel leaves in a child needs no repair.
/// (All zero is PTHREAD_MUTEX_INITIALIZER in glibc and musl.)
struct Page {
  std::atomic<std::uint64_t> generation;
  pthread_mutex_t mutex;
};
constexpr std::size_t kPageBytes = 4096;
static_assert(sizeof(Page) <= kPageBytes);

/// Writer: the first thread that needs the page; never freed, because threads may still run when statics are
/// gone.
constinit std::atomic<Page*> the_page{nullptr};
/// Copied into children, so that a child's next number is above all of its ancestors'.
constinit std::atomic<std::uint64_t> last_generation{0};
/// If there is no page to be had, this serves until fork; the child handler below then clears it.
alignas(Page) constinit std::byte spare_page[sizeof(Page)]{};

void BeforeFork() { pthread_mutex_lock(&the_page.load(std::memory_order_acquire)->mutex); }
void AfterForkInParent() { pthread_mutex_unlock(&the_page.load(std::memory_order_acquire)->mutex); }
/// Already wiped by the kernel, unless it cannot: then this is what clears it.
void AfterForkInChild() {
  std::memset(static_cast<void*>(the_page.load(std::memory_order_acquire)), 0, sizeof(Page));
}

Page* MakePage() {
  void* memory = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return reinterpret_cast<Page*>(spare_page);
  madvise(memory, kPageBytes, MADV_WIPEONFORK);
  return new (memory) Page{};
}

Page& ThePage() {
  Page* page = the_page.load(std::memory_order_acquire);  // pairs with the exchange below
  if (page != nullptr) return *page;
  Page* made = MakePage();
  if (the_page.compare_exchange_strong(page, made, std::memory_order_acq_rel)) {
    pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
    return *made;
  }
  if (made != reinterpret_cast<Page*>(spare_page)) munmap(made, kPageBytes);
  return *page;
}

}  // namespace

std::uint64_t ForkGuard::Generation() {
  std::atomic<std::uint64_t>& generation = ThePage().generation;
  // no order needed: the number says nothing of other memory
  std::uint64_t present = generation.load(std::memory_order_relaxed);
  if (present != 0) return present;
  const std::uint64_t mine =
      last_generation.fetch_add(1, std::memory_order_relaxed) + 1;  // no order needed: as above
  return generation.compare_exchange_strong(present, mine, std::memory_order_relaxed)
             ? mine
             : present;  // no order needed
}

ForkGuard::Lock::Lock() { pthread_mutex_lock(&ThePage().mutex); }
ForkGuard::Lock::~Lock() { pthread_mutex_unlock(&ThePage().mutex); }

}  // namespace shmetrics::shm
