#include "agent/config/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "agent/base/version.h"

namespace shmetrics::agent {
namespace {

Error OneLine(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return {ErrorCode::kBadOption, std::move(text)};
}

/// A setting's flag and what the command line says to it.
class SettingFlag {
 public:
  SettingFlag(const Setting& setting, CLI::App* app) : setting_(setting) {
    const std::string flag(setting.flag);
    if (setting.kind == Setting::Kind::kSwitch) {
      const std::string negative = "--no-" + flag.substr(2);
      option_ = app->add_flag(flag + ",!" + negative, switch_, std::string(setting.help));
      return;
    }
    option_ = app->add_option(flag, values_, std::string(setting.help));
    option_->type_name(std::string(setting.value))->expected(1);
    option_->multi_option_policy(setting.kind == Setting::Kind::kSeveral ? CLI::MultiOptionPolicy::TakeAll
                                                                         : CLI::MultiOptionPolicy::Throw);
  }

  Result<void> Apply(Settings* settings) const {
    if (option_->count() == 0) return {};
    if (setting_.kind == Setting::Kind::kSwitch) return setting_.set(switch_ ? "true" : "false", settings);
    for (const std::string& value : values_) {
      const Result<void> set = setting_.set(value, settings);
      if (!set.ok()) return OneLine(std::string(setting_.flag) + ": " + set.error().message);
    }
    return {};
  }

 private:
  const Setting& setting_;
  CLI::Option* option_ = nullptr;
  std::vector<std::string> values_;
  bool switch_ = false;
};

}  // namespace

Result<Options> ParseOptions(int argc, const char* const* argv) {
  CLI::App app("Serves the metrics of a shmetrics segment to Prometheus.", "shmetrics-agent");
  app.set_help_flag("--help", "Print this help and exit");
  app.set_version_flag("--version", "shmetrics-agent " + std::string(kVersion), "Print the version and exit");

  Options options;
  app.add_option(
         "--config.file", options.config_file,
         "Configuration file (default: $SHMETRICS_CONFIG, else /etc/shmetrics/shmetrics.ini if there is one)")
      ->type_name("FILE");
  app.add_flag("--config.check", options.check_config,
               "Read flags, file and environment as a start would, print ok or what is wrong, and exit");
  std::deque<SettingFlag> flags;  // a deque, because the parser holds on to what is in them
  for (const Setting& setting : AllSettings()) {
    if (!setting.flag.empty()) flags.emplace_back(setting, &app);
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.answer = app.help();
    return options;
  } catch (const CLI::CallForVersion& version) {
    options.answer = std::string(version.what()) + '\n';
    return options;
  } catch (const CLI::ParseError& error) {
    return OneLine(std::string(error.what()) + "; see --help");
  }

  for (const SettingFlag& flag : flags) {
    const Result<void> applied = flag.Apply(&options.settings);
    if (!applied.ok()) return applied.error();
  }
  return options;
}

}  // namespace shmetrics::agent
