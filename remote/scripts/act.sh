# Does one thing to a run. Set before: RUN_DIR, and the functions called at the end.

ask_to_stop() { [ -d "$RUN_DIR" ] && : >>"$RUN_DIR/stop"; }

# send SIGNAL PID START: only to the process that was meant, not to another one that was given its number since.
send() {
  { IFS= read -r stat <"/proc/$2/stat"; } 2>/dev/null || return 0
  signal=$1 pid=$2 start=$3
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  [ "${20}" = "$start" ] && kill -s "$signal" "$pid" 2>/dev/null
}
