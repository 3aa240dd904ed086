#!/bin/sh
# LesionLab in a window of its own. The first time, this installs what it needs into .venv.
# macOS: double-click. Linux: LesionLab.desktop starts this.
cd "$(dirname "$0")" || exit 1

fail() {
  echo "$1"
  printf 'Press Enter to close this window. '
  read -r _
  exit 1
}

if ! .venv/bin/python -c 'import streamlit' 2>/dev/null; then
  command -v python3 >/dev/null \
    || fail "LesionLab needs Python 3.11 or newer: install it from https://www.python.org/downloads/"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "LesionLab needs Python 3.11 or newer, and this is $(python3 --version 2>&1)."
  echo "Installing into .venv. The first time this downloads much and takes some minutes."
  python3 -m venv --clear .venv \
    || fail "This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt install python3-venv"
  .venv/bin/python -m pip install --disable-pip-version-check -r requirements.txt \
    || fail "The installation did not work; see above. Double-click once more when it can be reached."
  .venv/bin/python -m core prepare
fi
.venv/bin/python -m desktop || fail "LesionLab has ended; see above."
