/* SPDX-License-Identifier: MIT
 *
 * Inputs. Read with read(2), not mapped: a file that another program cuts short then ends instead of killing us, and stdin
 * goes the same way. Used by lines.c and table.c; knows nothing of rows.
 */
#include "cli/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stdin(const char *path) {
  return strcmp(path, "-") == 0;
}

enum cli_exit source_open(struct source *source, const char *path) {
  struct stat info;
  source->name = is_stdin(path) ? "stdin" : path;
  source->fd = is_stdin(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (source->fd < 0)
    return cli_fail(CLI_IO, "%s: %s", source->name, strerror(errno));
  source->regular = fstat(source->fd, &info) == 0 && S_ISREG(info.st_mode);
  return CLI_OK;
}

enum cli_exit source_read(struct source *source, void *buffer, size_t capacity, size_t *bytes) {
  for (;;) {
    ssize_t got = read(source->fd, buffer, capacity < SSIZE_MAX ? capacity : SSIZE_MAX);
    if (got >= 0) {
      *bytes = (size_t)got;
      return CLI_OK;
    }
    /* A terminal or pipe that another program has made non-blocking: wait, as a blocking read would. */
    if (errno == EAGAIN)
      poll(&(struct pollfd){.fd = source->fd, .events = POLLIN}, 1, -1);
    else if (errno != EINTR)
      return cli_fail(CLI_IO, "%s: %s", source->name, strerror(errno));
  }
}

void source_close(struct source *source) {
  if (source->fd > STDERR_FILENO)
    close(source->fd);
  source->fd = -1;
}

uint64_t source_total(char *const *paths, size_t n) {
  uint64_t total = 0;
  for (size_t i = 0; i < n; i++) {
    struct stat info;
    int failed = is_stdin(paths[i]) ? fstat(STDIN_FILENO, &info) : stat(paths[i], &info);
    if (failed || !S_ISREG(info.st_mode))
      return 0;
    total += (uint64_t)info.st_size;
  }
  return total;
}
