import { z } from 'zod'
import type { FromWire } from '../wire.ts'

const printed = z.string()

/**
 * One disk area of a user on a platform, with its quotas. The first five fields are seed 000's, as they were printed;
 * a most of 0 is no limit.
 */
export const workspaceSchema = z.object({
  path: z.string(),
  'used-capacity': printed.describe('as it was printed, such as 7.2T'),
  'max-capacity': printed,
  'used-files': printed,
  'max-files': printed,
  'used-capacity-bytes': z.number().describe('the same as a number; units are powers of 1024'),
  'max-capacity-bytes': z.number().describe('0: no limit'),
  'used-files-count': z.number(),
  'max-files-count': z.number().describe('0: no limit'),
  'over-quota': z.boolean(),
  cleanup: z.string().nullable().describe('after how long files are removed there, such as 180d; null: not told')
})
export type Workspace = FromWire<z.output<typeof workspaceSchema>>

const hours = z.number().nullable()

/** What a project has used of what it was given, on a platform that tells. */
export const allocationSchema = z.object({
  project: z.string(),
  'used-core-hours': hours,
  'allocated-core-hours': hours,
  'used-gpu-hours': hours,
  'allocated-gpu-hours': hours,
  'used-tb-hours': hours,
  'allocated-tb-hours': hours,
  date: z.string().nullable().describe("of the data, as it was printed, in the platform's own time")
})
export type Allocation = FromWire<z.output<typeof allocationSchema>>
