#include "agent/config/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "agent/base/version.h"
#include "agent/config/settings.h"

namespace shmetrics::agent {
namespace {

Error OneLine(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return {ErrorCode::kBadOption, std::move(text)};
}

/// The settings that have no flag, for the end of the help.
std::string HelpOfFileSettings() {
  std::string text = "Only in the configuration file:\n";
  for (const Setting& setting : AllSettings()) {
    if (setting.flag.empty()) text += "  " + std::string(setting.key) + ": " + setting.HelpText() + "\n";
  }
  return text + "  [web.users] NAME: bcrypt hash of the user's password, as htpasswd -nB prints it";
}

/// The flag of a setting, and the values that the command line gives it.
class SettingFlag {
 public:
  SettingFlag(const Setting& setting, CLI::App* app) : setting_(setting) {
    const std::string flag(setting.flag);
    if (setting.kind == Setting::Kind::kSwitch) {
      const std::string negative = "--no-" + flag.substr(2);
      option_ = app->add_flag(flag + ",!" + negative, switch_, setting.HelpText());
      return;
    }
    option_ = app->add_option(flag, values_, setting.HelpText());
    option_->type_name(std::string(setting.value))->expected(1);
    option_->multi_option_policy(setting.kind == Setting::Kind::kSeveral ? CLI::MultiOptionPolicy::TakeAll
                                                                         : CLI::MultiOptionPolicy::Throw);
  }

  Result<void> Apply(PartialConfig* flags) const {
    if (option_->count() == 0) return {};
    if (setting_.kind == Setting::Kind::kSwitch) return setting_.Set(switch_ ? "true" : "false", flags);
    for (const std::string& value : values_) {
      const Result<void> set = setting_.Set(value, flags);
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
  std::deque<SettingFlag> flags;  // a deque never moves its elements, and the parser points to them
  for (const Setting& setting : AllSettings()) {
    if (!setting.flag.empty()) flags.emplace_back(setting, &app);
  }

  app.footer(HelpOfFileSettings());

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
    const Result<void> applied = flag.Apply(&options.flags);
    if (!applied.ok()) return applied.error();
  }
  return options;
}

}  // namespace shmetrics::agent
