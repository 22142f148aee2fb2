import { RefusedError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { composeSubmission } from '../src/effects/compose-submission.ts'

const compose = (directives: string, more: { array?: string } = {}) => {
  const request = { ...more, path: 'None', script: `#!/bin/sh\n${directives}\ntrue\n` }
  // The script stands in the order: no shell is needed.
  const noShell = {} as Parameters<typeof composeSubmission>[3]
  const right = { token: 'abc', try: 1 }
  return composeSubmission(
    { request, modules: [], venv: null, orderName: 'mine' },
    right,
    { account: null, preamble: [], remoteForward: null },
    noShell
  )
}

describe('the array of a submission', () => {
  it("is the job's own, or its script's, however that says so", async () => {
    for (const directive of ['--array=1-9:2%2', '--array 1-9:2%2', '-a 1-9:2%2', '-a1-9:2%2', '--arr=1-9:2%2']) {
      expect(await compose(`#SBATCH ${directive}`), directive).toMatchObject({ array: '1-9:2%2' })
    }
    expect(await compose('#SBATCH --array=1-9', { array: '4,7' })).toMatchObject({ array: '4,7' })
  })
  it("is none where nobody asks for one, and sbatch's to judge where it can't be read", async () => {
    expect(await compose('#SBATCH --account=a')).toMatchObject({ array: null })
    expect(await compose('#SBATCH --array=1-x')).toMatchObject({ array: null })
  })
})

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
