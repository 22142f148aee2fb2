import { UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { findLimits } from '../src/slurm/partitions.ts'

const before =
  'AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL Default=YES QoS=N/A DefaultTime=00:05:00 DisableRootJobs=NO'
const after =
  'PriorityJobFactor=1 PriorityTier=1 State=UP TotalCPUs=12 TotalNodes=3 JobDefaults=(null) TRES=cpu=12,mem=12G,node=3,billing=12'
// As 22.05 and 24.11 print it.
const small = [
  `PartitionName=small ${before} ExclusiveUser=NO GraceTime=0 Hidden=NO MaxNodes=1 MaxTime=3-00:00:00 MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED Nodes=puhti-n[1-3] ${after}`,
  `PartitionName=small ${before} ExclusiveUser=NO ExclusiveTopo=NO GraceTime=0 Hidden=NO MaxNodes=1 MaxTime=3-00:00:00 MinNodes=0 LLN=NO MaxCPUsPerNode=UNLIMITED MaxCPUsPerSocket=UNLIMITED Nodes=puhti-n[1-3] ${after}`
]
const gpu =
  'PartitionName=gpu AllowAccounts=project_1,project_2 Default=NO QoS=gpus MaxNodes=UNLIMITED MaxTime=UNLIMITED DefaultTime=NONE MinNodes=2 State=DOWN TotalNodes=9'

const read = (sections: Record<string, string>, exitCode = 0) => {
  const stdout = Object.entries(sections).map(([name, text]) => `= ${name}\n${text === '' ? '' : `${text}\n`}`)
  return findLimits.parse({
    stdout: stdout.join(''),
    stderr: 'slurm_load_partitions: Unable to contact slurm controller',
    exitCode
  })
}
const rest = { nodes: '', associations: '', qualities: '' }

describe('the partitions of a print', () => {
  it('are read alike from both versions', () => {
    for (const line of small) {
      const nodes = 'small|1|4|4096|(null)\nsmall|2|16|8192|gpu:v100:2(S:0-1),nvme:3500'
      expect(read({ ...rest, array: '1001', partitions: line, nodes })).toMatchObject({
        maxArraySize: 1001,
        partitions: [
          {
            ...{ name: 'small', state: 'UP', 'is-default': true, 'time-limit-seconds': 259_200, 'default-time-seconds': 300 },
            ...{ 'min-nodes': 0, 'max-nodes': 1, nodes: 3, accounts: null },
            // Of the larger of the two kinds of nodes.
            ...{ 'cores-per-node': 32, 'memory-per-node-bytes': 8 * 1024 ** 3, 'gpus-per-node': 2 }
          }
        ]
      })
    }
  })
  it('have the limits of their quality of service, and null for what has no limit', () => {
    const qualities = 'normal|||\ngpus|120|200|100'
    expect(read({ ...rest, array: '', partitions: gpu, qualities })).toMatchObject({
      maxArraySize: null,
      partitions: [
        {
          ...{ name: 'gpu', state: 'DOWN', 'is-default': false, 'time-limit-seconds': null, 'default-time-seconds': null },
          ...{ 'min-nodes': 2, 'max-nodes': null, nodes: 9, accounts: ['project_1', 'project_2'] },
          ...{ 'cores-per-node': null, 'gpus-per-node': null, 'max-jobs-submitted': 120, 'max-jobs-running': 100 }
        }
      ]
    })
  })
  it('have the memory of a core, or of a node, that is theirs or else the cluster’s', () => {
    const memory = 'DefMemPerCPU=256\nDefMemPerNode=\nMaxMemPerCPU=2000'
    const memoryOf = (own: string) => {
      const [found] = read({ ...rest, array: '', memory, partitions: `${gpu} ${own}` }).partitions
      return [
        found?.['default-memory-per-core-bytes'],
        found?.['default-memory-per-node-bytes'],
        found?.['memory-per-core-bytes']
      ]
    }
    const mib = 1024 ** 2
    expect(memoryOf('DefMemPerNode=UNLIMITED MaxMemPerNode=UNLIMITED')).toEqual([256 * mib, null, 2000 * mib])
    expect(memoryOf('DefMemPerCPU=1000 MaxMemPerCPU=4000')).toEqual([1000 * mib, null, 4000 * mib])
    expect(memoryOf('DefMemPerNode=9000')).toEqual([null, 9000 * mib, 2000 * mib])
  })
  it('give all memory of a node where SLURM gives memory out and nobody has set how much', () => {
    const nodes = 'gpu|1|4|4096|(null)|1\ngpu|2|16|8192|gpu:v100:2|2'
    const defaultsOf = (memory: string) => {
      const [found] = read({ ...rest, array: '', nodes, memory, partitions: gpu }).partitions
      return [found?.['default-memory-per-core-bytes'], found?.['default-memory-per-node-bytes'], found?.['threads-per-core']]
    }
    const none = 'DefMemPerCPU=\nDefMemPerNode=UNLIMITED'
    expect(defaultsOf(`${none}\nSelectTypeParameters=CR_CORE_MEMORY`)).toEqual([null, 8 * 1024 ** 3, 2])
    expect(defaultsOf(`${none}\nSelectTypeParameters=CR_CORE`)).toEqual([null, null, 2])
    expect(defaultsOf('DefMemPerCPU=1\nSelectTypeParameters=CR_CORE_MEMORY')).toEqual([1024 ** 2, null, 2])
  })
  it('tell where each job has its nodes to itself', () => {
    const wholeOf = (own: string) => read({ ...rest, array: '', partitions: `${gpu} ${own}` }).partitions[0]?.['whole-nodes']
    expect(['OverSubscribe=EXCLUSIVE', 'OverSubscribe=NO', ''].map(wholeOf)).toEqual([true, false, false])
  })
  it('count the GPUs of every kind, and nothing else that nodes have', () => {
    const gpusOf = (resources: string) =>
      read({ ...rest, array: '', partitions: gpu, nodes: `gpu|1|1|1|${resources}` }).partitions[0]?.['gpus-per-node']
    for (const [resources, count] of [
      ['(null)', 0],
      ['gpu:4', 4],
      ['gpu:a100:2,gpu:a100_1g.5gb:14(S:0),nvme:3500', 16],
      ['nvme:7,gpu:mi250:8(S:0-7)', 8]
    ] as const) {
      expect(gpusOf(resources), resources).toBe(count)
    }
  })
  it('are unknown while slurmctld does not answer', () => {
    expect(() => read({ array: '' }, 1)).toThrow(UnavailableError)
  })
})
