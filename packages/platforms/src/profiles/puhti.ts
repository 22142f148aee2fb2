import { cscHabits } from './csc-habits.ts'
import { billingData, day, gib, minute, partitionData } from './partition-data.ts'
import type { ShippedProfile } from './profile.ts'
import { cscGuide, readIn } from './sources.ts'

const reserved = [
  { of: 'cores' as const, each: 1 },
  { of: 'memory-gib' as const, each: 0.1 },
  { of: 'storage-gib' as const, each: 0.006 }
]

/** Puhti, retired in 2026: 40 cores a node, and nodes with four V100. Kept, because orders and notebooks name it. */
export const puhti: ShippedProfile = {
  ...cscHabits,
  hosts: [{ host: 'puhti.csc.fi', port: 22 }],
  hostKeys: ['SHA256:Q2lpykI43ffs4PrRODZ/qncjUo3eyrRHc5T9yjJEwWY'],
  architecture: 'x86_64',
  timeZone: 'Europe/Helsinki',
  preamble: ['source /appl/profile/zz-csc-env.sh'],
  workspacesCommand: 'csc-workspaces',
  allocationsCommand: null,
  partitions: partitionData([
    { name: 'test', 'time-limit-seconds': 15 * minute, 'max-cores': 80 },
    { name: 'small', 'time-limit-seconds': 3 * day, 'max-cores': 40, 'max-memory-bytes': 373 * gib },
    { name: 'large', 'time-limit-seconds': 3 * day, 'max-nodes': 26, 'max-cores': 1040 },
    { name: 'longrun', 'time-limit-seconds': 14 * day },
    { name: 'hugemem', 'time-limit-seconds': 3 * day, 'max-memory-bytes': 1496 * gib },
    { name: 'gputest', 'time-limit-seconds': 15 * minute, 'max-gpus': 8 },
    { name: 'gpu', 'time-limit-seconds': 3 * day, 'max-gpus': 80 }
  ]),
  billing: billingData([
    { partitions: ['test', 'small', 'large', 'longrun', 'hugemem'], unit: 'cpu-bu', plus: reserved },
    { partitions: ['gputest', 'gpu'], unit: 'gpu-bu', plus: [...reserved, { of: 'gpus', each: 60 }] }
  ]),
  firewallRanges: ['86.50.164.176/28'],
  ownerOnlyServices: true,
  refusesPrivateKeys: false,
  retired: { 'compute-closed-on': '2026-07-31', 'storage-closed-on': '2026-10-15' },
  sources: readIn(cscGuide, {})
}
