import { billingFormulaSchema } from '@lautta/core/billing/billing-formula'
import { partitionSchema } from '@lautta/core/platform/partition'
import { retirementSchema } from '@lautta/core/platform/retirement'
import { z } from 'zod'
import type { Profile } from './profiles/profile.ts'
import { plainProfile, shippedProfiles } from './profiles/shipped-profiles.ts'
import { type RayClusterSettings, type rayClusterSettingsSchema, readRayCluster } from './ray/ray-cluster-settings.ts'
import { type RemoteForward, readRemoteForward, remoteForwardSchema } from './ray/remote-forward-settings.ts'
import type { CredentialSettings } from './ssh/read-credential.ts'

const credentialSchema = z
  .strictObject({
    username: z.string().describe('the login name on the platform'),
    'private-key-file': z.string().describe('an ed25519 or RSA private key, mounted as a file'),
    'certificate-file': z.string().optional().describe('the OpenSSH certificate of its public key, where the host wants one'),
    'passphrase-file': z.string().optional().describe('what opens an encrypted private key'),
    passphrase: z.string().optional().describe('the same, here')
  })
  .refine((credential) => credential.passphrase === undefined || credential['passphrase-file'] === undefined, {
    message: 'give passphrase or passphrase-file, not both'
  })

const profileNames = ['slurm', ...Object.keys(shippedProfiles)]

/** One entry of `platforms` in lautta.yaml; what it leaves out comes from its profile. */
export const platformSettingsSchema = z.strictObject({
  profile: z.enum(profileNames).optional().describe('without it, the shipped profile of that name, else slurm'),
  transport: z.enum(['ssh2', 'local']).default('ssh2').describe('local: SLURM commands of this very machine'),
  hosts: z.array(z.strictObject({ host: z.string(), port: z.number().int().default(22) })).optional(),
  'host-keys': z.array(z.string()).optional(),
  'known-hosts-file': z.string().optional().describe("keys of hosts in OpenSSH's format, besides host-keys"),
  architecture: z.string().optional().describe('of its nodes, as `uname -m` has it'),
  'time-zone': z.string().refine(isTimeZone, 'write a name like Europe/Helsinki').optional(),
  preamble: z.array(z.string()).optional().describe('shell lines that make `module` work'),
  'allocations-command': z.string().optional().describe('prints what projects have used, as lumi-allocations does'),
  'workspaces-command': z.string().optional().describe("prints the user's disk areas and their quotas"),
  account: z.string().optional().describe('--account of jobs that name none themselves'),
  'poll-seconds': z.number().positive().optional(),
  'max-channels': z.number().int().positive().optional(),
  'commands-per-second': z.number().positive().optional(),
  'sbatch-seconds': z.number().int().positive().optional(),
  'settle-seconds': z.number().positive().optional(),
  partitions: z.array(partitionSchema).optional().describe('what the platform itself says of them wins'),
  billing: z.array(billingFormulaSchema).optional(),
  'firewall-ranges': z.array(z.union([z.cidrv4(), z.cidrv6()])).optional(),
  'owner-only-services': z.boolean().optional(),
  'refuse-private-keys': z.boolean().optional(),
  'remote-forward': remoteForwardSchema
    .optional()
    .describe('where the login node lets no connection through: Ray clusters inside jobs bring their ports to us'),
  retired: z
    .union([z.literal(false), retirementSchema])
    .optional()
    .describe('false: it is in use, whatever the profile says'),
  credentials: z.record(z.string(), credentialSchema).default({}).describe('by user name')
})
export type PlatformSettings = z.output<typeof platformSettingsSchema>

/** A platform as it is used: its profile with the configuration over it. */
export interface KnownPlatform extends Profile {
  name: string
  kind: 'local' | 'slurm' | 'ray'
  /** `http`: there is no shell, but the dashboard of a Ray cluster. */
  transport: 'ssh2' | 'local' | 'http'
  /** Of a platform that is a Ray cluster. */
  ray: RayClusterSettings | null
  account: string | null
  /** Where Ray clusters inside its jobs bring their ports; null: they are reached through the login node. */
  remoteForward: RemoteForward | null
  credentials: Readonly<Record<string, CredentialSettings>>
  knownHostsFile?: string | undefined
  /** The month in which `partitions` was read; null where the configuration says it. */
  partitionsReadAt: string | null
}

