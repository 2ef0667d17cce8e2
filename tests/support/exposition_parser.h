#ifndef SHMETRICS_TESTS_SUPPORT_EXPOSITION_PARSER_H_
#define SHMETRICS_TESTS_SUPPORT_EXPOSITION_PARSER_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace shmetrics::testing {

/// The contents of one exposition in any text format, and its errors that no other oracle finds: a series
/// twice (by its sorted labels), metadata twice or after samples, families that interleave, lines of no known
/// kind, a last line without its end.
struct ParsedExposition {
  struct Sample {
    std::string name;
    std::map<std::string, std::string> labels;  ///< values unescaped
    std::string value;
    std::string exemplar;  ///< from the # on; empty if there is none
  };
  struct Family {
    std::string type;
    std::string help;  ///< not unescaped
    std::string unit;
  };
  std::vector<Sample> samples;
  std::map<std::string, Family> families;
  std::vector<std::string> complaints;
};

ParsedExposition ParseExposition(std::string_view text);

/// A name and its sorted labels. Equal if Prometheus takes two samples for one series.
std::string SeriesOf(const ParsedExposition::Sample& sample);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_EXPOSITION_PARSER_H_
