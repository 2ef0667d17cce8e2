#include "client-lib/audio/config.h"

#include <ini.h>
#include <strings.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include "client-lib/audio/limit.h"
#include "client-lib/audio/tier_json.h"
#include "client-lib/audio/user_label.h"
#include "shm/base/fork_guard.h"
#include "shm/series/label_block.h"

namespace shmetrics::audio {
namespace {

constexpr int kMaxLineBytes = 65536;
constexpr std::int64_t kMinTtlSeconds = 30;
constexpr std::int64_t kMaxTtlSeconds = 3600;
constexpr std::size_t kMinHashKeyBytes = 16;
constexpr std::array<std::string_view, 3> kTierNames = {"free", "standard", "premium"};

/// What inih goes by, in variables of its own: an application that uses inih too finds them as they were. (The defaults
/// take an indented key for more of the value above it, and cut lines at 200 bytes.)
class IniOptions {
 public:
  IniOptions() : former_(Exchange({false, false, true, kMaxLineBytes, kMaxLineBytes, false, false})) {}
  ~IniOptions() { Exchange(former_); }
  IniOptions(const IniOptions&) = delete;
  IniOptions& operator=(const IniOptions&) = delete;

 private:
  struct Values {
    bool allow_multiline, use_stack, allow_inline_comments;
    int initial_alloc, max_line;
    bool stop_on_first_error, allow_no_value;
  };
  static Values Exchange(const Values& next) {
    return {std::exchange(ini_allow_multiline, next.allow_multiline),
            std::exchange(ini_use_stack, next.use_stack),
            std::exchange(ini_allow_inline_comments, next.allow_inline_comments),
            std::exchange(ini_initial_alloc, next.initial_alloc),
            std::exchange(ini_max_line, next.max_line),
            std::exchange(ini_stop_on_first_error, next.stop_on_first_error),
            std::exchange(ini_allow_no_value, next.allow_no_value)};
  }

  const shm::ForkGuard::Lock
      lock_;  // two threads must not restore each other's; first, so that it is held for both
  const Values former_;
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// False if `text` is not a whole number. One too large to be told is as good as any beyond the range.
bool SetTtl(std::string_view text, std::chrono::seconds* ttl) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) number = text.front() == '-' ? kMinTtlSeconds : kMaxTtlSeconds;
  *ttl = std::chrono::seconds(std::clamp(number, kMinTtlSeconds, kMaxTtlSeconds));
  return true;
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// One pass over one file. inih reads the lines and calls back for each key.
class Parser {
 public:
  Parser(const std::string& path, std::FILE* file, AudioConfigReading* out)
      : path_(path), file_(file), config_(out->config), errors_(out->file_errors) {}

  void Parse() {
    const IniOptions options;
    const int bad_line = ini_parse_stream(ReadLine, this, OnKey, this);
    if (std::ferror(file_) != 0) {
      config_.hash_user_id = true;  // what was not read may well say so
      errors_.push_back(path_ + ": could not be read: " + std::strerror(read_errno_));
    } else if (bad_line != 0) {
      At(bad_line, "is neither a [section], nor key = value, nor a comment");
    }
    CheckHashKey();
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
    if (section == kConfigSection) {
      parser->Take(key, value);
    } else if (IsMisspeltSection(section)) {
      parser->Complain(section);
    }
    return 1;  // what is wrong with a value is told by Take(), and the rest of the file still counts
  }

  /// Once of each name, at its first key: inih does not call back for a section.
  void Complain(const std::string& section) {
    config_.hash_user_id = true;  // as in SetHashing(): who knows what else it says
    if (!misspelt_.insert(section).second) return;
    At(line_, "[" + section + "] is not read; write [" + std::string(kConfigSection) + "]");
  }

