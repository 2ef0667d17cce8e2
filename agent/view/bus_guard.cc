#include "agent/view/bus_guard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace shmetrics::agent {
namespace {

// The signal handler reads these on the thread that faulted.
constinit thread_local BusGuard* guard_of_this_thread = nullptr;
constinit std::uintptr_t page_bytes = 4096;

/// Puts a page of zeros at `address`. A signal handler may call mmap, because it is one system call.
bool ReplacePage(void* address) {
  const int saved_errno = errno;
  void* const page = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) & ~(page_bytes - 1));
  void* const made = mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  errno = saved_errno;
  return made != MAP_FAILED;
}

}  // namespace

void BusGuard::Install() {
  page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

void BusGuard::OnBusError(int signal, siginfo_t* info, void* /*context*/) {
  BusGuard* const guard = guard_of_this_thread;
  // BUS_ADRERR means that the file is too short. Other causes, such as broken memory, have other codes.
  if (guard != nullptr && info->si_code == BUS_ADRERR && ReplacePage(info->si_addr)) {
    guard->was_hit_ = true;
    return;
  }
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  raise(signal);  // arrives when the handler returns
}

BusGuard::BusGuard() { guard_of_this_thread = this; }

BusGuard::~BusGuard() { guard_of_this_thread = nullptr; }

}  // namespace shmetrics::agent
