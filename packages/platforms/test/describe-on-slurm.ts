import { describe } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { slurmCommands } from '../../../test/servers/slurm.ts'
import type { SlurmRelease } from '../../../test/servers/slurm-sandbox.ts'

/** What holds for both releases of SLURM; one that is not installed is a printed skip. `%s` in the name is the release. */
export function describeOnSlurm(name: string, tests: (release: SlurmRelease) => void): void {
  for (const release of ['22.05', '24.11'] as const) {
    describe.skipIf(!requireCommands(slurmCommands(release)))(name.replace('%s', release), () => tests(release))
  }
}
