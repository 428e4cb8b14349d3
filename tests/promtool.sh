#!/bin/sh
# SPDX-License-Identifier: MIT
#
# promtool.sh PROMTOOL PROGRAM: holds the metrics that PROGRAM writes to the file it is given against Prometheus' own readers:
# that of OpenMetrics, which an import of samples with times has, and the one that checks names and help texts, which wants
# the older form (counters are named with _total there).
set -eu
promtool=$1
program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$program" "$work/metrics"
sed '/^#/!s/$/ 1600000000/' "$work/metrics" >"$work/timed"
"$promtool" tsdb create-blocks-from openmetrics "$work/timed" "$work/blocks"
awk '
  /^# HELP / { help = $0; name = $3; next }
  /^# TYPE / && $4 == "counter" { sub(" " name " ", " " name "_total ", help); $3 = name "_total" }
  /^# TYPE / { print help }
  { print }' "$work/metrics" >"$work/older"
"$promtool" check metrics <"$work/older"
echo "$(grep -vc '^#' "$work/metrics") samples are as Prometheus wants them"
