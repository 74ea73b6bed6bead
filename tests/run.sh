#!/usr/bin/env bash
# Installs what is missing, builds the Release binary and runs the tests that need no model.
#
#   bash tests/run.sh             everything: unit, slow, escape and crash tests
#   bash tests/run.sh --unit      only the unit tests (under a minute)
#   bash tests/run.sh -R REGEX    further arguments go to ctest
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
labels=(-LE "model|browser|network")
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    --unit) labels=(-L unit) ;;
    --help | -h) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

bash apps/setup.sh
python3 tests/check_includes.py .
[ -f build/release/build.ninja ] || cmake --preset release > /dev/null
cmake --build --preset release
ctest --test-dir build/release --output-on-failure -j "$(nproc)" "${labels[@]}" "${arguments[@]}"
