/* SPDX-License-Identifier: MIT
 *
 * The arguments of `weft hash`, and its help. Called by hash.c.
 */
#include "cli/hash_options.h"

#include <string.h>
#include <unistd.h>

const char hash_help[] =
    "Usage: weft hash [OPTION]... [FILE]...\n"
    "Hash each line of the FILEs, or each row of tables. Without FILE, or for -, stdin.\n"
    "Prints HEX, two blanks and the line or key, for each row.\n"
    "\n"
    "  -a, --algo NAME       xxh3 (64 bits; the default), xxh128, xxh64 or xxh32\n"
    "  -s, --seed N          seed, decimal or 0x hexadecimal; 0\n"
    "  -c, --column A,B,...  FILEs are tables: hash these columns, by the names in the header, as one key\n"
    "      --csv             FILEs are comma-separated tables; without --column, all columns are the key\n"
    "      --tsv             the same, separated by tabs\n"
    "      --null TEXT       fields that are TEXT are null; '': fields that are empty without quotes\n"
    "  -0, --zero            lines end in NUL, in the input and the output\n"
    "  -q, --hash-only       print no text behind the hash\n"
    "  -b, --binary          write bare hashes, 8, 16 or 4 bytes each, little-endian\n"
    "  -o, --output FILE     write to FILE, which appears only when all of it is there\n"
    "      --stats           afterwards tell on stderr what was done, and how\n"
    "      --no-progress     draw no progress on the terminal\n"
    "      --isa NAME        use this table of kernels; see weft features\n"
    "      --memory-limit N  take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help            print this help\n"
    "\n"
    "Names ending in .csv and .tsv tell the table's kind where only --column is given.\n"
    "The hash of one column is the seed for the next; a null leaves it as it is. Of xxh128 the hashes of the\n"
    "columns are hashed together: see weft(1).\n"
    "Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed.\n";

static const struct option long_options[] = {
    {"algo", required_argument, NULL, 'a'},
    {"seed", required_argument, NULL, 's'},
    {"column", required_argument, NULL, 'c'},
    {"zero", no_argument, NULL, '0'},
    {"hash-only", no_argument, NULL, 'q'},
    {"binary", no_argument, NULL, 'b'},
    OPTIONS_TABLE_ROWS,
    OPTIONS_OUTPUT_ROWS,
    OPTIONS_COMMON_ROWS,
};

static enum cli_exit parse_algo(const char *name, enum hash_algo *algo) {
  static const char *const names[] = {
      [HASH_XXH3] = "xxh3", [HASH_XXH128] = "xxh128", [HASH_XXH64] = "xxh64", [HASH_XXH32] = "xxh32"};
  size_t choice;
  CLI_TRY(options_choice("hash", "--algo", name, names, sizeof names / sizeof names[0], &choice));
  *algo = (enum hash_algo)choice;
  return CLI_OK;
}

static enum cli_exit take(void *user, int option, const char *value) {
  struct hash_options *options = user;
  switch (option) {
  case 'a': return parse_algo(value, &options->algo);
  case 's':
    options->seed_text = value; /* its range is the algorithm's, which may come later */
    return CLI_OK;
  case 'c': return options_list("hash", "--column", value, &options->columns);
  case '0': options->zero = true; return CLI_OK;
  case 'q': options->hash_only = true; return CLI_OK;
  case 'b': options->binary = true; return CLI_OK;
  default: return options_common("hash", option, value, &options->common);
  }
}

/* What the options mean together. */
static enum cli_exit check(const struct hash_options *options) {
  if (options->common.null && !options->is_table)
    return options_fail("hash", "--null is for tables: it needs --column, --csv or --tsv");
  if (options->binary && (options->hash_only || (options->zero && options->is_table)))
    return options_fail("hash", "--binary writes no text: it goes with neither --hash-only nor, for tables, --zero");
  if (options->binary && !options->common.output && isatty(STDOUT_FILENO))
    return options_fail("hash", "--binary is not for terminals: redirect it, or name a file by --output");
  return options->is_table ? options_delimiters("hash", &options->common, options->files, options->n_files) : CLI_OK;
}

enum cli_exit hash_options_parse(int argc, char **argv, struct hash_options *options) {
  *options = (struct hash_options){.seed_text = "0"};
  CLI_TRY(options_parse(argc, argv, ":a:s:c:0qbo:h", long_options, take, options, &options->common));
  if (options->common.help)
    return CLI_OK;
  CLI_TRY(options_number("hash", "--seed", options->seed_text, options->algo == HASH_XXH32 ? UINT32_MAX : UINT64_MAX,
                         &options->seed));
  options->is_table = options->columns || options->common.table != OPTIONS_BY_NAME;
  options_files(argc, argv, &options->files, &options->n_files);
  return check(options);
}
