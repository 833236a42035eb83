#!/usr/bin/env bash
# Set everything up: system packages where this user may, a virtual environment, the packages of one extra.
# usage: scripts/setup.sh run|dev      Does nothing when all is there already.
set -euo pipefail
cd "$(dirname "$0")/.."
extra=${1:-run}
[ "$extra" = run ] && extra=train
venv=.venv

say() { printf '%s\n' "$*" >&2; }

find_python() {
  for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  say "trajconsole needs Python 3.11 or newer; none was found. Install it, or name one: PYTHON=/path/to/python3.12 make run"
  return 1
}

# Names of the Debian packages that are missing.
missing_packages() {
  command -v tmux >/dev/null 2>&1 || echo tmux
  command -v flock >/dev/null 2>&1 || echo util-linux
  [ -x $venv/bin/python ] || "$python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
  if [ "$extra" = dev ]; then
    command -v git >/dev/null 2>&1 || echo git
    command -v cc >/dev/null 2>&1 || echo gcc libc6-dev
    # the tests' hosts: real sshd, and login shells that are not POSIX
    [ -x "$(PATH=$PATH:/usr/sbin command -v sshd)" ] || echo openssh-server
    command -v ssh >/dev/null 2>&1 || echo openssh-client
    # … in namespaces of their own, with cables that can be cut
    command -v ip >/dev/null 2>&1 && command -v ss >/dev/null 2>&1 || echo iproute2
    PATH=$PATH:/usr/sbin command -v nft >/dev/null 2>&1 || echo nftables
    [ -e /usr/share/i18n/locales/de_DE ] || echo locales
    for shell in zsh fish tcsh; do command -v $shell >/dev/null 2>&1 || echo $shell; done
  fi
}

install_packages() {
  local -a packages=("$@") as_root=()
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      say "Missing: ${packages[*]}. Install them with the one command, then run this again:"
      say "  sudo apt-get install -y ${packages[*]}"
      return 1
    fi
  fi
  if ! command -v apt-get >/dev/null 2>&1; then
    say "Missing: ${packages[*]}. Install them with this system's package manager, then run this again."
    return 1
  fi
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if ! "${as_root[@]}" apt-get install -y -q "${packages[@]}" >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update -q >/dev/null
    "${as_root[@]}" apt-get install -y -q "${packages[@]}" >/dev/null
  fi
}

python=$(find_python)
mapfile -t packages < <(missing_packages | tr ' ' '\n')
[ ${#packages[@]} -eq 0 ] || install_packages "${packages[@]}"
# A browser, for one test that is skipped without it; 100 MB, so only where packages are installed anyway.
if [ "$extra" = dev ] && [ ${#packages[@]} -gt 0 ] && ! command -v chromium >/dev/null 2>&1; then
  install_packages --no-install-recommends chromium || say "no chromium: the test in a real browser is skipped"
fi

# The environment is rebuilt only when what it is made from changed.
wanted="$extra $(cat pyproject.toml constraints.txt | sha256sum | cut -d' ' -f1) $("$python" -V)"
stamp=$venv/.made-from
if [ ! -f $stamp ] || ! grep -qxF "$wanted" $stamp; then
  [ -x $venv/bin/python ] || "$python" -m venv $venv
  say "installing Python packages into $venv (torch is large: a few minutes the first time)"
  $venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[$extra]"
  # `dev` holds everything of `train`.
  { echo "$wanted"; [ "$extra" = train ] || echo "${wanted/#dev/train}"; } > $stamp
fi
