import { cscHabits } from './csc-habits.ts'
import { billingData, day, hour, minute, partitionData } from './partition-data.ts'
import type { ShippedProfile } from './profile.ts'
import { cscGuide, lumiGuide, lumiMessage, notPublished, readIn } from './sources.ts'

const byNode = 'full nodes'

/** LUMI: x86, with eight GCDs (halves of an MI250x) on each GPU node. */
export const lumi: ShippedProfile = {
  ...cscHabits,
  hosts: [{ host: 'lumi.csc.fi', port: 22 }],
  hostKeys: [],
  architecture: 'x86_64',
  timeZone: 'Europe/Helsinki',
  // CSC's own modules, beside LUMI's.
  preamble: ['module use /appl/local/csc/modulefiles/'],
  workspacesCommand: 'lumi-workspaces',
  allocationsCommand: 'lumi-allocations',
  partitions: partitionData([
    {
      ...{ name: 'standard', 'time-limit-seconds': 2 * day, 'max-nodes': 512 },
      ...{ 'max-jobs-submitted': 120, 'max-jobs-running': 100, note: byNode }
    },
    {
      ...{ name: 'standard-g', 'time-limit-seconds': 2 * day, 'max-nodes': 1024 },
      ...{ 'max-jobs-submitted': 210, 'max-jobs-running': 200, note: byNode }
    },
    { name: 'small', 'time-limit-seconds': 3 * day, 'max-nodes': 4, 'max-jobs-submitted': 220, 'max-jobs-running': 200 },
    { name: 'small-g', 'time-limit-seconds': 3 * day, 'max-nodes': 4, 'max-jobs-submitted': 210, 'max-jobs-running': 200 },
    { name: 'debug', 'time-limit-seconds': 30 * minute, 'max-jobs-submitted': 2, 'max-jobs-running': 1 },
    { name: 'dev-g', 'time-limit-seconds': 3 * hour, 'max-jobs-submitted': 2, 'max-jobs-running': 1 },
    { name: 'largemem', 'time-limit-seconds': day, 'max-jobs-submitted': 30, 'max-jobs-running': 20 }
  ]),
  // Its CPU unit is a core-hour, its GPU unit a GPU-hour. Of debug and largemem no price is known.
  billing: billingData([
    { partitions: ['standard'], unit: 'cpu-bu', plus: [{ of: 'nodes', each: 128 }] },
    {
      partitions: ['small'],
      unit: 'cpu-bu',
      'threads-per-core': 2,
      max: [
        { of: 'cores', each: 1 },
        { of: 'memory-gib', each: 1, portion: 2 }
      ]
    },
    { partitions: ['standard-g'], unit: 'gpu-bu', plus: [{ of: 'nodes', each: 4 }] },
    {
      partitions: ['small-g', 'dev-g'],
      unit: 'gpu-bu',
      'threads-per-core': 2,
      max: [
        { of: 'cores', each: 0.5, portion: 8 },
        { of: 'memory-gib', each: 0.5, portion: 64 },
        { of: 'gpus', each: 0.5 }
      ]
    }
  ]),
  firewallRanges: ['193.167.209.160/28'],
  ownerOnlyServices: true,
  refusesPrivateKeys: true,
  retired: null,
  sources: readIn(lumiGuide, {
    hostKeys: notPublished,
    preamble: cscGuide,
    firewallRanges: cscGuide,
    ownerOnlyServices: lumiMessage
  })
}
