/* SPDX-License-Identifier: MIT
 *
 * The arguments of `weft pack`, and its help. Called by pack.c.
 */
#include "cli/pack_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char pack_help[] =
    "Usage: weft pack [OPTION]... [INPUT]... [-o FILE.weft]\n"
    "       weft pack [OPTION]... --raw NAME=TYPE:INPUT... [-o FILE.weft]\n"
    "Pack tables in CSV or TSV, or arrays, into one file of compressed columns; see weft unpack, cat, describe, verify.\n"
    "Without INPUT, or for -, stdin. Several tables have the same columns, and their rows follow one another.\n"
    "\n"
    "      --type [NAME=]TYPE    the type of a column, or of all that have no other:\n"
    "                            " TYPE_NAMES "\n"
    "      --codec [NAME=]LIST   how a column is encoded, from the outermost on, such as dict,rle,bitpack: raw, const,\n"
    "                            bitpack, for, delta, rle, dict, strings, split; auto (the default): as the data asks for\n"
    "      --raw NAME=TYPE:FILE  a column from an array of little-endian values; all of equally many\n"
    "      --names A,B,...       call the columns so, whatever the header calls them\n"
    "      --metadata KEY=VALUE  put this into the file\n"
    "      --chunk-rows N        rows that are encoded together, at most: a multiple of 1024, up to 1048576, the default\n"
    "      --sorted-dictionary   dictionaries in ascending order rather than in order of first sight\n"
    "      --no-zones            leave out the least and greatest value of every 1024 rows\n"
    "      --threads N           encode on N threads; the default is one for each CPU. The file is the same\n"
    "      --csv                 INPUTs are comma-separated, whatever their names end in\n"
    "      --tsv                 the same, separated by tabs\n"
    "      --null TEXT           fields that are TEXT are null; '': fields that are empty without quotes\n"
    "  -o, --output FILE         write to FILE, which appears only when all of it is there, not to stdout\n"
    "      --json                afterwards print a summary, to stderr, or with --output to stdout\n"
    "      --stats               afterwards tell on stderr what was done, and how\n"
    "      --no-progress         draw no progress on the terminal\n"
    "      --isa NAME            use this table of kernels; see weft features\n"
    "      --memory-limit N      take at most N bytes from the system; K, M, G, T for 2^10 and so on\n"
    "  -h, --help                print this help\n"
    "\n"
    "A column without --type gets one from which every field comes back byte for byte: the narrowest of whole numbers\n"
    "when all fields are such as 0, 17 or -4 (not 007, +1 or -0), f64 when each is the shortest text of its value (1.5\n"
    "or 1e+20, not 1.50 or 1e20), else string. Without --null empty fields are the nulls of columns of numbers, and\n"
    "empty strings. So weft unpack, given the same --null, prints the very fields; quotes stand where they must. With\n"
    "--type numbers may be written in other ways, such as 12.50, and values come back, not their texts. A column without\n"
    "a name is called by its place, such as \"column 3\". Input that cannot be read twice, while types are to be found,\n"
    "is kept in a temporary file in TMPDIR. Memory grows with the rows of a chunk and the threads.\n"
    "Exit codes: 0 done, 1 bad data, 2 wrong usage, 3 reading or writing failed, or no memory.\n";

enum {
  OPTION_TYPE = OPTION_OWN,
  OPTION_CODEC,
  OPTION_RAW,
  OPTION_NAMES,
  OPTION_METADATA,
  OPTION_CHUNK_ROWS,
  OPTION_SORTED_DICTIONARY,
  OPTION_NO_ZONES
};

static const struct option long_options[] = {
    {"type", required_argument, NULL, OPTION_TYPE},
    {"codec", required_argument, NULL, OPTION_CODEC},
    {"raw", required_argument, NULL, OPTION_RAW},
    {"names", required_argument, NULL, OPTION_NAMES},
    {"metadata", required_argument, NULL, OPTION_METADATA},
    {"chunk-rows", required_argument, NULL, OPTION_CHUNK_ROWS},
    {"sorted-dictionary", no_argument, NULL, OPTION_SORTED_DICTIONARY},
    {"no-zones", no_argument, NULL, OPTION_NO_ZONES},
    OPTIONS_THREADS_ROWS,
    {"json", no_argument, NULL, OPTION_JSON},
    OPTIONS_TABLE_ROWS,
    OPTIONS_OUTPUT_ROWS,
    OPTIONS_COMMON_ROWS,
};

/* Splits NAME=VALUE at its first = or its last; where there is none, all of it is the value. */
static const char *split(struct pack_setting *setting, const char *text, bool at_last) {
  const char *equals = at_last ? strrchr(text, '=') : strchr(text, '=');
  if (!equals)
    return text;
  setting->name = text;
  setting->name_bytes = (size_t)(equals - text);
  return equals + 1;
}

static enum cli_exit parse_type(const char *text, struct pack_setting *setting) {
  const char *value = split(setting, text, true);
  if (type_parse(value, strlen(value), &setting->type))
    return CLI_OK;
  return options_fail("pack", "--type '%s': '%s' is none of " TYPE_NAMES, text, value);
}

