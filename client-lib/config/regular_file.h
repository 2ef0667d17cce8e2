#ifndef SHMETRICS_CLIENT_LIB_CONFIG_REGULAR_FILE_H_
#define SHMETRICS_CLIENT_LIB_CONFIG_REGULAR_FILE_H_

#include <string>

#include "shm/result.h"

namespace shmetrics::config {

/// Reads a whole file of the configuration. Never waits: a pipe would keep a thread, and with it every fork(),
/// until somebody writes into it. The null device is an empty file.
///
/// The message of an error is one line that names the file. kAbsent if there is no such file; kBadOption if it
/// is a folder, a pipe or a device, is larger than 16 MiB, or cannot be opened or read. Throws nothing but
/// std::bad_alloc. Thread-safe, but not under a lock of ForkGuard.
Result<std::string> ReadRegularFile(const std::string& path);

}  // namespace shmetrics::config

#endif  // SHMETRICS_CLIENT_LIB_CONFIG_REGULAR_FILE_H_
