#!/usr/bin/env bash
# Makes the tests' Python environment when it is not there yet, and prints the path of its python.
#
# It lives outside the checkout, in ${FLOWDECK_TEST_CACHE:-${XDG_CACHE_HOME:-~/.cache}/flowdeck-tests},
# under a name made of the requirements and the Python version, and is kept between runs.
# FLOWDECK_TEST_BASE_PYTHON names the Python to make it with.
set -euo pipefail

tests="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cache="${FLOWDECK_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/flowdeck-tests}"

say() { printf 'venv: %s\n' "$*" >&2; }

# The version, when the argument is a Python that mlflow runs on.
version_of() {
    "$1" -c 'import platform, sys; assert sys.version_info >= (3, 10); print(platform.python_version())' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${FLOWDECK_TEST_BASE_PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10 python3.14 python; do
        if command -v "$candidate" >/dev/null && version_of "$candidate" >/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

can_make_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

install_python() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing python3 and python3-venv with apt"
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv >&2
    else
        say "Python 3.10 or newer with the venv module is missing (Debian, Ubuntu: apt install python3-venv)"
        exit 1
    fi
}

python="$(find_python)" || { install_python; python="$(find_python)"; }
can_make_venvs "$python" || install_python
version="$(version_of "$python")"
key="$({ cat "$tests/requirements.txt" "$tests/constraints.txt"; echo "$python $version"; } | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-12)"
venv="$cache/venv-$version-$key"
mkdir -p "$cache"

# Two runs at once make it once. Where flock is missing (macOS) that is left to luck.
exec 9>"$venv.lock"
if command -v flock >/dev/null; then flock 9; fi

# A folder without the mark is one whose making was interrupted.
if [ ! -e "$venv/.complete" ]; then
    say "making $venv (about 2 minutes, kept for the next run)"
    rm -rf "$venv"
    "$python" -m venv "$venv" >&2
    # The newest releases of some packages, which the constraints name, have left Python 3.10 behind.
    constraints=(-c "$tests/constraints.txt")
    case "$version" in 3.10.*) constraints=() ;; esac
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r "$tests/requirements.txt" ${constraints[@]+"${constraints[@]}"} >&2
    touch "$venv/.complete"
fi
echo "$venv/bin/python"
