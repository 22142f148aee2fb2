import type { RemoteShell } from '../remote-shell.ts'
import { failureOf, listNames, remotePath, runScript } from './run-script.ts'

/**
 * Of a script: makes the folder $1 and in it a folder `$part` of our own, where a file lies until all of it is there.
 * What is found under that name is used only if it is ours, and no link to somewhere else.
 */
export const makePart = `umask 022; mkdir -p -- "$1" || exit
[ -d "$part" ] || mkdir -m 700 -- "$part" || [ -d "$part" ] || exit
[ ! -L "$part" ] && [ -O "$part" ] || { echo "$part: not ours" >&2; exit 1; }
`

/** The name of a batch's folder: of two writers at once each has its own. */
export function batchName(writer: string, nonce: string): string {
  return `.lautta-batch-${writer}-${nonce}`
}

/** The name of the folder of one large file, the same whenever it is sent again. */
export function partName(writer: string, identity: string): string {
  return `.lautta-part-${writer}-${identity}`
}

/**
 * Removes from folders what earlier transfers left: batches of this writer, who begins anew, and what nobody went on
 * with for a week.
 */
export async function removeOldParts(shell: RemoteShell, folders: readonly string[], writer: string): Promise<void> {
  const script = `exec xargs -0 -r sh -c 'batches=$1; shift
for folder; do
  [ ! -d "$folder" ] || find "$folder" -maxdepth 1 -type d -user "$(id -u)" \\
    \\( -name "$batches" -o \\( -name ".lautta-part-*" -o -name ".lautta-batch-*" \\) -mtime +7 \\) -exec rm -rf -- {} +
done' lautta "$1"`
  const { stderr, exitCode } = await runScript(shell, {
    script,
    // Of this writer alone, whatever another one's name begins with.
    args: [batchName(writer, '[0-9a-f]'.repeat(12))],
    stdin: listNames(folders.map(remotePath)),
    doing: 'removing what earlier transfers left'
  })
  if (exitCode !== 0) throw failureOf('removing what earlier transfers left', stderr)
}
