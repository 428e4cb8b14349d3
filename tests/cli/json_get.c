/* SPDX-License-Identifier: MIT
 *
 * Prints one value of the JSON text on stdin: json_get tables/0/name < TEXT. A step of the path is a key, an index, or
 * `length` of a list. For the tests of `weft features --json`; exits with 1 where the text is no JSON or lacks the value.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  json_error_t error;
  json_t *root = json_loadf(stdin, JSON_REJECT_DUPLICATES, &error);
  if (argc != 2 || !root) {
    fprintf(stderr, "json_get: %s, line %d\n", root ? "usage: json_get PATH" : error.text, error.line);
    return 1;
  }
  const json_t *value = root;
  for (char *step = strtok(argv[1], "/"); step && value; step = strtok(NULL, "/")) {
    if (json_is_array(value) && strcmp(step, "length") == 0) {
      printf("%zu\n", json_array_size(value));
      json_decref(root);
      return 0;
    }
    value = json_is_array(value) ? json_array_get(value, strtoul(step, NULL, 10)) : json_object_get(value, step);
  }
  int failed = 0;
  if (json_is_string(value))
    puts(json_string_value(value));
  else if (json_is_boolean(value))
    puts(json_is_true(value) ? "true" : "false");
  else if (json_is_integer(value))
    printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
  else if (json_is_real(value))
    printf("%.17g\n", json_real_value(value));
  else
    failed = fprintf(stderr, "json_get: no such string, boolean or number\n") != 0;
  json_decref(root);
  return failed;
}
