#ifndef SHMETRICS_SHMETRICS_H_
#define SHMETRICS_SHMETRICS_H_

/// The whole public interface.

#include "shmetrics/audio.h"
#include "shmetrics/counter.h"
#include "shmetrics/gauge.h"
#include "shmetrics/histogram.h"
#include "shmetrics/info.h"
#include "shmetrics/label_pair.h"
#include "shmetrics/lease.h"
#include "shmetrics/registry.h"
#include "shmetrics/registry_options.h"
#include "shmetrics/result.h"

#endif  // SHMETRICS_SHMETRICS_H_
