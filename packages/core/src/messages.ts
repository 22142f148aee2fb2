import { z } from 'zod'

/** Work of the submitter: find the user's unfinished orders, or drive one platform for the user. */
export const reconcileMessageSchema = z.object({ user: z.string(), platform: z.string().optional() })
export type ReconcileMessage = z.output<typeof reconcileMessageSchema>

/** Work of the monitor: bring the log and the accounting of one attempt. */
export const collectMessageSchema = z.object({
  user: z.string(),
  platform: z.string(),
  id: z.string(),
  index: z.number().int(),
  attempt: z.number().int()
})
export type CollectMessage = z.output<typeof collectMessageSchema>
