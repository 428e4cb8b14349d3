/* SPDX-License-Identifier: MIT
 *
 * A packed file as a picture: for each column a bar as long as its bytes, by codec, and below it its chunks in their order,
 * each as high as its bytes a row. Called by describe.c.
 */
#include "cli/describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The picture's measures. */
enum {
  WIDTH = 1000,
  SIDE = 32,
  BARS = 232, /* where they begin, */
  BARS_WIDTH = 520 /* and how long the longest is */,
  ROW = 58,    /* of a column, of which */
  BAR = 20,    /* its bar is so high, */
  CHUNKS = 14, /* and its chunks at most */
  MOST_CHUNKS = 260
};

static const struct {
  uint8_t codec;
  const char *name, *colour;
} inks[] = {
    {WEFT_CODEC_RAW, NULL, "#8b95a5"},    {WEFT_CODEC_CONST, NULL, "#b59a6a"},   {WEFT_CODEC_BITPACK, NULL, "#4a72d8"},
    {WEFT_CODEC_FOR, NULL, "#35a7d6"},    {WEFT_CODEC_DELTA, NULL, "#e3a21a"},   {WEFT_CODEC_RLE, NULL, "#ee6f57"},
    {WEFT_CODEC_DICT, NULL, "#27ae8f"},   {WEFT_CODEC_STRINGS, NULL, "#7cb342"}, {WEFT_CODEC_SPLIT, NULL, "#a06cd5"},
    {DESCRIBE_HEADS, "heads", "#c3c8d0"},
};
#define N_INKS (sizeof inks / sizeof inks[0])

static const char style[] =
    "<style>\n"
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1f2328}\n"
    ".bg{fill:#fff}.title{font-size:22px;font-weight:600}.name{font-size:14px;font-weight:600}.size{font-size:13px}\n"
    ".small{font-size:11.5px;fill:#646d78}.end{text-anchor:end}.mid{text-anchor:middle}\n"
    ".line{stroke:#dfe3e8;stroke-width:1}.track{fill:#f1f3f6}\n"
    "@media (prefers-color-scheme:dark){text{fill:#e8ebef}.bg{fill:#15181d}.small{fill:#98a2b0}.line{stroke:#2d333c}"
    ".track{fill:#20252c}}\n"
    "</style>\n";

/* Texts of others' making: what XML takes for more than text is escaped, and what it does not allow replaced. */
static enum cli_exit write_text(struct output *output, const char *text, size_t most) {
  size_t characters = 0;
  for (size_t i = 0, n = strlen(text); i < n && characters < most; characters++) {
    unsigned char byte = (unsigned char)text[i];
    size_t bytes = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0, more = 1;
    while (more < bytes && i + more < n && ((unsigned char)text[i + more] & 0xc0) == 0x80)
      more++;
    bool bad = bytes == 0 || more < bytes || byte < 0x20 || byte == 0x7f || byte > 0xf4;
    if (bad)
      CLI_TRY(output_print(output, "&#xFFFD;"));
    else if (byte == '<' || byte == '>' || byte == '&' || byte == '"')
      CLI_TRY(output_print(output, "&#%d;", byte));
    else
      CLI_TRY(output_write(output, text + i, bytes));
    i += bad ? 1 : bytes;
    if (characters + 1 == most && i < n)
      CLI_TRY(output_print(output, "…"));
  }
  return CLI_OK;
}

/* Such as "23.3 MB". */
static const char *size_text(uint64_t bytes, char text[32]) {
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  double size = (double)bytes;
  size_t unit = 0;
  while (size >= 999.5 && unit < 4) {
    size /= 1000;
    unit++;
  }
  if (unit > 0 && size == (double)(int)size) /* a round one */
    snprintf(text, 32, "%.0f %s", size, units[unit]);
  else
    snprintf(text, 32, unit == 0 || size >= 99.95 ? "%.0f %s" : size >= 9.995 ? "%.1f %s" : "%.2f %s", size, units[unit]);
  return text;
}

/* Such as "3,000,000". */
static const char *count_text(uint64_t count, char text[32]) {
  char digits[24];
  int n = snprintf(digits, sizeof digits, "%" PRIu64, count), used = 0;
  for (int i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0)
      text[used++] = ',';
    text[used++] = digits[i];
  }
  text[used] = '\0';
  return text;
}

static double percent(uint64_t part, uint64_t whole) {
  return whole > 0 ? 100 * (double)part / (double)whole : 0;
}

static const char *colour_of(unsigned codec) {
  for (size_t i = 0; i < N_INKS; i++)
    if (inks[i].codec == codec)
      return inks[i].colour;
  return inks[N_INKS - 1].colour;
}

