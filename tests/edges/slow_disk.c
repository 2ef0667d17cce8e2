// Loaded before the C library, this is a disk that has stopped answering: fsync() does not return.

#include <unistd.h>

int fsync(int fd) {
  (void)fd;
  for (;;) pause();
}
