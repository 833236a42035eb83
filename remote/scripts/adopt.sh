# A run directory for a foreign process: it is looked at, and never touched. Set before: HOST_ROOT RUN_NAME PID START LOG
# METRICS SOCKET_PATH SESSION (each may be empty from LOG on), and the function write_files.

verdict() { printf 'trajconsole %s\n' "$*"; exit 0; }

take() { mkdir -p "$(dirname "$1")" && cat >"$1.part" && mv -f "$1.part" "$1"; }

adopt() {
  mkdir -p "$HOST_ROOT/runs" || verdict failed "cannot write below $HOST_ROOT"
  for known in "$HOST_ROOT"/runs/*/launch.json; do
    if grep -q "\"pid\": $PID, \"pid_start\": $START," "$known" 2>/dev/null; then
      verdict already "$(basename "$(dirname "$known")")"
    fi
  done
  for file in "$LOG" "$METRICS"; do
    [ -z "$file" ] || [ -r "$file" ] || verdict failed "there is no readable file $file"
  done
  dir=$HOST_ROOT/runs/$RUN_NAME
  mkdir "$dir" || verdict failed "the run $RUN_NAME is there already"
  if [ -n "$LOG" ]; then
    ln -s "$LOG" "$dir/train.log"
  elif [ -n "$SOCKET_PATH" ]; then # what its terminal shows now; what follows is seen by attaching
    tmux -S "$SOCKET_PATH" capture-pane -p -J -S - -t "=$SESSION:" >"$dir/train.log" 2>/dev/null
  fi
  if [ -n "$METRICS" ]; then ln -s "$METRICS" "$dir/metrics.jsonl"; fi
  write_files || verdict failed "cannot write into $dir"
  verdict adopted "$RUN_NAME"
}
adopt </dev/null
