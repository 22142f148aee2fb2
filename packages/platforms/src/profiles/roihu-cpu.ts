import { cscHabits } from './csc-habits.ts'
import { billingData, day, gib, hour, minute, partitionData } from './partition-data.ts'
import type { ShippedProfile } from './profile.ts'
import { cscGuide, notPublished, readIn } from './sources.ts'

const fullNodes = 'full nodes'
const storage = [{ of: 'storage-gib' as const, each: 0.02 }]

/** Roihu's x86 half: two processors of 192 cores a node; in use since June 2026. */
export const roihuCpu: ShippedProfile = {
  ...cscHabits,
  hosts: [{ host: 'roihu-cpu.csc.fi', port: 22 }],
  hostKeys: ['SHA256:YNdesHbXhxN0hKD4mWvYGQONebjRqY+CGXDqPiZyByQ'],
  architecture: 'x86_64',
  timeZone: 'Europe/Helsinki',
  preamble: [],
  workspacesCommand: 'csc-workspaces',
  allocationsCommand: null,
  partitions: partitionData([
    {
      ...{ name: 'test', 'time-limit-seconds': 15 * minute, 'min-nodes': 1, 'max-nodes': 2 },
      ...{ 'cores-per-node': 384, 'memory-per-node-bytes': 744 * gib }
    },
    { name: 'small', 'time-limit-seconds': 72 * hour, 'max-nodes': 1, 'max-cores': 384, 'max-memory-bytes': 1500 * gib },
    { name: 'medium', 'time-limit-seconds': 36 * hour, 'min-nodes': 1, 'max-nodes': 6, 'cores-per-node': 384, note: fullNodes },
    {
      ...{ name: 'large', 'time-limit-seconds': 36 * hour, 'min-nodes': 6, 'max-nodes': 60, 'cores-per-node': 384 },
      note: `${fullNodes}, after a scalability test`
    },
    { name: 'longrun', 'time-limit-seconds': 10 * day, 'max-cores': 192, 'max-memory-bytes': 1500 * gib },
    {
      ...{ name: 'hugemem', 'time-limit-seconds': 36 * hour, 'max-cores': 128, 'max-memory-bytes': 6037 * gib },
      note: 'memory by core'
    },
    { name: 'hugemem_longrun', 'time-limit-seconds': 10 * day },
    { name: 'interactive', 'time-limit-seconds': 36 * hour, 'max-cores': 32, 'max-memory-bytes': 64 * gib }
  ]),
  billing: billingData([
    {
      partitions: ['small', 'longrun', 'interactive', 'test'],
      unit: 'cpu-bu',
      max: [
        { of: 'cores', each: 0.75 },
        { of: 'memory-gib', each: 0.375 }
      ],
      plus: storage
    },
    {
      partitions: ['hugemem', 'hugemem_longrun'],
      unit: 'cpu-bu',
      max: [
        { of: 'cores', each: 12 },
        { of: 'memory-gib', each: 0.25 }
      ],
      plus: storage
    },
    { partitions: ['medium', 'large'], unit: 'cpu-bu', plus: [{ of: 'nodes', each: 288 }, ...storage] }
  ]),
  firewallRanges: [],
  ownerOnlyServices: true,
  refusesPrivateKeys: true,
  retired: null,
  sources: readIn(cscGuide, { firewallRanges: notPublished })
}
