# Looks for a Python, the likeliest first, until one has what is wanted. Set before: NAMED (empty: look around), LOOK (what
# each is asked; it ends with 10 when it is the one) and MODULES. Each answers with one line of JSON.

cd / || exit 1
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP
bound=$(command -v timeout) && bound="$bound 20"

ask() { # another word for the same program is asked again: its prefix tells
  program=$(command -v "$1" 2>/dev/null) || return 1
  [ -x "$program" ] || return 1
  # shellcheck disable=SC2086
  $bound "$program" -c "$LOOK" "$1" $MODULES 2>/dev/null </dev/null
  code=$?
  [ "$code" -eq 10 ] && exit 0
  [ "$code" -eq 0 ] || printf 'trajconsole broken %s %s\n' "$code" "$1"
}

if [ -n "$NAMED" ]; then
  case $NAMED in "~/"*) NAMED=$HOME/${NAMED#"~/"} ;; esac
  ask "$NAMED" || printf 'trajconsole absent %s\n' "$NAMED"
  exit 0
fi

asked=0
for name in python3 python "$VIRTUAL_ENV/bin/python" "$CONDA_PREFIX/bin/python" \
  "$HOME"/venv/bin/python "$HOME"/.venv/bin/python "$HOME"/env/bin/python \
  /workspace/venv/bin/python /workspace/.venv/bin/python /venv/bin/python /venv/main/bin/python /opt/venv/bin/python \
  /opt/conda/bin/python "$HOME"/miniconda3/bin/python "$HOME"/anaconda3/bin/python "$HOME"/miniforge3/bin/python \
  "$HOME"/mambaforge/bin/python /opt/miniconda3/bin/python /opt/anaconda3/bin/python /opt/miniforge3/bin/python \
  python3.14 python3.13 python3.12 python3.11 \
  /opt/conda/envs/*/bin/python "$HOME"/miniconda3/envs/*/bin/python "$HOME"/anaconda3/envs/*/bin/python \
  "$HOME"/miniforge3/envs/*/bin/python "$HOME"/.conda/envs/*/bin/python "$HOME"/.pyenv/versions/*/bin/python \
  /usr/local/bin/python3 /usr/bin/python3; do
  case $name in */*) [ -x "$name" ] || continue ;; esac
  ask "$name" && asked=$((asked + 1))
  [ "$asked" -lt 30 ] || break
done
