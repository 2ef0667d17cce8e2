#ifndef SHMETRICS_TESTS_SUPPORT_BROWSER_H_
#define SHMETRICS_TESTS_SUPPORT_BROWSER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace shmetrics::testing {

/// A Chromium for one test, without a window and with an empty profile. The W3C WebDriver protocol controls
/// it.
class Browser {
 public:
  /// True if chromium and chromedriver are installed; scripts/setup --tests installs them.
  static bool IsInstalled();

  /// Starts it. A test failure if it does not start.
  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// Returns when the page has been loaded.
  void Open(const std::string& url) const;
  /// Runs the body of a function in the page, and returns what it returns. A test failure if it throws.
  nlohmann::json Run(const std::string& script) const;
  /// The text of the first element that `selector` finds, as a person sees it; empty if there is none.
  std::string Text(const std::string& selector) const;
  /// Waits until an expression is true in the page. If it is not true after a minute, the test fails and says
  /// what it waited for and what the page looks like.
  void WaitFor(const std::string& expression) const;
  /// Types into the element that has the focus, as a person would. Keys without a character have WebDriver's
  /// numbers.
  void Type(const std::string& keys) const;

  /// Sets a media feature that the page sees, such as "prefers-color-scheme" to "dark".
  void Prefer(const std::string& feature, const std::string& value) const;
  /// Sets the size of the page itself, in pixels.
  void Resize(int width, int height) const;
  /// The browser's complaints since the last call: errors of scripts, of loading, of policies.
  std::vector<std::string> Complaints() const;
  /// Writes what the page shows as a PNG file.
  void Photograph(const std::string& file) const;

 private:
  nlohmann::json Ask(const std::string& method, const std::string& path,
                     const nlohmann::json& body = nullptr) const;
  nlohmann::json OfSession(const std::string& path, const nlohmann::json& body) const;
  void Command(const std::string& name, const nlohmann::json& parameters) const;

  std::string profile_;
  std::optional<Program> driver_;
  std::uint16_t port_ = 0;
  std::string session_;
};

/// Keys for Type(), by WebDriver's numbers.
inline constexpr const char* kTabKey = "\uE004";
inline constexpr const char* kEnterKey = "\uE007";
inline constexpr const char* kEscapeKey = "\uE00C";
inline constexpr const char* kDownKey = "\uE015";

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_BROWSER_H_
