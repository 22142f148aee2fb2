import { formatSlurmDuration } from '../packages/core/src/accounting/slurm-time.ts'
import { describeBilling } from '../packages/core/src/billing/billing-formula.ts'
import type { Partition } from '../packages/core/src/platform/partition.ts'
import { describeRetirement } from '../packages/core/src/platform/retirement.ts'
import type { PlatformFacts, Profile, ShippedProfile, Source } from '../packages/platforms/src/profiles/profile.ts'
import { shippedProfiles } from '../packages/platforms/src/profiles/shipped-profiles.ts'
import { markdownTable } from './markdown-table.ts'

const none = '–'
const codes = (values: readonly string[]): string => values.map((value) => `\`${value}\``).join(', ') || none
const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no')

/** How a fact is called and told; the two that need tables of their own stand below. */
const facts: Readonly<Record<Exclude<keyof PlatformFacts, 'partitions' | 'billing'>, [string, (of: Profile) => string]>> = {
  hosts: ['login nodes', ({ hosts }) => codes(hosts.map(({ host }) => host))],
  hostKeys: ['host keys', ({ hostKeys }) => codes(hostKeys)],
  architecture: ['architecture', ({ architecture }) => architecture ?? none],
  timeZone: ['time zone', ({ timeZone }) => timeZone ?? none],
  preamble: ['before `module`', ({ preamble }) => codes(preamble)],
  workspacesCommand: ['disk areas', ({ workspacesCommand }) => codes(workspacesCommand === null ? [] : [workspacesCommand])],
  allocationsCommand: [
    'what projects used',
    ({ allocationsCommand }) => codes(allocationsCommand === null ? [] : [allocationsCommand])
  ],
  firewallRanges: ['connections come from', ({ firewallRanges }) => codes(firewallRanges)],
  ownerOnlyServices: ['services answer their owner only', ({ ownerOnlyServices }) => yesOrNo(ownerOnlyServices)],
  refusesPrivateKeys: ['private keys are refused', ({ refusesPrivateKeys }) => yesOrNo(refusesPrivateKeys)],
  retired: ['in use', ({ retired }) => (retired === null ? 'yes' : `no: ${describeRetirement(retired)}`)]
}

/** The page of docs that tells what the shipped profiles know, and how to write one's own. */
export function platformsPage(example: string): string {
  return `# The platforms that Lautta knows, and your own

An order may name these platforms before anybody configures them. What is known of one is its **profile**: data, which an entry
under \`platforms\` in \`lautta.yaml\` overrides field by field. Each fact stands here with where and when it was read; values may be
older than the platform. What SLURM says at run time wins: \`GET /v1/platforms/<name>/partitions\` asks it, and nothing is refused
because of what stands here. Each is asked for its jobs once a minute at most, and 5 SLURM commands a second. Time zones are by
the place of the machines; ${none} is none, or none that is known. BU are billing units: LUMI's CPU unit is a core-hour and its GPU unit a
GPU-hour, and a partition that no formula names has no price that we know.
${Object.entries(shippedProfiles).map(sectionOf).join('')}
## How to write one's own

An entry of \`lautta.yaml\` under a name of your choice is a profile of your own; only \`hosts\`, a host key and the
\`credentials\` of its users are needed. [lautta.example.yaml](../lautta.example.yaml) shows every key. The keys of a partition are
those that \`GET /v1/platforms/<name>/partitions\` answers, but for \`source\` and \`billing\`; null, or left out, is
no limit, or none that is known. \`memory-per-core-bytes\` is what a core brings: who asks for more memory pays for more cores. Of \`billing\` an hour costs the largest of \`max\` and all of \`plus\`; \`portion: 8\` counts in whole eights.

\`\`\`yaml
${example.trim()}
\`\`\`

This page is written by \`node --import tsx scripts/write-platforms.ts\`, from \`packages/platforms/src/profiles\` and
\`examples/platforms/lautta.yaml\`.
`
}

function sectionOf([name, profile]: [string, ShippedProfile]): string {
  const { sources, partitions, billing } = profile
  const rows = Object.entries(facts).map(([field, [title, tell]]) => {
    const { where, readAt } = sources[field as keyof typeof facts]
    return [title, tell(profile), where, readAt]
  })
  return `
## ${name}

${markdownTable(['What', 'Value', 'Where it was read', 'When'], rows)}
Its partitions (${cite(sources.partitions)}):

${markdownTable(['Partition', 'Time', 'Nodes of a job', 'A node has', 'A job has at most', 'Jobs of a user', 'Note'], partitions.map(cellsOf))}
What they cost (${cite(sources.billing)}):

${markdownTable(
  ['Partitions', 'Billed'],
  billing.map((formula) => [codes(formula.partitions), describeBilling(formula)])
)}`
}

function cite({ where, readAt }: Source): string {
  return `${where}, ${readAt}`
}

function cellsOf(partition: Partition): string[] {
  const { name, 'time-limit-seconds': seconds, 'min-nodes': least, 'max-nodes': most, note } = partition
  return [
    `\`${name}\``,
    seconds === null ? none : formatSlurmDuration(seconds),
    most === null ? none : `${least === null ? 'up to ' : `${least} to `}${most}`,
    amounts(partition['cores-per-node'], partition['memory-per-node-bytes'], partition['gpus-per-node']),
    amounts(partition['max-cores'], partition['max-memory-bytes'], partition['max-gpus']),
    jobsOf(partition),
    note ?? none
  ]
}

function amounts(cores: number | null, memoryBytes: number | null, gpus: number | null): string {
  const parts = [
    ...(cores === null ? [] : [`${cores} cores`]),
    ...(memoryBytes === null ? [] : [`${memoryBytes / 1024 ** 3} GiB`]),
    ...(gpus === null ? [] : [`${gpus} GPUs`])
  ]
  return parts.join(', ') || none
}

function jobsOf({ 'max-jobs-submitted': submitted, 'max-jobs-running': running }: Partition): string {
  return submitted === null ? none : `${submitted}, ${running ?? none} running`
}
