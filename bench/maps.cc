// SPDX-License-Identifier: MIT
//
// What a C++ program does without weft: std::unordered_map with std::hash. A peer of bench_join.
#include "joins.h"

#include <string_view>
#include <unordered_map>

struct map {
  std::unordered_map<uint64_t, uint32_t> numbers;
  std::unordered_map<std::string_view, uint32_t> strings;
};

namespace {

std::string_view text(const keys &k, size_t i) {
  return {k.bytes + k.offsets[i], static_cast<size_t>(k.offsets[i + 1] - k.offsets[i])};
}

template <class Map, class Key> join_sums probe(const Map &map, size_t first, size_t n, Key key) {
  join_sums sums{};
  for (size_t i = first; i < first + n; i++) {
    auto found = map.find(key(i));
    if (found == map.end())
      continue;
    sums.pairs++;
    sums.build += found->second;
    sums.probe += i;
  }
  return sums;
}

template <class Map, class Key> size_t number_keys(Map &map, size_t rows, Key key, uint32_t *group) {
  for (size_t i = 0; i < rows; i++)
    group[i] = map.emplace(key(i), static_cast<uint32_t>(map.size())).first->second;
  return map.size();
}

} // namespace

struct map *map_build(const struct keys *k) {
  auto *m = new map;
  if (k->numbers) {
    m->numbers.reserve(k->rows);
    for (size_t i = 0; i < k->rows; i++)
      m->numbers.emplace(k->numbers[i], static_cast<uint32_t>(i));
  } else {
    m->strings.reserve(k->rows);
    for (size_t i = 0; i < k->rows; i++)
      m->strings.emplace(text(*k, i), static_cast<uint32_t>(i));
  }
  return m;
}

void map_free(struct map *m) {
  delete m;
}

struct join_sums map_probe(const struct map *m, const struct keys *k, size_t first, size_t n) {
  if (k->numbers)
    return probe(m->numbers, first, n, [k](size_t i) { return k->numbers[i]; });
  return probe(m->strings, first, n, [k](size_t i) { return text(*k, i); });
}

size_t map_group(const struct keys *k, uint32_t *group) {
  map m;
  if (k->numbers)
    return number_keys(
        m.numbers, k->rows, [k](size_t i) { return k->numbers[i]; }, group);
  return number_keys(
      m.strings, k->rows, [k](size_t i) { return text(*k, i); }, group);
}
