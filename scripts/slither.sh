#!/usr/bin/env bash
# Runs Slither, the static analyser, on the contracts; options are passed on: scripts/slither.sh --json -
#
# It lives in .venv/slither, away from the project's own packages, since it wants an older web3: pinned and checked by the
# hashes in requirements-slither.lock, and made anew when that changes. Sources are compiled by forge with the project's own
# compiler, which runs on Node.js, into a temporary folder. Set-up speaks on standard error. Exit code 3: the set-up failed.
set -euo pipefail
cd "$(dirname "$0")/.."

lock=requirements-slither.lock
venv=.venv/slither
stamp=$venv/.installed
# The very file that was installed from, in the folder where it is now.
wanted() { echo "$PWD"; cat "$lock"; }

setup() {
  echo "slither: setting up $venv" >&2
  rm -rf "$venv"
  "${PYTHON:-python3}" -m venv "$venv" &&
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock" >&2 &&
    wanted >"$stamp"
}

exec 9>.setup-stamp-slither
if command -v flock >/dev/null; then flock 9; fi
if ! cmp -s <(wanted) "$stamp"; then setup || exit 3; fi
exec 9>&-

forge=$(ls contracts/node_modules/@foundry-rs/forge-*/bin/forge 2>/dev/null | head -n 1)
if [ -z "$forge" ]; then echo "slither: forge is missing; run scripts/setup.sh dev" >&2; exit 3; fi
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
PATH="$PWD/$(dirname "$forge"):$PATH"
export FOUNDRY_OUT=$build/out FOUNDRY_CACHE_PATH=$build/cache
cd contracts
"../$venv/bin/python" ../deltaml/nodejs.py "../$venv/bin/slither" . --foundry-out-directory "$FOUNDRY_OUT" --filter-paths 'node_modules|test/' "$@"
