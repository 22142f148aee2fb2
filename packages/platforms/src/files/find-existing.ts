import { UnavailableError } from '@lautta/core/errors'
import type { RemoteCommand } from '../run-command.ts'

// A login shell's own files may have gone elsewhere. A link that leads nowhere is there, too.
const script = `cd -- "\${HOME:-.}" || exit
while IFS= read -r path; do
  case $path in "~/"*) path=$HOME/\${path#"~/"};; esac
  if [ -e "$path" ] || [ -L "$path" ]; then echo yes; else echo no; fi
done`

/** Which of the paths are there; relative ones start at the home directory. */
export function findExisting(paths: readonly string[]): RemoteCommand<Set<string>> {
  return {
    argv: ['sh', '-c', script],
    // Many files of a file system that is busy take their time.
    ...{ lane: 'file', timeoutSeconds: 300 },
    stdin: paths.map((path) => `${path}\n`).join(''),
    parse({ stdout, stderr, exitCode }) {
      const answers = stdout.split('\n')
      if (exitCode !== 0 || answers.length !== paths.length + 1) {
        throw new UnavailableError(`it was not told which files are there: ${stderr.trim()}`)
      }
      return new Set(paths.filter((_path, index) => answers[index] === 'yes'))
    }
  }
}
