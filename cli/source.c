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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stdin(const char *path) {
  return strcmp(path, "-") == 0;
}

enum cli_exit source_open(struct source *source, const char *path) {
  struct stat info;
  source->name = is_stdin(path) ? "stdin" : path;
  source->copy = -1;
  source->fd = is_stdin(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (source->fd < 0)
    return cli_fail(CLI_IO, "%s: %s", source->name, strerror(errno));
  source->regular = fstat(source->fd, &info) == 0 && S_ISREG(info.st_mode);
  return CLI_OK;
}

/* The copy has no name, so messages have that of its folder. */
static const char *copy_folder(void) {
  const char *folder = getenv("TMPDIR");
  return folder && folder[0] ? folder : "/tmp";
}

static enum cli_exit write_copy(const struct source *source, const char *bytes, size_t n) {
  while (n > 0) {
    ssize_t written = write(source->copy, bytes, n);
    if (written < 0 && errno != EINTR)
      return cli_fail(CLI_IO, "%s: a temporary file: %s", copy_folder(), strerror(errno));
    if (written > 0) {
      bytes += written;
      n -= (size_t)written;
    }
  }
  return CLI_OK;
}

enum cli_exit source_read(struct source *source, void *buffer, size_t capacity, size_t *bytes) {
  for (;;) {
    ssize_t got = read(source->fd, buffer, capacity < SSIZE_MAX ? capacity : SSIZE_MAX);
    if (got >= 0) {
      *bytes = (size_t)got;
      return source->copy >= 0 ? write_copy(source, buffer, *bytes) : CLI_OK;
    }
    /* A terminal or pipe that another program has made non-blocking: wait, as a blocking read would. */
    if (errno == EAGAIN)
      poll(&(struct pollfd){.fd = source->fd, .events = POLLIN}, 1, -1);
    else if (errno != EINTR)
      return cli_fail(CLI_IO, "%s: %s", source->name, strerror(errno));
  }
}

uint64_t source_bytes(const struct source *source) {
  struct stat info;
  return source->regular && fstat(source->fd, &info) == 0 ? (uint64_t)info.st_size : 0;
}

void source_close(struct source *source) {
  if (source->fd > STDERR_FILENO)
    close(source->fd);
  source->fd = -1;
}

enum cli_exit source_keep(struct source *source, struct source_again *again) {
  char path[PATH_MAX];
  if (source->regular) {
    again->start = lseek(source->fd, 0, SEEK_CUR);
    return CLI_OK;
  }
  if (snprintf(path, sizeof path, "%s/weft-XXXXXX", copy_folder()) >= (int)sizeof path)
    return cli_fail(CLI_IO, "%s: %s", copy_folder(), strerror(ENAMETOOLONG));
  source->copy = again->copy = mkstemp(path);
  if (source->copy < 0)
    return cli_fail(CLI_IO, "%s: a temporary file: %s", copy_folder(), strerror(errno));
  unlink(path);
  return CLI_OK;
}

enum cli_exit source_reopen(struct source *source, const char *path, struct source_again *again) {
  if (again->copy < 0) {
    CLI_TRY(source_open(source, path));
    return lseek(source->fd, again->start, SEEK_SET) >= 0 ? CLI_OK : cli_fail(CLI_IO, "%s: %s", path, strerror(errno));
  }
  *source = (struct source){.name = is_stdin(path) ? "stdin" : path, .fd = again->copy, .regular = true, .copy = -1};
  again->copy = -1;
  return lseek(source->fd, 0, SEEK_SET) >= 0 ? CLI_OK : cli_fail(CLI_IO, "%s: %s", copy_folder(), strerror(errno));
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

void source_forget(struct source_again *again) {
  if (again->copy >= 0)
    close(again->copy);
  again->copy = -1;
}
