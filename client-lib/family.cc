#include "shmetrics/family.h"

#include "client-lib/binding/family_binding.h"

namespace shmetrics {

bool Family::ok() const noexcept { return !binding_->Register().has_value(); }

std::string Family::error() const {
  const std::optional<Error> error = binding_->Register();
  return error ? error->message : "";
}

bool Family::remove(std::initializer_list<std::string_view> values) const noexcept {
  return binding_->Remove({values.begin(), values.size()});
}

bool Family::remove(std::span<const std::string_view> values) const noexcept {
  return binding_->Remove(values);
}

}  // namespace shmetrics
