# Starts one session, once, however many ask. Set before: HOST_ROOT RUN_NAME SESSION SOCKET TMUX_PROGRAM RESUME, and the
# function write_files. The verdict is the last line that begins with "trajconsole ".

verdict() { printf 'trajconsole %s\n' "$*"; exit 0; }

installer() {
  for program in apt-get dnf yum zypper pacman apk conda; do
    if command -v "$program" >/dev/null 2>&1; then echo "$program"; return; fi
  done
}

field() { sed -n 's/.*"'"$1"'": *\([0-9][0-9]*\).*/\1/p' "$2" 2>/dev/null | head -n 1; }

attempt_of() { attempt=$(field attempt "$HOST_ROOT/runs/$1/launch.json"); echo "${attempt:-0}"; }

# The lock of a run is held as long as launch.sh or anything below it lives.
is_running() { [ -e "$HOST_ROOT/runs/$1/launch.lock" ] && ! flock -n "$HOST_ROOT/runs/$1/launch.lock" true; }

tmux_do() { "$TMUX_PROGRAM" -u -L "$SOCKET" -f /dev/null "$@" 9>&-; }

# The run of a session's launch.sh, wherever its root is.
run_in_session() {
  tmux_do list-panes -s -t "=$SESSION" -F '#{pane_pid}' 2>/dev/null | while read -r pid; do
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | sed -n 's|.*/runs/\([^/]*\)/launch\.sh$|\1|p'
  done | head -n 1
}

take() { # write standard input to $1, unless it is there or is to be replaced; a reader never sees half of it
  mkdir -p "$(dirname "$1")" && cat >"$1.part" || return 1
  if [ "$2" = replace ] || [ ! -e "$1" ]; then mv -f "$1.part" "$1"; else rm -f "$1.part"; fi
}

start() {
  command -v "$TMUX_PROGRAM" >/dev/null 2>&1 || verdict lacks tmux "$TMUX_PROGRAM" "$(installer)"
  command -v flock >/dev/null 2>&1 || verdict lacks util-linux flock "$(installer)"
  unset TRAJ_RUN_DIR TMUX TMUX_PANE
  mkdir -p "$HOST_ROOT/runs" "$HOST_ROOT/sessions" || verdict failed "cannot write below $HOST_ROOT"
  exec 9>>"$HOST_ROOT/sessions/$SESSION.lock" || verdict failed "cannot write below $HOST_ROOT"
  flock -w 20 9 || verdict failed "somebody else has been starting this session for 20 s"

  live=
  if [ -r "$HOST_ROOT/sessions/$SESSION" ]; then read -r live <"$HOST_ROOT/sessions/$SESSION"; fi
  if [ -n "$live" ] && is_running "$live"; then verdict already "$(attempt_of "$live")" "$live"; fi
  tries=0
  while tmux_do has-session -t "=$SESSION" 2>/dev/null; do
    live=$(run_in_session)
    if [ -n "$live" ]; then verdict already "$(attempt_of "$live")" "$live"; fi
    tries=$((tries + 1))
    [ "$tries" -lt 20 ] || verdict busy
    sleep 0.1
  done

  dir=$HOST_ROOT/runs/$RUN_NAME
  if [ "$RESUME" = 1 ]; then
    [ -d "$dir" ] || verdict failed "there is no run $RUN_NAME to resume"
    is_running "$RUN_NAME" && verdict already "$(attempt_of "$RUN_NAME")" "$RUN_NAME"
    rm -f "$dir/stop"
  else
    mkdir "$dir" || verdict failed "the run $RUN_NAME is there already"
  fi
  write_files || verdict failed "cannot write into $dir"
  printf '%s\n' "$RUN_NAME" | take "$HOST_ROOT/sessions/$SESSION" replace ||
    verdict failed "cannot write below $HOST_ROOT"

  before=$(attempt_of "$RUN_NAME")
  for try in 1 2 3; do # a server that is just ending refuses; the next one does not
    said=$(tmux_do new-session -d -s "$SESSION" -n "$RUN_NAME" -c "$dir" -x 200 -y 50 sh "$dir/launch.sh" 2>&1) && break
    case $said in
      *"duplicate session"*)
        live=$(run_in_session)
        [ "$RESUME" = 1 ] || rm -rf -- "$dir"
        [ -n "$live" ] || verdict busy
        verdict already 1 "$live"
        ;;
    esac
    [ "$try" -lt 3 ] || verdict failed "tmux: $said"
    sleep 0.1
  done

  tries=0
  while [ "$(attempt_of "$RUN_NAME")" -le "$before" ]; do
    tries=$((tries + 1))
    if [ "$tries" -ge 100 ]; then
      tail -n 5 "$dir/train.log" 2>/dev/null
      verdict failed "launch.sh did not begin within 5 s"
    fi
    sleep 0.05
  done
  verdict started "$(attempt_of "$RUN_NAME")" "$RUN_NAME"
}

start </dev/null
