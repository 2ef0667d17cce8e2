#ifndef SHMETRICS_TESTS_SUPPORT_EXPOSITION_PARSER_H_
#define SHMETRICS_TESTS_SUPPORT_EXPOSITION_PARSER_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace shmetrics::testing {

/// What one exposition says, in whichever text format, and what is wrong with it that no other oracle finds: a series that
/// stands there twice (by its sorted labels), metadata twice or behind samples, families that interleave, lines that are
/// neither, a last line without its end.
struct ParsedExposition {
  struct Sample {
    std::string name;
    std::map<std::string, std::string> labels;  ///< values unescaped
    std::string value;
    std::string exemplar;  ///< from the # on; empty: none
  };
  struct Family {
    std::string type;
    std::string help;  ///< as it stands there
    std::string unit;
  };
  std::vector<Sample> samples;
  std::map<std::string, Family> families;
  std::vector<std::string> complaints;
};

ParsedExposition ParseExposition(std::string_view text);

/// A name and its labels, in their order: equal for what Prometheus takes for one series.
std::string SeriesOf(const ParsedExposition::Sample& sample);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_EXPOSITION_PARSER_H_
