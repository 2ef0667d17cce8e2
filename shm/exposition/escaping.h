#ifndef SHMETRICS_SHM_EXPOSITION_ESCAPING_H_
#define SHMETRICS_SHM_EXPOSITION_ESCAPING_H_

#include <string>
#include <string_view>

#include "shm/exposition/format.h"

namespace shmetrics::shm {

/// A metric name of any valid UTF-8, escaped for a scraper that negotiated `escaping`. The result is the same
/// as that of Prometheus' own libraries, so that the scraper can undo it. Names of [a-zA-Z0-9_:] that do not
/// begin with a digit stay as they are under every scheme; under kAllowUtf8 all names do.
std::string EscapeName(std::string_view name, Escaping escaping);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_ESCAPING_H_
