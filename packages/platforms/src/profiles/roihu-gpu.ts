import { cscHabits } from './csc-habits.ts'
import { billingData, hour, minute, partitionData } from './partition-data.ts'
import type { ShippedProfile } from './profile.ts'
import { roihuCpu } from './roihu-cpu.ts'
import { cscGuide, notPublished, readIn } from './sources.ts'

const perGpu = 'each GPU brings 72 cores and 217 GiB'

/** Roihu's ARM half: four GH200 of 72 cores a node. Programs built on the other half do not run here. */
export const roihuGpu: ShippedProfile = {
  ...cscHabits,
  hosts: [{ host: 'roihu-gpu.csc.fi', port: 22 }],
  // One key for both halves.
  hostKeys: roihuCpu.hostKeys,
  architecture: 'aarch64',
  timeZone: 'Europe/Helsinki',
  preamble: [],
  workspacesCommand: 'csc-workspaces',
  allocationsCommand: null,
  partitions: partitionData([
    {
      ...{ name: 'gputest', 'time-limit-seconds': 15 * minute, 'min-nodes': 1, 'max-nodes': 2, 'gpus-per-node': 4 },
      note: perGpu
    },
    {
      ...{ name: 'gpumedium', 'time-limit-seconds': 36 * hour, 'min-nodes': 1, 'max-nodes': 4, 'max-gpus': 4 },
      note: perGpu
    },
    {
      ...{ name: 'gpularge', 'time-limit-seconds': 36 * hour, 'min-nodes': 1, 'max-nodes': 10, 'gpus-per-node': 4 },
      note: `after a scalability test; ${perGpu}`
    },
    { name: 'gpuinteractive', 'time-limit-seconds': 12 * hour, note: perGpu },
    { name: 'vizinteractive', 'time-limit-seconds': 12 * hour, 'max-gpus': 2, note: 'L40' }
  ]),
  billing: billingData([
    {
      // Of vizinteractive, whose GPUs are others, no price is known.
      partitions: ['gputest', 'gpumedium', 'gpularge', 'gpuinteractive'],
      unit: 'gpu-bu',
      plus: [
        { of: 'gpus', each: 200 },
        { of: 'storage-gib', each: 0.02 }
      ]
    }
  ]),
  firewallRanges: [],
  ownerOnlyServices: true,
  refusesPrivateKeys: true,
  retired: null,
  sources: readIn(cscGuide, { firewallRanges: notPublished })
}
