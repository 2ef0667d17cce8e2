#include "client-lib/config/environment.h"

#include <cstdlib>

namespace shmetrics::config {

std::string_view Environment(const char* variable) {
  const char* const value = secure_getenv(variable);
  return value == nullptr ? std::string_view{} : value;
}

bool IsIgnored(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0' && secure_getenv(variable) == nullptr;
}

}  // namespace shmetrics::config
