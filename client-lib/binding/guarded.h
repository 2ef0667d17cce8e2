#ifndef SHMETRICS_CLIENT_LIB_BINDING_GUARDED_H_
#define SHMETRICS_CLIENT_LIB_BINDING_GUARDED_H_

#include <exception>
#include <type_traits>

namespace shmetrics::internal {

/// Returns body(), or on_no_memory() if that throws. Product code throws only for lack of memory, and no
/// exception may reach an application.
template <class Body, class OnNoMemory>
std::invoke_result_t<Body> Guarded(Body body, OnNoMemory on_no_memory) noexcept {
  try {
    return body();
  } catch (const std::exception&) {
    return on_no_memory();
  }
}

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_GUARDED_H_
