// A plug-in brings the library and is unloaded: fault 19. Each test runs in a child, because a loaded library
// stays loaded.

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "shmetrics/shmetrics.h"
#include "tests/client-lib/counting_module.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics {
namespace {

using testing::CountingModule;
using testing::RunInChild;

class Plugin {
 public:
  Plugin() : library_(dlopen(COUNTING_MODULE, RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) throw std::runtime_error(dlerror());
  }
  ~Plugin() { dlclose(library_); }
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  const CountingModule* operator->() const {
    return static_cast<const CountingModule*>(dlsym(library_, "counting_module"));
  }

 private:
  void* library_;
};

class DlcloseTest : public testing::RegistryFixture {};

TEST_F(DlcloseTest, AHandleOutlivesThePluginThatItCameFrom) {
  EXPECT_EQ(RunInChild([this] {
              Counter handle;
              {
                const Plugin plugin;
                plugin->count(segment_.c_str());
                handle = plugin->handle();
              }
              handle.inc(10);
              std::thread([&] { handle.inc(100); }).join();
            }),
            0);
  EXPECT_EQ(Read().Counter("module_total"), 111U);
}

TEST_F(DlcloseTest, APluginThatComesBackFindsItsWorker) {
  EXPECT_EQ(RunInChild([this] {
              for (int i = 0; i < 10; i++) Plugin()->count(segment_.c_str());
              EXPECT_EQ(Read().AliveWorkers(), 1U);
              EXPECT_EQ(Read().Gauge("module_depth"), 10.0);
            }),
            0);
  EXPECT_EQ(Read().Counter("module_total"), 10U);
}

TEST_F(DlcloseTest, ForkAndThreadsThatEndAfterwardsDoNotCrash) {
  EXPECT_EQ(RunInChild([this] {
              std::atomic<bool> counted{false}, unloaded{false};
              auto plugin = std::make_unique<Plugin>();
              std::thread thread([&] {
                (*plugin)->count(segment_.c_str());
                counted = true;
                while (!unloaded) std::this_thread::yield();
              });
              while (!counted) std::this_thread::yield();
              plugin.reset();
              EXPECT_EQ(RunInChild([this] { Plugin()->count(segment_.c_str()); }), 0);
              unloaded = true;
              thread.join();
            }),
            0);
  EXPECT_EQ(Read().Counter("module_total"), 2U);
}

}  // namespace
}  // namespace shmetrics
