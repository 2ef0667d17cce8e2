#ifndef SHMETRICS_CLIENT_LIB_BINDING_NEVER_FREED_H_
#define SHMETRICS_CLIENT_LIB_BINDING_NEVER_FREED_H_

namespace shmetrics::internal {

/// Remembers an object that has been replaced but may still be in use, and so is never freed; null is fine. Only
/// for leak checkers, which shall not blame the application: they see that it can be reached. Lock-free.
void KeepNeverFreed(const void* object) noexcept;

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_NEVER_FREED_H_
