#ifndef SHMETRICS_CLIENT_LIB_AUDIO_JSON_READER_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_JSON_READER_H_

// RapidJSON for those who read JSON: included by .cc files, by no header.

// Its functions are templates: without a namespace of its own, an application that links the static library and another
// release of RapidJSON would run a mixture of both.
#define RAPIDJSON_NAMESPACE shmetrics_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace shmetrics_rapidjson {
#define RAPIDJSON_NAMESPACE_END }
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <optional>
#include <string>
#include <string_view>

namespace shmetrics::audio {

using JsonValue = shmetrics_rapidjson::Value;

/// What is wrong with `text` as JSON, or nothing; then it is in `document`. Iterative: a thousand brackets must not cost
/// a thousand frames of an application's stack.
inline std::optional<std::string> ParseJson(std::string_view text, shmetrics_rapidjson::Document* document) {
  using namespace shmetrics_rapidjson;  // NOLINT(google-build-using-namespace): for flags and functions alike
  document->Parse<kParseIterativeFlag | kParseValidateEncodingFlag | kParseFullPrecisionFlag>(text.data(),
                                                                                              text.size());
  if (!document->HasParseError()) return std::nullopt;
  return "broken JSON at byte " + std::to_string(document->GetErrorOffset()) + ": " +
         GetParseError_En(document->GetParseError());
}

inline std::string_view TextOf(const JsonValue& string) {
  return {string.GetString(), string.GetStringLength()};
}

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_JSON_READER_H_
