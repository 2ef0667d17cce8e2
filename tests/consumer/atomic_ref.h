#ifndef SHMETRICS_TESTS_CONSUMER_ATOMIC_REF_H_
#define SHMETRICS_TESTS_CONSUMER_ATOMIC_REF_H_

// Debian's libc++ has no std::atomic_ref, and so the C++ interface does not compile with it. A later one has
// it. This stands in for it, so that tests/consumer/standard-libraries gets as far as linking.

#include <version>

#if !defined(__cpp_lib_atomic_ref)
#define __cpp_lib_atomic_ref 201806L
#include <atomic>

namespace std {
template <class T>
struct atomic_ref {
  explicit atomic_ref(T& object) : object_(object) {}
  T load(memory_order) const {
    T value;
    __atomic_load(&object_, &value, __ATOMIC_SEQ_CST);
    return value;
  }
  T fetch_add(T n, memory_order) const { return __atomic_fetch_add(&object_, n, __ATOMIC_SEQ_CST); }
  bool compare_exchange_weak(T& seen, T next, memory_order) const {
    return __atomic_compare_exchange(&object_, &seen, &next, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }

 private:
  T& object_;
};
}  // namespace std
#endif

#endif  // SHMETRICS_TESTS_CONSUMER_ATOMIC_REF_H_
