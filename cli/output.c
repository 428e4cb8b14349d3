/* SPDX-License-Identifier: MIT
 *
 * Results to stdout or to a file. A file is written under a name of its own beside its target, and removed again by every
 * way out but output_commit, signals included; so a reader of the target sees the old file or the whole new one. Called by
 * the subcommands; knows nothing of what it writes.
 */
#define _GNU_SOURCE /* syncfs */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUT_BUFFER ((size_t)256 << 10)

/* The unfinished file, or the folder of temporary_files unfinished ones. Static because a signal handler must reach it; a
 * run has one output. */
static char temporary[PATH_MAX];
static volatile sig_atomic_t temporary_exists;
static size_t temporary_files;
static int temporary_folder = -1;  /* that folder, open */
static char made_folder[PATH_MAX]; /* that the files are to be in, and was not there */
static volatile sig_atomic_t folder_is_made;

/* A file of the folder: with no function that a signal handler may not call. */
struct path {
  char text[sizeof temporary + 24];
};
static struct path file_within(size_t number) {
  struct path path;
  char digits[20];
  size_t n = 0, at = strlen(temporary);
  memcpy(path.text, temporary, at);
  path.text[at++] = '/';
  do
    digits[n++] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  while (n > 0)
    path.text[at++] = digits[--n];
  path.text[at] = '\0';
  return path;
}

static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGALRM, SIGXCPU, SIGUSR1, SIGUSR2};
#define N_DEADLY (sizeof deadly / sizeof deadly[0])

void output_remove(void) {
  for (size_t i = 0; temporary_exists && i < temporary_files; i++)
    unlink(file_within(i).text);
  if (temporary_exists && temporary_files > 0)
    rmdir(temporary);
  else if (temporary_exists)
    unlink(temporary);
  if (folder_is_made)
    rmdir(made_folder);
}

/* SA_RESETHAND has put the default action back: raising the signal again ends the program by it. */
static void remove_and_die(int signal_number) {
  output_remove();
  raise(signal_number);
}

static void block_deadly(sigset_t *before) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < N_DEADLY; i++)
    sigaddset(&set, deadly[i]);
  sigprocmask(SIG_BLOCK, &set, before);
}

/* A signal that was ignored when the program started (nohup) stays so. */
static void catch_deadly(void) {
  for (size_t i = 0; i < N_DEADLY; i++) {
    struct sigaction action;
    if (sigaction(deadly[i], NULL, &action) != 0 || action.sa_handler != SIG_DFL)
      continue;
    action.sa_handler = remove_and_die;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(deadly[i], &action, NULL);
  }
}

static enum cli_exit fail(const struct output *output) {
  return cli_fail(CLI_IO, "%s: %s", output->name, strerror(errno));
}

static enum cli_exit name_beside(const struct output *output, const char *target) {
  const char *slash = strrchr(target, '/');
  int directory = slash ? (int)(slash - target) + 1 : 0;
  if (snprintf(temporary, sizeof temporary, "%.*s.weft-XXXXXX", directory, target) >= (int)sizeof temporary)
    return cli_fail(CLI_IO, "%s: %s", output->name, strerror(ENAMETOOLONG));
  return CLI_OK;
}

/* Creates the unfinished file beside the target, with the mode that the finished one is to have. */
static enum cli_exit create_beside(struct output *output, mode_t mode) {
  CLI_TRY(name_beside(output, output->target));
  sigset_t before;
  block_deadly(&before);
  output->fd = mkstemp(temporary);
  temporary_exists = output->fd >= 0;
  catch_deadly();
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (output->fd < 0 || fchmod(output->fd, mode) != 0)
    return fail(output);
  return CLI_OK;
}

static enum cli_exit open_file(struct output *output, const char *path) {
  struct stat info;
  bool exists = stat(path, &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    return fail(output);
  }
  if (exists && !S_ISREG(info.st_mode)) {
    output->fd = open(path, O_WRONLY | O_CLOEXEC);
    return output->fd < 0 ? fail(output) : CLI_OK;
  }
  /* Through a symbolic link the file that it names is replaced, not the link. */
  output->target = exists ? realpath(path, NULL) : strdup(path);
  if (!output->target)
    return fail(output);
  mode_t mask = umask(0);
  umask(mask);
  return create_beside(output, exists ? info.st_mode & 0777 : 0666 & ~mask);
}

