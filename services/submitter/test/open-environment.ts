import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import { knownPlatforms } from '@lautta/platforms/settings'
import { createKnownEnvironment } from '../src/known-environment.ts'

/** The real platform `local`, with a command that prints disk areas, and a clock of its own. */
export async function openEnvironment() {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-environment-'))
  const [local] = knownPlatforms({}, true)
  if (local === undefined) throw new Error('there is no platform local')
  // The preamble notes each login, and the command each question.
  const preamble = [`echo login >>${join(folder, 'asked')}`]
  const workspacesCommand = `echo workspaces >>${join(folder, 'asked')}; cat ${join(folder, 'print')}`
  const known = { ...local, preamble, workspacesCommand }
  const platform = await connectPlatform(known, 'u', {
    localFolder: folder,
    environment: { PATH: '/usr/bin:/bin', HOME: folder }
  })
  const store = createFolderStore(join(folder, 'store'))
  const management = createManagement({
    ...{ store, bucketPrefix: 'mlch', documentKey: Buffer.from('key'), slugOf: () => 'u' },
    onIgnored: (error) => {
      throw error
    }
  })
  const clock = { nowMs: 0 }
  const warnings: object[] = []
  const logger = { warn: (line: object) => void warnings.push(line) }
  return {
    ...{ folder, known, platform, store, management, clock, warnings },
    open: () => createKnownEnvironment({ user: 'u', known, management, now: () => new Date(clock.nowMs), logger }),
    print: (text: string) => writeFile(join(folder, 'print'), text),
    close: () => rm(folder, { recursive: true })
  }
}
export type TestEnvironment = Awaited<ReturnType<typeof openEnvironment>>
