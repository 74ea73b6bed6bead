#!/usr/bin/env bash
# From a fresh checkout to a finished benchmark on a local model: installs, builds, fetches an engine
# and weights, and runs the twelve tasks of apps/demo. Every step is skipped when its work is done,
# and an interrupted run goes on where it was.
#
#   bash apps/demo.sh             auto: Pareto chooses how to work on each task
#   bash apps/demo.sh --compare   also instant, reasoning and agentic on the same tasks
#   bash apps/demo.sh --small     the 0.5B weights (0.5 GB instead of 1.1 GB, faster, weaker)
#   bash apps/demo.sh --out DIR   where the results go (default build/demo)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pareto="$root/build/release/bin/pareto"
modes=auto
weights=qwen2.5-coder-1.5b
size="1.1 GB"
config="$root/apps/demo"
name=demo
out=""

usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

while [ $# -gt 0 ]; do
  case "$1" in
    --compare) modes=auto,instant,reasoning,agentic ;;
    --small)
      weights=qwen2.5-coder-0.5b
      size="0.5 GB"
      config="$root/apps/demo/small"
      name=demo-small
      ;;
    --out)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      out=$(realpath -m "$2")
      shift
      ;;
    --help | -h) usage; exit 0 ;;
    *) echo "demo: unknown argument $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
out="${out:-$root/build/$name}"

step() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
[ -t 2 ] || step() { printf '\n%s\n' "$*" >&2; }

step "1/5 Packages (first time 1 to 5 minutes, then at once)"
bash "$root/apps/setup.sh" --no-tests >&2

step "2/5 Build (first time 5 to 15 minutes on two cores, then seconds)"
cd "$root"
[ -f build/release/build.ninja ] || cmake --preset release > /dev/null
targets=(pareto)
for benchmark in pareto-bench-loop pareto-mock-server pareto-bench-recall pareto-bench-journal; do
  if ninja -C build/release -t query "$benchmark" > /dev/null 2>&1; then targets+=("$benchmark"); fi
done
cmake --build --preset release --target "${targets[@]}" >&2

step "3/5 Engine (first time half a minute, then at once)"
if command -v llama-server > /dev/null; then
  echo "llama-server is on PATH" >&2
else
  "$pareto" models engine install >&2
fi

step "4/5 Weights: $weights, $size (first time a few minutes, then at once)"
"$pareto" models pull "$weights" >&2

step "5/5 Twelve tasks, modes $modes (about 5 minutes a mode on two cores; done ones are skipped)"
# The folder's pareto.toml names the model; results and the state of the runs go to $out.
"$pareto" -C "$config" bench "$root/apps/demo" --modes "$modes" --out "$out"

run=$(python3 - "$out/results.jsonl" << 'EOF'
import json
import sys

rows = [json.loads(line) for line in open(sys.argv[1]) if line.strip()]
rows = [row for row in rows if row.get("run")]
best = max(rows, key=lambda row: (row["mode"] == "auto", row["score"] or 0, row["turns"]), default=None)
print(best["run"] if best else "")
EOF
)
if [ -n "$run" ]; then
  step "Next"
  cat << EOF
One run as a story:      ${pareto#"$root"/} --state $out/state runs show $run
Why it was done so:      ${pareto#"$root"/} --state $out/state policy explain $run
EOF
fi
