import { RefusedError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { composeSubmission } from '../src/effects/compose-submission.ts'

const compose = (directives: string) => {
  const request = { path: 'None', script: `#!/bin/sh\n${directives}\ntrue\n` }
  // The script stands in the order: no shell is needed.
  const noShell = {} as Parameters<typeof composeSubmission>[3]
  const right = { token: 'abc', try: 1 }
  return composeSubmission({ request, modules: [], orderName: 'mine' }, right, { account: null }, noShell)
}

describe('a script that asks for another cluster', () => {
  it('is refused, however it says so', async () => {
    for (const directive of ['-M other', '-Mother', '--clusters=other', '--clusters other', '--cluster=all']) {
      await expect(compose(`#SBATCH --time=1\n#SBATCH ${directive}`), directive).rejects.toThrow(RefusedError)
    }
  })
  it('is not one that names other things in like words', async () => {
    expect(await compose('#SBATCH --cluster-constraint=a -c 2\n# -M other')).toMatchObject({ jobName: 'mine.abc' })
  })
})
