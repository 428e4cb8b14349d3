// SPDX-License-Identifier: MIT
//
// What a C++ program does without weft: std::unordered_map with std::hash, or std::sort and a merge. Peers of bench_join.
#include "joins.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

struct map {
  std::unordered_map<uint64_t, uint32_t> numbers;
  std::unordered_map<std::string_view, uint32_t> strings;
};

namespace {

std::string_view text(const keys &k, size_t i) {
  return {k.bytes + k.offsets[i], static_cast<size_t>(k.offsets[i + 1] - k.offsets[i])};
}

uint64_t payload(const keys &k, size_t i) {
  return k.values ? k.values[i] : i;
}

template <class Map, class Key>
join_sums probe(const Map &map, const keys &build, const keys &other, size_t first, size_t n, Key key) {
  join_sums sums{};
  for (size_t i = first; i < first + n; i++) {
    auto found = map.find(key(i));
    if (found == map.end())
      continue;
    sums.pairs++;
    wide_add(&sums.build, payload(build, found->second));
    wide_add(&sums.probe, payload(other, i));
  }
  return sums;
}

template <class Map, class Key> size_t number_keys(Map &map, size_t rows, Key key, uint32_t *group) {
  for (size_t i = 0; i < rows; i++)
    group[i] = map.emplace(key(i), static_cast<uint32_t>(map.size())).first->second;
  return map.size();
}

template <class Key> using sorted = std::vector<std::pair<Key, uint32_t>>;

template <class Key, class Get> sorted<Key> sort_keys(const keys &k, Get get) {
  sorted<Key> rows;
  rows.reserve(k.rows);
  for (size_t i = 0; i < k.rows; i++)
    rows.emplace_back(get(k, i), static_cast<uint32_t>(i));
  std::sort(rows.begin(), rows.end());
  return rows;
}

template <class Key> join_sums merge(const keys &build, const sorted<Key> &b, const keys &other, const sorted<Key> &p) {
  join_sums sums{};
  size_t i = 0;
  for (const auto &row : p) {
    while (i < b.size() && b[i].first < row.first)
      i++;
    for (size_t k = i; k < b.size() && b[k].first == row.first; k++) {
      sums.pairs++;
      wide_add(&sums.build, payload(build, b[k].second));
      wide_add(&sums.probe, payload(other, row.second));
    }
  }
  return sums;
}

} // namespace

struct map *map_build(const struct keys *k) {
  auto *m = new map;
  if (k->numbers[0]) {
    m->numbers.reserve(k->rows);
    for (size_t i = 0; i < k->rows; i++)
      m->numbers.emplace(k->numbers[0][i], static_cast<uint32_t>(i));
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

struct join_sums map_probe(const struct map *m, const struct keys *build, const struct keys *k, size_t first, size_t n) {
  if (k->numbers[0])
    return probe(m->numbers, *build, *k, first, n, [k](size_t i) { return k->numbers[0][i]; });
  return probe(m->strings, *build, *k, first, n, [k](size_t i) { return text(*k, i); });
}

size_t map_group(const struct keys *k, uint32_t *group) {
  map m;
  if (k->numbers[0])
    return number_keys(
        m.numbers, k->rows, [k](size_t i) { return k->numbers[0][i]; }, group);
  return number_keys(
      m.strings, k->rows, [k](size_t i) { return text(*k, i); }, group);
}

struct join_sums merge_join(const struct keys *build, const struct keys *other) {
  auto number = [](const keys &k, size_t i) { return k.numbers[0][i]; };
  if (build->numbers[0])
    return merge(*build, sort_keys<uint64_t>(*build, number), *other, sort_keys<uint64_t>(*other, number));
  return merge(*build, sort_keys<std::string_view>(*build, text), *other, sort_keys<std::string_view>(*other, text));
}
