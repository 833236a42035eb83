# Live sessions, one pane a line. Set before: SOCKET TMUX_PROGRAM.

sessions() {
  command -v "$TMUX_PROGRAM" >/dev/null 2>&1 || { echo "trajconsole lacks tmux $TMUX_PROGRAM"; return; }
  "$TMUX_PROGRAM" -u -L "$SOCKET" -f /dev/null list-panes -a \
    -F '#{session_name} #{pane_pid} #{session_created}' 2>/dev/null | while read -r name pid since; do
    run=$(tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | sed -n 's|.*/runs/\([^/]*\)/launch\.sh$|\1|p' | head -n 1)
    if [ -n "$run" ]; then printf 'session %s %s %s %s\n' "$name" "$pid" "$since" "$run"; fi
  done
  echo "trajconsole sessions"
}
sessions </dev/null
