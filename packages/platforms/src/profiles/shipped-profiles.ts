import type { Profile } from './profile.ts'

const slurmTimes = { sbatchSeconds: 60, settleSeconds: 10 }
const csc = {
  pollSeconds: 60,
  maxChannels: 4,
  commandsPerSecond: 5,
  ...slurmTimes,
  preamble: [],
  workspacesCommand: 'csc-workspaces',
  refusesPrivateKeys: false
}
const roihuKey = 'SHA256:YNdesHbXhxN0hKD4mWvYGQONebjRqY+CGXDqPiZyByQ'

const profileScript = ['source /appl/profile/zz-csc-env.sh']

const at = (host: string) => [{ host, port: 22 }]

/** A SLURM of which nothing is known but what the configuration says. */
export const plainProfile: Profile = {
  hosts: [],
  hostKeys: [],
  pollSeconds: 2,
  maxChannels: 4,
  commandsPerSecond: null,
  ...slurmTimes,
  preamble: [],
  workspacesCommand: null,
  refusesPrivateKeys: false
}

/** The systems that Lautta knows by name; read in CSC's user guide of August 2026 and LUMI's of October 2024. */
export const shippedProfiles: Readonly<Record<string, Profile>> = {
  'roihu-cpu': { ...csc, hosts: at('roihu-cpu.csc.fi'), hostKeys: [roihuKey], refusesPrivateKeys: true },
  'roihu-gpu': { ...csc, hosts: at('roihu-gpu.csc.fi'), hostKeys: [roihuKey], refusesPrivateKeys: true },
  lumi: {
    ...csc,
    preamble: ['module use /appl/local/csc/modulefiles/'],
    workspacesCommand: 'lumi-workspaces',
    hosts: at('lumi.csc.fi'),
    hostKeys: [],
    refusesPrivateKeys: true
  },
  // Retired in 2026; kept, because orders and notebooks name them.
  mahti: {
    ...csc,
    preamble: profileScript,
    hosts: at('mahti.csc.fi'),
    hostKeys: ['SHA256:tE+1jA4Et1enbbat1V3dMRWlLtJgA8t7ZrkyIkU4ooo']
  },
  puhti: {
    ...csc,
    preamble: profileScript,
    hosts: at('puhti.csc.fi'),
    hostKeys: ['SHA256:Q2lpykI43ffs4PrRODZ/qncjUo3eyrRHc5T9yjJEwWY']
  }
}
