#include "agent/config/ini_file.h"

#include <ini.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "client-lib/audio/config.h"

namespace shmetrics::agent {
namespace {

constexpr int kMaxLineBytes = 65536;

constexpr std::string_view kUsersSection = "[web.users] ";

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// One pass over one file. inih reads the lines and calls back for each key; the first thing wrong ends it.
class Parser {
 public:
  Parser(const std::string& path, std::FILE* file) : path_(path), file_(file) {}

  Result<PartialConfig> Parse() {
    // The defaults take an indented key for more of the value above it, and cut lines at 200 bytes.
    ini_allow_multiline = false;
    ini_use_stack = false;
    ini_initial_alloc = kMaxLineBytes;
    ini_max_line = kMaxLineBytes;
    ini_stop_on_first_error = true;
    const int bad_line = ini_parse_stream(ReadLine, this, OnKey, this);
    if (!error_.empty()) return Error{ErrorCode::kBadOption, error_};
    if (std::ferror(file_) != 0) {
      return Error{ErrorCode::kBadOption, path_ + ": could not be read: " + std::strerror(read_errno_)};
    }
    if (bad_line != 0) return At("is neither a [section], nor key = value, nor a comment");
    return std::move(settings_);
  }

 private:
  static char* ReadLine(char* line, int size, void* self) {
    auto* const parser = static_cast<Parser*>(self);
    char* const read = std::fgets(line, size, parser->file_);
    parser->read_errno_ = errno;
    if (read != nullptr) ++parser->line_;
    return read;
  }

  static int OnKey(void* self, const char* section, const char* key, const char* value) {
    auto* const parser = static_cast<Parser*>(self);
    parser->Take(section, key, value);
    return parser->error_.empty() ? 1 : 0;
  }

  void Take(const std::string& section, const std::string& key, const std::string& value) {
    if (section == audio::kConfigSection) return;
    const std::string name = "[" + section + "] " + key;
    if (!seen_.insert(name).second) {
      error_ = At(name + " was set before; remove one of them").message;
      return;
    }
    if (audio::IsMisspeltSection(section)) {
      error_ = At(name + ": no such section; write [" + std::string(audio::kConfigSection) + "]").message;
      return;
    }
    const Result<void> set = Set(name, value);
    if (!set.ok()) error_ = At(name + ": " + set.error().message).message;
  }

  Result<void> Set(const std::string& name, const std::string& value) {
    if (name.starts_with(kUsersSection)) {
      return AddWebUser(name.substr(kUsersSection.size()), value, &settings_);
    }
    const auto setting = std::ranges::find(AllSettings(), name, &Setting::key);
    if (setting != AllSettings().end()) return setting->Set(value, &settings_);
    return Error{ErrorCode::kBadOption,
                 "no such key; there are " + KeysOf(name.substr(0, name.find(' ') + 1))};
  }

  /// The keys of a section, which ends with a blank here; all keys if there is no such section.
  static std::string KeysOf(const std::string& section) {
    const auto is_of_section = [&section](const Setting& setting) {
      return setting.key.starts_with(section);
    };
    const bool is_known = std::ranges::any_of(AllSettings(), is_of_section);
    std::string keys;
    for (const Setting& setting : AllSettings()) {
      if (is_known && !is_of_section(setting)) continue;
      keys += (keys.empty() ? "" : ", ") + std::string(setting.key);
    }
    return keys;
  }

  Error At(const std::string& what) const {
    return {ErrorCode::kBadOption, path_ + ": line " + std::to_string(line_) + ": " + what};
  }

  const std::string& path_;
  std::FILE* file_;
  int line_ = 0;
  int read_errno_ = 0;
  PartialConfig settings_;
  std::set<std::string> seen_;
  std::string error_;
};

}  // namespace

Result<PartialConfig> ReadIniFile(const std::string& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    return Error{ErrorCode::kBadOption, path + ": could not be opened: " + std::strerror(errno)};
  }
  return Parser(path, file.get()).Parse();
}

}  // namespace shmetrics::agent
