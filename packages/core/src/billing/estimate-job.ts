import { z } from 'zod'
import type { Complaint } from '../orchestration/complaints.ts'
import { readAskedResources } from '../platform/asked-resources.ts'
import { judgeRequest } from '../platform/judge-request.ts'
import type { Partition } from '../platform/partition.ts'
import { type AskedAmounts, readAskedAmounts } from './asked-amounts.ts'
import { type AskedOptions, type AskedSubmission, readAskedOptions } from './asked-option.ts'
import { type BillingFormula, computeCost, describeBilling, type ReservedResources } from './billing-formula.ts'
import { complainOfPartitionLimits } from './partition-limits.ts'
import { type Reservation, reserveAmounts } from './reserve-amounts.ts'

const amount = (of: string) => z.number().nullable().describe(`${of}; null: not known`)

const placeSchema = z.object({
  partition: z.string().nullable().describe("null: none is asked for, and the platform's default is not known"),
  nodes: amount('of one task of an array, as all up to hours'),
  cores: amount('in all its nodes, as those that follow'),
  'memory-gib': amount('memory'),
  gpus: amount('whole ones'),
  'gpu-slices': amount('parts of GPUs'),
  'storage-gib': amount('local disks'),
  hours: amount('the time limit'),
  tasks: z.number().describe('of an array; else 1'),
  'cpu-bu': amount('for all tasks, at the time limit: the most that it can cost'),
  'gpu-bu': amount('the same'),
  formula: z.string().nullable().describe('what an hour costs there, in words; null: no formula is known'),
  assumed: z.array(z.string()).describe('what was not asked for, and what it was taken to be'),
  warnings: z.array(z.string())
})
type PlaceEstimate = z.output<typeof placeSchema>

/** What a job would reserve and cost. */
export const estimateSchema = placeSchema.extend({
  partitions: z.array(placeSchema).optional().describe('of a job that names several: each; above is the dearest')
})
export type Estimate = z.output<typeof estimateSchema>

/** What is known of a platform where a job would run. */
export interface KnownBilling {
  partitions: readonly Partition[]
  billing: readonly BillingFormula[]
}

/** What a job would cost at most, or what of it can't be read. */
export function estimateJob(
  submission: AskedSubmission,
  known: KnownBilling
): { estimate: Estimate; complaints: [] } | { estimate: null; complaints: Complaint[] } {
  const asked = readAskedOptions(submission)
  const { amounts, complaints } = readAskedAmounts(asked)
  if (complaints.length > 0) return { estimate: null, complaints }
  const byDefault = known.partitions.find((one) => one['is-default'] === true)?.name ?? null
  const names = amounts.partitions.length > 0 ? amounts.partitions : [byDefault]
  const [first, ...others] = names.map((name) => estimateIn(name, amounts, asked, known))
  if (first === undefined) return { estimate: null, complaints }
  if (others.length === 0) return { estimate: first, complaints: [] }
  return { estimate: dearestOf([first, ...others]), complaints: [] }
}

/** A job runs in one of its partitions: the most that it can cost is the most in any of them. */
function dearestOf(places: PlaceEstimate[]): Estimate {
  const most = (unit: 'cpu-bu' | 'gpu-bu') => {
    const amounts = places.map((place) => place[unit])
    return amounts.includes(null) ? null : Math.max(...amounts.map(Number))
  }
  const weight = (place: PlaceEstimate) => (place['cpu-bu'] ?? 0) + (place['gpu-bu'] ?? 0)
  const dearest = places.reduce((one, other) => (weight(other) > weight(one) ? other : one))
  return { ...dearest, 'cpu-bu': most('cpu-bu'), 'gpu-bu': most('gpu-bu'), partitions: places }
}

