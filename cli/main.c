/* SPDX-License-Identifier: MIT
 *
 * The command `weft`: finds the subcommand and runs it. A new subcommand is a line in the table and a file of its own.
 */
#include "cli/cli.h"
#include "cli/output.h"

#include <weft/base.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command {
  const char *name;
  const char *summary;
  cli_run_fn *run;
} commands[] = {
    {"cat", "print rows of a packed file as CSV or TSV", cat_run},
    {"describe", "tell what a packed file holds, and how it is encoded", describe_run},
    {"features", "tell what this CPU can run, what is used and why", features_run},
    {"group", "count and sum up the rows of CSV and TSV that have equal keys", group_run},
    {"hash", "hash lines, or columns of CSV and TSV", hash_run},
    {"join", "join two tables in CSV or TSV by equal keys", join_run},
    {"pack", "pack CSV, TSV or arrays into a file of compressed columns", pack_run},
    {"partition", "split CSV and TSV into files by the hashes of keys, as ClickHouse and Spark would", partition_run},
    {"unpack", "turn a packed file back into CSV, TSV or arrays", unpack_run},
    {"verify", "check packed files to the last byte", verify_run},
};
#define N_COMMANDS (sizeof commands / sizeof commands[0])

static enum cli_exit print_help(void) {
  char text[4096];
  size_t used = 0;
  used += (size_t)snprintf(text, sizeof text, "Usage: weft COMMAND [OPTION]... [ARGUMENT]...\n\n");
  for (size_t i = 0; i < N_COMMANDS; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "  %-10s  %s\n", commands[i].name, commands[i].summary);
  used += (size_t)snprintf(text + used, sizeof text - used,
                           "\nweft COMMAND --help tells more. weft --version prints the version.\n"
                           "Results go to stdout, messages to stderr.\n"
                           "Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed.\n");
  return output_text(text, used);
}

static enum cli_exit print_version(void) {
  char text[64];
  int bytes = snprintf(text, sizeof text, "weft %s\n", weft_version());
  return output_text(text, (size_t)bytes);
}

/* A standard stream that was closed before we started would lend its number to the next file opened, and messages or
 * results would go there. Something that fails takes its place; stderr's takes everything. */
static void hold_standard_streams(void) {
  static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
      _exit(CLI_IO);
}

static enum cli_exit run(int argc, char **argv) {
  if (argc < 2)
    return cli_fail(CLI_USAGE, "no command; 'weft --help' lists them");
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
    return print_help();
  if (strcmp(argv[1], "--version") == 0)
    return print_version();
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (strcmp(argv[1], commands[i].name) == 0)
      return commands[i].run(argc - 1, argv + 1);
  return cli_fail(CLI_USAGE, "no command '%s'; 'weft --help' lists them", argv[1]);
}

int main(int argc, char **argv) {
  hold_standard_streams();
  signal(SIGXFSZ, SIG_IGN); /* a file size limit is then a failed write, with a message */
  return (int)run(argc, argv);
}
