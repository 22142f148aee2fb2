import { describe, expect, it } from 'vitest'
import { asksForLimited, readAskedResources } from '../src/platform/asked-resources.ts'
import { judgeRequest } from '../src/platform/judge-request.ts'
import type { Association, Limits } from '../src/platform/limits.ts'
import { partitionSchema } from '../src/platform/partition.ts'

const hours = 3600
const known = { state: 'UP', 'is-default': false, 'memory-per-node-bytes': 4 * 1024 ** 3 }
const limits: Limits = {
  partitions: [
    { ...known, name: 'small', 'is-default': true, 'time-limit-seconds': 72 * hours, 'max-nodes': 1, nodes: 9 },
    { ...known, name: 'large', 'time-limit-seconds': 36 * hours, 'min-nodes': 6, 'max-nodes': 60, nodes: 90 },
    { ...known, name: 'test', 'time-limit-seconds': hours / 4, nodes: 2, 'max-jobs-submitted': 20 },
    { ...known, name: 'closed', state: 'INACTIVE', nodes: 900 }
  ].map((one) => partitionSchema.parse(one)),
  maxArraySize: 1001,
  associations: []
}
const association = (account: string, mostSubmitted: number | null, partition: string | null = null): Association => ({
  ...{ account, partition, mostSubmitted, mostRunning: null, mostSeconds: null }
})
const judge = (lines: string, options: Record<string, string | number | true> = {}, other: Partial<Limits> = {}) =>
  judgeRequest(readAskedResources({ script: `#!/bin/sh\n${lines}\n`, options }), { ...limits, ...other })

describe('what a job asks for', () => {
  it('is read from its options, and what they leave out from its directives', () => {
    const script = '#!/bin/sh\n#SBATCH -p test,small -t 2:00 -N2-4 -a 1-9:4,20%3\n#SBATCH --mem=2G -A project_1\n'
    expect(readAskedResources({ script, options: { time: 90, mem: '512' } })).toEqual({
      partitions: ['test', 'small'],
      account: 'project_1',
      time: { text: '90', seconds: 5400 },
      nodes: { text: '2-4', least: 2, most: 4 },
      memoryPerNode: { text: '512', bytes: 512 * 1024 ** 2 },
      array: { text: '1-9:4,20%3', tasks: 4, highestIndex: 20 }
    })
  })
  it('has the tasks that the job itself names, if it does', () => {
    const script = '#!/bin/sh\n#SBATCH --array=0-9\n'
    expect(readAskedResources({ script, options: {}, array: '4,7' }).array).toEqual({ text: '4,7', tasks: 2, highestIndex: 7 })
    expect(readAskedResources({ script, options: {}, array: null }).array).toMatchObject({ tasks: 10 })
  })
  it('is nothing that has a limit when it is left out, or can not be read', () => {
    const strange = { time: 'UNLIMITED', nodes: '1,4', mem: 'all', array: '4-1' }
    for (const options of [{}, strange]) {
      expect(asksForLimited(readAskedResources({ script: '#!/bin/sh\n', options }))).toBe(false)
    }
  })
})

describe('a request', () => {
  it('that fits in has nothing against it', () => {
    for (const lines of ['#SBATCH -t 3-0 -N1', '#SBATCH -p large -N 6-60', '#SBATCH -p test -t 15 --array=0-19 --mem=4G']) {
      expect(judge(lines), lines).toBeNull()
    }
  })
  it('for a partition that is not there is answered with those that are', () => {
    expect(judge('#SBATCH -p small,nope')).toEqual({
      message: 'there is no partition nope on this platform',
      hint: 'its partitions are small, large, test, closed'
    })
    // Of a platform that tells no partitions, nothing is known to be wrong.
    expect(judge('#SBATCH -p nope', {}, { partitions: [] })).toBeNull()
  })
  it('for too long a time is answered with the limit, and the partitions into which it fits', () => {
    expect(judge('', { partition: 'test', time: '02:00:00', nodes: 1 })).toEqual({
      message: '--time=02:00:00 is too long: partition test allows 00:15:00',
      hint: 'it would fit into small'
    })
    expect(judge('#SBATCH -t 4-0')?.message).toBe('--time=4-0 is too long: partition small allows 3-00:00:00')
  })
  it('for too many or too few nodes is answered with how many there are', () => {
    expect(judge('#SBATCH --nodes=7')).toEqual({
      message: '--nodes=7 is too many: partition small gives a job at most 1',
      hint: 'it would fit into large'
    })
    expect(judge('#SBATCH -p test -N 3-9')?.message).toBe('--nodes=3-9 is too many: partition test gives a job at most 2')
    expect(judge('#SBATCH -p large -N 61')?.hint).toBe(
      'it fits into no partition of this platform: ask for less, or for several jobs'
    )
    expect(judge('#SBATCH -p large -N 2')?.message).toBe('--nodes=2 is too few: partition large takes jobs of 6 and more')
  })
  it('for more memory than a node has is answered with what it has', () => {
    expect(judge('', { mem: '5G' })?.message).toBe('--mem=5G is too much: a node of partition small has at most 4096M')
  })
  it('is no complaint when one of several partitions takes it', () => {
    expect(judge('#SBATCH -p test,small -t 1:00:00')).toBeNull()
    expect(judge('#SBATCH -p test,small -N 4')?.message).toMatch(/partition test gives a job at most 2/)
  })
})

describe('an array', () => {
  it('with too high an index is answered with the highest', () => {
    expect(judge('#SBATCH --array=0-1000')).toBeNull()
    for (const partitions of [limits.partitions, []]) {
      expect(judge('#SBATCH --array=1001', {}, { partitions })?.message).toBe(
        '--array=1001 is too large: 1000 is the highest index on this platform'
      )
    }
  })
  it('with more tasks than a user may submit is answered with how many those are', () => {
    expect(judge('#SBATCH -p test --array=1-21')).toEqual({
      message: '--array=1-21 has 21 tasks: partition test takes at most 20 jobs of yours at once',
      hint: 'it would fit into small, large'
    })
    const associations = [association('project_1', 10), association('project_2', 30), association('project_2', 5, 'large')]
    const judged = (lines: string) => judge(`#SBATCH --array=1-12\n${lines}`, {}, { associations })?.message
    expect(judged('#SBATCH -A project_1')).toMatch(/partition small takes at most 10 jobs/)
    expect(judged('#SBATCH -A project_2')).toBeUndefined()
    // Whose default account it is, is not known: so by the highest of the limits.
    expect(judged('')).toBeUndefined()
  })
})
