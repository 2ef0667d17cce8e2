#ifndef SHMETRICS_SHM_EXPOSITION_OPENMETRICS_H_
#define SHMETRICS_SHM_EXPOSITION_OPENMETRICS_H_

#include <string>

#include "shm/exposition/exposed_families.h"

namespace shmetrics::shm {

/// Appends the families to `out` in OpenMetrics 1.0.0, which is then complete: its last line is # EOF.
///
/// A family that holds what OpenMetrics forbids in its type is shown as `unknown`, for which nothing is forbidden, so
/// that no series is missing and no strict parser refuses the rest: a counter with a value that is negative or NaN, or
/// whose name does not end in _total; a histogram with a bound below 0 or such a sum, as one family for each of its three
/// sample names. An info whose name does not end in _info or
/// whose value is not 1 is shown as a gauge.
///
/// `with_created` adds a sample _created to each series of a counter or histogram: when it was registered. Prometheus
/// takes them for series of their own.
void WriteOpenMetrics(const ExposedFamilies& families, bool with_created, std::string* out);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_OPENMETRICS_H_
