#ifndef SHMETRICS_AGENT_PAGE_PAGE_H_
#define SHMETRICS_AGENT_PAGE_PAGE_H_

// The live page at "/". Its files are part of the program, so that it needs no folder beside it.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace shmetrics::agent {

/// The page may load what this agent serves and ask this agent, nothing else. Even a text that slipped
/// through as HTML could not run anything or send anything elsewhere.
inline constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Link {
  std::string_view path;  ///< begins with a slash
  std::string_view title;
};

/// The page as HTML with a list of `links`, which also work without JavaScript. They are relative, so that
/// the page works behind a proxy that serves it under a prefix.
std::string PageHtml(std::span<const Link> links);

/// A file that the page loads.
struct Asset {
  std::string_view path;  ///< "/page/main.js"
  std::string_view content_type;
  std::string_view bytes;
};

/// The file at `path`, if the page has one.
std::optional<Asset> FindAsset(std::string_view path);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_PAGE_PAGE_H_
