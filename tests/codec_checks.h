/* SPDX-License-Identifier: MIT
 *
 * The checks of each kind of codecs' kernels, run by test_codec_kernels.c for every kernel of SIMD_CODEC_LIST on every
 * table, as checks.h has them of the other kernels: FACTS_<kind>(FACT, name) lists the facts that hold for a kernel of that
 * kind, and each names a function check_<kind>_<fact>, which fails the running Check test.
 */
#ifndef TESTS_CODEC_CHECKS_H
#define TESTS_CODEC_CHECKS_H

#include "codec_cases.h"

#define FACTS_unpack(FACT, name)                              \
  FACT(unpack, name, reads_the_layout_at_every_row_count)     \
  FACT(unpack, name, reads_the_layout_at_every_width_of_bits) \
  FACT(unpack, name, reads_the_layout_at_every_alignment)

#define FACTS_pack(FACT, name)                               \
  FACT(pack, name, writes_the_layout_at_every_row_count)     \
  FACT(pack, name, writes_the_layout_at_every_width_of_bits) \
  FACT(pack, name, writes_the_layout_at_every_alignment)

#define FACTS_undelta(FACT, name)                     \
  FACT(undelta, name, adds_up_at_every_row_count)     \
  FACT(undelta, name, adds_up_at_every_width_of_bits) \
  FACT(undelta, name, adds_up_at_every_alignment)

#define FACTS_delta(FACT, name)                              \
  FACT(delta, name, subtracts_neighbours_at_every_row_count) \
  FACT(delta, name, subtracts_neighbours_at_every_alignment)

#define FACTS_range(FACT, name)                            \
  FACT(range, name, finds_the_extremes_at_every_row_count) \
  FACT(range, name, finds_the_extremes_in_every_place)     \
  FACT(range, name, finds_the_extremes_at_every_alignment)

#define FACTS_changes(FACT, name)                       \
  FACT(changes, name, marks_changes_at_every_row_count) \
  FACT(changes, name, marks_a_change_of_any_one_bit)    \
  FACT(changes, name, marks_changes_at_every_alignment)

#define FACTS_compact(FACT, name)                                \
  FACT(compact, name, keeps_what_is_set_at_every_row_count)      \
  FACT(compact, name, keeps_what_is_set_in_every_kind_of_bitmap) \
  FACT(compact, name, keeps_what_is_set_at_every_alignment)

#define FACTS_expand(FACT, name)                                \
  FACT(expand, name, fills_what_is_set_at_every_row_count)      \
  FACT(expand, name, fills_what_is_set_in_every_kind_of_bitmap) \
  FACT(expand, name, fills_what_is_set_at_every_alignment)

#define FACTS_spread(FACT, name)                               \
  FACT(spread, name, repeats_each_run_at_every_row_count)      \
  FACT(spread, name, repeats_each_run_of_every_kind_of_bitmap) \
  FACT(spread, name, repeats_each_run_at_every_alignment)

#define FACTS_fill(FACT, name)                          \
  FACT(fill, name, repeats_each_run_at_every_row_count) \
  FACT(fill, name, repeats_runs_of_every_length)        \
  FACT(fill, name, repeats_each_run_at_every_alignment)

#define FACTS_gather(FACT, name)                                   \
  FACT(gather, name, looks_codes_up_at_every_row_count)            \
  FACT(gather, name, looks_codes_up_in_dictionaries_of_every_size) \
  FACT(gather, name, refuses_a_bad_code_in_every_place)            \
  FACT(gather, name, looks_codes_up_at_every_alignment)

#define FACTS_split(FACT, name)                           \
  FACT(split, name, takes_bytes_apart_at_every_row_count) \
  FACT(split, name, takes_bytes_apart_at_every_alignment)

#define FACTS_unsplit(FACT, name)                             \
  FACT(unsplit, name, puts_bytes_together_at_every_row_count) \
  FACT(unsplit, name, puts_bytes_together_at_every_alignment)

#define FACTS_positions(FACT, name)                                \
  FACT(positions, name, lists_what_is_set_at_every_row_count)      \
  FACT(positions, name, lists_what_is_set_in_every_kind_of_bitmap) \
  FACT(positions, name, lists_what_is_set_at_every_alignment)

#define FACTS_stream(FACT, name)                 \
  FACT(stream, name, copies_any_number_of_bytes) \
  FACT(stream, name, copies_to_every_alignment)  \
  FACT(stream, name, copies_whole_pages)

#define FACTS_sums(FACT, name)                                     \
  FACT(sums, name, adds_to_the_words_of_groups_at_every_row_count) \
  FACT(sums, name, adds_to_the_words_of_groups_at_every_alignment)

#define FACTS_reals(FACT, name)                                     \
  FACT(reals, name, adds_to_the_words_of_groups_at_every_row_count) \
  FACT(reals, name, adds_to_the_words_of_groups_at_every_alignment)

#define DECLARE(kind, name, fact) void check_##kind##_##fact(struct codec_case *c);
FACTS_unpack(DECLARE, any) FACTS_pack(DECLARE, any) FACTS_undelta(DECLARE, any) FACTS_delta(DECLARE, any)
    FACTS_range(DECLARE, any) FACTS_changes(DECLARE, any) FACTS_compact(DECLARE, any) FACTS_expand(DECLARE, any)
        FACTS_spread(DECLARE, any) FACTS_fill(DECLARE, any) FACTS_gather(DECLARE, any) FACTS_split(DECLARE, any)
            FACTS_unsplit(DECLARE, any) FACTS_positions(DECLARE, any) FACTS_stream(DECLARE, any) FACTS_sums(DECLARE, any)
                FACTS_reals(DECLARE, any)
#undef DECLARE

#endif
