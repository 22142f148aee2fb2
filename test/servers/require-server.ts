import { accessSync, constants } from 'node:fs'
import { delimiter, resolve } from 'node:path'

/**
 * A test whose server is not installed fails where all must run (CI) and is a printed skip elsewhere:
 * `describe.skipIf(!requireCommands(['slurmctld']))`. A path is looked for where it says.
 */
export function requireCommands(names: readonly string[]): boolean {
  const missing = names.filter((name) => !isInstalled(name))
  if (missing.length === 0) return true
  const message = `not installed: ${missing.join(', ')} (test/servers/install installs what the tests need)`
  if (process.env.CI) throw new Error(message)
  console.log(`skipped, ${message}`)
  return false
}

// Debian keeps daemons in sbin, which is not on a plain user's path.
function isInstalled(name: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => isExecutable(resolve(folder, name)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
