#include "agent/audio/saving_thread.h"

#include <exception>
#include <string>
#include <utility>

#include "agent/audio/ledger_saver.h"
#include "agent/base/log.h"

namespace shmetrics::agent {
namespace {

using Always = LedgerSaver::Always;

bool TryToSave(LedgerSaver* saver, CurrentView* view, const audio::AudioConfig& audio, Always always,
               SaveStats* stats) {
  try {
    return saver->SaveFrom(view, audio, always);
  } catch (const std::exception& error) {
    ++stats->failures;
    Log(LogLevel::kError, std::string("the ledger could not be saved: ") + error.what());
    return false;
  }
}

}  // namespace

SavingThread::SavingThread(CurrentView* view, audio::AudioConfig audio, SaveStats* stats,
                           std::chrono::milliseconds period)
    : view_(view), stats_(stats), audio_(std::move(audio)), has_finished_(audio_.state_file.empty()) {
  if (!has_finished_) thread_ = std::thread([this, period] { Run(period); });
}

SavingThread::~SavingThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_finishing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SavingThread::SetAudio(audio::AudioConfig audio) {
  const std::lock_guard lock(mutex_);
  audio_ = std::move(audio);
}

SavingThread::Outcome SavingThread::Finish(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  is_finishing_ = true;
  changed_.notify_all();
  if (!changed_.wait_for(lock, patience, [this] { return has_finished_; })) return Outcome::kTooLate;
  return has_saved_ ? Outcome::kSaved : Outcome::kFailed;
}

void SavingThread::Run(std::chrono::milliseconds period) {
  std::unique_lock lock(mutex_);
  LedgerSaver saver(audio_.state_file, stats_);
  while (!has_finished_) {
    const bool is_last = changed_.wait_for(lock, period, [this] { return is_finishing_; });
    const audio::AudioConfig audio = audio_;
    lock.unlock();
    const bool saved = TryToSave(&saver, view_, audio, is_last ? Always::kYes : Always::kNo, stats_);
    lock.lock();
    has_saved_ = saved;
    has_finished_ = is_last;
  }
  changed_.notify_all();
}

}  // namespace shmetrics::agent
