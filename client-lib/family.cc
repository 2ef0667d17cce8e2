#include "shmetrics/family.h"

#include <utility>

#include "client-lib/binding/family_binding.h"

namespace shmetrics {

bool Family::ok() const noexcept { return binding_->IsRegistered(); }

std::string Family::error() const noexcept {
  std::optional<Error> error = binding_->Register();
  return error ? std::move(error->message) : std::string();
}

bool Family::remove(std::initializer_list<std::string_view> values) const noexcept {
  return binding_->Remove({values.begin(), values.size()});
}

bool Family::remove(std::span<const std::string_view> values) const noexcept {
  return binding_->Remove(values);
}

}  // namespace shmetrics
