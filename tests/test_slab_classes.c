/* SPDX-License-Identifier: MIT
 *
 * Sizes: which class serves a request, what a class wastes, and where its objects start.
 */
#include "tests/slabs.h"
#include "tests/suite.h"

START_TEST(class_of_is_the_smallest_class_that_holds_each_size) {
  for (size_t bytes = 0; bytes <= CLASS_MAX_BYTES; bytes++) {
    unsigned smallest = 0;
    while (weft__classes[smallest].bytes < bytes)
      smallest++;
    EXPECT(class_of(bytes) == smallest, "%zu bytes: class %u, not %u", bytes, class_of(bytes), smallest);
  }
}
END_TEST

START_TEST(classes_grow_and_keep_their_alignment) {
  for (unsigned i = 0; i < CLASSES; i++) {
    uint32_t bytes = weft__classes[i].bytes;
    ck_assert_msg(i == 0 || bytes > weft__classes[i - 1].bytes, "class %u of %u bytes", i, bytes);
    ck_assert_msg(bytes % (bytes >= 512 ? 64 : 16) == 0, "class %u of %u bytes", i, bytes);
    ck_assert_msg(bytes < 2048 || bytes / 64 % 2 == 1, "class %u of %u bytes is an even multiple of 64", i, bytes);
    ck_assert_msg(weft__classes[i].rounds >= 20, "class %u: magazines of %u", i, weft__classes[i].rounds);
  }
  ck_assert_uint_ge(weft__classes[CLASSES - 1].bytes, 32 << 10);
}
END_TEST

START_TEST(classes_waste_at_most_5_percent_on_average_and_16_above_512_bytes) {
  double sum = 0, worst = 0;
  for (size_t bytes = 16; bytes <= 32 << 10; bytes++) {
    double waste = 1 - (double)bytes / weft__classes[class_of(bytes)].bytes;
    sum += waste;
    if (bytes > 512 && waste > worst)
      worst = waste;
  }
  double mean = sum / ((32 << 10) - 15);
  ck_assert_msg(mean <= 0.05 && worst <= 0.16, "mean %.4f, worst %.4f", mean, worst);
}
END_TEST

START_TEST(class_index_is_exact_for_every_class_and_offset) {
  for (unsigned i = 0; i < CLASSES; i++) {
    uint32_t bytes = weft__classes[i].bytes, index = 0, within = 0;
    for (uint32_t offset = 0; offset < SLAB_BYTES; offset++) {
      bool at_start;
      uint32_t found = class_index(weft__classes[i].reciprocal, offset, &at_start);
      EXPECT(found == index && at_start == (within == 0), "class of %u bytes, offset %u: object %u%s", bytes, offset, found,
             at_start ? ", at its start" : "");
      if (++within == bytes) {
        within = 0;
        index++;
      }
    }
  }
}
END_TEST

START_TEST(a_class_serves_what_some_alignment_gives_it) {
  for (size_t bytes = 0; bytes <= 70000; bytes += bytes < 5000 ? 1 : 61)
    for (unsigned class_ = 0; class_ < BINS; class_++) {
      bool serves = false;
      for (size_t align = 1; align <= PAGE_BYTES; align *= 2)
        serves |= weft__class_aligned(bytes, align) == class_;
      EXPECT(weft__class_serves(class_, bytes) == serves, "class of %u bytes, %zu bytes: %d", weft__classes[class_].bytes,
             bytes, !serves);
    }
}
END_TEST

START_TEST(run_classes_hold_each_count_of_pages) {
  for (size_t bytes = 1; bytes <= RUN_MAX_BYTES; bytes += 512) {
    unsigned class_ = weft__class_aligned(bytes, PAGE_BYTES);
    EXPECT(class_ >= CLASSES && class_ < BINS && weft__classes[class_].bytes >= bytes &&
               (class_ == CLASSES || weft__classes[class_ - 1].bytes < bytes),
           "%zu bytes: run class %u", bytes, class_);
  }
}
END_TEST

static void add_tests(TCase *tcase) {
  tcase_add_test(tcase, class_of_is_the_smallest_class_that_holds_each_size);
  tcase_add_test(tcase, classes_grow_and_keep_their_alignment);
  tcase_add_test(tcase, classes_waste_at_most_5_percent_on_average_and_16_above_512_bytes);
  tcase_add_test(tcase, class_index_is_exact_for_every_class_and_offset);
  tcase_add_test(tcase, a_class_serves_what_some_alignment_gives_it);
  tcase_add_test(tcase, run_classes_hold_each_count_of_pages);
}

int main(void) {
  return suite_main("slab_classes", add_tests);
}
