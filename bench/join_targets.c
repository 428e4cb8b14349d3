/* SPDX-License-Identifier: MIT
 *
 * See join_targets.h. Targets are reciprocals of shares of DuckDB's time.
 */
#include "join_targets.h"

#define K 1000
#define M 1000000
/* clang-format off */
#define U64 {KEYS_SPARSE, 0, 1}
#define COLUMNS(n) {KEYS_SPARSE, 0, n}
#define DENSE {KEYS_DENSE, 0, 1}
#define TEXT(bytes) {KEYS_TEXT, bytes, 1}

/*   name                    law         build   keys     match  build-, probe-skew, target, row */
const struct join_spec join_specs[] = {
    {"u64 1k match100",      U64,        K,      0,       1,    0,   0,   1 / 0.50, "u64, 1 k built", 0},
    {"u64 64ki match100",    U64,        65536,  0,       1,    0,   0,   1 / 0.33, "u64, 64 k built", 0},
    {"u64 1m match100",      U64,        M,      0,       1,    0,   0,   1 / 0.30, "u64, 1 M built", 0},
    {"u64 10m match100",     U64,        10 * M, 0,       1,    0,   0,   1 / 0.25, "u64, 10 M built", 0},
    {"str15 64ki match100",  TEXT(15),   65536,  0,       1,    0,   0,   1 / 0.30, "15 B, 64 k built", 0},
    {"str15 1m match100",    TEXT(15),   M,      0,       1,    0,   0,   1 / 0.35, "15 B, 1 M built", 0},
    {"str15 10m match100",   TEXT(15),   10 * M, 0,       1,    0,   0,   1 / 0.33, "15 B, 10 M built", 0},
    {"u64 1m match1",        U64,        M,      0,       0.01, 0,   0,   1 / 0.22, "u64, 1 M built, 1 in 100 matches", 0},
    {"str15 1m match1",      TEXT(15),   M,      0,       0.01, 0,   0,   1 / 0.22, "15 B, 1 M built, 1 in 100 matches", 0},
    {"u64 1m match50",       U64,        M,      0,       0.5,  0,   0,   0,        "u64, 1 M built, 1 in 2 matches", 0},
    {"str15 1m match50",     TEXT(15),   M,      0,       0.5,  0,   0,   0,        "15 B, 1 M built, 1 in 2 matches", 0},
    {"u64 1m zipf-probe",    U64,        M,      0,       1,    0,   1,   1 / 0.32, "u64, 1 M, probes by Zipf's law", 0},
    {"u64 1m zipf-build",    U64,        M,      M,       1,    1,   0,   0,        "u64, 1 M, built by Zipf's law", 0},
    {"u64 1m zipf-both",     U64,        M,      M,       1,    0.5, 0.5, 0,        "u64, 1 M, both by Zipf's law", 0},
    {"u64 1m tenfold",       U64,        M,      100 * K, 1,    0,   0,   1 / 0.60, "u64, 1 M, each key ten times", 0},
    {"u64 10m tenfold",      U64,        10 * M, M,       1,    0,   0,   1 / 0.60, "u64, 10 M, each key ten times", 0},
    {"dense 1m",             DENSE,      M,      0,       1,    0,   0,   0,        "u64 from 1 to 1 M", 0},
    {"dense 10m",            DENSE,      10 * M, 0,       1,    0,   0,   0,        "u64 from 1 to 10 M", 0},
    {"u64x2 1m",             COLUMNS(2), M,      0,       1,    0,   0,   0,        "2 columns of u64, 1 M built", 0},
    {"u64x4 1m",             COLUMNS(4), M,      0,       1,    0,   0,   0,        "4 columns of u64, 1 M built", 0},
    {"str8 1m",              TEXT(8),    M,      0,       1,    0,   0,   0,        "8 B, 1 M built", 0},
    {"str50 1m",             TEXT(50),   M,      0,       1,    0,   0,   0,        "50 B, 1 M built", 0},
    {"u64 1m probes100m",    U64,        M,      0,       1,    0,   0,   0,        "u64, 1 M, 100 M probes", 100 * M},
    {"u64 10m probes100m",   U64,        10 * M, 0,       1,    0,   0,   0,        "u64, 10 M, 100 M probes", 100 * M},
};

/*   name                law       rows     groups   payload target */
const struct group_spec group_specs[] = {
    {"u64 100k sum",     U64,      10 * M,  100 * K, 1,      1 / 0.28, "GROUP BY, u64, 100 k groups: count, sum"},
    {"u64 1m sum",       U64,      10 * M,  M,       1,      1 / 0.28, "GROUP BY, u64, 1 M groups: count, sum"},
    {"str15 100k sum",   TEXT(15), 10 * M,  100 * K, 1,      1 / 0.28, "GROUP BY, 15 B, 100 k groups: count, sum"},
    {"str15 1m sum",     TEXT(15), 10 * M,  M,       1,      1 / 0.28, "GROUP BY, 15 B, 1 M groups: count, sum"},
    {"u64 100k count",   U64,      10 * M,  100 * K, 0,      1 / 0.28, "GROUP BY, u64, 100 k groups: count"},
    {"u64 1m count",     U64,      10 * M,  M,       0,      1 / 0.28, "GROUP BY, u64, 1 M groups: count"},
    {"str15 100k count", TEXT(15), 10 * M,  100 * K, 0,      1 / 0.28, "GROUP BY, 15 B, 100 k groups: count"},
    {"str15 1m count",   TEXT(15), 10 * M,  M,       0,      1 / 0.28, "GROUP BY, 15 B, 1 M groups: count"},
};
/* clang-format on */

const size_t join_specs_n = sizeof join_specs / sizeof join_specs[0];
const size_t group_specs_n = sizeof group_specs / sizeof group_specs[0];
const double index_target = 1 / 0.35;
const double threads_target = 1.7;
const double bytes_target = 26;
const double number_target = 5;
