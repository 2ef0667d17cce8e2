#ifndef SHMETRICS_TESTS_SUPPORT_TEXT_OF_H_
#define SHMETRICS_TESTS_SUPPORT_TEXT_OF_H_

#include <string>

#include "shm/exposition/alias.h"
#include "shm/exposition/exposed_families.h"
#include "shm/exposition/format.h"
#include "shm/exposition/openmetrics.h"
#include "shm/exposition/text.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::testing {

/// The aliases that the agent passes in.
inline constexpr shm::Alias kTestAliases[] = {
    {"audio.streaming.active", "audio_streaming_active"},
    {"audio.jobs.active", "audio_jobs_active"},
    {"audio.quota_violations_total", "audio_quota_violations_total"},
};

/// A snapshot as the text of a scrape.
inline std::string TextOf(const shm::Snapshot& snapshot, shm::Exposition exposition = {},
                          bool with_created = false) {
  const shm::Snapshot* const one = &snapshot;
  const shm::ExposedFamilies families({&one, 1}, exposition.escaping, kTestAliases);
  std::string text;
  if (IsOpenMetrics(exposition.format)) {
    WriteOpenMetrics(families, with_created, &text);
  } else {
    WriteText(families, &text);
  }
  return text;
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_TEXT_OF_H_
