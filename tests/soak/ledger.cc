#include "tests/soak/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shmetrics::soak {

void Ledger::Note(std::uint32_t incarnation, const Record& record) {
  Life& life = lives_[incarnation];
  switch (record.kind) {
    case Kind::kBorn:
      life.born_in = IsChild(incarnation) ? 0 : segments_;
      break;
    case Kind::kIntended:
      for (std::uint8_t i = 0; i < record.delta_count; i++)
        accounts_.at(record.deltas.at(i).account).intended += record.deltas[i].count;
      break;
    case Kind::kConfirmed:
      for (std::uint8_t i = 0; i < record.delta_count; i++)
        accounts_.at(record.deltas.at(i).account).confirmed += record.deltas[i].count;
      batches_++;
      break;
    case Kind::kGaugesShown:
      life.has_gauges = true;
      break;
    case Kind::kPlaceTaken:
      return admission_.Taken(incarnation, record);
    case Kind::kPlaceRenewed:
      return admission_.Renewed(incarnation, record);
    case Kind::kPlaceLeaving:
      return admission_.Left(incarnation, record);
    case Kind::kHolding:
    case Kind::kLetGo:
      break;
    case Kind::kBroken:
      ADD_FAILURE() << "worker " << incarnation << " has seen a promise broken: enum Broken, "
                    << record.number;
      break;
    default:
      NoteStream(life, record.kind);
  }
}

/// `asked` falls only after release(), and `streams` already before it.
void Ledger::NoteStream(Life& life, Kind kind) {
  if (kind == Kind::kStreamAsked) life.asked++;
  if (kind == Kind::kStreamHeld) life.streams++;
  if (kind == Kind::kStreamLeaving) life.streams--;
  if (kind == Kind::kStreamLeft || kind == Kind::kStreamRefused) life.asked--;
  life.least_streams = std::min(life.least_streams, life.streams);
  life.most_streams = std::max(life.most_streams, life.asked);
}

void Ledger::NoteDeath(std::uint32_t incarnation, std::int64_t killed_at_ns) {
  admission_.Died(incarnation, killed_at_ns);
  Life& life = lives_[incarnation];
  life.is_dead = true;
  life.showed_gauges = false;
  life.least_streams = 0;
}

void Ledger::BeginScrape() {
  for (Account& account : accounts_) account.least = account.confirmed;
  std::erase_if(lives_, [](const auto& life) { return life.second.is_dead; });
  for (auto& [incarnation, life] : lives_) {
    life.showed_gauges = life.has_gauges;
    life.least_streams = life.streams;
    life.most_streams = life.asked;
  }
}

std::uint64_t Ledger::operations() const {
  std::uint64_t operations = 0;
  for (const Account& account : accounts_) operations += account.confirmed;
  return operations;
}

}  // namespace shmetrics::soak
