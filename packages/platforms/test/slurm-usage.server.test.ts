import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { computeUsage } from '@lautta/core/accounting/usage'
import { billingFormulaSchema } from '@lautta/core/billing/billing-formula'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { seffCommand } from '../../../test/support/seff-command.ts'
import { until } from '../../../test/support/until.ts'
import { createSlurmScheduler } from '../src/slurm/slurm-scheduler.ts'
import { collectAccounting } from './ask-accounting.ts'
import { composeTestJob } from './compose-test-job.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { dressUp } from './slurm-site.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

const since = new Date()
const mib = 1024 ** 2

describeOnSlurm('the usage of a job on SLURM %s', (release) => {
  let under: TestSlurm
  beforeAll(async () => {
    under = await startTestSlurm(release)
  })
  afterAll(() => under?.stop())

  const submit = async (script: string, options: Record<string, string>): Promise<string> => {
    const answer = await under.scheduler.submit(composeTestJob(`#!/bin/sh\n${script}\n`, options))
    if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
    return answer.slurmJobId
  }
  const account = async (id: string): Promise<readonly AccountingRecord[]> => {
    let records: readonly AccountingRecord[] = []
    const hasEnded = async () => {
      records = await collectAccounting(under.scheduler, id, since)
      return records.length > 0 && records.every(({ endedAtEpoch, partition, jobStep }) => endedAtEpoch && (partition || jobStep))
    }
    await until(hasEnded, 200)
    return records
  }
  const run = async (script: string, options: Record<string, string>) => account(await submit(script, options))

  it('counts the GPUs that it had, and bills them', async () => {
    const formula = { partitions: ['gpu'], unit: 'gpu-bu', plus: [{ of: 'gpus', each: 3600 }] }
    const records = await run('sleep 2', { partition: 'gpu', gres: 'gpu:v100:2', account: 'project_2001234' })
    const usage = computeUsage(records, [billingFormulaSchema.parse(formula)])
    const seconds = records[0]!.elapsedSeconds!
    expect(seconds).toBeGreaterThanOrEqual(2)
    // Nobody looks at how much they are used here.
    expect(usage).toMatchObject({ gpuBu: 2 * seconds, cpuBu: 0, billedProject: 'project_2001234', gpuEfficiencyPercent: null })
    expect(usage?.gpuHours).toBeCloseTo((2 * seconds) / 3600, 10)
    expect(usage?.energyJoules).toBeNull()
  })

  it('is the memory of all tasks of a step, out of that of all nodes', async () => {
    const hold = "python3 -c 'x = bytearray(60_000_000); import time; time.sleep(4)'"
    const options = { partition: 'medium', nodes: '2', ntasks: '2', mem: '200M' }
    const records = await run(`srun --ntasks=2 ${hold}`, options)
    const usage = computeUsage(records)
    expect(usage).toMatchObject({ nodes: 2, memoryAllocatedBytes: 400 * mib })
    // Each of the two has 57 MiB beside the interpreter's own.
    expect(usage?.memoryUtilizedBytes).toBeGreaterThan(114 * mib)
    expect(usage?.memoryUtilizedBytes).toBeLessThan(200 * mib)
  })

  it('is told by seff where there is one, and found not to be there once', async () => {
    const site = dressUp(under.slurm)
    const ids = await Promise.all([submit('sleep 1', { ntasks: '2', mem: '100M' }), submit('exit 3', { mem: '50M' })])
    const [done, failed] = await Promise.all(ids.map(account))
    const before = createSlurmScheduler(under.shell)
    expect(await before.readSeff?.(ids[0])).toBeNull()
    await site.wrap('sacct', 'exec /usr/bin/sacct "$@"')
    await under.slurm.exec(['sh', '-c', 'cat >bin/seff && chmod +x bin/seff'], { stdin: seffCommand })
    expect(await before.readSeff?.(ids[0])).toBeNull()
    const { readSeff } = createSlurmScheduler(under.shell)
    const [one, other, unknown] = await Promise.all([...ids, '987654'].map((id) => readSeff?.(id)))
    const seconds = done![0]!.elapsedSeconds!
    expect(one).toMatchObject({
      ...{ jobId: ids[0], state: 'COMPLETED', nodes: 1, coresPerNode: 2, wallClockSeconds: seconds },
      ...{ memoryAllocatedBytes: 100 * mib, billed: { units: 2 * seconds, of: 'cpu-bu' }, billedProject: 'project_2001234' }
    })
    expect(other).toMatchObject({ jobId: ids[1], state: 'FAILED', wallClockSeconds: failed![0]!.elapsedSeconds })
    expect(unknown).toBeNull()
    await site.undress()
  })

  it('is looked for among all jobs that an account was billed for in a time', async () => {
    const find = (from: Date, to: Date, account = 'project_2001234') => under.scheduler.findBilledJobs?.(account, from, to)
    // sacct knows whole seconds: nothing else may have ended in the first of them.
    const before = Date.now()
    await until(async () => Date.now() > before + 2000, 100)
    const from = new Date()
    const [first, second] = await Promise.all([submit('sleep 2', {}), submit('sleep 2', {})])
    await Promise.all([account(first), account(second)])
    const later = new Date(Date.now() + 60_000)
    expect((await find(from, later))?.toSorted()).toEqual([first, second].toSorted())
    expect(await find(from, later, 'project_9')).toEqual([])
    expect(await find(new Date(from.getTime() - 7_200_000), new Date(from.getTime() - 3_600_000))).toEqual([])
    expect((await find(new Date(from.getTime() - 3_600_000), later))?.length).toBeGreaterThan(2)
  })
})
