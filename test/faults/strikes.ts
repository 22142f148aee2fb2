import type { Choice } from './choice.ts'
import type { FaultSite, FaultyService } from './fault-site.ts'
import type { SbatchFaults } from './sbatch-faults.ts'

/** What a fault may reach. */
export interface Battlefield {
  readonly site: FaultSite
  readonly sbatch: SbatchFaults
  readonly choice: Choice
}

/** A fault: waits for its moment, strikes, and leaves the world as it was; what is left is for Lautta to mend. */
export interface Strike {
  readonly name: string
  strike(field: Battlefield): Promise<void>
}

/** Documents that a submitter writes, as the store is asked for them. */
export const writes = { status: /^PUT \S+\/MANAGEMENT\/[^/]+\/mahti\.json/, try: /^PUT \S+\/TRIES\// }

/** Strikes when a submitter, whichever it is, writes such a document; `send` has the store get it. */
export function atWrite(
  { submitters }: FaultSite,
  at: RegExp,
  says: RegExp,
  strike: (writer: FaultyService, send: () => Promise<void>) => Promise<void>
): Promise<void> {
  let hasStruck = false
  return new Promise((resolve, reject) => {
    for (const submitter of submitters) {
      const struck = submitter.store.strikeAt(at, says, async (send) => {
        if (hasStruck) return send()
        hasStruck = true
        await strike(submitter, send).then(resolve, reject)
      })
      // Its failure is that of the sender's request: the strike itself has told its own.
      struck.catch(() => {})
    }
  })
}

/** Both submitters die, and others take their place. */
export async function killSubmitters({ submitters }: FaultSite): Promise<void> {
  await Promise.all(submitters.map((submitter) => submitter.killAndRestart()))
}
