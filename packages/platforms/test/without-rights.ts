import type { RemoteShell } from '../src/remote-shell.ts'

const nobody = '65534'

/** The shell of a user whom modes of files hold back: root may read whatever there is. */
export function withoutRights(shell: RemoteShell): RemoteShell {
  if (process.getuid?.() !== 0) return shell
  const drop = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  return { ...shell, start: (argv, lane) => shell.start([...drop, ...argv], lane) }
}
