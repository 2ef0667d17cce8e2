#ifndef SHMETRICS_SHM_EXPOSITION_TEXT_H_
#define SHMETRICS_SHM_EXPOSITION_TEXT_H_

#include <string>

#include "shm/exposition/exposed_families.h"

namespace shmetrics::shm {

/// Appends the families to `out` in Prometheus' text format, in their order. 0.0.4 and 1.0.0 differ only in
/// the quoted names that `families` has under kAllowUtf8. A per_worker gauge has its worker's slot as the
/// label `worker`.
void WriteText(const ExposedFamilies& families, std::string* out);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_TEXT_H_
