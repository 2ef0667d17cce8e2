#ifndef SHMETRICS_CLIENT_LIB_C_FACE_H_
#define SHMETRICS_CLIENT_LIB_C_FACE_H_

// What the functions of the C interface have in common: nothing of C++ passes their edge, and no pointer is trusted not
// to be null.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/guarded.h"
#include "shm/layout/layout.h"
#include "shm/result.h"
#include "shmetrics/c_types.h"
#include "shmetrics/family.h"

namespace shmetrics::internal {

/// The C interface's code of a failure.
shmetrics_code CodeOf(ErrorCode code) noexcept;

/// Each sets `*error`, if there is one, and returns its code.
shmetrics_code Succeed(shmetrics_error* error) noexcept;
shmetrics_code Fail(shmetrics_error* error, shmetrics_code code, std::string_view message) noexcept;
shmetrics_code Fail(shmetrics_error* error, const Error& failure) noexcept;
shmetrics_code FailOnNull(shmetrics_error* error) noexcept;

/// Runs what may throw, which is only for lack of memory.
template <class Body>
shmetrics_code Guarded(shmetrics_error* error, Body body) noexcept {
  return Guarded(body, [error] { return Fail(error, SHMETRICS_OUT_OF_MEMORY, "no memory"); });
}

/// Whether a struct of the caller's, of `size` bytes by its own account, can be read as one of `known` bytes: as the
/// kernel does it, a longer one is fine while it asks for nothing unknown.
shmetrics_code CheckSize(const void* given, std::size_t size, std::size_t known,
                         shmetrics_error* error) noexcept;

/// As snprintf().
shmetrics_code WriteText(std::string_view text, char* buffer, std::size_t capacity,
                         std::size_t* length) noexcept;

/// The caller's array of texts, without an allocation. More than a family can have are cut off: one too many is enough
/// to be refused, and counted, where label sets are.
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

enum class FamilyKind { kCounter, kFractional, kGauge, kHistogram, kLease };
FamilyKind KindOf(const FamilyBinding& family) noexcept;

/// From the C++ face's families to what is behind them.
struct FamilyAccess {
  static FamilyBinding* BindingOf(const Family& family) { return family.binding_; }
};

/// What a handle stands for: null for null, and if a kind is asked for and it is of another.
FamilyBinding* BindingOf(const shmetrics_family* family) noexcept;
FamilyBinding* BindingOf(const shmetrics_family* family, FamilyKind kind) noexcept;

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_C_FACE_H_
