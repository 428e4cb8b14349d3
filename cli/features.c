/* SPDX-License-Identifier: MIT
 *
 * `weft features`: the CPU, the tables of kernels, which one is used and why. Called by main.c.
 */
#include "cli/memory.h"
#include "cli/options.h"
#include "cli/output.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "Usage: weft features [OPTION]...\n"
                           "Tell which tables of kernels this build has, which of them this CPU and system can run, what\n"
                           "the others miss, and which one is used and why.\n"
                           "\n"
                           "      --json       as JSON\n"
                           "      --isa NAME   choose this table, as weft hash --isa would\n"
                           "  -h, --help       print this help\n"
                           "\n"
                           "The environment variable WEFT_ISA sets the choice; --isa goes before it.\n"
                           "Exit codes: 0 done, 2 wrong usage or no such table, 3 writing failed.\n";

static enum cli_exit parse(int argc, char **argv, struct options_common *options) {
  static const struct option long_options[] = {{"json", no_argument, NULL, OPTION_JSON},
                                               {"isa", required_argument, NULL, OPTION_ISA},
                                               {"help", no_argument, NULL, 'h'},
                                               {NULL, 0, NULL, 0}};
  *options = (struct options_common){0};
  CLI_TRY(options_parse(argc, argv, ":h", long_options, NULL, NULL, options));
  if (options->help)
    return CLI_OK;
  if (optind < argc)
    return options_fail("features", "takes no argument such as '%s'", argv[optind]);
  return CLI_OK;
}

/* A list of words out of a text with blanks between them. */
static json_t *words(const char *text) {
  json_t *list = json_array();
  while (list && *text) {
    size_t bytes = strcspn(text, " ");
    if (bytes > 0 && json_array_append_new(list, json_stringn(text, bytes)) != 0) {
      json_decref(list);
      return NULL;
    }
    text += bytes + (text[bytes] == ' ');
  }
  return list;
}

/* NULL: no memory, or a text of the CPU's that is not UTF-8. */
static json_t *to_json(const struct weft_features *features) {
  json_t *tables = json_array();
  for (uint32_t i = 0; tables && i < features->isas; i++) {
    const struct weft_isa *isa = &features->isa_list[i];
    json_t *table = json_pack("{s:s, s:b, s:b, s:o}", "name", isa->name, "built", (int)isa->built, "supported",
                              (int)isa->supported, "missing", words(isa->missing));
    if (json_array_append_new(tables, table) != 0) {
      json_decref(tables);
      return NULL;
    }
  }
  return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "version", weft_version(), "cpu", features->cpu, "isa", features->isa,
                   "reason", features->reason, "vector_bits", (json_int_t)features->vector_bits, "tables", tables);
}

static enum cli_exit print_json(const struct weft_features *features) {
  enum cli_exit code = CLI_OK;
  json_t *root = to_json(features);
  if (!root)
    return cli_fail(CLI_DATA, "features: JSON cannot hold what the CPU says of itself: '%s'", features->cpu);
  char *text = json_dumps(root, JSON_INDENT(2));
  json_decref(root);
  if (!text)
    return cli_fail(CLI_IO, "features: no memory for the JSON text");
  code = output_text(text, strlen(text));
  free(text);
  return code == CLI_OK ? output_text("\n", 1) : code;
}

static enum cli_exit print_words(struct output *output, const struct weft_features *features) {
  CLI_TRY(output_print(output, "weft     %s\ncpu      %s\n", weft_version(), features->cpu));
  CLI_TRY(output_print(output, "table    %s, vectors of %u bits\n", features->isa, (unsigned)features->vector_bits));
  CLI_TRY(output_print(output, "because  %s\n\n", features->reason));
  for (uint32_t i = 0; i < features->isas; i++) {
    const struct weft_isa *isa = &features->isa_list[i];
    CLI_TRY(output_print(output, "%c %-11s  %-9s  %s%s%s\n", strcmp(isa->name, features->isa) == 0 ? '*' : ' ', isa->name,
                         isa->built ? "built" : "not built", isa->supported ? "runs here" : "cannot run here",
                         isa->missing[0] ? ", lacks: " : "", isa->missing));
  }
  return output_flush(output);
}

enum cli_exit features_run(int argc, char **argv) {
  struct options_common options;
  struct memory memory;
  struct weft_features features;
  struct output output;
  CLI_TRY(parse(argc, argv, &options));
  if (options.help)
    return output_text(help, strlen(help));
  CLI_TRY(memory_open(&memory, options.isa, 0));
  enum cli_exit code = output_open(&output, memory.ctx, NULL);
  weft_status status = weft_ctx_features(memory.ctx, &features, sizeof features);
  if (code == CLI_OK && status != WEFT_OK)
    code = memory_status(memory.ctx, status, "features");
  if (code == CLI_OK)
    code = options.json ? print_json(&features) : print_words(&output, &features);
  output_abandon(&output);
  memory_close(&memory);
  return code;
}
