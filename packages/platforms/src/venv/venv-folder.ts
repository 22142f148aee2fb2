/*
 * What whoever asks for a venv and whoever builds it share. Beside the venv, in `.lautta`:
 *   build.<n>/        the right to build: mkdir succeeds once, on every file system of a supercomputer and from every login
 *                     node; the highest number is the present build
 *     for.<key>       what it was to have: a key of the requirements and of the files that they name
 *     deaths.<count>  builds right before it whose builder died
 *     beat            host and pid of the builder, which touches it every few seconds; at the end renamed to
 *                     ended.<exit code>, which works on a full disk, too
 *     log             the last words of what failed
 *   packages.<key>    the distributions that were there when these requirements had been installed
 *   python            the python3 with which we made the venv; a venv that somebody else made keeps its own
 */

/** Shell functions around a venv; they need `$folder`, and the requirements as "$@" of their caller. */
export const venvFolder = `own=$folder/.lautta; python=$folder/bin/python
find_latest() { # the number of the newest build into $number, 0 when there is none
  number=0
  for one in "$own"/build.*; do
    one=\${one##*.}
    case $one in ''|*[!0-9]*) ;; *) [ "$one" -le "$number" ] || number=$one;; esac
  done
}
# File names only: of hundreds of packages that a module brings, nothing else needs to be read.
list_packages='import os, sys
print(*sorted(name for folder in sys.path if os.path.isdir(folder) for name in os.listdir(folder)
  if name.endswith((".dist-info", ".egg-info"))), sep="\\n")'
is_of_present_python() {
  [ -s "$own/python" ] && present=$(command -v python3) || return 0
  [ "$(cat "$own/python")" = "$present" ]
}
is_ready() { # whether there is nothing to do
  is_of_present_python || return 1
  [ $# -gt 0 ] || { "$python" -c "" 2>/dev/null; return; }
  [ -e "$own/packages.$key" ] && present=$("$python" -c "$list_packages" 2>/dev/null) || return 1
  ! printf '%s\\n' "$present" | grep -Fxqvf - -- "$own/packages.$key"
}
`
