#ifndef SHMETRICS_SHM_EXPOSITION_ESCAPING_H_
#define SHMETRICS_SHM_EXPOSITION_ESCAPING_H_

#include <string>
#include <string_view>

#include "shm/exposition/format.h"

namespace shmetrics::shm {

/// A metric name of any valid UTF-8 as a scraper wants it that negotiated `escaping`: the same as Prometheus' own libraries
/// make of it, so that it can undo it. Names of [a-zA-Z0-9_:] that begin with no digit stay as they are under every
/// scheme; under kAllowUtf8 all do.
std::string EscapeName(std::string_view name, Escaping escaping);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_ESCAPING_H_
