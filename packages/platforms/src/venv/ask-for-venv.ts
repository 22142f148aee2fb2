import { UnavailableError } from '@lautta/core/errors'
import { type ModuleEnvironment, readLoadFailure, withModules } from '../module-environment.ts'
import type { RemoteCommand } from '../run-command.ts'
import { buildScript, deadAfterSeconds } from './build-script.ts'
import { judgeBuild, type StuckBuild } from './judge-build.ts'
import { venvFolder } from './venv-folder.ts'

/** A virtual environment as an order describes it. */
export interface Venv {
  folder: string
  /** pip's requirements; also `-r <file>`. */
  packages: readonly string[]
}

/** How it stands with a venv. */
export type VenvAnswer =
  /** All is there; the Python, when the build that was waited for has made it so. */
  | { kind: 'ready'; python: string | null }
  /** A build is under way, perhaps somebody else's: ask again, and name it. */
  | { kind: 'building'; build: number }
  | StuckBuild

// One after the other, by the same builder's fault: then somebody has to know.
const mostDeaths = 3
// Nobody asks for a build that is so many builds old.
const keptBuilds = 8

/*
 * A short look, which starts a build when one is needed. It tells a line `ready <python>`, `building <n>` or
 * `failed <exit code>`, an empty line, and what failed in its own words.
 */
const askScript = `folder=$1; waited=$2; builder=$3; shift 3
case $folder in "~/"*) folder=$HOME/\${folder#"~/"};; esac
for one in "$@"; do shift; case $one in "~/"*) one=$HOME/\${one#"~/"};; esac; set -- "$@" "$one"; done
${venvFolder}
tell() { echo "$*"; exit 0; }
read_wanted() {
  is_file=
  for one in "$@"; do
    printf '%s\\n' "$one"
    [ -z "$is_file" ] || cat -- "$one" 2>/dev/null
    is_file=; [ "$one" != -r ] || is_file=yes
  done
}
key=$(read_wanted "$@" | sha256sum); key=\${key%% *}
# What became of the build that was waited for, whatever somebody else has begun since.
[ ! -e "$own/build.$waited/for.$key" ] || is_ready "$@" || for one in "$own/build.$waited"/ended.*; do
  code=\${one##*.}
  [ ! -e "$one" ] || [ "$code" = 0 ] || { echo "failed $code"; echo; cat "$own/build.$waited/log"; exit 0; }
done
find_latest; build=$own/build.$number; code=; deaths=0
for one in "$build"/ended.*; do [ ! -e "$one" ] || code=\${one##*.}; done
is_alive() { # by the clock of the file system, which is one for all login nodes
  { touch "$own/now" && now=$(stat -c %Y "$own/now"); } 2>/dev/null || now=$(date +%s)
  last=$(stat -c %Y "$build/beat" 2>/dev/null) || last=$(stat -c %Y "$build") || last=$now
  [ $((now - last)) -lt ${deadAfterSeconds} ]
}
[ "$number" = 0 ] || [ -n "$code" ] || {
  ! is_alive || tell "building $number"
  for one in "$build"/deaths.*; do [ ! -e "$one" ] || deaths=\${one##*.}; done
  deaths=$((deaths + 1))
  [ "$deaths" -lt ${mostDeaths} ] || { code=137; deaths=0; waited=$number; touch "$build/ended.$code"; }
}
is_mine() { [ "$number" = "$waited" ] && [ -e "$build/for.$key" ]; }
[ "\${code:-0}" = 0 ] || ! is_mine || { echo "failed $code"; echo; cat "$build/log"; exit 0; }
is_ready "$@" && { ! is_mine || tell "ready $("$python" --version)"; tell ready; }
number=$((number + 1)); build=$own/build.$number
mkdir -p -- "$own" || exit 1
words=$(mkdir -- "$build" 2>&1) || {
  [ ! -d "$build" ] || tell "building $number"
  echo "$words" >&2; exit 1
}
touch "$build/for.$key" "$build/deaths.$deaths" || { rm -rf "$build"; exit 1; }
rm -rf "$own/build.$((number - ${keptBuilds}))"
setsid sh -c "$builder" lautta "$folder" "$number" "$key" "$@" >"$build/log" 2>&1 </dev/null &
tell "building $number"
`

const answerSeconds = 120

/**
 * Looks at a venv, and has it built where that is needed: on the login node, by a process that needs no connection, and
 * by one at a time, whoever asks. `waitedFor` is the build that the last answer named.
 */
export function askForVenv(
  { folder, packages }: Venv,
  environment: ModuleEnvironment,
  waitedFor: number | null
): RemoteCommand<VenvAnswer> {
  const requirements = packages.flatMap((entry) => (entry.startsWith('-r ') ? ['-r', entry.slice(3).trim()] : [entry]))
  return {
    argv: withModules(environment, askScript, [folder, String(waitedFor ?? '-'), buildScript, ...requirements]),
    timeoutSeconds: answerSeconds,
    // Modules may take long to load: listings must not wait behind that.
    lane: 'file',
    parse({ stdout, stderr, exitCode }) {
      readLoadFailure(stdout)
      // Of the look itself, mkdir's words alone are about the venv: a shell that was killed says nothing of it.
      if (exitCode > 1) throw new UnavailableError(`the venv was not looked at: ${stderr.trim() || `exit code ${exitCode}`}`)
      if (exitCode === 1) return judgeBuild(folder, exitCode, stderr)
      const [first = '', , ...log] = stdout.split('\n')
      const [kind = '', word = '', version = ''] = first.split(' ')
      if (kind === 'ready') return { kind, python: word === '' ? null : `${word} ${version}` }
      if (kind === 'building') return { kind, build: Number(word) }
      if (kind === 'failed') return judgeBuild(folder, Number(word), log.join('\n'))
      throw new UnavailableError(`the platform answered nonsense: ${stdout.trim() || 'nothing'}`)
    }
  }
}
