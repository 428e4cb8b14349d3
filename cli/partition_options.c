/* SPDX-License-Identifier: MIT
 *
 * The arguments of `weft partition`, and its help. Called by partition.c.
 */
#include "cli/partition_options.h"

#include <string.h>

const char partition_help[] =
    "Usage: weft partition [OPTION]... -n N --key KEYS -o FOLDER [INPUT]...\n"
    "Split the rows of tables in CSV or TSV into N files by the hashes of their keys: where ClickHouse or Spark would\n"
    "put them. Without INPUT, or for -, stdin. Several tables have the same columns, and their rows follow one another.\n"
    "\n"
    "  -n, --parts N         how many files, 1 to 65536\n"
    "  -k, --key A,B=TYPE,.. columns of the key, by the names in the header, and their types: string (the default),\n"
    "                        i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bytes:N\n"
    "      --by RULE         which part a row is in:\n"
    "                        clickhouse: xxHash64(A, B, ...) % N; a null key is an error\n"
    "                        spark: pmod(xxhash64(A, B, ...), N); no unsigned types\n"
    "                        weft (the default): XXH3 of 64 bits, as weft hash prints it, modulo N\n"
    "  -o, --output FOLDER   write FOLDER/part-0.csv and so on; or a name that has {} in it, for the part's number\n"
    "      --csv             INPUTs are comma-separated, whatever their names end in\n"
    "      --tsv             the same, separated by tabs\n"
    "      --null TEXT       fields that are TEXT are null; '': fields that are empty without quotes\n"
    "      --json            afterwards print a summary\n"
    "      --stats           afterwards tell on stderr what was done, and how\n"
    "      --no-progress     draw no progress on the terminal\n"
    "      --isa NAME        use this table of kernels; see weft features\n"
    "      --memory-limit N  take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help            print this help\n"
    "\n"
    "Every part gets a file with the header, and its rows in the order of the input. The files appear together when all\n"
    "is done, and others in the folder stay; a failure before that leaves none. A type is that of the column in\n"
    "ClickHouse or Spark: 7 as UInt32 and 7 as UInt64 have different hashes. Without --null empty fields are the nulls of\n"
    "columns of numbers, and empty strings. Memory is bounded: some 150 MiB, whatever the input. weft(1) has the rules\n"
    "for each type.\n"
    "Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed, or no memory.\n";

enum { OPTION_BY = OPTION_OWN };

static const struct option long_options[] = {
    {"parts", required_argument, NULL, 'n'},
    {"key", required_argument, NULL, 'k'},
    {"by", required_argument, NULL, OPTION_BY},
    {"json", no_argument, NULL, OPTION_JSON},
    OPTIONS_TABLE_ROWS,
    OPTIONS_OUTPUT_ROWS,
    OPTIONS_COMMON_ROWS,
};

static enum cli_exit parse_rules(struct partition_options *options, const char *name) {
  static const char *const names[] = {[KEY_CLICKHOUSE] = "clickhouse", [KEY_SPARK] = "spark", [KEY_WEFT] = "weft"};
  size_t choice;
  CLI_TRY(options_choice("partition", "--by", name, names, sizeof names / sizeof names[0], &choice));
  options->rules = (enum key_rules)choice;
  options->rules_name = names[choice];
  return CLI_OK;
}

static enum cli_exit parse_parts(struct partition_options *options, const char *text) {
  uint64_t number;
  CLI_TRY(options_number("partition", "-n", text, MOST_PARTS, &number));
  if (number == 0)
    return options_fail("partition", "-n 0: rows go to one part at least");
  options->parts = (uint32_t)number;
  return CLI_OK;
}

static enum cli_exit take(void *user, int option, const char *value) {
  struct partition_options *options = user;
  switch (option) {
  case 'n': return parse_parts(options, value);
  case 'k': return options_list("partition", "--key", value, &options->key);
  case OPTION_BY: return parse_rules(options, value);
  default: return options_common("partition", option, value, &options->common);
  }
}

/* What the options mean together. */
static enum cli_exit check(const struct partition_options *options) {
  const char *output = options->common.output;
  if (options->parts == 0)
    return options_fail("partition", "-n is needed: how many parts there are to be");
  if (!options->key)
    return options_fail("partition", "--key is needed: the columns of the key");
  if (!output || !output[0])
    return options_fail("partition", "-o is needed: the folder for the files, or their name with {} in it");
  const char *place = strstr(output, "{}");
  if (place && (strstr(place + 2, "{}") || strchr(place, '/')))
    return options_fail("partition", "-o '%s': {} stands for the number once, in the name of the file", output);
  return options_delimiters("partition", &options->common, options->files, options->n_files);
}

enum cli_exit partition_options_parse(int argc, char **argv, struct partition_options *options) {
  *options = (struct partition_options){.rules = KEY_WEFT, .rules_name = "weft"};
  CLI_TRY(options_parse(argc, argv, ":n:k:o:h", long_options, take, options, &options->common));
  if (options->common.help)
    return CLI_OK;
  options_files(argc, argv, &options->files, &options->n_files);
  return check(options);
}
