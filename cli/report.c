/* SPDX-License-Identifier: MIT
 *
 * Statistics and summaries. Called by the subcommands when all output is there.
 */
#include "cli/report.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cli_exit report_stats(const struct memory *memory, const struct weft_stats *others, uint64_t input_bytes,
                           uint64_t output_rows) {
  struct weft_stats stats;
  struct weft_features features;
  weft_status status = weft_ctx_stats(memory->ctx, &stats, sizeof stats);
  if (status == WEFT_OK)
    status = weft_ctx_features(memory->ctx, &features, sizeof features);
  if (status != WEFT_OK)
    return memory_status(memory->ctx, status, "--stats");
  if (others)
    weft_stats_merge(&stats, others, sizeof stats);
  progress_clear();
  fprintf(stderr,
          "table            %s\n"
          "input bytes      %" PRIu64 "\n"
          "output rows      %" PRIu64 "\n"
          "rows             %" PRIu64 "\n"
          "bytes            %" PRIu64 "\n"
          "rows selected    %" PRIu64 "\n"
          "vector rows      %" PRIu64 "\n"
          "scalar rows      %" PRIu64 "\n"
          "vector batches   %" PRIu64 "\n"
          "scalar batches   %" PRIu64 "\n"
          "vector row ratio   %.4f\n"
          "vector batch ratio %.4f\n",
          features.isa, input_bytes, output_rows, stats.rows, stats.bytes, stats.rows_selected, stats.simd_rows,
          stats.scalar_rows, stats.simd_ops, stats.scalar_ops, stats.simd_row_ratio, stats.simd_op_ratio);
  return CLI_OK;
}

enum cli_exit report_json(json_t *object, bool to_stdout) {
  char *text = object ? json_dumps(object, JSON_REAL_PRECISION(6)) : NULL;
  json_decref(object);
  if (!text)
    return cli_fail(CLI_IO, "--json: no memory for the summary");
  enum cli_exit code = CLI_OK;
  progress_clear();
  if (to_stdout) {
    code = output_text(text, strlen(text));
    code = code == CLI_OK ? output_text("\n", 1) : code;
  } else {
    fprintf(stderr, "%s\n", text);
  }
  free(text);
  return code;
}

enum cli_exit report_summary(const struct memory *memory, json_t *summary, bool to_stdout) {
  struct weft_features features;
  weft_status status = weft_ctx_features(memory->ctx, &features, sizeof features);
  if (status != WEFT_OK) {
    json_decref(summary);
    return memory_status(memory->ctx, status, "--json");
  }
  json_t *run = json_pack("{s:s, s:I, s:f}", "isa", features.isa, "memory_bytes", (json_int_t)memory_taken(memory),
                          "seconds", progress_seconds());
  if (json_object_update_new(summary, run) == 0)
    return report_json(summary, to_stdout);
  json_decref(summary);
  return report_json(NULL, to_stdout);
}
