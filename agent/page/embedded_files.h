#ifndef SHMETRICS_AGENT_PAGE_EMBEDDED_FILES_H_
#define SHMETRICS_AGENT_PAGE_EMBEDDED_FILES_H_

#include <span>
#include <string_view>

namespace shmetrics::agent {

struct EmbeddedFile {
  std::string_view name;  ///< "main.js"
  std::string_view bytes;
};

/// The files that embed.cmake put into the program.
std::span<const EmbeddedFile> EmbeddedFiles();

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_PAGE_EMBEDDED_FILES_H_
