import { z } from 'zod'

const address = z.url({ protocol: /^https?$/ })

/** One entry of `ray-clusters` in lautta.yaml. */
export const rayClusterSettingsSchema = z.strictObject({
  dashboard: address.describe('of the dashboard, which is also the Jobs API'),
  client: z
    .string()
    .regex(/^ray:\/\/[^\s/]+$/, 'write an address like ray://127.0.0.1:10001')
    .optional()
    .describe("for Ray's client"),
  serve: address.optional().describe('where Ray Serve answers'),
  metrics: z.array(address).default([]).describe('where its nodes tell their metrics'),
  'token-file': z.string().optional().describe('holds the token that the cluster asks for'),
  'poll-seconds': z.number().positive().default(2)
})

/** A Ray cluster as the configuration tells of it; null is not told. */
export interface RayClusterSettings {
  dashboard: string
  client: string | null
  serve: string | null
  metrics: readonly string[]
  tokenFile: string | null
}

/** The settings of a cluster, out of those of lautta.yaml. */
export function readRayCluster(settings: z.output<typeof rayClusterSettingsSchema>): RayClusterSettings {
  return {
    dashboard: settings.dashboard,
    client: settings.client ?? null,
    serve: settings.serve ?? null,
    metrics: settings.metrics,
    tokenFile: settings['token-file'] ?? null
  }
}
