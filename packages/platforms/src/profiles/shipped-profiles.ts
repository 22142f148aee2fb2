import { lumi } from './lumi.ts'
import { mahti } from './mahti.ts'
import type { Profile, ShippedProfile } from './profile.ts'
import { puhti } from './puhti.ts'
import { roihuCpu } from './roihu-cpu.ts'
import { roihuGpu } from './roihu-gpu.ts'

/** A SLURM of which nothing is known but what the configuration says. */
export const plainProfile: Profile = {
  hosts: [],
  hostKeys: [],
  architecture: null,
  timeZone: null,
  preamble: [],
  workspacesCommand: null,
  allocationsCommand: null,
  partitions: [],
  billing: [],
  firewallRanges: [],
  ownerOnlyServices: false,
  refusesPrivateKeys: false,
  retired: null,
  pollSeconds: 2,
  maxChannels: 4,
  commandsPerSecond: null,
  sbatchSeconds: 60,
  settleSeconds: 10
}

/** The systems that Lautta knows by name. */
export const shippedProfiles: Readonly<Record<string, ShippedProfile>> = {
  'roihu-cpu': roihuCpu,
  'roihu-gpu': roihuGpu,
  lumi,
  mahti,
  puhti
}
