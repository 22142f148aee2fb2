import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Accounting } from '@lautta/core/accounting/accounting'
import { deriveKey } from '@lautta/core/derive-key'
import type { Job } from '@lautta/core/job/job'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import type { SubmittedJob } from '@lautta/platforms/scheduler'
import { knownPlatforms } from '@lautta/platforms/settings'
import type { CollectPorts } from '../src/collect-run.ts'
import { createPlaces } from '../src/places.ts'

/** The user's order 1 on this machine, below a folder; `collectAccounting` is what the test says. */
export async function openPorts(
  root: string,
  jobs: Job[],
  collectAccounting: (job: SubmittedJob) => Promise<Accounting>
): Promise<CollectPorts> {
  const store = createFolderStore(join(root, 'store'))
  const management = createManagement({
    ...{ store, bucketPrefix: 'mlch', documentKey: deriveKey('a master key', 'documents') },
    slugOf: (user) => user,
    onIgnored: () => {}
  })
  await management.writeStatus('u', { schema: 1, id: '1', platform: 'local', fence: 1, sequence: 1, jobs, history: [] })
  const [known] = knownPlatforms({}, true)
  const platform = await connectPlatform(known!, 'u', {
    localFolder: root,
    environment: { HOME: homedir(), PATH: '/usr/bin:/bin' }
  })
  return {
    ...{ store, management, now: () => new Date(), logger: { warn: () => {} } },
    known: () => known,
    readAllocations: async () => null,
    findFollowed: async () => new Set(),
    connect: async () => ({ ...platform, scheduler: { ...platform.scheduler, collectAccounting } }),
    inPlace: createPlaces(2, 2)
  }
}
