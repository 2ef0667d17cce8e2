#include "shm/snapshot/lease_keys.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "shm/base/text_hash.h"
#include "shm/series/label_block.h"

namespace shmetrics::shm {
namespace {

constexpr std::size_t kFirstBuckets = 64;
/// Less than this is not worth a copy of all texts.
constexpr std::size_t kFewBytes = std::size_t{1} << 20U;

}  // namespace

LeaseKeys::LeaseKeys()
    : by_block_(kFirstBuckets, Hash{&keys_}, Equal{&keys_}),
      texts_(std::make_shared<std::pmr::monotonic_buffer_resource>()) {}

std::string_view LeaseKeys::Key::block() const {
  if (state != State::kListed) return text;
  if (text.size() == name_bytes) return {};
  return text.substr(name_bytes + 1, text.size() - name_bytes - 2);  // without the braces
}

std::size_t LeaseKeys::Hash::operator()(const Wanted& wanted) const {
  const std::string_view family(reinterpret_cast<const char*>(&wanted.family), sizeof wanted.family);
  return TextHash()(family) ^ TextHash()(wanted.block);
}

LeaseKeys::Id LeaseKeys::Use(layout::Ref family, std::string_view block) {
  if (const auto found = by_block_.find(Wanted{family, block}); found != by_block_.end()) {
    if (keys_[*found].uses++ == 0) unused_--;
    return *found;
  }
  if (free_.empty()) {
    keys_.emplace_back();
    leases_.resize(keys_.size());
    reserved_.resize(keys_.size());
    free_.reserve(keys_.capacity());  // so that ForgetUnused() finds room for all
    free_.push_back(static_cast<Id>(keys_.size() - 1));
  }
  const Id id = free_.back();
  std::vector<Id>& fresh = families_[family].fresh;
  // Everything that can fail comes before the first change.
  if (fresh.size() == fresh.capacity()) fresh.reserve(2 * fresh.size() + 1);
  keys_[id] = {Keep({}, block), family, 1, 0, State::kNew};
  by_block_.insert(id);
  fresh.push_back(id);
  free_.pop_back();
  return id;
}

void LeaseKeys::BeginLook() {
  if (unused_ > 0) ForgetUnused();
  std::ranges::fill(leases_, 0);
  std::ranges::fill(reserved_, 0);
  if (dead_bytes_ > kFewBytes && dead_bytes_ > text_bytes_ / 2) Compact();
}

std::uint64_t LeaseKeys::AppendTo(const IndexedFamily& family, std::vector<SeriesSnapshot>* out) {
  const auto found = families_.find(family.ref);
  if (found == families_.end()) return 0;
  List(family, &found->second);
  std::uint64_t shown = 0;
  const auto name_bytes = static_cast<std::uint32_t>(family.definition.name.size());
  for (const Listed& key : found->second.listed) {
    const std::uint32_t leases = leases_[key.id];
    if (leases == 0) continue;
    SeriesSnapshot& series = out->emplace_back(SeriesSnapshot{key.text, name_bytes, 0, {}, -1});
    series.number = leases;
    series.reserved = reserved_[key.id];
    shown += leases;
  }
  return shown;
}

std::uint64_t LeaseKeys::LeasesOf(layout::Ref family, std::string_view block) const {
  const auto found = by_block_.find(Wanted{family, block});
  return found == by_block_.end() ? 0 : leases_[*found];
}

/// The text head{block}; without a head the block alone, without a block the head alone.
std::string_view LeaseKeys::Keep(std::string_view head, std::string_view block) {
  const std::size_t braces = head.empty() || block.empty() ? 0 : 2;
  const std::size_t bytes = head.size() + block.size() + braces;
  auto* const text = static_cast<char*>(texts_->allocate(bytes, 1));
  text_bytes_ += bytes;
  char* end = std::copy(head.begin(), head.end(), text);
  if (braces != 0) *end++ = '{';
  end = std::copy(block.begin(), block.end(), end);
  if (braces != 0) *end = '}';
  return {text, bytes};
}

/// Checks what is new, writes its texts in their order, so that reading them later in this order is fast, and
/// lists it. Everything that can fail comes before the first change.
void LeaseKeys::List(const IndexedFamily& family, Family* keys) {
  std::vector<Listed> good;
  std::vector<Id> refused;
  for (const Id id : keys->fresh) {
    const bool is_good = keys_[id].state == State::kNew && IsLabelBlockOf(keys_[id].text, family.label_names);
    if (is_good) good.push_back({keys_[id].text, id});
    if (!is_good) refused.push_back(id);
  }
  if (!good.empty()) {
    std::ranges::sort(good, {}, &Listed::text);
    for (Listed& key : good) key.text = Keep(family.definition.name, key.text);
    keys->listed = Merged(keys->listed, good);
  }
  keys->fresh = std::move(refused);
  for (const Id id : keys->fresh) keys_[id].state = State::kRefused;
  for (const Listed& listed : good) {
    Key& key = keys_[listed.id];
    dead_bytes_ += key.text.size();
    key.text = listed.text;
    key.name_bytes = static_cast<std::uint32_t>(family.definition.name.size());
    key.state = State::kListed;
  }
}

/// Looks for the place of each new key, so that few new ones among many do not cost a look at every text.
std::vector<LeaseKeys::Listed> LeaseKeys::Merged(const std::vector<Listed>& listed,
                                                 const std::vector<Listed>& fresh) {
  std::vector<Listed> merged;
  merged.reserve(listed.size() + fresh.size());
  auto rest = listed.begin();
  for (const Listed& key : fresh) {
    const auto place = std::ranges::lower_bound(rest, listed.end(), key.text, {}, &Listed::text);
    merged.insert(merged.end(), rest, place);
    merged.push_back(key);
    rest = place;
  }
  merged.insert(merged.end(), rest, listed.end());
  return merged;
}

void LeaseKeys::ForgetUnused() {
  for (auto family = families_.begin(); family != families_.end();) {
    Family& keys = family->second;
    std::erase_if(keys.listed, [this](const Listed& key) { return ForgetIfUnused(key.id); });
    std::erase_if(keys.fresh, [this](Id id) { return ForgetIfUnused(id); });
    const bool is_empty = keys.listed.empty() && keys.fresh.empty();
    family = is_empty ? families_.erase(family) : std::next(family);
  }
  unused_ = 0;
}

bool LeaseKeys::ForgetIfUnused(Id id) {
  Key& key = keys_[id];
  if (key.uses > 0) return false;
  by_block_.erase(id);
  dead_bytes_ += key.text.size();
  key = {};
  free_.push_back(id);
  return true;
}

void LeaseKeys::Compact() {
  auto texts = std::make_shared<std::pmr::monotonic_buffer_resource>();
  auto* end = static_cast<char*>(texts->allocate(text_bytes_ - dead_bytes_, 1));
  const auto copy = [&](Id id) {
    const std::string_view text = keys_[id].text;
    keys_[id].text = {end, text.size()};
    end = std::copy(text.begin(), text.end(), end);
    return keys_[id].text;
  };
  for (auto& [ref, family] : families_) {
    for (Listed& key : family.listed) key.text = copy(key.id);
    for (const Id id : family.fresh) copy(id);
  }
  texts_ = std::move(texts);
  text_bytes_ -= dead_bytes_;
  dead_bytes_ = 0;
}

}  // namespace shmetrics::shm
