import { cscHabits } from './csc-habits.ts'
import { billingData, day, gib, hour, minute, partitionData } from './partition-data.ts'
import type { ShippedProfile } from './profile.ts'
import { cscGuide, readIn } from './sources.ts'

/** Mahti, retired in 2026: 128 cores a node, and nodes with four A100. Kept, because orders and notebooks name it. */
export const mahti: ShippedProfile = {
  ...cscHabits,
  hosts: [{ host: 'mahti.csc.fi', port: 22 }],
  hostKeys: ['SHA256:tE+1jA4Et1enbbat1V3dMRWlLtJgA8t7ZrkyIkU4ooo'],
  architecture: 'x86_64',
  timeZone: 'Europe/Helsinki',
  preamble: ['source /appl/profile/zz-csc-env.sh'],
  workspacesCommand: 'csc-workspaces',
  allocationsCommand: null,
  partitions: partitionData([
    { name: 'test', 'time-limit-seconds': hour, 'min-nodes': 1, 'max-nodes': 2, 'cores-per-node': 128 },
    { name: 'medium', 'time-limit-seconds': 36 * hour, 'min-nodes': 1, 'max-nodes': 20, 'cores-per-node': 128 },
    { name: 'large', 'time-limit-seconds': 36 * hour, 'min-nodes': 20, 'max-nodes': 200, 'cores-per-node': 128 },
    {
      ...{ name: 'small', 'time-limit-seconds': 3 * day, 'max-cores': 128, 'max-memory-bytes': 128 * 1.875 * gib },
      'memory-per-core-bytes': 1.875 * gib,
      note: '1.875 GiB a core'
    },
    { name: 'interactive', 'time-limit-seconds': 7 * day, 'max-cores': 32 },
    { name: 'gputest', 'time-limit-seconds': 15 * minute, 'max-gpus': 4 },
    { name: 'gpusmall', 'time-limit-seconds': 36 * hour, 'max-gpus': 2, note: 'also slices, a100_1g.5gb' },
    { name: 'gpumedium', 'time-limit-seconds': 36 * hour, 'max-gpus': 24 }
  ]),
  billing: billingData([
    { partitions: ['test', 'medium', 'large'], unit: 'cpu-bu', plus: [{ of: 'nodes', each: 100 }] },
    {
      partitions: ['small', 'interactive'],
      unit: 'cpu-bu',
      'threads-per-core': 2,
      plus: [
        { of: 'cores', each: 1 },
        { of: 'storage-gib', each: 0.01 }
      ]
    },
    {
      partitions: ['gputest', 'gpusmall', 'gpumedium'],
      unit: 'gpu-bu',
      plus: [
        { of: 'gpus', each: 100 },
        { of: 'gpu-slices', each: 15 },
        { of: 'storage-gib', each: 0.01 }
      ]
    }
  ]),
  firewallRanges: ['86.50.165.192/27'],
  ownerOnlyServices: true,
  refusesPrivateKeys: false,
  retired: { 'compute-closed-on': '2026-08-31', 'storage-closed-on': '2026-10-15' },
  sources: readIn(cscGuide, {})
}
