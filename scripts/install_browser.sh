#!/usr/bin/env bash
# Installs what the browser tests need on Debian or Ubuntu, as root: Chromium and a font. Says what it does, and skips what
# is there already. Elsewhere install Chromium or Chrome by hand, or run `.venv/bin/playwright install --with-deps chromium`.
#
#   scripts/install_browser.sh           install
#   scripts/install_browser.sh --check   only say, by the exit code, whether a browser is there
set -euo pipefail
exec >&2

say() { echo "browser: $*"; }

# The same names as in tests/browser/conftest.py.
has_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then return 0; fi
  done
  # Where playwright keeps what it downloaded.
  compgen -G "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}/chromium*" >/dev/null
}

if has_browser; then exit 0; fi
if [ "${1:-}" = --check ]; then exit 1; fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  say "error: there is no Chromium, and installing it needs root and apt-get; install Chromium or Chrome by hand, or run" \
    ".venv/bin/playwright install --with-deps chromium"
  exit 1
fi
say "installing chromium and fonts-dejavu-core"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
