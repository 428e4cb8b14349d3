/* SPDX-License-Identifier: MIT
 *
 * The arguments of `weft pack`.
 */
#ifndef CLI_PACK_OPTIONS_H
#define CLI_PACK_OPTIONS_H

#include "cli/options.h"
#include "cli/type.h"

#include <weft/file.h>

enum pack_setting_kind { PACK_TYPE, PACK_CODEC, PACK_METADATA, PACK_RAW, PACK_N_KINDS };

/* One NAME=VALUE of an option that may be given several times. */
struct pack_setting {
  enum pack_setting_kind kind;
  const char *name; /* not terminated; NULL, of types and codecs: all columns that none names */
  size_t name_bytes;
  const char *value;               /* of metadata; of raw arrays the file */
  struct type type;                /* of types and raw arrays */
  uint8_t codec[WEFT_CODEC_DEPTH]; /* of codecs */
};

struct pack_options {
  struct options_common common;
  const char *names;
  struct pack_setting *settings; /* [n_settings], in their order */
  size_t n_settings, n_of[PACK_N_KINDS];
  size_t threads, chunk_rows;
  bool sorted_dictionary, no_zones;
  char **files; /* [n_files]; none with raw arrays */
  size_t n_files;
};

extern const char pack_help[];

/* After a failure too, pack_options_free must be called. */
enum cli_exit pack_options_parse(int argc, char **argv, struct pack_options *options);
void pack_options_free(struct pack_options *options);

/* The last setting of that kind for a column; NULL: none. */
const struct pack_setting *pack_options_find(const struct pack_options *options, enum pack_setting_kind kind,
                                             const char *name, size_t bytes);

#endif
