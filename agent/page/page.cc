#include "agent/page/page.h"

#include <algorithm>

#include "agent/page/embedded_files.h"

namespace shmetrics::agent {
namespace {

constexpr std::string_view kFolder = "/page/";
constexpr std::string_view kHtml = "index.html";
constexpr std::string_view kLinksMark = "<!-- links -->";

std::string Escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string_view ContentTypeOf(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/html; charset=utf-8";
}

std::string_view File(std::string_view name) {
  const auto files = EmbeddedFiles();
  const auto found = std::ranges::find(files, name, &EmbeddedFile::name);
  return found == files.end() ? std::string_view{} : found->bytes;
}

std::string Item(const Link& link) {
  return "<li><a href=\"." + Escape(link.path) + "\">" + Escape(link.path) + "</a> <span>" +
         Escape(link.title) + "</span></li>\n";
}

}  // namespace

std::string PageHtml(std::span<const Link> links) {
  std::string items;
  for (const Link& link : links) items += Item(link);
  std::string page(File(kHtml));
  return page.replace(page.find(kLinksMark), kLinksMark.size(), items);
}

std::optional<Asset> FindAsset(std::string_view path) {
  if (!path.starts_with(kFolder)) return std::nullopt;
  const std::string_view name = path.substr(kFolder.size());
  const std::string_view bytes = File(name);
  if (bytes.empty() || name == kHtml) return std::nullopt;
  return Asset{path, ContentTypeOf(name), bytes};
}

}  // namespace shmetrics::agent
