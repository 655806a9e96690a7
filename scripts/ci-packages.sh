#!/usr/bin/env bash
# Installs the system packages that `make check` and `make test` need on CI (Debian or Ubuntu, as root): says what it
# does, and skips what is there already.
set -euo pipefail
exec >&2

say() { echo "packages: $*"; }

# What must run, and the package that brings it.
missing=()
need() {
  if bash -c "$1" >/dev/null 2>&1; then say "$2 is not needed: '$1' works"; else missing+=("$2"); fi
}
need 'make --version' make
need "${PYTHON:-python3} -c 'import ensurepip, venv'" python3-venv
need 'docker-compose version || docker compose version' docker-compose

if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}"
