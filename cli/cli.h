/* SPDX-License-Identifier: MIT
 *
 * What the files of the command share: exit codes, messages, the subcommands' entry points.
 * Every step returns a cli_exit; the step that fails prints the one message, and all others only pass the code on.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_exit {
  CLI_OK = 0,
  CLI_DATA = 1,  /* the input contradicts itself, or a verification failed */
  CLI_USAGE = 2, /* arguments, settings, names that mean nothing here */
  CLI_IO = 3     /* the system refused to open, read or write, or had no memory */
};

/* Leaves the function with the code of a step that failed. */
#define CLI_TRY(step)            \
  do {                           \
    enum cli_exit try_ = (step); \
    if (try_ != CLI_OK)          \
      return try_;               \
  } while (0)

/* Prints "weft: ", the message and a line break to stderr, after wiping what progress drew there. Returns code. */
__attribute__((format(printf, 2, 3))) enum cli_exit cli_fail(enum cli_exit code, const char *format, ...);

/* Bytes of the control character that text[bytes], bytes > 0, begins with, in ASCII or beyond it in UTF-8; 0: of none.
 * Names of files and columns are others' making: no byte of theirs may move a terminal's cursor, or worse. */
size_t cli_control_bytes(const char *text, size_t bytes);

/* A subcommand: argv[0] is its name. */
typedef enum cli_exit cli_run_fn(int argc, char **argv);
cli_run_fn cat_run;
cli_run_fn describe_run;
cli_run_fn features_run;
cli_run_fn group_run;
cli_run_fn hash_run;
cli_run_fn join_run;
cli_run_fn pack_run;
cli_run_fn partition_run;
cli_run_fn unpack_run;
cli_run_fn verify_run;

#endif
