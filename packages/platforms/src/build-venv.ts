import { RefusedError } from '@lautta/core/errors'
import { type ModuleEnvironment, noModules, withModules } from './module-environment.ts'
import type { RemoteCommand } from './run-command.ts'

/** A virtual environment as an order describes it. */
export interface Venv {
  folder: string
  /** pip's requirements; also `-r <file>`. */
  packages: readonly string[]
}

const buildBoundSeconds = 3600

// An interrupted build leaves no stamp, so pip looks at it once more. Two orders, or two platforms that share a file
// system, may name one folder: the lock ends with its process, however that ends.
const buildScript = `folder=$1; shift
case $folder in "~/"*) folder=$HOME/\${folder#"~/"};; esac
stamp=$folder/.lautta-packages
wanted=$(printf '%s\\n' "$@")
built=
mkdir -p -- "$folder" && exec 9>"$folder/.lautta-lock" || exit 1
! command -v flock >/dev/null || flock 9
has_pip() { "$folder/bin/python" -m pip --version >/dev/null 2>&1; }
[ -x "$folder/bin/python" ] && { [ "$#" = 0 ] || has_pip; } || { python3 -m venv --system-site-packages "$folder" >&2 || exit 1; built=yes; }
[ "$#" = 0 ] || [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] || {
  "$folder/bin/python" -m pip install --disable-pip-version-check --quiet "$@" >&2 || exit 1
  printf '%s\\n' "$wanted" >"$stamp"
  built=yes
}
[ -z "$built" ] || echo "built $("$folder/bin/python" --version)"
`

/** Makes a virtual environment unless it is there with these packages; answers the Python of one that it made. */
export function buildVenv({ folder, packages }: Venv, environment: ModuleEnvironment): RemoteCommand<string | null> {
  const requirements = packages.flatMap((entry) => (entry.startsWith('-r ') ? ['-r', entry.slice(3).trim()] : [entry]))
  return {
    argv: withModules(environment, buildScript, [folder, ...requirements]),
    timeoutSeconds: buildBoundSeconds,
    // It may take long: listings must not wait behind it.
    lane: 'file',
    parse({ stdout, stderr, exitCode }) {
      const [first = '', , ...words] = stdout.split('\n')
      if (first.startsWith(noModules)) throw new RefusedError(words.join('\n').trim())
      if (exitCode !== 0) throw new RefusedError(`the venv ${folder} could not be built: ${stderr.trim()}`)
      return first.startsWith('built ') ? first.slice('built '.length) : null
    }
  }
}
