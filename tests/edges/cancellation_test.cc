// Fault L5. pthread_cancel() ends a thread at its next cancellation point. Inside a call that would unwind it
// through functions that nothing may leave, and end the process. So a request that comes before or during a
// call waits until the call is over.

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/edges/public_calls.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace {

/// How many of the system calls below come before the one at which the calling thread is cancelled; negative:
/// it is not.
constinit thread_local int system_calls_left = -1;
std::atomic<int> requests{0};

void AtSystemCall() {
  if (system_calls_left < 0 || system_calls_left-- > 0) return;
  requests++;
  pthread_cancel(pthread_self());
}

template <class Function>
Function* TheReal(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// Cancellation points that shmetrics comes to. These replace the C library's in the whole program.
// NOLINTBEGIN: names of the C library
extern "C" {
[[gnu::visibility("default")]] int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const auto mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  AtSystemCall();
  static auto* const real = TheReal<int(const char*, int, ...)>("open");
  return real(path, flags, mode);
}
[[gnu::visibility("default")]] int close(int fd) {
  AtSystemCall();
  static auto* const real = TheReal<int(int)>("close");
  return real(fd);
}
[[gnu::visibility("default")]] ssize_t read(int fd, void* bytes, size_t count) {
  AtSystemCall();
  static auto* const real = TheReal<ssize_t(int, void*, size_t)>("read");
  return real(fd, bytes, count);
}
[[gnu::visibility("default")]] ssize_t pread(int fd, void* bytes, size_t count, off_t offset) {
  AtSystemCall();
  static auto* const real = TheReal<ssize_t(int, void*, size_t, off_t)>("pread");
  return real(fd, bytes, count, offset);
}
[[gnu::visibility("default")]] FILE* fopen(const char* path, const char* mode) {
  AtSystemCall();
  static auto* const real = TheReal<FILE*(const char*, const char*)>("fopen");
  return real(path, mode);
}
}
// NOLINTEND

namespace shmetrics {
namespace {

using testing::Around;
using testing::PublicCall;
using testing::RunInChild;
using testing::Subject;

/// What became of a thread that made a call and was asked to end meanwhile.
struct Thread {
  std::function<void()> body;
  bool came_back = false;

  /// Returns true if it was cancelled.
  bool Run() {
    pthread_t thread;
    const auto start = [](void* self) -> void* {
      static_cast<Thread*>(self)->body();
      return nullptr;
    };
    EXPECT_EQ(pthread_create(&thread, nullptr, start, this), 0);
    void* result = nullptr;
    EXPECT_EQ(pthread_join(thread, &result), 0);
    return result == PTHREAD_CANCELED;
  }
};

int OpenDescriptors() {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) == -1 ? 0 : 1;
  return count;
}

class CancellationTest : public testing::RegistryFixture {
 protected:
  void SetUp() override {
    setenv("SHMETRICS_SEGMENT", (folder_ + "/default.v1").c_str(), 1);
    setenv("AUDIO_TIER_LIMITS_JSON", R"({"free": {"concurrent_jobs": 2}})", 1);
  }

  /// Makes the call in a thread that asks for its own end by `request`. The call must come back, and only then
  /// the thread ends. False if nothing was requested.
  static bool Cancel(Subject& subject, const PublicCall& call, int number,
                     const std::function<void()>& request) {
    const int before = requests;
    Thread thread;
    thread.body = [&] {
      call.make(subject, number, [&](const std::function<void()>& made) {
        request();
        made();
        system_calls_left = -1;
        thread.came_back = true;
        pthread_testcancel();
      });
    };
    const bool was_cancelled = thread.Run();
    EXPECT_TRUE(thread.came_back) << call.name << " was cut off, at system call " << number;
    const bool is_requested = requests > before;
    EXPECT_EQ(was_cancelled, is_requested) << call.name << " changed the thread's cancellation state";
    return is_requested;
  }

  static void ExpectAllIsFree(Subject& subject, const PublicCall& call, int number) {
    const int descriptors = OpenDescriptors();
    EXPECT_TRUE(call.make(subject, number, [](const std::function<void()>& made) { made(); })) << call.name;
    subject.gauges.with({"after"}).set(1);  // needs the process's lock
    EXPECT_TRUE(subject.leases.try_acquire({"after"}, {.limit = 1}).ok());
    EXPECT_LE(OpenDescriptors(), descriptors + 3) << call.name << " leaves descriptors open";
    EXPECT_EQ(RunInChild([&] {  // so does fork()
                EXPECT_TRUE(subject.leases.try_acquire({"after"}, {.limit = 1}).ok());
              }),
              0);
  }

  /// Tries each call in a process of its own by `attempt`, which returns false when there is nothing left.
  void TryEach(const std::vector<PublicCall>& calls,
               const std::function<bool(Subject&, const PublicCall&, int number)>& attempt) {
    for (const PublicCall& call : calls) {
      const std::string folder = folder_ + "/" + std::to_string(calls_tried_++);
      std::filesystem::create_directory(folder);
      EXPECT_EQ(RunInChild([&] {
                  alarm(60);  // a lock that is never free would hang the test
                  Subject subject(folder);
                  for (int number = 1; !HasFailure(); number++) {
                    const auto once = [&] {
                      *is_left_ = attempt(subject, call, number);
                      ExpectAllIsFree(subject, call, number);
                    };
                    if (call.is_first) {
                      EXPECT_EQ(RunInChild(once), 0);
                    } else {
                      once();
                    }
                    if (!*is_left_) return;
                  }
                }),
                0)
          << call.name;
    }
  }

  static std::vector<PublicCall> AllCalls() {
    std::vector<PublicCall> calls = testing::CallsOfCpp();
    for (PublicCall& call : testing::CallsOfC()) calls.push_back(std::move(call));
    return calls;
  }

  testing::SharedPage<std::atomic<bool>> is_left_;
  int calls_tried_ = 0;
};

TEST_F(CancellationTest, ARequestFromBeforeACallWaitsUntilItIsOver) {
  TryEach(AllCalls(), [](Subject& subject, const PublicCall& call, int number) {
    Cancel(subject, call, number, [] {
      requests++;
      pthread_cancel(pthread_self());
    });
    return number < 2;  // once as the first call of the process, and once more
  });
}

TEST_F(CancellationTest, ARequestAtAnySystemCallWaitsUntilTheCallIsOver) {
  TryEach(AllCalls(), [](Subject& subject, const PublicCall& call, int number) {
    return Cancel(subject, call, number, [number] { system_calls_left = number - 1; });
  });
}

// The test above would pass if nothing were ever requested.
TEST_F(CancellationTest, CallsComeToManySystemCalls) {
  EXPECT_EQ(RunInChild([&] {
              Subject subject(folder_);
              const PublicCall open = testing::CallsOfCpp().front();
              for (int number = 1; number <= 10; number++)
                EXPECT_TRUE(Cancel(subject, open, number, [number] { system_calls_left = number - 1; }));
            }),
            0);
}

TEST_F(CancellationTest, ARequestToAThreadThatForksReachesItAndNotItsHandlers) {
  EXPECT_EQ(RunInChild([&] {
              Subject subject(folder_);
              subject.gauges.with({"mine"}).set(1);
              Thread thread;
              pid_t child = -1;
              thread.body = [&] {
                pthread_cancel(pthread_self());
                child = fork();  // its handlers open files
                if (child == 0) _exit(subject.leases.live({"k"}).ok() ? 0 : 1);
                pthread_testcancel();
              };
              EXPECT_TRUE(thread.Run());
              EXPECT_EQ(testing::Child(child).Wait(), 0);
            }),
            0);
}

}  // namespace
}  // namespace shmetrics
