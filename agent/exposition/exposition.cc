#include "agent/exposition/exposition.h"

#include "agent/exposition/exposed_families.h"
#include "agent/exposition/openmetrics.h"
#include "agent/exposition/text.h"

namespace shmetrics::agent {

void WriteExposition(std::span<const shm::Snapshot* const> snapshots, Exposition exposition,
                     bool with_created, std::string* out) {
  const ExposedFamilies families(snapshots, exposition.escaping);
  switch (exposition.format) {
    case Format::kText004:
    case Format::kText100:
      return WriteText(families, out);
    case Format::kOpenMetrics001:
    case Format::kOpenMetrics100:
      return WriteOpenMetrics(families, with_created, out);
  }
}

}  // namespace shmetrics::agent
