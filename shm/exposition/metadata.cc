#include "shm/exposition/metadata.h"

#include <algorithm>
#include <span>

#include "shm/exposition/sample_lines.h"
#include "shm/layout/layout.h"

namespace shmetrics::shm {
namespace {

char* BeginLine(std::string_view keyword, std::string_view name, std::size_t text_bytes, TextBuffer* out) {
  char* end = out->Reserve(keyword.size() + name.size() + text_bytes + 8);
  end = Append(end, "# ");
  end = Append(end, keyword);
  *end++ = ' ';
  end = Append(end, name);
  *end++ = ' ';
  return end;
}

}  // namespace

std::string MetadataName(const ExposedFamily& exposed, std::string_view name) {
  return exposed.is_quoted ? QuotedName(name) : std::string(name);
}

void WriteMetadata(std::string_view keyword, std::string_view name, std::string_view text, TextBuffer* out) {
  char* end = BeginLine(keyword, name, text.size(), out);
  end = Append(end, text);
  *end++ = '\n';
  out->Commit(end);
}

void WriteHelp(std::string_view name, std::string_view help, HelpQuotes quotes, TextBuffer* out) {
  if (help.empty()) return;
  char* end = BeginLine("HELP", name, 2 * help.size(), out);
  for (const char c : help) {
    if (c == '\\' || c == '\n' || (c == '"' && quotes == HelpQuotes::kEscaped)) *end++ = '\\';
    *end++ = c == '\n' ? 'n' : c;
  }
  *end++ = '\n';
  out->Commit(end);
}

std::size_t ExpectedBytes(const ExposedFamilies& families) {
  // Looking at all series of a large family takes a tenth of the time of writing them.
  constexpr std::size_t kLookedAt = 64;
  // A few of those looked at may be very long, and each stands for many that are not. Then a stranger could
  // choose such texts and make the agent ask for more memory than there is. If all texts are longer than
  // this, the buffer grows later.
  constexpr std::size_t kLongest = 256;
  std::size_t bytes = 0;
  for (const ExposedFamily& exposed : families.list()) {
    const bool is_histogram = exposed.family->type == layout::MetricType::kHistogram;
    const std::size_t lines = is_histogram ? exposed.family->bounds.size() + 3 : 1;
    const std::span<const SeriesSnapshot> series = exposed.family->series;
    const std::size_t step = series.size() / kLookedAt + 1;
    for (std::size_t i = 0; i < series.size(); i += step) {
      bytes += std::min(step, series.size() - i) * lines *
               (std::min(series[i].name_and_labels.size(), kLongest) + 16);
    }
  }
  return bytes;
}

}  // namespace shmetrics::shm
