#ifndef SHMETRICS_TESTS_SUPPORT_PREFORK_SERVER_H_
#define SHMETRICS_TESTS_SUPPORT_PREFORK_SERVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "shm/base/unique_fd.h"
#include "tests/support/http_client.h"

namespace shmetrics::testing {

/// A real nginx or gunicorn, started as systemd starts a unit for root: without the variables and groups of
/// the test. Its two workers are www-data. It counts as tests/edges/prefork/ says. The process that starts it
/// must be the first of a PID namespace: only then can it wait for the masters, and only its end ends them
/// for sure.
class PreforkServer {
 public:
  struct Setting {
    std::string folder;   ///< the server's, empty and readable by www-data
    std::string sources;  ///< the folder tests/
    bool attaches_in_worker = false;
    std::vector<std::string> environment;  ///< NAME=value
  };

  virtual ~PreforkServer() = default;
  PreforkServer(const PreforkServer&) = delete;
  PreforkServer& operator=(const PreforkServer&) = delete;

  /// What it has logged.
  std::string log() const;

  HttpAnswer Ask(const std::string& path) const;
  /// Begins a request of this user, which lasts until the connection is closed.
  shm::UniqueFd Hold(const std::string& user) const;

  /// Exchanges the workers. Those that are busy finish first.
  void Reload() const;
  /// Starts the program anew beside the old one. Returns when there is a new master.
  void BeginUpgrade();
  /// Asks the old master to leave once its workers have nothing to do.
  void LeaveToNewMaster() const;
  /// Returns when the old master has gone.
  void EndUpgrade();
  /// Ends master and workers.
  void Stop();

 protected:
  /// `next_pid_file` tells the new master during an upgrade, and `quit_softly` is the signal for the old one.
  PreforkServer(const Setting& setting, std::string next_pid_file, int quit_softly);
  /// Runs the server's program in its folder until it has left for the background.
  void RunAsUnit(const std::vector<std::string>& command) const;
  void CopySources() const;
  void AwaitMaster();

  const Setting setting_;

 private:
  pid_t PidIn(const std::string& file) const;

  const std::string next_pid_file_;
  const int quit_softly_;
  pid_t master_ = 0;
  pid_t next_master_ = 0;
};

class Nginx : public PreforkServer {
 public:
  /// `module` is tests/edges/prefork/nginx_module.c, compiled.
  Nginx(const Setting& setting, const std::string& module);
};

/// With --preload, if it does not attach in workers.
class Gunicorn : public PreforkServer {
 public:
  /// `library` is libshmetrics.so.
  Gunicorn(const Setting& setting, const std::string& library);
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_PREFORK_SERVER_H_