static const char *ink_name(size_t ink) {
  return inks[ink].name ? inks[ink].name : weft_codec_name(inks[ink].codec);
}

static uint64_t longest(const struct description *description) {
  uint64_t most = 1;
  for (size_t i = 0; i < description->packed->info.columns; i++)
    if (description->columns[i].bytes > most)
      most = description->columns[i].bytes;
  return most;
}

static enum cli_exit draw_title(const struct description *description, struct output *output) {
  const struct weft_file_info *info = &description->packed->info;
  const char *path = description->packed->source.name, *slash = strrchr(path, '/');
  char rows[32], size[32], decoded[32];
  CLI_TRY(output_print(output, "<text class=\"title\" x=\"%d\" y=\"46\">", SIDE));
  CLI_TRY(write_text(output, slash ? slash + 1 : path, 60));
  return output_print(output,
                      "</text>\n<text class=\"small\" x=\"%d\" y=\"68\">%s rows, %u columns, %zu chunk%s: %s, "
                      "%.1f %% of the %s that the values take</text>\n",
                      SIDE, count_text(info->rows, rows), (unsigned)info->columns, description->n_chunks,
                      description->n_chunks == 1 ? "" : "s", size_text(info->bytes, size),
                      percent(info->bytes, description->decoded), size_text(description->decoded, decoded));
}

/* Does the codec have bytes, or give a chunk its colour? */
static bool is_used(const struct description *description, unsigned codec) {
  for (size_t i = 0; i < description->packed->info.columns; i++) {
    if (description->columns[i].by_codec[codec] > 0)
      return true;
    for (size_t chunk = 0; codec != DESCRIBE_HEADS && chunk < description->n_chunks; chunk++)
      if (description->columns[i].pieces[chunk].cascade[0] == codec)
        return true;
  }
  return false;
}

static enum cli_exit draw_legend(const struct description *description, struct output *output) {
  int x = SIDE;
  for (size_t ink = 0; ink < N_INKS; ink++) {
    if (!is_used(description, inks[ink].codec))
      continue;
    CLI_TRY(output_print(output,
                         "<rect x=\"%d\" y=\"86\" width=\"12\" height=\"12\" rx=\"2\" fill=\"%s\"/>"
                         "<text class=\"size\" x=\"%d\" y=\"96.5\">%s</text>\n",
                         x, inks[ink].colour, x + 18, ink_name(ink)));
    x += 36 + (int)strlen(ink_name(ink)) * 8;
  }
  return CLI_OK;
}

/* Lines across all bars, at a round number of bytes each: 1, 2 or 5 times a power of ten, four to nine of them. */
static enum cli_exit draw_scale(struct output *output, uint64_t most, int top, int bottom) {
  static const unsigned steps[] = {1, 2, 5};
  uint64_t step = 1;
  char size[32];
  for (uint64_t ten = 1, i = 0; most / step > 8 && ten < UINT64_MAX / 100; i++, ten *= i % 3 == 0 ? 10 : 1)
    step = ten * steps[i % 3];
  for (uint64_t at = 0; at <= most; at += step) {
    double x = BARS + BARS_WIDTH * (double)at / (double)most;
    CLI_TRY(output_print(output,
                         "<line class=\"line\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                         "<text class=\"small mid\" x=\"%.1f\" y=\"%d\">%s</text>\n",
                         x, x, top, bottom, x, top - 6, at == 0 ? "0" : size_text(at, size)));
  }
  return CLI_OK;
}

static enum cli_exit draw_bar(const struct described *column, struct output *output, uint64_t most, double y) {
  double x = BARS;
  char size[32];
  for (size_t ink = 0; ink < N_INKS; ink++) {
    uint64_t bytes = column->by_codec[inks[ink].codec];
    double width = BARS_WIDTH * (double)bytes / (double)most;
    if (bytes == 0)
      continue;
    CLI_TRY(output_print(
        output, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" fill=\"%s\"><title>%s: %s</title></rect>\n", x, y,
        width > 0.3 ? width : 0.3, BAR, inks[ink].colour, ink_name(ink), size_text(bytes, size)));
    x += width;
  }
  return CLI_OK;
}

/* Neighbouring chunks, so many that there are not more than MOST_CHUNKS of their groups. */
struct group {
  uint64_t first_row, rows, bytes;
  unsigned codec;
};

static struct group group_of(const struct description *description, const struct described *column, size_t number,
                             size_t groups) {
  size_t begin = number * description->n_chunks / groups, end = (number + 1) * description->n_chunks / groups;
  struct group group = {.first_row = column->pieces[begin].info.first_row, .codec = column->pieces[begin].cascade[0]};
  for (size_t i = begin; i < end; i++) {
    group.rows += column->pieces[i].info.rows;
    group.bytes += column->pieces[i].info.bytes;
  }
  return group;
}

