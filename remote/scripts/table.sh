# Processes of this host, to find those of one run. Set before: RUN_DIR. Lines: "leader PID START BOOT" from launch.json,
# "boot ID", "marked PID" for every process with TRAJ_RUN_DIR of this run, and every /proc/PID/stat.

table() {
  RUN_DIR=$(CDPATH= cd -- "$RUN_DIR" 2>/dev/null && pwd) || { echo "trajconsole table"; return; }
  sed -n 's/.*"pid": *\([0-9][0-9]*\), *"pid_start": *\([0-9][0-9]*\), *"boot_id": *"\([^"]*\)".*/leader \1 \2 \3/p' \
    "$RUN_DIR/launch.json" 2>/dev/null
  { IFS= read -r boot </proc/sys/kernel/random/boot_id && echo "boot $boot"; } 2>/dev/null
  grep -lzxF -- "TRAJ_RUN_DIR=$RUN_DIR" /proc/[0-9]*/environ 2>/dev/null | sed -n 's|/proc/\([0-9]*\)/environ|marked \1|p'
  for file in /proc/[0-9]*/stat; do
    { IFS= read -r line <"$file"; } 2>/dev/null && printf 'stat %s\n' "$line"
  done
  echo "trajconsole table"
}
table </dev/null
