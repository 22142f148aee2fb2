import { z } from 'zod'
import { type BillingFormula, describeBilling } from '../billing/billing-formula.ts'
import type { DiscoveredLimits } from './limits.ts'
import { type Partition, partitionSchema } from './partition.ts'

const item = partitionSchema.extend({
  source: z.enum(['platform', 'profile']).describe('who said so; what only the profile knows is there in both cases'),
  billing: z.string().nullable().describe('what an hour costs, in words')
})

/** The partitions of a platform with their limits, and what its user may have there. */
export const partitionsAnswerSchema = z.object({
  items: z.array(item),
  'read-at': z.string().nullable().describe('when the platform told it, or when it was read for the profile'),
  'max-array-size': z.number().nullable().describe('the highest index of a task is one less'),
  associations: z
    .array(
      z.object({
        account: z.string(),
        partition: z.string().nullable().describe('null: all of them'),
        'max-jobs-submitted': z.number().nullable(),
        'max-jobs-running': z.number().nullable(),
        'time-limit-seconds': z.number().nullable()
      })
    )
    .describe('what the user may bill, with the limits that hold there')
})
export type PartitionsAnswer = z.output<typeof partitionsAnswerSchema>

/** What a profile knows of partitions. */
export interface KnownPartitions {
  partitions: readonly Partition[]
  billing: readonly BillingFormula[]
  /** The month in which it was read; null where the configuration says it. */
  partitionsReadAt: string | null
}

/** What the platform says, over what its profile knows; the profile alone while the platform says nothing. */
export function tellPartitions(known: KnownPartitions, discovered: DiscoveredLimits | null): PartitionsAnswer {
  const source = discovered === null ? ('profile' as const) : ('platform' as const)
  const billingOf = (name: string): string | null => {
    const formula = known.billing.find(({ partitions }) => partitions.includes(name))
    return formula === undefined ? null : describeBilling(formula)
  }
  return {
    items: partitionsNow(known, discovered).map((one) => ({ ...one, source, billing: billingOf(one.name) })),
    'read-at': discovered === null ? known.partitionsReadAt : discovered.readAt.toISOString(),
    'max-array-size': discovered?.maxArraySize ?? null,
    associations: (discovered?.associations ?? []).map((one) => ({
      account: one.account,
      partition: one.partition,
      'max-jobs-submitted': one.mostSubmitted,
      'max-jobs-running': one.mostRunning,
      'time-limit-seconds': one.mostSeconds
    }))
  }
}

/** What is known of partitions while the platform says this of them, or nothing. */
export function partitionsNow(
  { partitions }: Pick<KnownPartitions, 'partitions'>,
  discovered: Pick<DiscoveredLimits, 'partitions'> | null
): readonly Partition[] {
  return discovered === null ? partitions : mergePartitions(discovered.partitions, partitions)
}

// Of these SLURM says nothing, or not to everybody. In all else its null is no limit, whatever the profile has.
const ofProfile = [
  ...([
    'cores-per-node',
    'memory-per-node-bytes',
    'gpus-per-node',
    'threads-per-core',
    'max-cores',
    'max-memory-bytes',
    'max-gpus'
  ] as const),
  ...(['memory-per-core-bytes', 'default-memory-per-core-bytes', 'default-memory-per-node-bytes'] as const),
  ...(['max-jobs-submitted', 'max-jobs-running', 'note'] as const)
]

/** A partition that the platform does not name is not there any more. */
function mergePartitions(found: readonly Partition[], known: readonly Partition[]): Partition[] {
  return found.map((one) => {
    const old = known.find(({ name }) => name === one.name)
    if (old === undefined) return one
    return { ...one, ...Object.fromEntries(ofProfile.map((field) => [field, one[field] ?? old[field]])) }
  })
}
