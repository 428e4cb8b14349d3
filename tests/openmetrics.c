/* SPDX-License-Identifier: MIT
 *
 * openmetrics.h, a line at a time. What it knows of the past: the families there were, and all samples.
 */
#include "tests/openmetrics.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FAMILIES = 200, MOST_SAMPLES = 20000 };

struct text {
  const char *at;
  size_t n;
};

enum type { UNTYPED, GAUGE, COUNTER, HISTOGRAM };

static struct reader {
  struct text families[MOST_FAMILIES];
  size_t n_families;
  struct text samples[MOST_SAMPLES]; /* names with labels */
  size_t n_samples;
  /* of the last family */
  enum type type;
  bool helped, typed, has_unit, sampled;
  /* of the last histogram of it */
  struct text series; /* its labels, without le; at NULL: none is under way */
  double bound, below;
  bool counted, summed;
} r;

static bool same(struct text a, struct text b) {
  return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

static struct text of(const char *string) {
  return (struct text){string, strlen(string)};
}

static bool ends_with(struct text a, struct text end) {
  return a.n > end.n && same((struct text){a.at + a.n - end.n, end.n}, end);
}

/* Takes a name off the front of *rest; n is 0 where there is none. */
static struct text take_name(struct text *rest, bool colons) {
  struct text name = {rest->at, 0};
  while (name.n < rest->n &&
         (isalpha((unsigned char)name.at[name.n]) || name.at[name.n] == '_' || (colons && name.at[name.n] == ':') ||
          (name.n > 0 && isdigit((unsigned char)name.at[name.n]))))
    name.n++;
  rest->at += name.n;
  rest->n -= name.n;
  return name;
}

static bool take(struct text *rest, const char *string) {
  size_t n = strlen(string);
  if (rest->n < n || memcmp(rest->at, string, n) != 0)
    return false;
  rest->at += n;
  rest->n -= n;
  return true;
}

/* A number, of the whole of text. */
static bool read_number(struct text text, double *value) {
  char digits[64], *end;
  if (text.n == 0 || text.n >= sizeof digits)
    return false;
  memcpy(digits, text.at, text.n);
  digits[text.n] = 0;
  if (strcmp(digits, "+Inf") == 0) {
    *value = INFINITY;
    return true;
  }
  if (strspn(digits, "0123456789.eE+-") != text.n)
    return false;
  *value = strtod(digits, &end);
  return *end == 0;
}

/* A histogram that is under way is over. */
static const char *end_series(void) {
  bool whole = r.series.at == NULL || (r.bound == INFINITY && r.counted && r.summed);
  r.series.at = NULL;
  return whole ? NULL : "a histogram has a bucket +Inf, a count and a sum";
}

static const char *read_type(struct text rest) {
  static const char *const names[] = {"unknown", "gauge", "counter", "histogram"};
  for (unsigned i = 0; i < 4; i++)
    if (same(rest, of(names[i]))) {
      r.type = (enum type)i;
      return NULL;
    }
  return "a type is one of those that there are";
}

static const char *once(bool *seen) {
  bool was = *seen;
  *seen = true;
  return was ? "HELP, TYPE and UNIT come once in a family" : NULL;
}

static const char *start_family(struct text name) {
  const char *broken = end_series();
  for (size_t i = 0; i < r.n_families; i++)
    if (same(r.families[i], name))
      return "a family is in one piece";
  if (r.n_families == MOST_FAMILIES)
    return "(more families than this reader can hold)";
  r.families[r.n_families++] = name;
  r.type = UNTYPED;
  r.helped = r.typed = r.has_unit = r.sampled = false;
  return broken;
}

/* rest: after "# ". */
static const char *read_metadata(struct text rest) {
  bool help = take(&rest, "HELP "), type = !help && take(&rest, "TYPE "), unit = !help && !type && take(&rest, "UNIT ");
  struct text name = take_name(&rest, true);
  if (!(help || type || unit) || name.n == 0 || !take(&rest, " "))
    return "a line of # is HELP, TYPE or UNIT, a name and what it is";
  if (r.n_families == 0 || !same(r.families[r.n_families - 1], name)) {
    const char *broken = start_family(name);
    if (broken != NULL)
      return broken;
  }
  if (r.sampled)
    return "HELP, TYPE and UNIT stand before the samples";
  if (type) {
    const char *broken = once(&r.typed);
    return broken != NULL ? broken : read_type(rest);
  }
  if (help) {
    for (size_t i = 0; i < rest.n; i++)
      if (rest.at[i] == '\\' && (++i == rest.n || strchr("\\n\"", rest.at[i]) == NULL))
        return "a help text escapes backslash, n and quote alone";
    return once(&r.helped);
  }
  if (!ends_with(name, rest) || name.at[name.n - rest.n - 1] != '_')
    return "a name ends with _ and its unit";
  return once(&r.has_unit);
}

/* Labels in braces, if any; *le is the value of le, its at NULL where there is none. */
static const char *read_labels(struct text *rest, struct text *others, struct text *le) {
  struct text names[16];
  size_t n = 0;
  *others = (struct text){rest->at, 0};
  *le = (struct text){NULL, 0};
  if (!take(rest, "{"))
    return NULL;
  others->at = rest->at;
  while (!take(rest, "}")) {
    const char *start = rest->at;
    if (n > 0 && !take(rest, ","))
      return "labels are parted by commas";
    struct text name = take_name(rest, false), value;
    if (name.n == 0 || n == 16 || !take(rest, "=\""))
      return "a label is a name and a value in quotes";
    for (size_t i = 0; i < n; i++)
      if (same(names[i], name))
        return "a label comes once";
    names[n++] = name;
    value = (struct text){rest->at, 0};
    while (rest->n > 0 && rest->at[0] != '"') {
      size_t step = rest->at[0] == '\\' ? 2 : 1;
      if (step == 2 && (rest->n < 2 || strchr("\\n\"", rest->at[1]) == NULL))
        return "a label's value escapes backslash, n and quote alone";
      rest->at += step;
      rest->n -= step;
      value.n += step;
    }
    if (!take(rest, "\""))
      return "a label's value ends with a quote";
    if (same(name, of("le")))
      *le = value;
    else
      others->n = (size_t)(rest->at - others->at);
    if (le->at != NULL && start > le->at)
      return "(this reader wants le to be the last label)";
  }
  return NULL;
}

static const char *read_histogram(struct text end, struct text others, struct text le, double value) {
  const char *broken = NULL;
  if (value < 0 || (!same(end, of("_sum")) && value != floor(value)))
    return "counts of a histogram are whole numbers, and not below 0";
  if (same(end, of("_bucket"))) {
    double bound;
    if (le.at == NULL || !read_number(le, &bound))
      return "a bucket has its bound in le";
    if (r.series.at == NULL || !same(r.series, others) || r.counted) {
      broken = end_series();
      r.series = others;
      r.counted = r.summed = false;
    } else if (bound <= r.bound || value < r.below) {
      return "bounds and counts of buckets do not fall";
    }
    r.bound = bound;
    r.below = value;
    return broken;
  }
  if (r.series.at == NULL || !same(r.series, others) || r.bound != INFINITY || le.at != NULL)
    return "a histogram's count and sum follow its buckets, of which the last is +Inf";
  if (same(end, of("_count")))
    r.counted = true;
  else
    r.summed = true;
  return same(end, of("_count")) && value != r.below ? "the count is that of the bucket +Inf" : NULL;
}

/* end: the sample's name behind that of its family. */
static const char *check_value(struct text end, struct text others, struct text le, double value) {
  static const char *const ends[][4] = {{""}, {""}, {"_total"}, {"_bucket", "_count", "_sum"}};
  bool known = false;
  for (int i = 0; i < 4 && ends[r.type][i] != NULL; i++)
    known |= same(end, of(ends[r.type][i]));
  if (!known)
    return "a sample's name ends as its type wants";
  if (r.type == COUNTER && !(value >= 0))
    return "a counter is not below 0";
  return r.type == HISTOGRAM ? read_histogram(end, others, le, value) : NULL;
}

static const char *read_sample(struct text line) {
  struct text rest = line, others, le;
  struct text name = take_name(&rest, true);
  const char *broken = read_labels(&rest, &others, &le);
  struct text key = {line.at, (size_t)(rest.at - line.at)};
  double value;
  if (name.n == 0 || broken != NULL)
    return broken != NULL ? broken : "a line is a sample or begins with #";
  if (!take(&rest, " ") || !read_number(rest, &value))
    return "a sample ends with a space and a number";
  for (size_t i = 0; i < r.n_samples; i++)
    if (same(r.samples[i], key))
      return "a sample comes once";
  if (r.n_samples == MOST_SAMPLES)
    return "(more samples than this reader can hold)";
  r.samples[r.n_samples++] = key;
  struct text family = r.n_families > 0 ? r.families[r.n_families - 1] : (struct text){"", 0};
  if (family.n == 0 || name.n < family.n || memcmp(name.at, family.at, family.n) != 0)
    return "a sample stands with its family";
  r.sampled = true;
  return check_value((struct text){name.at + family.n, name.n - family.n}, others, le, value);
}

const char *openmetrics_broken_rule(const char *text, int *line) {
  memset(&r, 0, sizeof r);
  for (*line = 1;; ++*line) {
    const char *end = strchr(text, '\n');
    struct text rest = {text, end == NULL ? 0 : (size_t)(end - text)};
    if (end == NULL)
      return *text == 0 ? "the last line is # EOF" : "a line ends with a line feed";
    if (same(rest, of("# EOF")))
      return end[1] != 0 ? "nothing follows # EOF" : end_series();
    const char *broken = take(&rest, "# ") ? read_metadata(rest) : read_sample(rest);
    if (broken != NULL)
      return broken;
    text = end + 1;
  }
}

bool openmetrics_value(const char *text, const char *sample, double *value) {
  size_t n = strlen(sample);
  for (const char *line = text; line != NULL && *line != 0; line = strchr(line, '\n'), line += line != NULL)
    if (strncmp(line, sample, n) == 0 && line[n] == ' ') {
      *value = strtod(line + n, NULL);
      return true;
    }
  return false;
}
