#ifndef SHMETRICS_AGENT_JSON_JSON_WRITER_H_
#define SHMETRICS_AGENT_JSON_JSON_WRITER_H_

// The only file that includes RapidJSON. Included by the .cc files that write JSON, not by headers.

#include <rapidjson/writer.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "shm/exposition/number.h"

namespace shmetrics::agent {

/// Appends JSON to a string, piece by piece. Numbers are spelled as in the text format; those that a JSON
/// reader would round or refuse become strings.
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : stream_{out}, writer_(stream_) {}

  void StartObject() { writer_.StartObject(); }
  void EndObject() { writer_.EndObject(); }
  void StartArray() { writer_.StartArray(); }
  void EndArray() { writer_.EndArray(); }
  void Key(std::string_view key) { writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }
  void String(std::string_view text) {
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void Bool(bool value) { writer_.Bool(value); }
  void Null() { writer_.Null(); }
  void Integer(std::uint64_t value) {
    char text[shm::kMaxNumberBytes];
    Number({text, shm::WriteInteger(text, value)}, value <= kMaxExactInteger);
  }
  void Double(double value) {
    char text[shm::kMaxNumberBytes];
    Number({text, shm::WriteDouble(text, value)}, std::isfinite(value));
  }

 private:
  /// The stream that RapidJSON writes to; RapidJSON sets its names.
  struct StringStream {
    using Ch = char;
    std::string* out;
    void Put(char c) { out->push_back(c); }
    void Flush() {}
  };
  static constexpr std::uint64_t kMaxExactInteger = std::uint64_t{1} << 53U;

  void Number(std::string_view text, bool is_safe) {
    if (is_safe) {
      writer_.RawValue(text.data(), text.size(), rapidjson::kNumberType);
    } else {
      String(text);
    }
  }

  StringStream stream_;
  rapidjson::Writer<StringStream> writer_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_JSON_WRITER_H_