/** All platforms that an order may name: the configured, the shipped ones, Ray clusters, and `local` where it is offered. */
export function knownPlatforms(
  configured: Readonly<Record<string, PlatformSettings>>,
  hasLocal: boolean,
  rayClusters: Readonly<Record<string, z.output<typeof rayClusterSettingsSchema>>> = {}
): KnownPlatform[] {
  const bare = {
    kind: 'slurm' as const,
    transport: 'ssh2' as const,
    account: null,
    credentials: {},
    ray: null,
    remoteForward: null
  }
  const shipped = Object.entries(shippedProfiles)
    .filter(([name]) => configured[name] === undefined)
    .map(([name, profile]) => ({ ...bare, ...profile, name, partitionsReadAt: profile.sources.partitions.readAt }))
  const onThisMachine = { name: 'local', kind: 'local' as const, transport: 'local' as const, partitionsReadAt: null }
  const local = hasLocal ? [{ ...bare, ...plainProfile, ...onThisMachine }] : []
  const clusters = Object.entries(rayClusters).map(([name, settings]) => ({
    ...bare,
    ...plainProfile,
    name,
    kind: 'ray' as const,
    transport: 'http' as const,
    ray: readRayCluster(settings),
    pollSeconds: settings['poll-seconds'],
    partitionsReadAt: null
  }))
  const own = Object.entries(configured).map(([name, settings]) => applySettings(name, settings))
  return [...local, ...own, ...shipped, ...clusters]
}

function applySettings(name: string, settings: PlatformSettings): KnownPlatform {
  const shipped = shippedProfiles[settings.profile ?? name]
  const profile = shipped ?? plainProfile
  return {
    name,
    kind: 'slurm',
    transport: settings.transport,
    ray: null,
    account: settings.account ?? null,
    remoteForward: settings['remote-forward'] === undefined ? null : readRemoteForward(settings['remote-forward']),
    hosts: settings.hosts ?? profile.hosts,
    hostKeys: settings['host-keys'] ?? profile.hostKeys,
    architecture: settings.architecture ?? profile.architecture,
    timeZone: settings['time-zone'] ?? profile.timeZone,
    pollSeconds: settings['poll-seconds'] ?? profile.pollSeconds,
    preamble: settings.preamble ?? profile.preamble,
    allocationsCommand: settings['allocations-command'] ?? profile.allocationsCommand,
    workspacesCommand: settings['workspaces-command'] ?? profile.workspacesCommand,
    maxChannels: settings['max-channels'] ?? profile.maxChannels,
    commandsPerSecond: settings['commands-per-second'] ?? profile.commandsPerSecond,
    sbatchSeconds: settings['sbatch-seconds'] ?? profile.sbatchSeconds,
    settleSeconds: settings['settle-seconds'] ?? profile.settleSeconds,
    partitions: settings.partitions ?? profile.partitions,
    partitionsReadAt: settings.partitions === undefined ? (shipped?.sources.partitions.readAt ?? null) : null,
    billing: settings.billing ?? profile.billing,
    firewallRanges: settings['firewall-ranges'] ?? profile.firewallRanges,
    ownerOnlyServices: settings['owner-only-services'] ?? profile.ownerOnlyServices,
    retired: settings.retired === undefined ? profile.retired : settings.retired || null,
    refusesPrivateKeys: settings['refuse-private-keys'] ?? profile.refusesPrivateKeys,
    knownHostsFile: settings['known-hosts-file'],
    credentials: Object.fromEntries(
      Object.entries(settings.credentials).map(([user, credential]) => [user, readCredentialSettings(credential)])
    )
  }
}

function readCredentialSettings(credential: PlatformSettings['credentials'][string]): CredentialSettings {
  return {
    username: credential.username,
    privateKeyFile: credential['private-key-file'],
    certificateFile: credential['certificate-file'],
    passphraseFile: credential['passphrase-file'],
    passphrase: credential.passphrase
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
