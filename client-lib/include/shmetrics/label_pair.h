#ifndef SHMETRICS_LABEL_PAIR_H_
#define SHMETRICS_LABEL_PAIR_H_

#include <string_view>

namespace shmetrics {

/// One label with its value. A list of them is written {{"trace_id", "4bf92f35"}, {"span_id", "2"}}. The
/// caller owns the texts; they are copied where they are kept.
struct LabelPair {
  std::string_view name;   ///< [a-zA-Z_][a-zA-Z0-9_]*
  std::string_view value;  ///< UTF-8
};

}  // namespace shmetrics

#endif  // SHMETRICS_LABEL_PAIR_H_
