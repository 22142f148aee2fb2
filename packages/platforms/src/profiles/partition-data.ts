import { type BillingFormula, billingFormulaSchema } from '@lautta/core/billing/billing-formula'
import { type Partition, partitionSchema } from '@lautta/core/platform/partition'
import type { z } from 'zod'

export const minute = 60
export const hour = 60 * minute
export const day = 24 * hour
export const gib = 1024 ** 3

/** Partitions as a profile writes them down; what is left out is not known. */
export function partitionData(partitions: readonly z.input<typeof partitionSchema>[]): Partition[] {
  return partitions.map((one) => partitionSchema.parse(one))
}

/** Formulas as a profile writes them down. */
export function billingData(formulas: readonly z.input<typeof billingFormulaSchema>[]): BillingFormula[] {
  return formulas.map((one) => billingFormulaSchema.parse(one))
}
