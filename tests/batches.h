/* SPDX-License-Identifier: MIT
 *
 * What the checks of kernels hand to them: columns as kernels see them, and batches to fill.
 */
#ifndef TESTS_BATCHES_H
#define TESTS_BATCHES_H

#include <weft/column.h>

#include "guard.h"
#include "simd/kernels.h"

/* A column as a kernel sees it. */
struct simd_column kernel_view(const struct weft_column *column);

/* The same rows with `first` rows before them that are not there, at addresses just before each of the view's arrays:
 * of such a view rows from number `first` on may be read. */
struct simd_column kernel_view_behind(struct simd_column view, size_t first);

/* A batch for n rows: arrays for exactly their blocks, against the upper guard page. All of it is garbage but the pointers
 * to them and prefetch, which is drawn. */
struct simd_rows batch_take(struct guard_pool *pool, struct rng *rng, size_t n);

#endif
