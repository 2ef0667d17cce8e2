#ifndef SHMETRICS_CLIENT_LIB_BINDING_NEVER_FREED_H_
#define SHMETRICS_CLIENT_LIB_BINDING_NEVER_FREED_H_

namespace shmetrics::internal {

/// Remembers an object that was replaced but may still be in use, and so is never freed. Null is fine. Only
/// for leak checkers: they see that the object is reachable and do not blame the application. Lock-free.
void KeepNeverFreed(const void* object) noexcept;

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_NEVER_FREED_H_
