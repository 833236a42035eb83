# What a folder holds. Set before: FOLDER. One record a file, each ended by a NUL: type, size, time of change, mode, inode,
# path; then "end CODE", or "none" when there is no such folder, or "lacks" when this find cannot say it. LINK, when set,
# is a link in it that leads to the plain file BEHIND: a record of type F tells of that file.

list() {
  cd -- "$FOLDER" 2>/dev/null || { printf 'none\0'; return; }
  find . -maxdepth 0 -ignore_readdir_race -printf '' 2>/dev/null || { printf 'lacks\0'; return; }
  find . -ignore_readdir_race ! -type d -printf '%y %s %T@ %m %i %P\0'
  code=$?
  if [ -n "${LINK-}" ] && [ "$(readlink "./$LINK")" = "$BEHIND" ]; then
    find "$BEHIND" -maxdepth 0 -type f -printf "F %s %T@ %m %i $LINK\\0"
  fi
  printf 'end %d\0' $code
}
list </dev/null

