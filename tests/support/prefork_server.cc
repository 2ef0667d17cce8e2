#include "tests/support/prefork_server.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "tests/support/child.h"
#include "tests/support/program.h"

namespace shmetrics::testing {
namespace {

std::string TextIn(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

PreforkServer::PreforkServer(const Setting& setting, std::string next_pid_file, int quit_softly)
    : setting_(setting), next_pid_file_(std::move(next_pid_file)), quit_softly_(quit_softly) {}

std::string PreforkServer::log() const { return TextIn(setting_.folder + "/error.log"); }

pid_t PreforkServer::PidIn(const std::string& file) const {
  return std::atoi(TextIn(setting_.folder + '/' + file).c_str());
}

void PreforkServer::RunAsUnit(const std::vector<std::string>& command) const {
  std::vector<std::string> line{"env", "--ignore-environment", "--chdir=" + setting_.folder};
  line.insert(line.end(), setting_.environment.begin(), setting_.environment.end());
  line.insert(line.end(), {"setpriv", "--clear-groups"});
  line.insert(line.end(), command.begin(), command.end());
  const Ended ended = RunProgram(line);
  ASSERT_EQ(ended.code, 0) << ended.errors;
}

void PreforkServer::AwaitMaster() {
  WaitUntil([&] { return Connect(setting_.folder + "/socket").valid(); });
  master_ = PidIn("pid");
  ASSERT_GT(master_, 1) << log();
}

HttpAnswer PreforkServer::Ask(const std::string& path) const {
  return Get(setting_.folder + "/socket", path);
}

shm::UniqueFd PreforkServer::Hold(const std::string& user) const {
  shm::UniqueFd connection = Connect(setting_.folder + "/socket");
  SendAll(connection.get(),
          "GET /hold?user=" + user + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n");
  return connection;
}

void PreforkServer::Reload() const { ASSERT_EQ(kill(master_, SIGHUP), 0); }

void PreforkServer::BeginUpgrade() {
  ASSERT_EQ(kill(master_, SIGUSR2), 0);
  WaitUntil([&] {
    next_master_ = PidIn(next_pid_file_);
    return next_master_ != 0 && next_master_ != master_;
  });
}

void PreforkServer::LeaveToNewMaster() const { ASSERT_EQ(kill(master_, quit_softly_), 0); }

void PreforkServer::EndUpgrade() {
  ASSERT_EQ(waitpid(master_, nullptr, 0), master_);
  master_ = next_master_;
}

void PreforkServer::Stop() {
  ASSERT_EQ(kill(master_, SIGTERM), 0);
  ASSERT_EQ(waitpid(master_, nullptr, 0), master_);
}

void PreforkServer::CopySources() const {
  std::filesystem::copy(setting_.sources + "/edges/prefork", setting_.folder);
  std::filesystem::copy(setting_.sources + "/support/c_face.py", setting_.folder);
}

Nginx::Nginx(const Setting& setting, const std::string& module) : PreforkServer(setting, "pid", SIGQUIT) {
  CopySources();
  std::filesystem::create_symlink(module, setting.folder + "/nginx_module.so");
  if (setting.attaches_in_worker)
    std::ofstream(setting.folder + "/attach_in_worker.conf") << "shmetrics_attach_in_worker on;\n";
  // As ExecStartPre= and ExecStart= of Debian's nginx.service.
  const std::vector<std::string> command{
      "/usr/sbin/nginx", "-g", "daemon on; master_process on;", "-p", setting.folder, "-c", "nginx.conf"};
  std::vector<std::string> check = command;
  check.insert(check.end(), {"-t", "-q"});
  RunAsUnit(check);
  RunAsUnit(command);
  AwaitMaster();
}

Gunicorn::Gunicorn(const Setting& setting, const std::string& library)
    : PreforkServer(setting, "pid.2", SIGTERM) {
  CopySources();
  // Without --preload it is workers that load it, as www-data.
  std::filesystem::copy(library, setting.folder + "/libshmetrics.so");
  std::vector<std::string> command{"/usr/bin/gunicorn", "-u", "www-data", "-g", "www-data"};
  if (!setting.attaches_in_worker) command.push_back("--preload");
  command.insert(command.end(), {"-c", "gunicorn_conf.py", "gunicorn_app:application"});
  RunAsUnit(command);
  AwaitMaster();
}

}  // namespace shmetrics::testing
