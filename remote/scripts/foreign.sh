# What runs on the host that nobody started from here. Set before: SOCKET, our own tmux server. Fields are separated by tabs.

# A server that hangs, or is of another version than the client, must not keep the others from being listed.
asked() { if command -v timeout >/dev/null 2>&1; then timeout 2 tmux "$@"; else tmux "$@"; fi 2>/dev/null; }

foreign() {
  for socket in "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)"/*; do
    if [ -S "$socket" ] && [ "${socket##*/}" != "$SOCKET" ]; then
      asked -S "$socket" list-panes -a -F "session	$socket	#{pane_pid}	#{session_created}	#{session_name}"
    fi
  done
  # Own processes that have worked for a while, the busiest first; what is ours says so in its environment.
  ps -u "$(id -u)" -o pid=,times=,etimes=,args= 2>/dev/null | sort -k2 -n -r | head -n 60 |
    while read -r pid used age args; do
      [ "$used" -ge "$BUSY_S" ] || break
      if tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -q '^TRAJ_RUN_DIR='; then continue; fi
      printf 'process\t%s\t%s\t%s\t%s\n' "$pid" "$used" "$age" "$args"
    done | head -n 20
  echo "trajconsole foreign"
}
foreign </dev/null
