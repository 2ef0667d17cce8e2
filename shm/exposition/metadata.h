#ifndef SHMETRICS_SHM_EXPOSITION_METADATA_H_
#define SHMETRICS_SHM_EXPOSITION_METADATA_H_

// The lines before a family's samples, and how many bytes will follow them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shm/exposition/exposed_families.h"
#include "shm/exposition/text_buffer.h"

namespace shmetrics::shm {

/// `name`, quoted if the family's names are.
std::string MetadataName(const ExposedFamily& exposed, std::string_view name);

/// # KEYWORD name text
void WriteMetadata(std::string_view keyword, std::string_view name, std::string_view text, TextBuffer* out);

/// Whether quotes in a help text are escaped. OpenMetrics wants it; the text format would show the backslash.
enum class HelpQuotes : std::uint8_t { kPlain, kEscaped };

/// # HELP name help, unless there is none.
void WriteHelp(std::string_view name, std::string_view help, HelpQuotes quotes, TextBuffer* out);

/// A guess at the length of all sample lines.
std::size_t ExpectedBytes(const ExposedFamilies& families);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_METADATA_H_
