import { highestPort, portRangeSchema } from '@lautta/core/port-range'
import { rayClusterSettingsSchema } from '@lautta/platforms/ray-cluster-settings'
import { platformSettingsSchema } from '@lautta/platforms/settings'
import { z } from 'zod'
import { storeSchema } from './store-schema.ts'

/** Of API keys and the master key, in characters. */
export const leastSecretLength = 16

const userSchema = z
  .strictObject({
    name: z.string().min(1),
    admin: z.boolean().default(false),
    'api-key': z.string().min(leastSecretLength).optional(),
    'api-key-file': z.string().optional(),
    'bucket-user': z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]*$/)
      .optional(),
    'adopt-from-bucket': z.boolean().optional().describe('default: true for an only user')
  })
  .refine(
    (user) => (user['api-key'] === undefined) !== (user['api-key-file'] === undefined),
    'give either api-key or api-key-file'
  )

const platformName = z.string().regex(/^[a-z0-9][a-z0-9-]*$/)

const forwardsSchema = z.strictObject({
  bind: z.string().default('127.0.0.1').describe('where the submitter listens for the forwarder'),
  address: z.string().optional().describe('by which the forwarder reaches it; default: bind, or the name of the machine'),
  ports: z
    .strictObject({
      dashboard: portRangeSchema.prefault('8125-8150'),
      client: portRangeSchema.prefault('8176-8200'),
      metrics: portRangeSchema.prefault('8251-8300'),
      serve: portRangeSchema.prefault('8351-8400')
    })
    .prefault({})
})

const days = z.number().int().min(1).max(36_500)

const retentionSchema = z.strictObject({
  'tasks-days': days.nullable().default(30).describe('how long the table TASKS is kept; null: for ever'),
  'audit-days': days.nullable().default(null).describe('the same of AUDIT')
})

/** lautta.yaml: every section may be left out; a key that is not known is refused. */
export const configFileSchema = z.strictObject({
  store: storeSchema.default({ kind: 'folder', 'bucket-prefix': 'mlch', 'pickle-views': false }),
  redis: z.strictObject({ url: z.string() }).optional(),
  users: z.array(userSchema).default([]),
  'secrets-folder': z.string().optional(),
  'public-url': z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#]/.test(url), 'write no more than http(s)://host[:port][/path]')
    .optional()
    .describe('where jobs reach the API, for the URLs that they get; default: the address by which it was asked'),
  'lease-seconds': z.number().min(1).default(30).describe('how long a submitter that died holds up another one'),
  'tables-seconds': z.number().int().min(1).default(900).describe('how often the monitor writes TASKS and AUDIT'),
  forwards: forwardsSchema.prefault({}),
  retention: retentionSchema.prefault({}),
  local: z.boolean().default(true).describe('whether standalone offers platform local'),
  platforms: z
    .record(
      platformName.refine((name) => name !== 'local', 'platform local needs no configuration'),
      platformSettingsSchema
    )
    .default({}),
  'ray-clusters': z.record(platformName, rayClusterSettingsSchema).default({}).describe('each is a platform, too')
})
export type ConfigFile = z.output<typeof configFileSchema>
/** Where services that are brought near listen on our side. */
export type ForwardSettings = ConfigFile['forwards']

/** The environment variables of every service. */
export const environmentSchema = z.object({
  LAUTTA_CONFIG: z.string().optional(),
  LAUTTA_PORT: z.coerce.number().int().min(0).max(highestPort).default(7600),
  LAUTTA_PROXY_PORT: z.coerce.number().int().min(0).max(highestPort).optional(),
  LAUTTA_HOST: z.string().default('127.0.0.1'),
  LAUTTA_DATA_DIR: z.string().default('.lautta'),
  LAUTTA_REDIS_URL: z.string().optional(),
  LAUTTA_USER: z.string().min(1).default('local'),
  LAUTTA_API_KEY: z.string().min(leastSecretLength).optional(),
  LAUTTA_API_KEY_FILE: z.string().optional(),
  LAUTTA_MASTER_KEY: z.string().min(leastSecretLength).optional(),
  LAUTTA_MASTER_KEY_FILE: z.string().optional(),
  LAUTTA_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info')
})
