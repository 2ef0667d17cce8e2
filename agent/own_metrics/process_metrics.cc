#include "agent/own_metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

namespace shmetrics::agent {
namespace {

/// The fields of /proc/self/stat after the program's name, which may itself contain blanks and parentheses.
/// Empty if the file cannot be read. Numbered as in proc(5): the third field is at index 3.
struct ProcessStat {
  std::array<std::uint64_t, 25> fields{};
};

std::optional<ProcessStat> ReadStat() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream words(text.substr(name_end + 1));
  ProcessStat stat;
  std::string word;
  for (std::size_t i = 3; i < stat.fields.size(); ++i) {
    if (!(words >> word)) return std::nullopt;
    stat.fields[i] = std::strtoull(word.c_str(), nullptr, 10);
  }
  return stat;
}

/// When the machine was started, by CLOCK_REALTIME.
std::optional<double> BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return std::nullopt;
}

std::optional<double> OpenFds() {
  std::error_code error;
  const std::filesystem::directory_iterator fds("/proc/self/fd", error);
  if (error) return std::nullopt;
  // One of them is the descriptor that reads the folder.
  return static_cast<double>(std::distance(begin(fds), end(fds)) - 1);
}

std::optional<double> SoftLimit(__rlimit_resource resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);  // without a limit 2^64 - 1, as other clients show it
}

void AddIf(const std::optional<double>& value, const char* name, const char* help, MetricBuilder* out) {
  if (value) out->Gauge(name, help, *value);
}

}  // namespace

void AddProcessMetrics(MetricBuilder* out) {
  AddIf(OpenFds(), "process_open_fds", "File descriptors that the agent has open.", out);
  AddIf(SoftLimit(RLIMIT_NOFILE), "process_max_fds", "File descriptors that the agent may have open.", out);
  AddIf(SoftLimit(RLIMIT_AS), "process_virtual_memory_max_bytes", "Virtual memory that the agent may have.",
        out);
  const std::optional<ProcessStat> stat = ReadStat();
  if (!stat) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  const auto field = [&stat](std::size_t number) { return static_cast<double>(stat->fields.at(number)); };
  out->Family("process_cpu_seconds_total", "CPU time that the agent has used, user and system.",
              shm::layout::MetricType::kFractionalCounter);
  out->Number((field(14) + field(15)) / ticks);
  out->Gauge("process_threads", "Threads of the agent.", field(20));
  out->Gauge("process_virtual_memory_bytes",
             "Virtual memory of the agent; most of it is the segment's maximum.", field(23));
  out->Gauge("process_resident_memory_bytes",
             "Memory of the agent, with the part of the segment that it has read.", field(24) * page_bytes);
  if (const std::optional<double> boot = BootTime()) {
    out->Gauge("process_start_time_seconds", "When the agent was started, in seconds after 1970.",
               *boot + field(22) / ticks);
  }
}

}  // namespace shmetrics::agent
