#include "agent/http/head_reader.h"

#include <algorithm>
#include <utility>

#include "agent/http/request_head.h"

namespace shmetrics::agent {

void HeadReader::Add(std::string_view bytes) {
  if (excess_ != Excess::kNone) return Drop(bytes);
  bytes_.append(bytes);
  if (!is_complete_) Look();
}

/// Empty lines before a request mean nothing (RFC 9112).
void HeadReader::SkipEmptyLines() {
  const std::size_t run = std::min(bytes_.find_first_not_of("\r\n"), bytes_.size());
  if (run == 0) return;
  const std::size_t skipped = bytes_.rfind('\n', run - 1) + 1;  // npos + 1 is 0
  bytes_.erase(0, skipped);
  if (skipped > 0) looked_at_ = 0;
}

void HeadReader::Look() {
  if (lines_ == 0) SkipEmptyLines();
  for (std::size_t end = 0; !is_complete_ && (end = bytes_.find('\n', looked_at_)) != std::string::npos;) {
    const std::string_view line(bytes_.data() + line_begin_, end - line_begin_);
    is_complete_ = line.empty() || line == "\r";
    lines_++;
    looked_at_ = line_begin_ = end + 1;
  }
  head_size_ = is_complete_ ? looked_at_ : bytes_.size();
  if (!is_complete_) looked_at_ = bytes_.size();
  // No method begins like this. It is TLS or another protocol, whose bytes may never hold an empty line.
  if (!bytes_.empty() && bytes_ != "\r" && !IsToken({bytes_.data(), 1})) is_complete_ = true;
  if (head_size_ > kMaxBytes) BeginToDrop();
}

void HeadReader::BeginToDrop() {
  excess_ = bytes_.find('\n') < kMaxBytes ? Excess::kHeaders : Excess::kRequestLine;
  const std::string_view line(bytes_.data() + line_begin_, bytes_.size() - line_begin_);
  is_line_empty_ = lines_ > 0 && (line.empty() || line == "\r");
  bytes_.resize(kMaxBytes);
  head_size_ = bytes_.size();
}

void HeadReader::Drop(std::string_view bytes) {
  if (is_complete_) return;
  for (const char c : bytes) {
    if (c == '\n') {
      if (is_line_empty_) {
        is_complete_ = true;
        return;
      }
      is_line_empty_ = true;
    } else if (c != '\r') {
      is_line_empty_ = false;
    }
  }
  dropped_ += bytes.size();
  if (dropped_ > kMaxDropped) is_complete_ = true;
}

void HeadReader::Next() {
  std::string bytes = std::move(bytes_);
  bytes.erase(0, head_size_);
  *this = HeadReader();
  if (bytes.empty()) return;  // gives its memory back: the next head may come in an hour
  bytes_ = std::move(bytes);
  Look();
}

}  // namespace shmetrics::agent