static enum cli_exit parse_codec(const char *text, struct pack_setting *setting) {
  const char *value = split(setting, text, true);
  size_t depth = 0;
  for (const char *at = value;; at++) {
    size_t bytes = strcspn(at, ",");
    uint8_t codec = WEFT_CODEC_AUTO;
    while (codec <= WEFT_CODEC_SPLIT &&
           (strlen(weft_codec_name(codec)) != bytes || memcmp(weft_codec_name(codec), at, bytes) != 0))
      codec++;
    if (codec > WEFT_CODEC_SPLIT)
      return options_fail("pack", "--codec '%s': '%.*s' is no codec", text, (int)bytes, at);
    if (depth == WEFT_CODEC_DEPTH)
      return options_fail("pack", "--codec '%s': at most %d codecs stand one upon another", text, WEFT_CODEC_DEPTH);
    setting->codec[depth++] = codec;
    at += bytes;
    if (*at == '\0')
      return CLI_OK;
  }
}

static enum cli_exit parse_raw(const char *text, struct pack_setting *setting) {
  const char *value = split(setting, text, false), *colon = strchr(value, ':');
  if (colon && strncmp(value, "bytes:", 6) == 0)
    colon = strchr(colon + 1, ':');
  if (!setting->name || !colon || !type_parse(value, (size_t)(colon - value), &setting->type) ||
      setting->type.type == WEFT_STRING)
    return options_fail("pack", "--raw '%s' is not NAME=TYPE:FILE, with a type such as i64, f32 or bytes:16", text);
  setting->value = colon + 1;
  return CLI_OK;
}

static enum cli_exit parse_metadata(const char *text, struct pack_setting *setting) {
  setting->value = split(setting, text, false);
  return setting->name ? CLI_OK : options_fail("pack", "--metadata '%s' is not KEY=VALUE", text);
}

static enum cli_exit add_setting(struct pack_options *options, enum pack_setting_kind kind, const char *text) {
  static enum cli_exit (*const parse[])(const char *, struct pack_setting *) = {
      [PACK_TYPE] = parse_type, [PACK_CODEC] = parse_codec, [PACK_METADATA] = parse_metadata, [PACK_RAW] = parse_raw};
  struct pack_setting *setting = &options->settings[options->n_settings++];
  setting->kind = kind;
  options->n_of[kind]++;
  return parse[kind](text, setting);
}

static enum cli_exit parse_chunk_rows(const char *text, size_t *rows) {
  uint64_t number;
  CLI_TRY(options_number("pack", "--chunk-rows", text, UINT64_MAX, &number));
  if (number == 0 || number > WEFT_CHUNK_ROWS || number % 1024 != 0)
    return options_fail("pack", "--chunk-rows '%s' is no multiple of 1024 from 1024 to %d", text, WEFT_CHUNK_ROWS);
  *rows = (size_t)number;
  return CLI_OK;
}

static enum cli_exit take(void *user, int option, const char *value) {
  struct pack_options *options = user;
  switch (option) {
  case OPTION_TYPE: return add_setting(options, PACK_TYPE, value);
  case OPTION_CODEC: return add_setting(options, PACK_CODEC, value);
  case OPTION_METADATA: return add_setting(options, PACK_METADATA, value);
  case OPTION_RAW: return add_setting(options, PACK_RAW, value);
  case OPTION_NAMES: return options_list("pack", "--names", value, &options->names);
  case OPTION_CHUNK_ROWS: return parse_chunk_rows(value, &options->chunk_rows);
  case OPTION_SORTED_DICTIONARY: options->sorted_dictionary = true; return CLI_OK;
  case OPTION_NO_ZONES: options->no_zones = true; return CLI_OK;
  default: return options_common("pack", option, value, &options->common);
  }
}

/* What the options mean together. */
static enum cli_exit check(struct pack_options *options, int argc, char **argv) {
  if (!options->common.output && isatty(STDOUT_FILENO))
    return options_fail("pack", "a packed file is not for terminals: redirect it, or name a file by --output");
  if (options->n_of[PACK_RAW] == 0) {
    options_files(argc, argv, &options->files, &options->n_files);
    return options_delimiters("pack", &options->common, options->files, options->n_files);
  }
  if (optind < argc)
    return options_fail("pack", "'%s' is a table, and --raw reads arrays: they do not go into one file", argv[optind]);
  if (options->names || options->common.null || options->common.table != OPTIONS_BY_NAME || options->n_of[PACK_TYPE] > 0)
    return options_fail("pack", "--type, --names, --null, --csv and --tsv are for tables, and not for --raw");
  return CLI_OK;
}

enum cli_exit pack_options_parse(int argc, char **argv, struct pack_options *options) {
  *options = (struct pack_options){.chunk_rows = WEFT_CHUNK_ROWS};
  options->settings = calloc((size_t)argc, sizeof *options->settings); /* more than there can be */
  if (!options->settings)
    return cli_fail(CLI_IO, "pack: no memory for %d arguments", argc);
  CLI_TRY(options_parse(argc, argv, ":o:h", long_options, take, options, &options->common));
  if (options->common.help)
    return CLI_OK;
  options->threads = options_threads(&options->common);
  return check(options, argc, argv);
}

void pack_options_free(struct pack_options *options) {
  free(options->settings);
}

const struct pack_setting *pack_options_find(const struct pack_options *options, enum pack_setting_kind kind,
                                             const char *name, size_t bytes) {
  const struct pack_setting *found = NULL;
  for (size_t i = 0; i < options->n_settings; i++) {
    const struct pack_setting *setting = &options->settings[i];
    if (setting->kind != kind)
      continue;
    if (setting->name && setting->name_bytes == bytes && memcmp(setting->name, name, bytes) == 0)
      found = setting;
    else if (!setting->name && !(found && found->name))
      found = setting;
  }
  return found;
}
