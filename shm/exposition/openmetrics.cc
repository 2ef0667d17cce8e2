#include "shm/exposition/openmetrics.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "shm/exposition/metadata.h"
#include "shm/exposition/sample_lines.h"
#include "shm/exposition/text_buffer.h"
#include "shm/layout/layout.h"
#include "shm/series/family.h"
#include "shm/snapshot/bucket_total.h"

namespace shmetrics::shm {
namespace {

using layout::MetricType;

/// `name` without `suffix`. Nothing if it does not end in `suffix`, or has nothing before it.
std::optional<std::string_view> Without(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix) || name.size() == suffix.size()) return std::nullopt;
  return name.substr(0, name.size() - suffix.size());
}

bool IsCounterValue(double value) { return value >= 0; }  // false of NaN

/// The name and type of a family in OpenMetrics.
struct Identity {
  std::string_view name;
  std::string_view type;
};

class OpenMetricsWriter {
 public:
  OpenMetricsWriter(const ExposedFamilies& families, bool with_created, std::string* out)
      : families_(families), with_created_(with_created), buffer_(out, ExpectedBytes(families)) {}

  void WriteAll() {
    for (const ExposedFamily& exposed : families_.list()) Write(exposed);
    char* end = buffer_.Reserve(8);
    constexpr std::string_view kEnd = "# EOF\n";
    buffer_.Commit(Append(end, kEnd));
  }

 private:
  void Write(const ExposedFamily& exposed) {
    const Identity identity = Identify(exposed);
    const bool is_unknown = identity.type == "unknown";
    SampleLines lines(exposed, is_unknown ? SampleLines::Exemplars::kHidden : SampleLines::Exemplars::kShown,
                      &buffer_);
    if (is_unknown && exposed.family->type == MetricType::kHistogram) {
      WriteParts(exposed, &lines);
      return;
    }
    WriteHead(exposed, identity);
    const std::string created = is_unknown ? std::string() : CreatedName(exposed, identity.name);
    if (created.empty()) return lines.Write(exposed.family->series);
    // A series' samples stand together.
    for (const SeriesSnapshot& series : exposed.family->series) {
      lines.Write({&series, 1});
      lines.WriteCreated(series, created);
    }
  }

  Identity Identify(const ExposedFamily& exposed) const {
    const FamilySnapshot& family = *exposed.family;
    switch (family.type) {
      case MetricType::kCounter:
      case MetricType::kFractionalCounter: {
        const auto base = Without(exposed.name, "_total");
        const bool is_valid =
            family.type == MetricType::kCounter || std::ranges::all_of(family.series, [](const auto& series) {
              return IsCounterValue(series.number);
            });
        return base && is_valid && !IsCreatedTaken(*base) ? Identity{*base, "counter"}
                                                          : Identity{exposed.name, "unknown"};
      }
      case MetricType::kHistogram:
        return {exposed.name,
                HasCounterSums(exposed) && !IsCreatedTaken(exposed.name) ? "histogram" : "unknown"};
      case MetricType::kGauge:
        break;
    }
    const auto base = Without(exposed.name, "_info");
    const bool is_info =
        family.gauge_mode == layout::GaugeMode::kInfo && base && !families_.HasFamily(*base) &&
        std::ranges::all_of(family.series, [](const auto& series) { return series.number == 1; });
    return is_info ? Identity{*base, "info"} : Identity{exposed.name, "gauge"};
  }

  /// A counter or histogram also owns the name with _created, even if it is not shown: a strict parser
  /// refuses the whole exposition if another family has that name.
  bool IsCreatedTaken(std::string_view base) const {
    const std::string created = std::string(base) + "_created";
    return families_.HasFamily(created) || families_.HasFamily(created + "_total") ||
           families_.HasFamily(created + "_info");
  }

  static bool HasCounterSums(const ExposedFamily& exposed) {
    const FamilySnapshot& family = *exposed.family;
    if (!family.bounds.empty() && family.bounds.front() < 0) return false;
    return std::ranges::all_of(family.series, [&](const SeriesSnapshot& series) {
      return IsCounterValue(TotalOf(exposed.snapshot->BucketsOf(family, series)).sum);
    });
  }

  void WriteHead(const ExposedFamily& exposed, const Identity& identity) {
    const FamilySnapshot& family = *exposed.family;
    const std::string name = MetadataName(exposed, identity.name);
    WriteMetadata("TYPE", name, identity.type, &buffer_);
    // If the name does not end in the unit, a parser refuses the whole scrape.
    if (!family.unit.empty() && identity.type != "info" &&
        identity.name.ends_with("_" + std::string(family.unit))) {
      WriteMetadata("UNIT", name, family.unit, &buffer_);
    }
    WriteHelp(name, family.help, HelpQuotes::kEscaped, &buffer_);
  }

  void WriteParts(const ExposedFamily& exposed, SampleLines* lines) {
    for (const auto& [suffix, write] : {std::pair{"_bucket", &SampleLines::WriteBuckets},
                                        {"_sum", &SampleLines::WriteSum},
                                        {"_count", &SampleLines::WriteCount}}) {
      const std::string name = std::string(exposed.name) + suffix;
      WriteHead(exposed, {name, "unknown"});
      for (const SeriesSnapshot& series : exposed.family->series) (lines->*write)(series);
    }
  }

  /// The name of the _created samples; empty if there are to be none.
  std::string CreatedName(const ExposedFamily& exposed, std::string_view base) const {
    if (!with_created_ || exposed.family->type == MetricType::kGauge) return {};
    return std::string(base) + "_created";
  }

  const ExposedFamilies& families_;
  const bool with_created_;
  TextBuffer buffer_;
};

}  // namespace

void WriteOpenMetrics(const ExposedFamilies& families, bool with_created, std::string* out) {
  OpenMetricsWriter(families, with_created, out).WriteAll();
}

}  // namespace shmetrics::shm
