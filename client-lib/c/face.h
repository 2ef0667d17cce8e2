#ifndef SHMETRICS_CLIENT_LIB_C_FACE_H_
#define SHMETRICS_CLIENT_LIB_C_FACE_H_

// What the functions of the C interface share. No exception leaves them, and every pointer may be null.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/guarded.h"
#include "shm/base/out_of_memory.h"
#include "shm/layout/layout.h"
#include "shm/result.h"
#include "shmetrics/c_types.h"
#include "shmetrics/family.h"
#include "shmetrics/lease.h"
#include "shmetrics/registry.h"

namespace shmetrics::internal {

/// The code of the C interface for a failure.
shmetrics_code CodeOf(ErrorCode code) noexcept;

/// Each of these sets `*error`, if there is one, and returns its code.
shmetrics_code Succeed(shmetrics_error* error) noexcept;
shmetrics_code Fail(shmetrics_error* error, shmetrics_code code, std::string_view message) noexcept;
shmetrics_code Fail(shmetrics_error* error, const Error& failure) noexcept;
shmetrics_code FailOnNull(shmetrics_error* error) noexcept;

/// Returns body(), or SHMETRICS_OUT_OF_MEMORY if that throws.
template <class Body>
shmetrics_code Guarded(shmetrics_error* error, Body body) noexcept {
  return Guarded(body, [error] { return Fail(error, SHMETRICS_OUT_OF_MEMORY, shm::kNoMemoryLeft); });
}

/// The longest wait of a call: 0 stands for the default, and what is negative for none.
std::optional<Duration> MaxWaitOf(std::int64_t max_wait_ms) noexcept;

/// Succeeds if a struct of the caller, which says that it has `size` bytes, can be read as one of `known`
/// bytes. As in the kernel, a longer struct is fine if it asks for nothing unknown: all bytes beyond `known`
/// must be 0.
shmetrics_code CheckSize(const void* given, std::size_t size, std::size_t known,
                         shmetrics_error* error) noexcept;

/// Writes the text as snprintf() does: cut to fit, with a NUL, and its whole length in `*length`.
shmetrics_code WriteText(std::string_view text, char* buffer, std::size_t capacity,
                         std::size_t* length) noexcept;

/// The caller's array of texts, without an allocation. Keeps one more text than a family can have labels and
/// cuts off the rest: one too many is enough for the label set to be refused and counted.
class Texts {
 public:
  Texts(const char* const* texts, std::size_t count) noexcept;
  /// False if a pointer is null.
  bool ok() const { return ok_; }
  std::span<const std::string_view> get() const { return {texts_.data(), count_}; }

 private:
  std::array<std::string_view, shm::layout::kMaxLabels + 1> texts_;
  std::size_t count_;
  bool ok_;
};

/// The type of a handle stands in the three highest bits of its pointer, so that a handle of another type is
/// refused and not misread. No address has them: the kernel gives addresses of more than 48 bits only to
/// programs that ask for them. Nobody follows a handle but this interface.
enum class HandleType : std::uintptr_t {
  kObject = 0,  ///< points to an object that has an ObjectType
  kCounter = 1,
  kFractional = 2,
  kGauge = 3,
  kHistogram = 4,
  kFamily = 5,
};
inline constexpr int kTypeShift = 61;

/// The type of an object that a handle points to. It stands in the three lowest bits, which are 0 in the
/// address of an object. So the handle points into the object, and tools that look for lost memory find it.
enum class ObjectType : std::uintptr_t {
  kRegistry = 1,
  kLease = 2,
  kQuota = 3,
  kActivity = 4,
  kReservation = 5
};
inline constexpr std::uintptr_t kObjectTypeMask = 7;

template <class Handle>
Handle* ToHandle(HandleType type, std::uintptr_t word) noexcept {
  return reinterpret_cast<Handle*>(word | static_cast<std::uintptr_t>(type) << kTypeShift);
}
template <class Handle>
Handle* ToHandle(HandleType type, const void* pointer) noexcept {
  return ToHandle<Handle>(type, reinterpret_cast<std::uintptr_t>(pointer));
}

/// False also for null.
inline bool IsOf(HandleType type, const void* handle) noexcept {
  return handle != nullptr &&
         reinterpret_cast<std::uintptr_t>(handle) >> kTypeShift == static_cast<std::uintptr_t>(type);
}

template <class Handle, class Object>
Handle* ToHandle(ObjectType type, Object* object) noexcept {
  static_assert(alignof(Object) > kObjectTypeMask);
  return reinterpret_cast<Handle*>(reinterpret_cast<std::uintptr_t>(object) |
                                   static_cast<std::uintptr_t>(type));
}
/// The object that a handle points to; null for null, and for a handle of another type.
template <class Object>
Object* ObjectOf(ObjectType type, const void* handle) noexcept {
  const auto word = reinterpret_cast<std::uintptr_t>(handle);
  const bool is_of_it =
      IsOf(HandleType::kObject, handle) && (word & kObjectTypeMask) == static_cast<std::uintptr_t>(type);
  return is_of_it ? reinterpret_cast<Object*>(word & ~kObjectTypeMask) : nullptr;
}

/// The registry that a handle stands for, which is never freed; null as for ObjectOf().
Registry* RegistryOf(const shmetrics_registry* registry) noexcept;

/// What ToHandle() was given. Only for a handle that IsOf() a type.
inline std::uintptr_t WordOf(const void* handle) noexcept {
  return reinterpret_cast<std::uintptr_t>(handle) & ((std::uintptr_t{1} << kTypeShift) - 1);
}

enum class FamilyKind { kCounter, kFractional, kGauge, kHistogram, kLease };
FamilyKind KindOf(const FamilyBinding& family) noexcept;

/// The binding that a handle stands for. Null for null, for a handle of another type, and if the family is
/// not of the given kind.
FamilyBinding* BindingOf(const shmetrics_family* family) noexcept;
FamilyBinding* BindingOf(const shmetrics_family* family, FamilyKind kind) noexcept;
shmetrics_family* FamilyOf(const FamilyBinding* binding) noexcept;

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_C_FACE_H_
