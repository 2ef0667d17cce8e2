#ifndef SHMETRICS_CLIENT_LIB_AUDIO_JSON_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_JSON_H_

// RapidJSON for the .cc files that read or write JSON. No header includes it.

// RapidJSON is all templates. Without a namespace of its own, an application that links the static library
// and another release of RapidJSON would run a mixture of both.
#define RAPIDJSON_NAMESPACE shmetrics_rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN namespace shmetrics_rapidjson {
#define RAPIDJSON_NAMESPACE_END }
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>

namespace shmetrics::audio {

/// The memory of RapidJSON, which does not look whether it got any: it would write to address 0.
class JsonMemory {
 public:
  // NOLINTBEGIN(readability-identifier-naming, cppcoreguidelines-no-malloc): what RapidJSON demands
  static constexpr bool kNeedFree = true;
  static void* Malloc(std::size_t bytes) { return bytes == 0 ? nullptr : NotNull(std::malloc(bytes)); }
  static void* Realloc(void* memory, std::size_t, std::size_t bytes) {
    if (bytes != 0) return NotNull(std::realloc(memory, bytes));
    std::free(memory);
    return nullptr;
  }
  static void Free(void* memory) { std::free(memory); }
  // NOLINTEND(readability-identifier-naming, cppcoreguidelines-no-malloc)

 private:
  static void* NotNull(void* memory) {
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
};

using JsonEncoding = shmetrics_rapidjson::UTF8<>;
using JsonPool = shmetrics_rapidjson::MemoryPoolAllocator<JsonMemory>;
using JsonDocument = shmetrics_rapidjson::GenericDocument<JsonEncoding, JsonPool, JsonMemory>;
using JsonValue = JsonDocument::ValueType;
/// What a JsonWriter writes to.
using JsonText = shmetrics_rapidjson::GenericStringBuffer<JsonEncoding, JsonMemory>;
using JsonWriter = shmetrics_rapidjson::Writer<JsonText, JsonEncoding, JsonEncoding, JsonMemory>;

/// Parses `text` into `document`. Returns what is wrong, or nothing. Iterative, because a thousand brackets
/// must not cost a thousand frames of an application's stack.
inline std::optional<std::string> ParseJson(std::string_view text, JsonDocument* document) {
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

inline void WriteKey(std::string_view key, JsonWriter* json) {
  json->Key(key.data(), static_cast<shmetrics_rapidjson::SizeType>(key.size()));
}
inline void WriteText(std::string_view text, JsonWriter* json) {
  json->String(text.data(), static_cast<shmetrics_rapidjson::SizeType>(text.size()));
}

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_JSON_H_
