/* SPDX-License-Identifier: MIT
 *
 * The command's context and its memory, which all comes from the context's slab.
 */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include "cli/cli.h"

#include <weft/weft.h>

/* The one context of a run. */
struct memory {
  weft_slab *slab;
  weft_ctx *ctx;
};

/* Creates slab and context. isa NULL: the environment's, else the best. limit_bytes 0: none. Prints why it fails; there is
 * nothing to close then. */
enum cli_exit memory_open(struct memory *memory, const char *isa, size_t limit_bytes);

/* Ends both. Whatever was allocated must have been freed: this checks it, and aborts where it was not. */
void memory_close(struct memory *memory);

/* Resizes *p (NULL: allocates) to count elements of bytes each. On failure *p is untouched, and the message says what it
 * was for: "name: purpose: why". */
enum cli_exit memory_resize(weft_ctx *ctx, void **p, size_t count, size_t bytes, const char *name, const char *purpose);

/* Frees p, or aborts: a pointer that the slab refuses is a defect of the command. NULL is fine. */
void memory_free(weft_ctx *ctx, void *p);

/* Checks n columns before the library trusts them. name: of their input. */
enum cli_exit memory_validate(weft_ctx *ctx, const struct weft_column *columns, size_t n, const char *name);

/* Bytes taken from the system at present. */
uint64_t memory_taken(const struct memory *memory);

/* What a status is as a failure of the command. */
enum cli_exit memory_code(weft_status status);

/* What weft said of the last failure of a call on ctx, without the call's name, which the command's user never gave; the
 * status in words where it said nothing. */
const char *memory_words(const weft_ctx *ctx, weft_status status);

/* The message of the last failure of a call on ctx, as a failure of the command. */
enum cli_exit memory_status(const weft_ctx *ctx, weft_status status, const char *name);

#endif
