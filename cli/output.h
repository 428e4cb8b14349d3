/* SPDX-License-Identifier: MIT
 *
 * Results: buffered, to stdout or to a file that appears only when it is whole.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/memory.h"

struct output {
  weft_ctx *ctx;
  const char *name; /* for messages */
  char *target;     /* what the finished file is called; NULL: written as it comes */
  int fd;
  char *buffer; /* [OUTPUT_BUFFER] */
  size_t used;
};

/* Room that output_room always finds. */
#define OUTPUT_ROOM ((size_t)4096)

/* path NULL: stdout. A path that is a device or a pipe is written as it comes; any other is written beside itself and
 * renamed by output_commit. Afterwards, and after a failure of any step, output_abandon must be called. */
enum cli_exit output_open(struct output *output, weft_ctx *ctx, const char *path);

/* Where the next OUTPUT_ROOM bytes may be written; then add to output->used as many as were. NULL: the write before it
 * failed, and *code says how. */
char *output_room(struct output *output, enum cli_exit *code);

/* Adds bytes, any number. */
enum cli_exit output_write(struct output *output, const void *data, size_t bytes);

/* Adds a formatted text; what is longer than OUTPUT_ROOM is cut. */
__attribute__((format(printf, 2, 3))) enum cli_exit output_print(struct output *output, const char *format, ...);

/* Hands on what is buffered. */
enum cli_exit output_flush(struct output *output);

/* Flushes; a file is synced, takes its name, and is there. */
enum cli_exit output_commit(struct output *output);

/* Makes a folder for files to come, if it is not there. Unless output_commit_files gives them their names, it is removed
 * with them. */
enum cli_exit output_make_folder(const char *path);

/* Many files in place of one, in the folder that path leads to up to its last slash: unfinished ones in a folder of their
 * own there, until output_commit_files gives all their names. They are written one after the other, and as often as need
 * be; output_begin_file says which one comes next, and goes on at its end. */
enum cli_exit output_open_files(struct output *output, weft_ctx *ctx, const char *path, size_t files);

/* name: what the file will be called, valid until the next call. Every file must be begun once. */
enum cli_exit output_begin_file(struct output *output, size_t file, const char *name);

enum cli_exit output_end_file(struct output *output);

/* The name of file number `file`, valid until the next call. */
typedef const char *output_name_fn(void *user, size_t file);

/* Syncs all files and gives them their names. Where the system refuses one, those before it are there. */
enum cli_exit output_commit_files(struct output *output, output_name_fn *name, void *user);

/* Frees the buffer, and removes what was not committed. What is buffered for stdout or a device goes there: whole
 * rows, those before a failure. */
void output_abandon(struct output *output);

/* Removes what was not committed, and does nothing else: all that a signal handler may do before it ends the program. */
void output_remove(void);

/* Writes a text to stdout at once, for the help and the like. */
enum cli_exit output_text(const char *text, size_t bytes);

#endif