  void Take(const std::string& key, const std::string& value) {
    if (!seen_.insert(key).second) {
      if (key.starts_with("hash_user_id")) config_.hash_user_id = true;  // as in SetHashing()
      return AtKey(key, "was set before; remove one of them");
    }
    if (key == "hash_user_id_key") {
      config_.hash_user_id_key = value;
      hash_key_line_ = line_;
      return;
    }
    const std::optional<std::string> expected = Set(key, value);
    if (!expected) return;
    // hash_user_id may have been given the key by mistake, and errors are logged.
    AtKey(key, (key == "hash_user_id" ? "its value" : "'" + value + "'") + " is not " + *expected);
  }

  /// What the value should have been, if it was not.
  std::optional<std::string> Set(const std::string& key, const std::string& value) {
    // Of the replaced system, whose files shall work: there a stream went on for so long while a database was down.
    if (key == "failopen_cap_minutes") return std::nullopt;
    if (key == "stream_ttl_seconds") return Unless(SetTtl(value, &config_.stream_ttl), "a number of seconds");
    if (key == "job_ttl_seconds") return Unless(SetTtl(value, &config_.job_ttl), "a number of seconds");
    if (key == "hash_user_id") return Unless(SetHashing(value), "true or false; until it is, ids are hashed");
    if (key == "state_file") return Unless(SetStateFile(value), "the absolute path of a file");
    if (key == "models") return Unless(SetModels(value), "a list of names in UTF-8 with commas between them");
    const std::size_t underscore = key.find('_');
    const std::optional<Tier> tier = ParseTier(key.substr(0, underscore));
    const std::string limit = underscore == std::string::npos ? "" : key.substr(underscore + 1);
    if (tier && IsLimitKey(limit)) {
      Limits& limits = config_.limits[static_cast<std::size_t>(*tier) - 1];
      return Unless(SetLimitText(limit, value, &limits), kLimitForm);
    }
    AtKey(key,
          "no such key; there are stream_ttl_seconds, job_ttl_seconds, hash_user_id, hash_user_id_key, "
          "state_file, models, and for each of free, standard and premium {tier}_daily_minutes, "
          "{tier}_concurrent_streams, {tier}_concurrent_jobs and {tier}_max_file_size_mb");
    return std::nullopt;
  }

  static std::optional<std::string> Unless(bool is_set, std::string_view expected) {
    return is_set ? std::nullopt : std::optional<std::string>(expected);
  }

  /// Whoever writes something here cares; a slip of the pen must not disclose his users.
  bool SetHashing(const std::string& value) {
    config_.hash_user_id = strcasecmp(value.c_str(), "false") != 0;
    return !config_.hash_user_id || strcasecmp(value.c_str(), "true") == 0;
  }

  bool SetStateFile(const std::string& value) {
    if (!value.starts_with('/') || value.ends_with('/')) return false;
    config_.state_file = value;
    return true;
  }

  bool SetModels(std::string_view list) {
    if (!shm::IsValidUtf8(list)) return false;
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const std::string_view model = Trim(list.substr(0, comma));
      list.remove_prefix(std::min(comma + 1, list.size()));
      if (!model.empty() && std::ranges::find(config_.models, model) == config_.models.end()) {
        config_.models.emplace_back(model);
      }
    }
    return true;
  }

  void CheckHashKey() {
    if (!config_.hash_user_id || config_.hash_user_id_key.size() >= kMinHashKeyBytes) return;
    config_.hash_user_id_key.clear();
    const std::string where = hash_key_line_ == 0 ? ": " : ": line " + std::to_string(hash_key_line_) + ": ";
    errors_.push_back(path_ + where + "[" + std::string(kConfigSection) +
                      "] hash_user_id_key: hash_user_id needs a key of at least " +
                      std::to_string(kMinHashKeyBytes) + " bytes");
  }

  void AtKey(const std::string& key, const std::string& what) {
    At(line_, "[" + std::string(kConfigSection) + "] " + key + ": " + what);
  }
  void At(int line, const std::string& what) {
    errors_.push_back(path_ + ": line " + std::to_string(line) + ": " + what);
  }

