# Sourced by the launchers beside it: leaves the shell in the checkout, with a .venv that holds the locked packages.
# Finds a Python by running it (a pyenv shim is on PATH and fails when called); bootstrap.py does the rest.

# Where there is no uname, Linux is assumed.
case $(uname -s 2>/dev/null || echo Linux) in
    Linux) ;;
    *)
        echo "scripts: this runs on Linux only. On Windows use WSL2; on macOS run it in Docker: docker compose up --build" >&2
        exit 1
        ;;
esac

unset PYTHONDONTWRITEBYTECODE PYTHONSAFEPATH PYTHONHOME PYTHONPATH PYTHONOPTIMIZE PYTHONSTARTUP PYTHONWARNINGS PYTHONINSPECT
export PYTHONNOUSERSITE=1

cd "$root"
venv_python=$root/.venv/bin/python

usable() {
    "$1" -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14)
import ctypes, ensurepip, sqlite3, ssl, venv' </dev/null >/dev/null 2>&1
}

# Pattern expansion, not word splitting, makes the list: an unmatched pattern is no file and is not usable.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        usable "$PYTHON" && echo "$PYTHON"
        return
    fi
    for version in 3.12 3.13 3.11; do
        for candidate in "python$version" \
            "${HOME:-/nonexistent}"/.pyenv/versions/"$version"*/bin/python \
            "${HOME:-/nonexistent}"/.local/share/uv/python/cpython-"$version"*/bin/python3 \
            "/usr/local/bin/python$version"; do
            usable "$candidate" && echo "$candidate" && return
        done
    done
    for candidate in python3 python; do
        usable "$candidate" && echo "$candidate" && return
    done
    return 1
}

no_python() {
    cat >&2 <<'END'
bootstrap: no usable Python 3.11, 3.12 or 3.13 found (it needs the modules venv, ensurepip, ssl, sqlite3 and ctypes).
  Debian, Ubuntu, WSL2:  sudo apt-get install python3 python3-venv
  Fedora, RHEL:          sudo dnf install python3.12
  without root:          pyenv install 3.12, or uv python install 3.12
  elsewhere on disk:     PYTHON=/path/to/python scripts/demo
END
    exit 1
}

if usable "$venv_python"; then
    bootstrap_python=$venv_python
else
    bootstrap_python=$(find_python) || no_python
fi
"$bootstrap_python" "$root/scripts/bootstrap.py"