static double bytes_a_row(const struct group *group) {
  return group->rows > 0 ? (double)group->bytes / (double)group->rows : 0;
}

static enum cli_exit draw_chunks(const struct description *description, const struct described *column,
                                 struct output *output, double y) {
  size_t groups = description->n_chunks < MOST_CHUNKS ? description->n_chunks : MOST_CHUNKS;
  double rows = (double)description->packed->info.rows, most = 0;
  char size[32];
  for (size_t i = 0; i < groups; i++) {
    struct group group = group_of(description, column, i, groups);
    most = bytes_a_row(&group) > most ? bytes_a_row(&group) : most;
  }
  CLI_TRY(output_print(output, "<rect class=\"track\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n", BARS, y,
                       BARS_WIDTH, CHUNKS));
  for (size_t i = 0; i < groups; i++) {
    struct group group = group_of(description, column, i, groups);
    double width = BARS_WIDTH * (double)group.rows / rows, gap = width > 8 ? 1 : width > 3 ? 0.5 : 0;
    double height = most > 0 ? CHUNKS * bytes_a_row(&group) / most : 0;
    CLI_TRY(output_print(output,
                         "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" fill-opacity=\"0.6\">"
                         "<title>rows from %" PRIu64 " on: %s, %s</title></rect>\n",
                         BARS + BARS_WIDTH * (double)group.first_row / rows, y + CHUNKS - height, width - gap, height,
                         colour_of(group.codec), group.first_row, weft_codec_name(group.codec),
                         size_text(group.bytes, size)));
  }
  return CLI_OK;
}

static enum cli_exit draw_column(const struct description *description, const struct described *column,
                                 struct output *output, uint64_t most, double y) {
  char type[TYPE_TEXT], size[32], nulls[48] = "";
  uint64_t rows = description->packed->info.rows;
  type_print(column->type, type);
  if (column->nulls > 0)
    snprintf(nulls, sizeof nulls, ", %.3g %% null", percent(column->nulls, rows));
  CLI_TRY(output_print(output, "<g><title>"));
  CLI_TRY(write_text(output, column->name, 1000));
  CLI_TRY(output_print(output, "</title><text class=\"name\" x=\"%d\" y=\"%.1f\">", SIDE, y + 15));
  CLI_TRY(write_text(output, column->name, 22));
  CLI_TRY(output_print(output, "</text></g>\n<text class=\"small\" x=\"%d\" y=\"%.1f\">%s%s</text>\n", SIDE, y + 32, type,
                       nulls));
  CLI_TRY(draw_bar(column, output, most, y));
  if (description->n_chunks > 1)
    CLI_TRY(draw_chunks(description, column, output, y + BAR + 4));
  return output_print(output,
                      "<text class=\"size end\" x=\"%d\" y=\"%.1f\">%s</text>\n"
                      "<text class=\"small end\" x=\"%d\" y=\"%.1f\">%.1f %%, %.3g bits a row</text>\n",
                      WIDTH - SIDE, y + 15, size_text(column->bytes, size), WIDTH - SIDE, y + 32,
                      percent(column->bytes, column->decoded), rows > 0 ? 8 * (double)column->bytes / (double)rows : 0);
}

enum cli_exit description_svg(const struct description *description, struct output *output) {
  const int top = 140;
  size_t n = description->packed->info.columns;
  long bottom = top + ROW * (long)n;
  uint64_t most = longest(description);
  CLI_TRY(output_print(output,
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%ld\" viewBox=\"0 0 %d %ld\">\n"
                       "%s<rect class=\"bg\" width=\"100%%\" height=\"100%%\"/>\n",
                       WIDTH, bottom + 48, WIDTH, bottom + 48, style));
  CLI_TRY(draw_title(description, output));
  CLI_TRY(draw_legend(description, output));
  CLI_TRY(draw_scale(output, most, top - 8, (int)bottom - 8));
  for (size_t i = 0; i < n; i++)
    CLI_TRY(draw_column(description, &description->columns[i], output, most, top + ROW * (double)i));
  const char *chunks = description->n_chunks > 1 ? " Below them the chunks in the order of their rows, as high as their "
                                                   "bytes a row, in the colour of their outermost codec."
                                                 : "";
  return output_print(output, "<text class=\"small\" x=\"%d\" y=\"%ld\">Bars: bytes by codec.%s</text>\n</svg>\n", SIDE,
                      bottom + 24, chunks);
}
