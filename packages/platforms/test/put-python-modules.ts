import type { SlurmServer } from '../../../test/servers/slurm.ts'
import { wheelScript } from './wheel-script.ts'

// Held up as long as a test wants it.
const python = `#!/bin/sh
case "$*" in *"-m venv"*) while [ -e /users/csc/hold ]; do sleep 0.1; done;; esac
exec /usr/bin/python3 "$@"
`

const files: Readonly<Record<string, string>> = {
  'python-1/python3': python,
  'python-2/python3': python,
  'modules/python/1.lua': 'prepend_path("PATH", "/users/csc/python-1")\nLmodMessage("loaded, and proud of it")',
  'modules/python/2.lua': 'prepend_path("PATH", "/users/csc/python-2")',
  'modules/wheels.lua': 'setenv("PIP_NO_INDEX", "1")\nsetenv("PIP_FIND_LINKS", "/users/csc/wheels")'
}

/**
 * Modules in /users/csc/modules: `python/1` and `python/2`, which build no venv while /users/csc/hold is there, and
 * `wheels`, by which pip finds the package apple, and nothing else, without a network.
 */
export async function putPythonModules({ exec }: Pick<SlurmServer, 'exec'>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await exec(['sh', '-c', 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod +x "$1"', 'sh', path], { stdin: text })
  }
  await exec(['python3', '-c', wheelScript, 'wheels', 'apple==1.0'])
}
