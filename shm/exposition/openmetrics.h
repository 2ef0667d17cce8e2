#ifndef SHMETRICS_SHM_EXPOSITION_OPENMETRICS_H_
#define SHMETRICS_SHM_EXPOSITION_OPENMETRICS_H_

#include <string>

#include "shm/exposition/exposed_families.h"

namespace shmetrics::shm {

/// Appends the families to `out` in OpenMetrics 1.0.0. The text is then complete: its last line is # EOF.
///
/// If a family holds what OpenMetrics forbids for its type, it is shown as `unknown`, for which nothing is
/// forbidden. So no series is missing, and no strict parser refuses the rest. That concerns:
///   - a counter with a value that is negative or NaN, or whose name does not end in _total;
///   - a histogram with a bound below 0 or such a sum. It is shown as three families, one for each
///     of its sample names.
/// An info whose name does not end in _info, or whose value is not 1, is shown as a gauge.
///
/// `with_created` adds a sample _created to each series of a counter or histogram: the time when it was
/// registered. Prometheus takes these samples for series of their own.
void WriteOpenMetrics(const ExposedFamilies& families, bool with_created, std::string* out);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_OPENMETRICS_H_