  const std::string& path_;
  std::FILE* file_;
  AudioConfig& config_;
  std::vector<std::string>& errors_;
  int line_ = 0;
  int read_errno_ = 0;
  int hash_key_line_ = 0;
  std::set<std::string> seen_;
  std::set<std::string> misspelt_;
};

void ReadFile(const std::string& path, AudioConfigReading* out) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "re"));
  if (file != nullptr) {
    Parser(path, file.get(), out).Parse();
    if (std::ferror(file.get()) == 0) out->file = path;
    return;
  }
  // As above; also of an absent one, because somebody has named it, and so has configured something.
  out->config.hash_user_id = true;
  out->file_errors.push_back(path + ": could not be opened: " + std::strerror(errno));
}

/// An empty variable says nothing, as one that is not set.
std::string_view Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

void ReadTtl(const char* variable, std::chrono::seconds* ttl, std::vector<std::string>* errors) {
  const std::string_view value = Environment(variable);
  // inih trims what is in the file.
  if (value.empty() || SetTtl(Trim(value), ttl)) return;
  errors->push_back(std::string(variable) + ": '" + std::string(value) + "' is not a number of seconds");
}

void ReadEnvironment(AudioConfigReading* out) {
  ReadTtl("AUDIO_STREAM_TTL_SECONDS", &out->config.stream_ttl, &out->environment_errors);
  ReadTtl("AUDIO_JOB_TTL_SECONDS", &out->config.job_ttl, &out->environment_errors);
  const std::string_view tiers = Environment("AUDIO_TIER_LIMITS_JSON");
  if (tiers.empty()) return;
  for (const std::string& error : ApplyTierJson(tiers, &out->config.limits)) {
    out->environment_errors.push_back("AUDIO_TIER_LIMITS_JSON: " + error);
  }
}

/// Values of the environment, and names in its JSON, may have line ends in them.
void MakeOneLine(std::string* text) {
  for (char& c : *text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
}

}  // namespace

std::string AudioConfig::UserLabelOf(std::string_view user_id) const {
  if (!hash_user_id) return std::string(user_id);
  return hash_user_id_key.empty() ? std::string() : HashedUserLabel(hash_user_id_key, user_id);
}

bool AudioConfig::IsUserLabel(std::string_view label) const {
  return !hash_user_id || IsHashedUserLabel(label);
}

std::string_view TierName(Tier tier) {
  const std::size_t index = static_cast<std::size_t>(tier) - 1;
  return index < kTierNames.size() ? kTierNames[index] : std::string_view{};
}

std::optional<Tier> ToTier(std::uint32_t number) {
  if (number < 1 || number > kTierNames.size()) return std::nullopt;
  return static_cast<Tier>(number);
}

std::optional<Tier> ParseTier(std::string_view name) {
  const auto found = std::ranges::find(kTierNames, name);
  if (found == kTierNames.end()) return std::nullopt;
  return static_cast<Tier>(found - kTierNames.begin() + 1);
}

bool IsMisspeltSection(std::string_view name) {
  const auto letters = [](std::string_view text) {
    std::string kept;
    for (const char c : text) {
      if (c != '-' && c != '_' && c != ' ' && c != '\t') kept += c;
    }
    return kept;
  };
  return name != kConfigSection && strcasecmp(letters(name).c_str(), letters(kConfigSection).c_str()) == 0;
}

std::optional<std::string> ConfigFile(const std::string& default_file) {
  if (const std::string_view named = Environment("SHMETRICS_CONFIG"); !named.empty())
    return std::string(named);
  // lstat: a link to nothing was put there by somebody. And what may not be looked at (EACCES) may well be there.
  struct stat file {};
  if (lstat(default_file.c_str(), &file) != 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  return default_file;
}

AudioConfigReading ReadAudioConfig(const std::optional<std::string>& path) {
  AudioConfigReading reading;
  if (path) ReadFile(*path, &reading);
  ReadEnvironment(&reading);
  for (std::string& error : reading.file_errors) MakeOneLine(&error);
  for (std::string& error : reading.environment_errors) MakeOneLine(&error);
  return reading;
}

}  // namespace shmetrics::audio
