# What a folder holds. Set before: FOLDER. One record a file, each ended by a NUL: type, size, time of change, mode, inode,
# path; then "end CODE", or "none" when there is no such folder, or "lacks" when this find cannot say it.

list() {
  cd -- "$FOLDER" 2>/dev/null || { printf 'none\0'; return; }
  find . -maxdepth 0 -ignore_readdir_race -printf '' 2>/dev/null || { printf 'lacks\0'; return; }
  find . -ignore_readdir_race ! -type d -printf '%y %s %T@ %m %i %P\0'
  printf 'end %d\0' $?
}
list </dev/null