static enum cli_exit open_buffer(struct output *output, weft_ctx *ctx, const char *name) {
  *output = (struct output){.ctx = ctx, .name = name, .fd = -1};
  void *buffer = NULL;
  CLI_TRY(memory_resize(ctx, &buffer, OUTPUT_BUFFER, 1, output->name, "a buffer"));
  output->buffer = buffer;
  return CLI_OK;
}

enum cli_exit output_open(struct output *output, weft_ctx *ctx, const char *path) {
  CLI_TRY(open_buffer(output, ctx, path ? path : "stdout"));
  if (path)
    return open_file(output, path);
  output->fd = STDOUT_FILENO;
  return CLI_OK;
}

/* All of it, or why not. A reader that has gone away is no news to anybody: no message. */
static enum cli_exit write_all(int fd, const char *name, const char *data, size_t bytes) {
  while (bytes > 0) {
    ssize_t written = write(fd, data, bytes);
    if (written >= 0) {
      data += written;
      bytes -= (size_t)written;
    } else if (errno == EAGAIN) {
      poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
    } else if (errno == EPIPE) {
      return CLI_IO;
    } else if (errno != EINTR) {
      return cli_fail(CLI_IO, "%s: %s", name, strerror(errno));
    }
  }
  return CLI_OK;
}

enum cli_exit output_text(const char *text, size_t bytes) {
  return write_all(STDOUT_FILENO, "stdout", text, bytes);
}

enum cli_exit output_flush(struct output *output) {
  size_t bytes = output->used;
  output->used = 0;
  return write_all(output->fd, output->name, output->buffer, bytes);
}

char *output_room(struct output *output, enum cli_exit *code) {
  *code = OUTPUT_BUFFER - output->used < OUTPUT_ROOM ? output_flush(output) : CLI_OK;
  return *code == CLI_OK ? output->buffer + output->used : NULL;
}

enum cli_exit output_write(struct output *output, const void *data, size_t bytes) {
  if (bytes > OUTPUT_BUFFER - output->used)
    CLI_TRY(output_flush(output));
  if (bytes > OUTPUT_BUFFER)
    return write_all(output->fd, output->name, data, bytes);
  memcpy(output->buffer + output->used, data, bytes);
  output->used += bytes;
  return CLI_OK;
}

enum cli_exit output_print(struct output *output, const char *format, ...) {
  enum cli_exit code;
  va_list arguments;
  char *room = output_room(output, &code);
  if (!room)
    return code;
  va_start(arguments, format);
  int bytes = vsnprintf(room, OUTPUT_ROOM, format, arguments);
  va_end(arguments);
  if (bytes > 0)
    output->used += (size_t)bytes < OUTPUT_ROOM ? (size_t)bytes : OUTPUT_ROOM - 1;
  return CLI_OK;
}

