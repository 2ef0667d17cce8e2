#include "tests/support/browser.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/http_client.h"

namespace shmetrics::testing {
namespace {

using nlohmann::json;

constexpr auto kPatience = std::chrono::seconds(60);

bool IsInPath(const std::string& program) {
  return RunProgram({"sh", "-c", "command -v " + program}).code == 0;
}

std::string MakeProfile() {
  std::string name = std::filesystem::temp_directory_path() / "shmetrics-browser-XXXXXX";
  return mkdtemp(name.data());
}

/// It connects to nobody, finds nothing on the disk, and needs no graphics card and no user namespaces. It
/// ends with the driver, because its pipe closes.
json Capabilities(const std::string& profile) {
  const json arguments = {"--headless=new",
                          "--no-sandbox",
                          "--disable-gpu",
                          "--disable-quic",
                          "--disable-dev-shm-usage",
                          "--remote-debugging-pipe",
                          "--no-first-run",
                          "--disable-background-networking",
                          "--disable-component-update",
                          "--disable-sync",
                          "--user-data-dir=" + profile};
  return {{"capabilities",
           {{"alwaysMatch",
             {{"goog:chromeOptions", {{"args", arguments}}}, {"goog:loggingPrefs", {{"browser", "ALL"}}}}}}}};
}

/// The driver announces that it closes the connection, but does not. So this finds the end of the answer.
bool IsComplete(const std::string& answer) {
  const std::string length = "Content-Length:";
  const std::size_t head_end = answer.find("\r\n\r\n");
  const std::size_t at = answer.find(length);
  return head_end != std::string::npos && at < head_end &&
         answer.size() >= head_end + 4 + std::strtoull(answer.c_str() + at + length.size(), nullptr, 10);
}

std::string Decode(const std::string& base64) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : base64) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string::npos) break;
    bits = (bits << 6U) | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
  }
  return bytes;
}

}  // namespace

bool Browser::IsInstalled() { return IsInPath("chromium") && IsInPath("chromedriver"); }

Browser::Browser() : profile_(MakeProfile()) {
  driver_.emplace(std::vector<std::string>{"chromedriver", "--port=0"});
  const std::optional<std::string> port = driver_->WaitForText("was started successfully on port ");
  EXPECT_TRUE(port.has_value()) << "chromedriver did not start: " << driver_->errors() << driver_->output();
  if (!port) return;
  port_ = static_cast<std::uint16_t>(std::atoi(port->c_str()));
  const json session = Ask("POST", "/session", Capabilities(profile_));
  EXPECT_TRUE(session.contains("sessionId")) << "Chromium did not start: " << session;
  session_ = session.value("sessionId", "");
}

Browser::~Browser() {
  // Chromium is the driver's child. It ends with its session; after the driver has ended, nobody would end
  // it.
  if (!session_.empty()) Ask("DELETE", "/session/" + session_);
  driver_->Kill();
  std::error_code ignored;
  std::filesystem::remove_all(profile_, ignored);
}

json Browser::Ask(const std::string& method, const std::string& path, const json& body) const {
  const std::string text = body.is_null() ? "" : body.dump();
  const std::string answer =
      SendRaw(port_,
              method + ' ' + path + " HTTP/1.1\r\nHost: localhost:" + std::to_string(port_) +
                  "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
                  std::to_string(text.size()) + "\r\n\r\n" + text,
              IsComplete);
  const std::size_t head_end = answer.find("\r\n\r\n");
  if (head_end == std::string::npos) return json::object();
  return json::parse(answer.substr(head_end + 4), nullptr, false).value("value", json());
}

json Browser::OfSession(const std::string& path, const json& body) const {
  json answer = Ask("POST", "/session/" + session_ + path, body);
  if (answer.is_object() && answer.contains("error")) ADD_FAILURE() << body << ": " << answer["message"];
  return answer;
}

void Browser::Command(const std::string& name, const json& parameters) const {
  OfSession("/goog/cdp/execute", {{"cmd", name}, {"params", parameters}});
}

void Browser::Open(const std::string& url) const { OfSession("/url", {{"url", url}}); }

json Browser::Run(const std::string& script) const {
  return OfSession("/execute/sync", {{"script", script}, {"args", json::array()}});
}

std::string Browser::Text(const std::string& selector) const {
  return Run("return document.querySelector(" + json(selector).dump() + ")?.innerText ?? ''")
      .get<std::string>();
}

void Browser::WaitFor(const std::string& expression) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (Run("return Boolean(" + expression + ")") != true) {
    if (std::chrono::steady_clock::now() > end || ::testing::Test::HasFailure()) {
      FAIL() << "never true: " << expression << "\nthe page says:\n" << Text("body");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void Browser::Type(const std::string& keys) const {
  json actions = json::array();
  for (std::size_t at = 0; at < keys.size();) {
    std::size_t end = at + 1;
    while (end < keys.size() && (static_cast<unsigned char>(keys[end]) & 0xC0U) == 0x80U) ++end;
    const std::string key = keys.substr(at, end - at);
    actions.push_back({{"type", "keyDown"}, {"value", key}});
    actions.push_back({{"type", "keyUp"}, {"value", key}});
    at = end;
  }
  OfSession("/actions", {{"actions", {{{"type", "key"}, {"id", "keyboard"}, {"actions", actions}}}}});
}

void Browser::Prefer(const std::string& feature, const std::string& value) const {
  Command("Emulation.setEmulatedMedia", {{"features", {{{"name", feature}, {"value", value}}}}});
}

void Browser::Resize(int width, int height) const {
  Command("Emulation.setDeviceMetricsOverride",
          {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", width < 600}});
}

std::vector<std::string> Browser::Complaints() const {
  std::vector<std::string> complaints;
  for (const json& entry : OfSession("/se/log", {{"type", "browser"}})) {
    complaints.push_back(entry["level"].get<std::string>() + ' ' + entry["message"].get<std::string>());
  }
  return complaints;
}

void Browser::Photograph(const std::string& file) const {
  const json image = Ask("GET", "/session/" + session_ + "/screenshot");
  ASSERT_TRUE(image.is_string()) << image;
  std::ofstream(file, std::ios::binary) << Decode(image.get<std::string>());
}

}  // namespace shmetrics::testing
