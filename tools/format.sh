#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Formats our C++ files in place; with --check, fails and names those that are not formatted.
# Version 14 of clang-format decides: others lay out concepts differently. CLANG_FORMAT names another program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

format=${CLANG_FORMAT:-clang-format-14}
if ! command -v "$format" >/dev/null; then
  echo "format.sh: there is no $format" >&2
  exit 127
fi
folders=()
for folder in include tests examples benchmarks packaging; do
  if [ -d "$folder" ]; then folders+=("$folder"); fi
done
mapfile -d '' files < <(find "${folders[@]}" \( -name '*.hpp' -o -name '*.cpp' \) -print0 | sort -z)

if [ "${1:-}" != --check ]; then
  "$format" -i "${files[@]}"
  exit
fi
status=0
for file in "${files[@]}"; do  # not --dry-run: version 14 reports the comments behind our namespaces and changes nothing
  if ! "$format" "$file" | cmp -s - "$file"; then
    echo "$file: not formatted; tools/format.sh does it" >&2
    status=1
  fi
done
exit "$status"
