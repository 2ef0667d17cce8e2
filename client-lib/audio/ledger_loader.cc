#include "client-lib/audio/ledger_loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include "client-lib/audio/config.h"
#include "client-lib/audio/definitions.h"
#include "client-lib/audio/json_reader.h"
#include "shm/base/unique_fd.h"
#include "shm/segment/segment_file.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::audio {
namespace {

using shm::LedgerRecord;

Error FromKernel(const std::string& path, const std::string& what) {
  return {errno == ELOOP ? ErrorCode::kSymlink : ErrorCode::kNotOpenable,
          "ledger file " + path + " could not be " + what + ": " + std::strerror(errno)};
}

Error Corrupt(const std::string& path, const std::string& what) {
  return {ErrorCode::kCorrupt, "ledger file " + path + " refused: " + what};
}

Result<void> CheckFile(const std::string& path, const struct stat& file) {
  if (!S_ISREG(file.st_mode))
    return Error{ErrorCode::kNotRegular, "ledger file " + path + " is no regular file"};
  // Whoever can write it gives minutes and tiers away, and whoever owns it can write it.
  struct stat folder {};
  if (stat(shm::FolderOf(path).c_str(), &folder) != 0) return FromKernel(path, "judged by its folder");
  if (!shm::IsTrustedOwner(file, folder, geteuid())) {
    return Error{ErrorCode::kForeignOwner,
                 "ledger file " + path + " refused: it belongs to uid " + std::to_string(file.st_uid) +
                     ", which is neither this user (" + std::to_string(geteuid()) +
                     "), root nor the owner of its folder; remove it or give it to one of them"};
  }
  if ((file.st_mode & S_IWOTH) != 0) {
    return Error{ErrorCode::kUnsafeMode,
                 "ledger file " + path + " refused: the world may write it; chmod o-w " + path};
  }
  if (static_cast<std::uint64_t>(file.st_size) > kMaxLedgerFileBytes)
    return Corrupt(path, "it has more than 64 MiB");
  return {};
}

/// None if there is no such file.
Result<std::optional<std::string>> ReadAll(const std::string& path) {
  // O_NONBLOCK: of a pipe, open() would wait for somebody to write to it.
  const shm::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid() && errno == ENOENT) return std::optional<std::string>();
  struct stat file {};
  if (!fd.valid() || fstat(fd.get(), &file) != 0) return FromKernel(path, "opened");
  if (const Result<void> checked = CheckFile(path, file); !checked.ok()) return checked.error();
  // An agent renames another file into its place and never changes this one: no more will come than is there.
  std::string text(static_cast<std::size_t>(file.st_size), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromKernel(path, "read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return std::optional(std::move(text));
}

/// The digits text[first .. first + count), which must be digits.
std::optional<int> Number(std::string_view text, std::size_t first, std::size_t count) {
  int number = 0;
  const char* const begin = text.data() + first;
  const auto [end, error] = std::from_chars(begin, begin + count, number);
  if (error != std::errc() || end != begin + count || number < 0) return std::nullopt;
  return number;
}

/// From 2026-11-22, and nothing else, to days since 1970-01-01.
std::optional<std::int64_t> ParseDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::optional<int> year = Number(text, 0, 4);
  const std::optional<int> month = Number(text, 5, 2);
  const std::optional<int> day = Number(text, 8, 2);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970) return std::nullopt;
  const std::chrono::sys_days since_1970 = date;
  return since_1970.time_since_epoch().count();
}

/// The member `key`, or a null pointer.
const JsonValue* Member(const JsonValue& object, const char* key) {
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

const JsonValue* TextMember(const JsonValue& object, const char* key) {
  const JsonValue* const value = Member(object, key);
  return value != nullptr && value->IsString() ? value : nullptr;
}

std::optional<LedgerRecord> ParseUser(const JsonValue& user) {
  // With all four there, this says that there is none twice and no other.
  if (!user.IsObject() || user.MemberCount() != 4) return std::nullopt;
  const JsonValue* const name = TextMember(user, "user");
  const JsonValue* const day = TextMember(user, "day");
  const JsonValue* const nano_minutes = Member(user, "nano_minutes");
  const JsonValue* const tier = Member(user, "tier");
  if (name == nullptr || day == nullptr || nano_minutes == nullptr || tier == nullptr) return std::nullopt;
  const std::optional<std::int64_t> parsed_day = ParseDay(TextOf(*day));
  const std::optional<Tier> parsed_tier = tier->IsString() ? ParseTier(TextOf(*tier)) : std::nullopt;
  const bool is_good = name->GetStringLength() > 0 && parsed_day && nano_minutes->IsUint64() &&
                       nano_minutes->GetUint64() <= kMaxLedgerNanoMinutes && (parsed_tier || tier->IsNull());
  if (!is_good) return std::nullopt;
  return LedgerRecord{.key = std::string(TextOf(*name)),
                      .day = *parsed_day,
                      .nano_minutes = nano_minutes->GetUint64(),
                      .tier = parsed_tier ? static_cast<std::uint32_t>(*parsed_tier) : 0};
}

}  // namespace

Result<std::vector<LedgerRecord>> ReadLedgerFile(const std::string& path) {
  const Result<std::optional<std::string>> text = ReadAll(path);
  if (!text.ok()) return text.error();
  if (!text.value()) return std::vector<LedgerRecord>();
  shmetrics_rapidjson::Document document;
  if (const std::optional<std::string> broken = ParseJson(*text.value(), &document)) {
    return Corrupt(path, *broken);
  }
  const JsonValue* const format = document.IsObject() ? TextMember(document, "format") : nullptr;
  if (format == nullptr || TextOf(*format) != kLedgerFormat) {
    return Corrupt(path, "its format is not " + std::string(kLedgerFormat));
  }
  const JsonValue* const users = Member(document, "users");
  if (users == nullptr || !users->IsArray() || TextMember(document, "saved") == nullptr ||
      document.MemberCount() != 3) {
    return Corrupt(path, "it is not just format, saved and users");
  }
  std::vector<LedgerRecord> records;
  records.reserve(users->Size());
  for (const JsonValue& user : users->GetArray()) {
    std::optional<LedgerRecord> record = ParseUser(user);
    const bool is_in_order = record && (records.empty() || records.back().key < record->key);
    if (!is_in_order) {
      return Corrupt(path, "user number " + std::to_string(records.size() + 1) +
                               (record ? " is out of order" : " is not as it should be"));
    }
    records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace shmetrics::audio
