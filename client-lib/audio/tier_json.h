#ifndef SHMETRICS_CLIENT_LIB_AUDIO_TIER_JSON_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_TIER_JSON_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "shmetrics/audio_tier.h"

namespace shmetrics::audio {

/// Changes `limits`, which are by tier, as `json` says:
///   {"free": {"daily_minutes": 60, "concurrent_streams": null}, "premium": {"concurrent_jobs": "unlimited"}}
/// null, -1, "none" and "unlimited" mean unlimited. Returns the errors, each one line that names the entry. A
/// wrong entry changes nothing, and the others hold. If `json` is no JSON or no object, it changes nothing at
/// all.
std::vector<std::string> ApplyTierJson(std::string_view json, std::array<Limits, 3>* limits);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_TIER_JSON_H_
