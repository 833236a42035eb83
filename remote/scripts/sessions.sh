# Live sessions, one pane a line. Set before: SOCKET TMUX_PROGRAM.

panes() {
  "$TMUX_PROGRAM" -u -L "$SOCKET" -f /dev/null list-panes -a -F '#{session_name} #{pane_pid} #{session_created}' 2>&1
}

# A server that was killed leaves its socket behind. Ours is removed when nobody listens there: the kernel refuses a
# connection to it, no process holds it, and tmux's own lock keeps a new server from beginning just now.
tidy() {
  stale=${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)/$SOCKET
  [ -S "$stale" ] && [ -r /proc/net/unix ] && command -v flock >/dev/null 2>&1 || return
  (
    flock -n 8 || exit
    case $(panes) in
      "no server running on "*) grep -q "/tmux-$(id -u)/$SOCKET\$" /proc/net/unix || rm -f "$stale" ;;
    esac
    rm -f "$stale.lock"
  ) 8>>"$stale.lock"
}

sessions() {
  command -v "$TMUX_PROGRAM" >/dev/null 2>&1 || { echo "trajconsole lacks tmux $TMUX_PROGRAM"; return; }
  found=$(panes)
  case $found in "no server running on "*) tidy ;; esac
  printf '%s\n' "$found" | while read -r name pid since; do
    run=$(tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | sed -n 's|.*/runs/\([^/]*\)/launch\.sh$|\1|p' | head -n 1)
    if [ -n "$run" ]; then printf 'session %s %s %s %s\n' "$name" "$pid" "$since" "$run"; fi
  done
  echo "trajconsole sessions"
}
sessions </dev/null
