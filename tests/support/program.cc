#include "tests/support/program.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>

namespace shmetrics::testing {
namespace {

shm::UniqueFd MemoryFile(const std::string& text) {
  shm::UniqueFd file(memfd_create("test", MFD_CLOEXEC));
  if (pwrite(file.get(), text.data(), text.size(), 0) < 0) return shm::UniqueFd();
  return file;
}

std::string ReadAll(const shm::UniqueFd& file) {
  std::string text;
  std::array<char, 65536> buffer;
  for (ssize_t n;
       (n = pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

std::optional<std::string> RestOfLine(const std::string& written, const std::string& text) {
  const std::size_t at = written.find(text);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + text.size();
  const std::size_t end = written.find('\n', begin);
  if (end == std::string::npos) return std::nullopt;  // the line is not complete yet
  return written.substr(begin, end - begin);
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, const std::string& input)
    : input_(MemoryFile(input)), output_(MemoryFile({})), errors_(MemoryFile({})) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  child_.emplace([&] {
    dup2(input_.get(), STDIN_FILENO);
    dup2(output_.get(), STDOUT_FILENO);
    dup2(errors_.get(), STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  });
}

std::string Program::output() const { return ReadAll(output_); }
std::string Program::errors() const { return ReadAll(errors_); }

bool Program::HasEnded() {
  siginfo_t info{};
  return child_->pid() < 0 ||
         (waitid(P_PID, static_cast<id_t>(child_->pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          info.si_pid != 0);
}

std::optional<std::string> Program::WaitForText(const std::string& text) {
  std::optional<std::string> rest;
  WaitUntil([&] {
    const bool ended = HasEnded();  // asked first, so that its last output is read too
    rest = RestOfLine(errors(), text);
    if (!rest) rest = RestOfLine(output(), text);
    return rest || ended;
  });
  return rest;
}

int Program::Wait() { return child_->Wait(); }

Ended RunProgram(const std::vector<std::string>& arguments, const std::string& input) {
  Program program(arguments, input);
  const int code = program.Wait();
  return {code, program.output(), program.errors()};
}

}  // namespace shmetrics::testing
