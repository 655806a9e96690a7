#!/usr/bin/env bash
# Writes requirements.lock and requirements-dev.lock from pyproject.toml: every version pinned for every Python from 3.11
# on, with the hashes of all its files. Versions that are locked already stay; `scripts/lock.sh --upgrade` takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv

compile() {
  local target=$1
  shift
  # The project is installed with the pinned setuptools, without a build environment of its own.
  echo 'setuptools>=77' | "$tools/bin/uv" pip compile --quiet --no-config --universal --python-version 3.11 \
    --generate-hashes --no-annotate --no-header --no-emit-index-url "$@" --output-file "$target" pyproject.toml - >/dev/null
  sed -i '1i # Written by scripts/lock.sh from pyproject.toml; do not edit.' "$target"
}

compile requirements.lock "$@"
compile requirements-dev.lock "$@" --extra dev --constraint requirements.lock
