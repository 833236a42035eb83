# ---- from here on the same for every run ------------------------------------------------------------------------

log=$RUN/train.log

say() { printf 'launch.sh: %s\n' "$1" >>"$log"; printf 'launch.sh: %s\n' "$1" >&2; }

# One run never runs twice: the lock stays held as long as anything of the command lives.
exec 9>>"$RUN/launch.lock" || exit 74
if ! flock -w 1 9; then # whoever only asks whether it is held lets go at once
  printf 'launch.sh: this run is running already\n' >&2
  exit 75
fi

now() { case $(date +%s.%N) in *[!0-9.]*) date +%s ;; *) date +%s.%N ;; esac; }

field() { sed -n 's/.*"'"$1"'": *\([0-9][0-9]*\).*/\1/p' "$2" 2>/dev/null | head -n 1; }

started() { # the 22nd field of /proc/PID/stat; the name before it may hold spaces
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  echo "${20}"
}

replace() { printf '%s\n' "$2" >"$RUN/.$1.part" && mv -f "$RUN/.$1.part" "$RUN/$1"; }

oom_kills() { # processes that the kernel has ended for want of memory: in this cgroup, or anywhere
  while IFS=: read -r _ controllers path; do
    case ,$controllers, in
      ,,) set -- "/sys/fs/cgroup$path" "/sys/fs/cgroup/unified$path" ;;
      *,memory,*) set -- "/sys/fs/cgroup/memory$path" /sys/fs/cgroup/memory ;;
      *) continue ;;
    esac
    for folder; do
      for file in "$folder/memory.events" "$folder/memory.oom_control"; do
        sed -n 's/^oom_kill \([0-9][0-9]*\)$/\1/p' "$file" 2>/dev/null
      done
    done | head -n 1
  done </proc/self/cgroup 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'
}

host_oom_kills() { sed -n 's/^oom_kill \([0-9][0-9]*\)$/\1/p' /proc/vmstat 2>/dev/null; }

attempt=$(field attempt "$RUN/launch.json")
attempt=$((${attempt:-0} + 1))
boot=
{ IFS= read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
start=$(started $$)
oom_before=$(oom_kills)
host_oom_before=$(host_oom_kills)

# Signals to the group reach the command too; this script outlives it, to write the exit record.
trap : HUP INT TERM QUIT

replace launch.json "{\"schema\": 1, \"attempt\": $attempt, \"pid\": $$, \"pid_start\": ${start:-null}, \
\"boot_id\": \"$boot\", \"time\": $(now), \"session\": \"$SESSION\"}" || exit 74

# Whoever attaches to the session sees the log grow.
tail=
if [ -t 1 ]; then
  tail -n +1 -f "$log" 9>&- 2>/dev/null &
  tail=$!
fi

if cd -- "$CWD" 2>>"$log"; then
  (environment && exec "$@") >>"$log" 2>&1 </dev/null
  code=$?
else
  say "cannot enter the working folder $CWD"
  code=1
fi

# A last line without its end would wait for it for ever.
if [ -s "$log" ] && [ -n "$(tail -c 1 "$log")" ]; then echo >>"$log"; fi

oom=$(($(oom_kills) - ${oom_before:-0}))
if [ "$code" -eq 137 ] && [ "$oom" -le 0 ]; then
  host_oom_after=$(host_oom_kills)
  oom=$((${host_oom_after:-0} - ${host_oom_before:-0}))
fi
if [ "$oom" -lt 0 ]; then oom=0; fi
signal=null
if [ "$code" -gt 128 ] && [ "$code" -le 192 ]; then signal=$((code - 128)); fi

replace exit.json "{\"schema\": 1, \"attempt\": $attempt, \"code\": $code, \"signal\": $signal, \
\"oom_kills\": $oom, \"time\": $(now)}"

if [ -n "$tail" ]; then kill "$tail" 2>/dev/null; fi
exit "$code"
