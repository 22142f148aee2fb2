import { z } from 'zod'

const resources = ['nodes', 'cores', 'memory-gib', 'gpus', 'gpu-slices', 'storage-gib'] as const
type Resource = (typeof resources)[number]

const termSchema = z.strictObject({
  of: z.enum(resources).describe('what the job reserves: in all its nodes together, memory and local storage in GiB'),
  each: z.number().nonnegative().describe('units an hour for one of it, or for one portion'),
  portion: z.number().positive().optional().describe('it is counted in whole portions of so many')
})
type Term = z.output<typeof termSchema>

/** What an hour costs in some partitions: the largest of `max`, and all of `plus`. */
export const billingFormulaSchema = z.strictObject({
  partitions: z.array(z.string()).min(1),
  unit: z.enum(['cpu-bu', 'gpu-bu']),
  'threads-per-core': z
    .number()
    .int()
    .positive()
    .optional()
    .describe("how many of SLURM's CPUs are one core, there; 1 by default"),
  max: z.array(termSchema).default([]),
  plus: z.array(termSchema).default([])
})
export type BillingFormula = z.output<typeof billingFormulaSchema>

/** What a job reserves; what is left out is none of it. */
export type ReservedResources = Partial<Record<Resource, number>>

/** What a job costs that reserves so much for so many hours; null where no formula is known for its partition. */
export function computeCost(
  formulas: readonly BillingFormula[],
  { partition, reserved, hours }: { partition: string; reserved: ReservedResources; hours: number }
): { unit: BillingFormula['unit']; amount: number } | null {
  const formula = formulas.find(({ partitions }) => partitions.includes(partition))
  if (formula === undefined) return null
  const unitsOf = ({ of, each, portion }: Term): number => {
    const amount = reserved[of] ?? 0
    return each * (portion === undefined ? amount : Math.ceil(amount / portion))
  }
  const largest = Math.max(0, ...formula.max.map(unitsOf))
  const hourly = formula.plus.map(unitsOf).reduce((sum, units) => sum + units, largest)
  return { unit: formula.unit, amount: hourly * hours }
}

const namesOfResources: Readonly<Record<Resource, string>> = {
  nodes: 'nodes',
  cores: 'cores',
  'memory-gib': 'GiB of memory',
  gpus: 'GPUs',
  'gpu-slices': 'slices of a GPU',
  'storage-gib': 'GiB of local storage'
}
const namesOfUnits = { 'cpu-bu': 'CPU BU', 'gpu-bu': 'GPU BU' }

/** A formula in words: `max(0.75·cores, 0.375·GiB of memory) CPU BU an hour`. */
export function describeBilling({ unit, max, plus }: BillingFormula): string {
  const inWords = ({ of, each, portion }: Term): string => {
    const amount = portion === undefined ? namesOfResources[of] : `⌈${namesOfResources[of]} / ${portion}⌉`
    return each === 1 ? amount : `${each}·${amount}`
  }
  const largest = max.length > 1 ? [`max(${max.map(inWords).join(', ')})`] : max.map(inWords)
  return `${[...largest, ...plus.map(inWords)].join(' + ')} ${namesOfUnits[unit]} an hour`
}
