#!/usr/bin/env bash
# Writes requirements.lock, requirements-dev.lock, requirements-node.lock and requirements-slither.lock from pyproject.toml: every
# version pinned for every Python from 3.11 on, with the hashes of all its files. Versions that are locked already stay;
# `scripts/lock.sh --upgrade` takes the newest.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv

compile() {
  local target=$1
  shift
  "$tools/bin/uv" pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-annotate \
    --no-header --output-file "$target" "$@" >/dev/null
  sed -i '1i # Written by scripts/lock.sh from pyproject.toml; do not edit.' "$target"
}

# The project is installed with the pinned setuptools, without a build environment of its own.
compile requirements.lock "$@" pyproject.toml - <<<'setuptools>=77'
compile requirements-dev.lock "$@" --extra dev --constraint requirements.lock pyproject.toml - <<<'setuptools>=77'
# Node.js, as a wheel for each platform.
compile requirements-node.lock "$@" --group pyproject.toml:node
# Slither lives in an environment of its own, which does not hold the project.
compile requirements-slither.lock "$@" --group pyproject.toml:slither
