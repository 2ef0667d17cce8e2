#include "agent/exposition/exposition.h"

#include "client-lib/audio/definitions.h"
#include "shm/exposition/exposed_families.h"
#include "shm/exposition/openmetrics.h"
#include "shm/exposition/text.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

void WriteExposition(std::span<const shm::Snapshot* const> snapshots, shm::Exposition exposition,
                     bool with_created, std::string* out) {
  const shm::ExposedFamilies families(snapshots, exposition.escaping, audio::kAliases);
  if (shm::IsOpenMetrics(exposition.format)) return shm::WriteOpenMetrics(families, with_created, out);
  WriteText(families, out);
}

}  // namespace shmetrics::agent