function estimateIn(name: string | null, amounts: AskedAmounts, asked: AskedOptions, known: KnownBilling): PlaceEstimate {
  const partition = known.partitions.find((one) => one.name === name) ?? null
  const formula = known.billing.find(({ partitions }) => name !== null && partitions.includes(name)) ?? null
  const countsNodes = [...(formula?.max ?? []), ...(formula?.plus ?? [])].some(({ of }) => of === 'nodes')
  const reservation = reserveAmounts(amounts, { partition, countsNodes, threadsPerCpu: formula?.['threads-per-core'] ?? 1 })
  const tasks = amounts.arrayTasks ?? 1
  const { costs, why } = costOf(name, formula, reservation, amounts, known)
  const { reserved, hours, assumed, warnings } = reservation
  const isDefault = amounts.partitions.length === 0 && name !== null
  return {
    partition: name,
    ...mapValues(reserved, (value) => value && round(value)),
    hours,
    tasks,
    ...mapValues(costs, (value) => value && round(value * tasks)),
    formula: formula && describeBilling(formula),
    assumed: isDefault ? [`partition ${name}, the default one: none is asked for`, ...assumed] : assumed,
    warnings: [...why, ...warnings, ...warningsIn(name, partition, reservation, asked, known)]
  }
}

type Costs = Record<'cpu-bu' | 'gpu-bu', number | null>

/** What one task costs; null with the reason where that can't be told. */
function costOf(
  name: string | null,
  formula: BillingFormula | null,
  { reserved, hours }: Reservation,
  { uncounted }: AskedAmounts,
  { billing }: KnownBilling
): { costs: Costs; why: string[] } {
  const unknown = (...why: string[]) => ({ costs: { 'cpu-bu': null, 'gpu-bu': null }, why })
  if (formula === null) return unknown(whyNoFormula(name, billing))
  const counted = [...formula.max, ...formula.plus].map(({ of }) => of)
  const missing = counted.filter((of) => reserved[of] === null)
  if (missing.length > 0) return unknown(`what a whole node of ${name} has is not known (${[...new Set(missing)].join(', ')})`)
  if (uncounted.length > 0) return unknown(`what ${uncounted.join(' and ')} reserves can't be told: use --gpus-per-node`)
  if (hours === null) return unknown(`no --time is asked for, and which limit ${name} has is not known`)
  const known = Object.entries(reserved).filter((entry): entry is [keyof ReservedResources, number] => entry[1] !== null)
  const cost = computeCost([formula], { partition: name ?? '', reserved: Object.fromEntries(known), hours })
  return { costs: { 'cpu-bu': 0, 'gpu-bu': 0, ...(cost === null ? {} : { [cost.unit]: cost.amount }) }, why: [] }
}

function whyNoFormula(name: string | null, billing: readonly BillingFormula[]): string {
  const billed = billing.flatMap(({ partitions }) => partitions)
  if (billed.length === 0) return 'no billing formula is known for this platform, so nobody here can tell what the job costs'
  const others = `those with a formula are ${billed.join(', ')}`
  if (name === null) return `no partition is asked for, and which is the default one is not known: ${others}`
  return `there is no billing formula for partition ${name}: ${others}`
}

function warningsIn(
  name: string | null,
  partition: Partition | null,
  { reserved }: Reservation,
  { options, unknown }: AskedOptions,
  { partitions }: KnownBilling
): string[] {
  const plain = Object.fromEntries([...options].map(([option, { value }]) => [option, value]))
  const resources = readAskedResources({ script: '', options: plain })
  const inThis = { ...resources, partitions: name === null ? [] : [name] }
  const complaint = judgeRequest(inThis, { partitions, maxArraySize: null, associations: [] })
  const beyond = partition === null ? [] : complainOfPartitionLimits(partition, reserved)
  const limits = complaint === null ? beyond : [`${complaint.message}; ${complaint.hint}`, ...beyond]
  return partitions.length === 0 ? unknown : [...unknown, ...limits]
}

function mapValues<Key extends string>(
  record: Readonly<Record<Key, number | null>>,
  change: (value: number | null) => number | null
): Record<Key, number | null> {
  return Object.fromEntries(Object.entries<number | null>(record).map(([key, value]) => [key, change(value)])) as Record<
    Key,
    number | null
  >
}

/** Without what binary fractions leave behind. */
function round(value: number): number {
  return Number(value.toFixed(6))
}
