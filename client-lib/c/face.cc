#include "client-lib/c/face.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace shmetrics::internal {
namespace {

/// How many bytes of a text fit without cutting a UTF-8 character in two.
std::size_t Fitting(std::string_view text, std::size_t room) {
  if (text.size() <= room) return text.size();
  const auto is_inside = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (room > 0 && is_inside(room)) room--;
  return room;
}

void CopyText(std::string_view text, char* buffer, std::size_t capacity) {
  const std::size_t length = Fitting(text, capacity - 1);
  std::memcpy(buffer, text.data(), length);
  buffer[length] = '\0';
}

}  // namespace

shmetrics_code Succeed(shmetrics_error* error) noexcept { return Fail(error, SHMETRICS_OK, ""); }

shmetrics_code Fail(shmetrics_error* error, shmetrics_code code, std::string_view message) noexcept {
  if (error != nullptr) {
    error->code = code;
    CopyText(message, error->message, sizeof(error->message));
  }
  return code;
}

shmetrics_code Fail(shmetrics_error* error, const Error& failure) noexcept {
  return Fail(error, CodeOf(failure.code), failure.message);
}

shmetrics_code FailOnNull(shmetrics_error* error) noexcept {
  return Fail(error, SHMETRICS_BAD_ARGUMENT,
              "a null pointer or a handle of another type where one is needed");
}

std::optional<Duration> MaxWaitOf(std::int64_t max_wait_ms) noexcept {
  return max_wait_ms == 0 ? std::nullopt : std::optional<Duration>(std::chrono::milliseconds(max_wait_ms));
}

shmetrics_code CheckSize(const void* given, std::size_t size, std::size_t known,
                         shmetrics_error* error) noexcept {
  // No struct will ever be larger than this. A larger size comes from memory that was not initialised.
  constexpr std::size_t kMostBytes = 4096;
  if (size < known || size > kMostBytes) {
    return Fail(error, SHMETRICS_BAD_ARGUMENT, "the member `size` of a struct is not its size");
  }
  const std::span bytes(static_cast<const char*>(given), size);
  if (std::ranges::any_of(bytes.subspan(known), [](char byte) { return byte != 0; })) {
    return Fail(error, SHMETRICS_BAD_OPTION,
                "an option is set that this version of the library does not know");
  }
  return Succeed(error);
}

shmetrics_code WriteText(std::string_view text, char* buffer, std::size_t capacity,
                         std::size_t* length) noexcept {
  if (length != nullptr) *length = text.size();
  if (capacity == 0) return SHMETRICS_OK;
  if (buffer == nullptr) return SHMETRICS_BAD_ARGUMENT;
  CopyText(text, buffer, capacity);
  return SHMETRICS_OK;
}

Texts::Texts(const char* const* texts, std::size_t count) noexcept
    : count_(std::min(count, texts_.size())), ok_(texts != nullptr || count == 0) {
  for (std::size_t i = 0; ok_ && i < count_; i++) {
    if (texts[i] == nullptr) {
      ok_ = false;
    } else {
      texts_[i] = texts[i];
    }
  }
}

FamilyKind KindOf(const FamilyBinding& family) noexcept {
  using shm::layout::MetricType;
  switch (family.definition().type) {
    case MetricType::kCounter:
      return FamilyKind::kCounter;
    case MetricType::kFractionalCounter:
      return FamilyKind::kFractional;
    case MetricType::kHistogram:
      return FamilyKind::kHistogram;
    case MetricType::kGauge:
      break;
  }
  const bool is_lease = family.definition().gauge_mode == shm::layout::GaugeMode::kLeases;
  return is_lease ? FamilyKind::kLease : FamilyKind::kGauge;
}

Registry* RegistryOf(const shmetrics_registry* registry) noexcept {
  return ObjectOf<Registry>(ObjectType::kRegistry, registry);
}

FamilyBinding* BindingOf(const shmetrics_family* family) noexcept {
  return IsOf(HandleType::kFamily, family) ? reinterpret_cast<FamilyBinding*>(WordOf(family)) : nullptr;
}

shmetrics_family* FamilyOf(const FamilyBinding* binding) noexcept {
  return ToHandle<shmetrics_family>(HandleType::kFamily, binding);
}

FamilyBinding* BindingOf(const shmetrics_family* family, FamilyKind kind) noexcept {
  FamilyBinding* binding = BindingOf(family);
  return binding != nullptr && KindOf(*binding) == kind ? binding : nullptr;
}

}  // namespace shmetrics::internal
