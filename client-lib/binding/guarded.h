#ifndef SHMETRICS_CLIENT_LIB_BINDING_GUARDED_H_
#define SHMETRICS_CLIENT_LIB_BINDING_GUARDED_H_

#include <exception>
#include <type_traits>

#include "shm/base/no_cancel.h"

namespace shmetrics::internal {

/// The edge around everything that allocates or makes system calls. Returns body(), or on_no_memory() if that
/// throws: product code throws only for lack of memory, and no exception may reach an application.
/// on_no_memory() must not allocate (shm::OutOfMemory()). Meanwhile pthread_cancel() waits, or it would end
/// the process.
///
/// Costs two locked instructions. A look-up of what is known needs none of this.
template <class Body, class OnNoMemory>
std::invoke_result_t<Body> Guarded(Body body, OnNoMemory on_no_memory) noexcept {
  const shm::NoCancel no_cancel;
  try {
    return body();
  } catch (const std::exception&) {
    return on_no_memory();
  }
}

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_GUARDED_H_
