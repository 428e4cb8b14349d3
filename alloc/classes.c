/* SPDX-License-Identifier: MIT
 *
 * The table of size classes and the map from a size to its class.
 *
 * Objects: steps of 16 bytes to 128, 4 classes per doubling to 512, then 8. Above 512 every size is a multiple of 64, and
 * from 2 KiB up an odd one, so that objects of one class do not share cache sets: where the doubling ends at 2^k, the
 * class is 2^k + 64 and its neighbours are moved along. All of a class's bytes are usable, so the odd 64 are no loss.
 * Runs: whole pages, every count to 16, then 8 per doubling to 256.
 */
#include "alloc/classes.h"

/* C: a class of objects of b bytes. R: of runs of n pages. A magazine is to hold 64 KiB of objects, but 32 at least, with
 * which 95 of 100 requests find one; a run's is to hold 2 MiB at most. */
/* clang-format off */
#define AT_MOST(a, b) ((a) < (b) ? (a) : (b))
#define AT_LEAST(a, b) ((a) > (b) ? (a) : (b))
#define SPREAD(b) ((b) <= 256 ? 0 : (b) <= 512 ? 1 : (b) <= 1024 ? 2 : (b) <= 2048 ? 3 : (b) <= 4096 ? 4 : (b) <= 8192 ? 5 : 6)
#define ROUNDS(b) AT_MOST(AT_LEAST(65536 / (b), 32), MAX_ROUNDS)
#define C(b) {(b), SLAB_BYTES / (b), class_reciprocal(b, SPREAD(b)), ROUNDS(b) & ~((64 >> SPREAD(b)) - 1), SPREAD(b)}
#define R(n) {(n) * PAGE_BYTES, 0, 0, AT_MOST(20, SLAB_PAGES / (n)), 0}
#define R8(n) R(n), R((n) / 8 * 9), R((n) / 8 * 10), R((n) / 8 * 11), R((n) / 8 * 12), R((n) / 8 * 13), R((n) / 8 * 14), R((n) / 8 * 15)

const struct size_class weft__classes[BINS] = {
    C(16), C(32), C(48), C(64), C(80), C(96), C(112), C(128),
    C(160), C(192), C(224), C(256), C(320), C(384), C(448), C(512),
    C(9 * 64), C(10 * 64), C(11 * 64), C(12 * 64), C(13 * 64), C(14 * 64), C(15 * 64), C(16 * 64),
    C(18 * 64), C(20 * 64), C(22 * 64), C(24 * 64), C(26 * 64), C(28 * 64), C(30 * 64), C(33 * 64),
    C(37 * 64), C(41 * 64), C(45 * 64), C(49 * 64), C(53 * 64), C(57 * 64), C(61 * 64), C(65 * 64),
    C(73 * 64), C(81 * 64), C(89 * 64), C(97 * 64), C(105 * 64), C(113 * 64), C(121 * 64), C(129 * 64),
    C(145 * 64), C(161 * 64), C(177 * 64), C(193 * 64), C(209 * 64), C(225 * 64), C(241 * 64), C(257 * 64),
    C(289 * 64), C(321 * 64), C(353 * 64), C(385 * 64), C(417 * 64), C(449 * 64), C(481 * 64), C(513 * 64),
    C(577 * 64), C(641 * 64), C(705 * 64), C(769 * 64), C(833 * 64), C(897 * 64), C(961 * 64), C(1025 * 64),
    R(1), R(2), R(3), R(4), R(5), R(6), R(7), R8(8), R8(16), R8(32), R8(64), R8(128), R(256),
};

/* X<n>(c): class c, n times over. */
#define X2(c) c, c
#define X4(c) X2(c), X2(c)
#define X8(c) X4(c), X4(c)
#define X16(c) X8(c), X8(c)
#define X32(c) X16(c), X16(c)
#define X64(c) X32(c), X32(c)
#define X128(c) X64(c), X64(c)
#define X256(c) X128(c), X128(c)

/* [n]: the class for sizes above 16 (n - 1), up to 16 n. */
const uint8_t weft__class_map[CLASS_MAX_BYTES / 16 + 1] = {
    0, 0, 1, 2, 3, 4, 5, 6, 7, X2(8), X2(9), X2(10), X2(11), X4(12), X4(13), X4(14), X4(15),
    X4(16), X4(17), X4(18), X4(19), X4(20), X4(21), X4(22), X4(23),
    X8(24), X8(25), X8(26), X8(27), X8(28), X8(29), X8(30), X8(31), X4(31),
    X16(32), X16(33), X16(34), X16(35), X16(36), X16(37), X16(38), X16(39),
    X32(40), X32(41), X32(42), X32(43), X32(44), X32(45), X32(46), X32(47),
    X64(48), X64(49), X64(50), X64(51), X64(52), X64(53), X64(54), X64(55),
    X128(56), X128(57), X128(58), X128(59), X128(60), X128(61), X128(62), X128(63),
    X256(64), X256(65), X256(66), X256(67), X256(68), X256(69), X256(70), X256(71),
};

/* clang-format on */

unsigned weft__class_aligned(size_t bytes, size_t align) {
  if (bytes <= CLASS_MAX_BYTES && align < PAGE_BYTES)
    for (unsigned class_ = class_of(bytes); class_ < CLASSES; class_++)
      if ((weft__classes[class_].bytes & (align - 1)) == 0)
        return class_;
  return run_class_of(bytes == 0 ? 1 : bytes);
}

/* Of the alignments that the class has, the largest leaves it the fewest smaller rivals. */
bool weft__class_serves(unsigned class_, size_t bytes) {
  size_t class_bytes = weft__classes[class_].bytes;
  size_t align = class_ < CLASSES ? class_bytes & -class_bytes : PAGE_BYTES;
  return bytes <= RUN_MAX_BYTES && weft__class_aligned(bytes, align) == class_;
}
