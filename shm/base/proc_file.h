#ifndef SHMETRICS_SHM_BASE_PROC_FILE_H_
#define SHMETRICS_SHM_BASE_PROC_FILE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace shmetrics::shm {

/// Reads the beginning of a file of /proc, as much as `buffer` holds. Nothing on failure; errno then tells
/// why: EAGAIN if another thread has been in fork() for a second. No child inherits the descriptor. Allocates
/// nothing, so a child may call it right after fork(). Opens a file: some microseconds.
std::optional<std::string_view> ReadProcFile(const char* path, std::span<char> buffer);

/// The same for a whole file, however long it is. Allocates: throws std::bad_alloc. A stream would take that
/// for the end of the file, and half a list of groups would say that there is no limit.
std::optional<std::string> ReadWholeProcFile(const char* path);

/// False if /proc shows another PID namespace, where a number is somebody else, or if that cannot be told.
bool IsProcOfThisNamespace();

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_PROC_FILE_H_
