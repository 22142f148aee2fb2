import { z } from 'zod'

const everyStore = {
  'bucket-prefix': z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/)
    .default('mlch'),
  'pickle-views': z.boolean().default(false).describe('statuses also as the pickles of seed 000, for all orders')
}
const given = z.string().min(1)
// What stands in it is told in errors: no place for secrets.
const address = z
  .url({ protocol: /^https?$/ })
  .refine((text) => !/[@?#]/.test(text), 'give http(s)://host[:port][/path], with no user, query or fragment')

const folderSchema = z.strictObject({
  kind: z.literal('folder'),
  path: z.string().optional().describe('default <data-dir>/store'),
  ...everyStore
})

const swiftSchema = z.strictObject({
  kind: z.literal('swift'),
  'auth-url': address,
  endpoint: address.optional().describe("default: the catalogue's; AUTH_<project id> is added when absent"),
  region: given.optional(),
  'application-credential-id': given.optional(),
  'application-credential-secret': given.optional(),
  'application-credential-secret-file': given.optional(),
  'user-name': given.optional(),
  password: given.optional(),
  'password-file': given.optional(),
  'user-domain-name': given.default('Default'),
  'project-name': given.optional(),
  'project-domain-name': given.optional().describe("default: the user's"),
  'env-file': given.optional().describe('CSC_USERNAME, CSC_PASSWORD, CSC_USER_DOMAIN_NAME, CSC_PROJECT_NAME'),
  ...everyStore
})

const s3Schema = z.strictObject({
  kind: z.literal('s3'),
  endpoint: address,
  region: given.default('us-east-1'),
  'access-key-id': given,
  'secret-access-key': given.optional(),
  'secret-access-key-file': given.optional(),
  ...everyStore
})

/** Where everything is kept that must not be lost. */
export const storeSchema = z.discriminatedUnion('kind', [folderSchema, swiftSchema, s3Schema])
export type StoreSection = z.output<typeof storeSchema>
export type SwiftSection = z.output<typeof swiftSchema>
