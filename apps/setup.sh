#!/usr/bin/env bash
# Installs what Pareto needs to be built, run and tested on Debian 12. Idempotent: does nothing when
# everything is there. Usage: bash apps/setup.sh [--no-tests | --browser]
set -euo pipefail

build_packages=(
  build-essential cmake ninja-build ccache mold pkg-config git ca-certificates
  libcurl4-openssl-dev libssl-dev nlohmann-json3-dev libsqlite3-dev libsqlitecpp-dev
  libhnswlib-dev libboost-dev libre2-dev libfmt-dev libspdlog-dev libcli11-dev
  libtomlplusplus-dev libseccomp-dev libzip-dev libzstd-dev libgtest-dev libgmock-dev libbenchmark-dev
)
run_packages=(python3 python3-venv python3-pip libgomp1 bubblewrap sqlite3)
test_packages=(curl jq json-schema-test-suite valgrind clang-19 clang-format-19 libclang-rt-19-dev)
# Large, and only the tests labelled `browser` need it.
browser_packages=(chromium)

packages=("${build_packages[@]}" "${run_packages[@]}")
case "${1:-}" in
  "") packages+=("${test_packages[@]}") ;;
  --no-tests) ;;
  --browser) packages+=("${test_packages[@]}" "${browser_packages[@]}") ;;
  *) echo "usage: bash apps/setup.sh [--no-tests | --browser]" >&2; exit 2 ;;
esac

if ! command -v dpkg-query > /dev/null; then
  echo "setup: expected Debian or a system with dpkg and apt-get; install by hand: ${packages[*]}" >&2
  exit 1
fi

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: all ${#packages[@]} packages are installed"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "setup: expected root or sudo; ask an administrator to run:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup: installing ${#missing[@]} packages, about 1 to 5 minutes: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
# Some packages are in no release of their own (clang-19 on an older mirror): the tests need them,
# building and running don't.
available=()
for package in "${missing[@]}"; do
  if [ -n "$(apt-cache madison "$package" 2> /dev/null)" ]; then
    available+=("$package")
  elif [[ " ${test_packages[*]} " == *" $package "* ]]; then
    echo "setup: $package is not offered by this system's sources; only some checks need it" >&2
  else
    echo "setup: $package is required and not offered by this system's sources" >&2
    exit 1
  fi
done
if [ ${#available[@]} -gt 0 ]; then
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${available[@]}" > /dev/null
fi
echo "setup: done"
