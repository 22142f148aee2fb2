import { z } from 'zod'

/** When a platform was closed. */
export const retirementSchema = z.strictObject({
  'compute-closed-on': z.iso.date().describe('since then no job runs there'),
  'storage-closed-on': z.iso.date().nullable().default(null).describe('since then its files are gone; null: not known')
})
export type Retirement = z.output<typeof retirementSchema>

/** When what was closed, in words. */
export function describeRetirement({ 'compute-closed-on': compute, 'storage-closed-on': storage }: Retirement): string {
  return `computing was closed on ${compute}${storage === null ? '' : `, storage on ${storage}`}`
}
