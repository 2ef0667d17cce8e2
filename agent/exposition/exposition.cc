#include "agent/exposition/exposition.h"

#include "agent/exposition/exposed_families.h"
#include "agent/exposition/openmetrics.h"
#include "agent/exposition/text.h"
#include "client-lib/audio_definitions.h"

namespace shmetrics::agent {

void WriteExposition(std::span<const shm::Snapshot* const> snapshots, Exposition exposition,
                     bool with_created, std::string* out) {
  const ExposedFamilies families(snapshots, exposition.escaping, audio::kAliases);
  if (IsOpenMetrics(exposition.format)) return WriteOpenMetrics(families, with_created, out);
  WriteText(families, out);
}

}  // namespace shmetrics::agent
