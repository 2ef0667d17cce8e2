#ifndef SHMETRICS_TESTS_SUPPORT_SHARED_PAGE_H_
#define SHMETRICS_TESTS_SUPPORT_SHARED_PAGE_H_

#include <sys/mman.h>

#include <new>

namespace shmetrics::testing {

/// A T that a test and its children share, so that they can tell each other things outside of what is tested.
/// Its memory is zero at first. T is atomics, or arrays and structs of them.
template <class T>
class SharedPage {
 public:
  SharedPage() {
    void* memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    shared_ = new (memory) T{};
  }
  ~SharedPage() { munmap(shared_, sizeof(T)); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  T* operator->() const { return shared_; }
  T& operator*() const { return *shared_; }

 private:
  T* shared_;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_SHARED_PAGE_H_
