import type { AccountingRecord } from '../accounting/accounting-record.ts'
import { type BillingFormula, computeCost } from './billing-formula.ts'
import { reservedOf } from './reserved-of.ts'

/** Billing units of each kind; null is not known. */
export interface Bill {
  cpuBu: number | null
  gpuBu: number | null
}

const unknown: Bill = { cpuBu: null, gpuBu: null }

/**
 * What all runs of a job cost, from its own lines of accounting: those of each array task, and those that ended in a
 * requeue, because they are billed too. Not known when that of one of them isn't.
 */
export function billRuns(formulas: readonly BillingFormula[], records: readonly AccountingRecord[]): Bill {
  const runs = records.filter(({ jobStep }) => jobStep === null)
  const bills = runs.map((run) => billRun(formulas, run))
  return bills.length === 0 ? unknown : bills.reduce(add)
}

function billRun(formulas: readonly BillingFormula[], run: AccountingRecord): Bill {
  const { partition, elapsedSeconds } = run
  const formula = formulas.find(({ partitions }) => partition !== null && partitions.includes(partition))
  if (formula === undefined || partition === null || elapsedSeconds === null) return unknown
  const free: Bill = { cpuBu: 0, gpuBu: 0 }
  if (elapsedSeconds === 0) return free
  const reserved = reservedOf(run, formula['threads-per-core'])
  // GPUs and disks that are not told of are none; of these each job has some.
  const lacks = [...formula.max, ...formula.plus].some(
    ({ of }) => (of === 'nodes' || of === 'cores' || of === 'memory-gib') && reserved?.[of] === undefined
  )
  if (reserved === null || lacks) return unknown
  const cost = computeCost([formula], { partition, reserved, hours: elapsedSeconds / 3600 })
  if (cost === null) return unknown
  return cost.unit === 'cpu-bu' ? { ...free, cpuBu: cost.amount } : { ...free, gpuBu: cost.amount }
}

function add(one: Bill, other: Bill): Bill {
  const sum = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b)
  return { cpuBu: sum(one.cpuBu, other.cpuBu), gpuBu: sum(one.gpuBu, other.gpuBu) }
}