/* So that the new name survives a loss of power, as the file's bytes do. Not every file system can: no failure then. */
static void sync_directory(char *target) {
  char *slash = strrchr(target, '/');
  if (slash)
    slash[slash == target] = '\0';
  int fd = open(slash ? target : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  fsync(fd);
  close(fd);
}

enum cli_exit output_commit(struct output *output) {
  CLI_TRY(output_flush(output));
  if (output->target && fsync(output->fd) != 0)
    return fail(output);
  int fd = output->fd;
  output->fd = -1;
  if (close(fd) != 0) /* network file systems tell of failed writes here */
    return fail(output);
  if (!output->target)
    return CLI_OK;
  sigset_t before;
  block_deadly(&before);
  bool renamed = rename(temporary, output->target) == 0;
  if (renamed)
    temporary_exists = 0;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (!renamed)
    return fail(output);
  sync_directory(output->target);
  return CLI_OK;
}

enum cli_exit output_make_folder(const char *path) {
  if (snprintf(made_folder, sizeof made_folder, "%s", path) >= (int)sizeof made_folder)
    return cli_fail(CLI_IO, "%s: %s", path, strerror(ENAMETOOLONG));
  sigset_t before;
  block_deadly(&before);
  folder_is_made = mkdir(path, 0777) == 0;
  int error = errno;
  catch_deadly();
  sigprocmask(SIG_SETMASK, &before, NULL);
  return folder_is_made || error == EEXIST ? CLI_OK : cli_fail(CLI_IO, "%s: %s", path, strerror(error));
}

enum cli_exit output_open_files(struct output *output, weft_ctx *ctx, const char *beside, size_t files) {
  CLI_TRY(open_buffer(output, ctx, beside));
  CLI_TRY(name_beside(output, beside));
  sigset_t before;
  block_deadly(&before);
  bool made = mkdtemp(temporary) != NULL;
  temporary_files = files;
  temporary_exists = made;
  catch_deadly();
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (!made)
    return fail(output);
  temporary_folder = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return temporary_folder < 0 ? fail(output) : CLI_OK;
}

enum cli_exit output_begin_file(struct output *output, size_t file, const char *name) {
  output->name = name;
  output->fd = open(file_within(file).text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  return output->fd < 0 ? fail(output) : CLI_OK;
}

enum cli_exit output_end_file(struct output *output) {
  CLI_TRY(output_flush(output));
  int fd = output->fd;
  output->fd = -1;
  return close(fd) == 0 ? CLI_OK : fail(output);
}

/* Files that an fsync each is made for. Of more, one call for all: the disk would empty its cache as often as there are
 * files. But that call waits for what other programs have written to that file system too. */
#define MOST_FSYNCS 64

/* Tells of every write that failed since the folder was opened (before Linux 5.8, of none: there only a file's own fsync
 * did). */
static enum cli_exit sync_file_system(void) {
  if (syncfs(temporary_folder) == 0)
    return CLI_OK;
  int error = errno;
  const char *slash = strrchr(temporary, '/');
  int folder = slash && slash != temporary ? (int)(slash - temporary) : 1; /* else "/", or the point of .weft-XXXXXX */
  return cli_fail(CLI_IO, "%.*s: %s", folder, temporary, strerror(error));
}

/* A file that is opened again tells of its failed writes that nobody was told of. */
static enum cli_exit sync_files(struct output *output, output_name_fn *name, void *user) {
  if (temporary_files > MOST_FSYNCS)
    return sync_file_system();
  enum cli_exit code = CLI_OK;
  for (size_t i = 0; code == CLI_OK && i < temporary_files; i++) {
    output->name = name(user, i);
    int fd = open(file_within(i).text, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
      code = fail(output);
    if (fd >= 0)
      close(fd);
  }
  return code;
}

enum cli_exit output_commit_files(struct output *output, output_name_fn *name, void *user) {
  CLI_TRY(sync_files(output, name, user));
  enum cli_exit code = CLI_OK;
  sigset_t before;
  block_deadly(&before); /* between the first name and the last one nothing but the system can come */
  for (size_t i = 0; code == CLI_OK && i < temporary_files; i++) {
    output->name = name(user, i);
    if (rename(file_within(i).text, output->name) != 0)
      code = fail(output);
  }
  if (code == CLI_OK) {
    rmdir(temporary);
    temporary_exists = folder_is_made = 0;
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  CLI_TRY(code);
  char *last = strdup(output->name);
  if (last)
    sync_directory(last);
  free(last);
  return CLI_OK;
}

void output_abandon(struct output *output) {
  if (!output->target && output->fd >= 0) /* the rows before a failure; that this fails too was told already, or is now */
    (void)output_flush(output);
  if (output->fd > STDERR_FILENO)
    close(output->fd);
  if (temporary_folder >= 0)
    close(temporary_folder);
  temporary_folder = -1;
  output_remove();
  temporary_exists = folder_is_made = 0;
  free(output->target);
  memory_free(output->ctx, output->buffer);
}
