#include "agent/config.h"

#include <ini.h>
#include <pwd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "client-lib/audio_config.h"

namespace shmetrics::agent {
namespace {

constexpr int kMaxLineBytes = 65536;

Error BadValue(const std::string& text, const std::string& expected) {
  return {ErrorCode::kBadOption, "'" + text + "' is not " + expected};
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// One pass over one file. inih reads the lines and calls back for each key; the first thing wrong ends it.
class Parser {
 public:
  Parser(const std::string& path, std::FILE* file) : path_(path), file_(file) {}

  Result<Settings> Parse() {
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
    if (name == "[segment] path") return settings_.SetSegmentPath(value);
    if (name == "[segment] trusted_owner") return settings_.SetTrustedOwner(value);
    if (name == "[web] listen_address") return settings_.SetListenAddress(value);
    if (name == "[log] level") return settings_.SetLogLevel(value);
    return Error{
        ErrorCode::kBadOption,
        "no such key; there are [segment] path and trusted_owner, [web] listen_address and [log] level"};
  }

  Error At(const std::string& what) const {
    return {ErrorCode::kBadOption, path_ + ": line " + std::to_string(line_) + ": " + what};
  }

  const std::string& path_;
  std::FILE* file_;
  int line_ = 0;
  int read_errno_ = 0;
  Settings settings_;
  std::set<std::string> seen_;
  std::string error_;
};

}  // namespace

Result<void> Settings::SetSegmentPath(const std::string& text) {
  if (text.empty()) return BadValue(text, "the path of a segment");
  segment_path = text;
  return {};
}

Result<void> Settings::SetTrustedOwner(const std::string& text) {
  uid_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    trusted_owner = number;
    return {};
  }
  const passwd* const user = getpwnam(text.c_str());
  if (user == nullptr) return BadValue(text, "a user of this host; write a name or a number");
  trusted_owner = user->pw_uid;
  return {};
}

Result<void> Settings::SetListenAddress(const std::string& text) {
  listen_address = ParseListenAddress(text);
  if (!listen_address) return BadValue(text, "an address; write HOST:PORT, [IPV6]:PORT or :PORT");
  return {};
}

Result<void> Settings::SetLogLevel(const std::string& text) {
  log_level = ParseLogLevel(text);
  if (!log_level) return BadValue(text, "a log level; write debug, info, warn or error");
  return {};
}

std::optional<std::string> ConfigFile(const std::optional<std::string>& flag) {
  return flag ? flag : audio::ConfigFile();
}

Result<Settings> ReadConfig(const std::string& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    return Error{ErrorCode::kBadOption, path + ": could not be opened: " + std::strerror(errno)};
  }
  return Parser(path, file.get()).Parse();
}

}  // namespace shmetrics::agent
