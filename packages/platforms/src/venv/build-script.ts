import { venvFolder } from './venv-folder.ts'

/** The exit code of a build that ended because a disk is full: on a full disk there may be no words of it. */
export const diskFullCode = 28
/** The exit code of a build that took too long. */
export const tooLateCode = 124

/** After so long without a sign of its builder a build is taken over. */
export const deadAfterSeconds = 120

const beatSeconds = 2
const boundSeconds = 3600

/**
 * The builder: it runs on the login node in a session of its own, and outlives whoever started it. While its shell beats,
 * the work goes on in the background; a guard ends the work when that shell was killed, long before anybody takes over.
 * Whoever was frozen for so long that somebody did ends itself.
 */
export const buildScript = `folder=$1; number=$2; key=$3; shift 3
${venvFolder}
build=$own/build.$number
step() { # its words are kept in memory: a full disk does not take them
  said=$("$@" 2>&1) && return
  code=$?
  printf '%s\\n' "$said" | tail -c 16384
  # pip tells of it; the part of python3 -m venv that brings pip does not.
  said=$said$( { head -c 1048576 /dev/zero >"$build/probe"; } 2>&1 ); rm -f "$build/probe"
  case $said in *"No space left on device"*|*"uota exceeded"*) exit ${diskFullCode};; esac
  [ "$code" -gt 128 ] && exit "$code" || exit 1
}
keep_python() { command -v python3 | cat >"$own/python.$number" && mv "$own/python.$number" "$own/python"; }
keep_packages() { "$python" -c "$list_packages" >"$own/packages.$number" && mv "$own/packages.$number" "$own/packages.$key"; }
has_pip() { "$python" -m pip --version; }
work() {
  is_ready "$@" && exit 0
  # The links of another Python: what runs with it goes on.
  { is_of_present_python && "$python" -c ""; } 2>/dev/null || [ ! -e "$folder/pyvenv.cfg" ] || rm -f "$folder"/bin/python*
  { "$python" -c "" && { [ $# = 0 ] || has_pip; }; } >/dev/null 2>&1 || {
    step python3 -m venv --system-site-packages "$folder"
    step keep_python
  }
  [ $# = 0 ] || {
    step "$python" -m pip install --disable-pip-version-check --no-input --quiet "$@"
    step keep_packages
  }
}
echo "$(hostname) $$" >"$build/beat"
(work "$@") & worker=$!
(while kill -0 $$; do sleep 5; done; kill -s KILL -- -$$) 2>/dev/null &
left=${boundSeconds / beatSeconds}
while kill -0 "$worker" 2>/dev/null; do
  [ ! -d "$own/build.$((number + 1))" ] || kill -s KILL -- -$$
  left=$((left - 1))
  [ "$left" -gt 0 ] || { mv "$build/beat" "$build/ended.${tooLateCode}"; kill -s KILL -- -$$; }
  touch "$build/beat"
  sleep ${beatSeconds}
done
wait "$worker"
mv "$build/beat" "$build/ended.$?"
`
