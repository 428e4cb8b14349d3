/* SPDX-License-Identifier: MIT
 *
 * `weft verify`: everything that a packed file says, compared with what is there. Called by main.c.
 */
#include "cli/options.h"
#include "cli/output.h"
#include "cli/packed.h"
#include "cli/progress.h"
#include "cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: weft verify [OPTION]... [FILE]...\n"
    "Check packed files: that all checksums are right, that every value of every column decodes, that what a file says\n"
    "of its chunks is true of them, and that all is written as the format has it.\n"
    "Without FILE, or for -, stdin, which may be a pipe.\n"
    "\n"
    "      --json            afterwards print a summary, to stdout\n"
    "      --stats           afterwards tell on stderr what was done, and how\n"
    "      --no-progress     draw no progress on the terminal\n"
    "      --isa NAME        use this table of kernels; see weft features\n"
    "      --memory-limit N  take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help            print this help\n"
    "\n"
    "Prints nothing for files that are whole, and a message for each other one: all FILEs are checked.\n"
    "Exit codes: 0 all are whole, 1 one is not, 2 wrong usage, 3 reading failed, or no memory.\n";

static const struct option long_options[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    OPTIONS_COMMON_ROWS,
};

/* A run of the command. */
struct job {
  struct options_common options;
  struct memory memory;
  char **files;
  size_t n_files, n_bad;
  uint64_t rows, bytes, chunks; /* checked */
};

static enum cli_exit parse(int argc, char **argv, struct job *job) {
  CLI_TRY(options_parse(argc, argv, ":h", long_options, NULL, NULL, &job->options));
  options_files(argc, argv, &job->files, &job->n_files);
  return CLI_OK;
}

static enum cli_exit verify_chunks(struct job *job, struct packed *packed) {
  for (;;) {
    struct weft_chunk_info info;
    uint64_t chunk;
    CLI_TRY(packed_next(packed, &chunk));
    if (chunk == UINT64_MAX)
      return CLI_OK;
    weft_status status = weft_reader_verify(packed->reader, chunk);
    if (status != WEFT_OK)
      return packed_fail(packed, status);
    CLI_TRY(packed_chunk(packed, chunk, packed->info.columns - 1, &info));
    job->rows += info.rows;
    job->chunks++;
    progress_update(job->rows, job->bytes + (packed_is_mapped(packed) ? info.offset + info.bytes : packed->taken));
  }
}

static enum cli_exit verify_file(struct job *job, const char *file) {
  struct packed packed = {.source.fd = -1};
  enum cli_exit code = packed_open(&packed, job->memory.ctx, file);
  if (code == CLI_OK)
    code = verify_chunks(job, &packed);
  job->bytes += packed.info.bytes;
  packed_close(&packed);
  return code;
}

/* All files; the first code that is not CLI_OK. */
static enum cli_exit verify_files(struct job *job) {
  enum cli_exit first = CLI_OK;
  progress_start(!job->options.no_progress, source_total(job->files, job->n_files));
  for (size_t i = 0; i < job->n_files; i++) {
    enum cli_exit code = verify_file(job, job->files[i]);
    job->n_bad += code != CLI_OK;
    first = first == CLI_OK ? code : first;
  }
  progress_clear();
  enum cli_exit code = CLI_OK;
  if (job->options.json)
    code = report_summary(&job->memory,
                          json_pack("{s:I, s:I, s:I, s:I, s:I}", "files", (json_int_t)job->n_files, "bad_files",
                                    (json_int_t)job->n_bad, "rows", (json_int_t)job->rows, "chunks",
                                    (json_int_t)job->chunks, "bytes", (json_int_t)job->bytes),
                          true);
  if (code == CLI_OK && job->options.stats)
    code = report_stats(&job->memory, NULL, job->bytes, job->rows);
  return first == CLI_OK ? code : first;
}

enum cli_exit verify_run(int argc, char **argv) {
  struct job job = {0};
  CLI_TRY(parse(argc, argv, &job));
  if (job.options.help)
    return output_text(help, strlen(help));
  CLI_TRY(memory_open(&job.memory, job.options.isa, job.options.memory_limit));
  enum cli_exit code = verify_files(&job);
  memory_close(&job.memory);
  return code;
}
