/*
 * What the scripts of the submit protocol share (ARCHITECTURE.md, "At most one job per attempt"). Making the folder of a
 * try is the right to submit with it: mkdir succeeds once, on every file system of a supercomputer and from every login
 * node. As few programs are run as may be: on a busy login node they cost more than all else.
 */

/** Shell functions around `~/.lautta/<token>/<try>`. */
export const tryFolder = `newline='
'
at() { # token, try
  base=$HOME/.lautta/$1; dir=$base/$2
}
line() { # a file: its first line into $got, if all of that was written
  got=; { IFS= read -r got <"$1"; } 2>/dev/null || got=
}
is_id() { case $1 in ''|*[!0-9]*) return 1;; esac; }
known() { # the ids that tries got into $ids, perhaps after we had stopped waiting for them
  ids=
  for file in "$base"/*/id; do line "$file"; ! is_id "$got" || ids="$ids $got"; done
}
`
