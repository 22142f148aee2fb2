import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { bucketName, userSlug } from '@lautta/core/buckets'
import { messageOf } from '@lautta/core/errors'
import { complaintsOf } from '@lautta/core/orchestration/complaints'
import { highestPort } from '@lautta/core/port-range'
import { type KnownPlatform, knownPlatforms } from '@lautta/platforms/settings'
import type { RedisAddress } from '@lautta/queue/connect-redis'
import { parse } from 'yaml'
import type { z } from 'zod'
import { type ConfigFile, configFileSchema, environmentSchema, type ForwardSettings, leastSecretLength } from './config-schema.ts'
import { readStoreSettings, type StoreSettings } from './read-store-settings.ts'
import { readOrMakeSecret } from './secret-file.ts'
import type { StoreSection } from './store-schema.ts'

/** Somebody who may use this Lautta. */
export interface ConfiguredUser {
  name: string
  /** The part of bucket names and of the secrets folder that stands for the user. */
  slug: string
  isAdmin: boolean
  apiKey: string
  /** Whether requests that lie in the user's bucket are adopted: whoever may write there may then order in the user's name. */
  adoptsFromBucket: boolean
  /** Whether adopted requests of an administrator may use platform `local`: a shell for whoever may write the bucket. */
  adoptsForThisMachine: boolean
}

/** All settings of a service, checked. */
export interface Config {
  host: string
  port: number
  /** Where forwarded pages are shown: never on the port of the API. */
  proxyPort: number
  /** Where jobs reach the API, without a slash behind it; null: at the address by which it was asked. */
  publicUrl: string | null
  logLevel: string
  dataDirectory: string
  /** Null: an embedded one is to be started. */
  redis: RedisAddress | null
  store: StoreSettings
  bucketPrefix: string
  /** Whether every order is also written as a pickle, for notebooks that read those; adopted ones always are. */
  pickleViews: boolean
  users: ConfiguredUser[]
  secretsFolder: string
  /** For how long a submitter owns a user's platform without a sign of life. */
  leaseSeconds: number
  /** How often the monitor writes TASKS and AUDIT. */
  tablesSeconds: number
  platforms: KnownPlatform[]
  forwards: ForwardSettings
  /** How many days tables that are kept by date stay; null: for ever. */
  retention: { tasksDays: number | null; auditDays: number | null }
  masterKey: string
  /** What commands and jobs on this machine see of our environment: never a setting of ours. */
  machineEnvironment: Readonly<Record<string, string>>
}

/** The settings of a service alone: it is told where Redis is. */
export type ServiceConfig = Config & { redis: RedisAddress }

/** Every complaint about the settings at once. */
export class ConfigError extends Error {
  readonly complaints: readonly string[]

  constructor(complaints: readonly string[]) {
    super(`the settings are wrong:\n${complaints.map((complaint) => `  ${complaint}`).join('\n')}`)
    this.complaints = complaints
  }
}

const passedOn = /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|SLURM_CONF)$/

/**
 * Reads the environment and lautta.yaml. Standalone has embedded defaults: platform `local`, and keys that are made
 * when they are absent; a service alone must be told its keys, since it shares them with others.
 */
export function loadConfig(options: { standalone: false }, environment?: NodeJS.ProcessEnv): ServiceConfig
export function loadConfig(options: { standalone: boolean }, environment?: NodeJS.ProcessEnv): Config
export function loadConfig({ standalone }: { standalone: boolean }, environment: NodeJS.ProcessEnv = process.env): Config {
  const complaints: string[] = []
  const settings = check(environmentSchema, environment, complaints)
  const file =
    settings?.LAUTTA_CONFIG === undefined ? configFileSchema.parse({}) : readConfigFile(settings.LAUTTA_CONFIG, complaints)
  if (settings === null || file === null) throw new ConfigError(complaints)
  const beside = settings.LAUTTA_CONFIG === undefined ? process.cwd() : dirname(resolve(settings.LAUTTA_CONFIG))
  const dataDirectory = resolve(settings.LAUTTA_DATA_DIR)

  const secret = (name: string, value: string | undefined, path: string | undefined): string | null => {
    if (value !== undefined) return value
    return path === undefined ? null : readSecret(name, path, complaints)
  }
  const own = (name: string, value: string | undefined, path: string | undefined, fileName: string): string => {
    const found = secret(name, value, path)
    if (found !== null) return found
    if (standalone) return readOrMakeSecret(resolve(dataDirectory, fileName))
    complaints.push(`${name}: give it, or ${name}_FILE`)
    return ''
  }
  const hasFirstUser =
    file.users.length === 0 || settings.LAUTTA_API_KEY !== undefined || settings.LAUTTA_API_KEY_FILE !== undefined
  const adoptsFromBucket = file.users.length + (hasFirstUser ? 1 : 0) === 1
  // All members of a project can write its buckets; only who asked for it gives them this machine.
  const isPrivate = file.store.kind === 'folder'
  const users = readUsers(file, adoptsFromBucket, isPrivate, (user) => {
    return secret(`users: ${user.name}: api-key-file`, user['api-key'], withBase(beside, user['api-key-file'])) ?? ''
  })
  if (hasFirstUser) {
    const apiKey = own('LAUTTA_API_KEY', settings.LAUTTA_API_KEY, settings.LAUTTA_API_KEY_FILE, 'api-key')
    const name = settings.LAUTTA_USER
    users.unshift({ name, slug: userSlug(name), isAdmin: true, apiKey, adoptsFromBucket, adoptsForThisMachine: isPrivate })
  }
  complaints.push(...complaintsAboutUsers(users), ...complaintsAboutBuckets(users, file.store))
  complaints.push(...complaintsAboutNames(file))
  const defaultFolder = resolve(dataDirectory, 'store')
  const store = readStoreSettings(file.store, { beside, defaultFolder, complaints })
  const masterKey = own('LAUTTA_MASTER_KEY', settings.LAUTTA_MASTER_KEY, settings.LAUTTA_MASTER_KEY_FILE, 'master-key')
  const redisUrl = settings.LAUTTA_REDIS_URL ?? file.redis?.url
  if (redisUrl === undefined && !standalone) complaints.push('LAUTTA_REDIS_URL: give it, or redis.url in the configuration')
  // A port of 0 is any that is free.
  const proxyPort = settings.LAUTTA_PROXY_PORT ?? (settings.LAUTTA_PORT === 0 ? 0 : settings.LAUTTA_PORT + 1)
  if (proxyPort > highestPort) complaints.push('LAUTTA_PROXY_PORT: give it, since there is no port after LAUTTA_PORT')
  const platforms = knownPlatforms(
    withKeyFiles(beside, file.platforms),
    standalone && file.local,
    withTokenFiles(beside, file['ray-clusters'])
  )
  complaints.push(...complaintsAboutKeys(platforms))
  if (complaints.length > 0) throw new ConfigError(complaints)
  return {
    host: settings.LAUTTA_HOST,
    port: settings.LAUTTA_PORT,
    proxyPort,
    publicUrl: file['public-url']?.replace(/\/+$/, '') ?? null,
    logLevel: settings.LAUTTA_LOG_LEVEL,
    dataDirectory,
    redis: redisUrl === undefined ? null : { url: redisUrl },
    store,
    bucketPrefix: file.store['bucket-prefix'],
    pickleViews: file.store['pickle-views'],
    users,
    secretsFolder: withBase(beside, file['secrets-folder']) ?? resolve(dataDirectory, 'secrets'),
    leaseSeconds: file['lease-seconds'],
    tablesSeconds: file['tables-seconds'],
    platforms,
    forwards: file.forwards,
    retention: { tasksDays: file.retention['tasks-days'], auditDays: file.retention['audit-days'] },
    masterKey,
    machineEnvironment: Object.fromEntries(
      Object.entries(environment).flatMap(([name, value]) => (passedOn.test(name) && value !== undefined ? [[name, value]] : []))
    )
  }
}

function check<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  complaints: string[],
  prefix = ''
): z.output<Schema> | null {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  complaints.push(...complaintsOf(parsed.error).map(({ path, message }) => `${prefix}${path || 'the whole'}: ${message}`))
  return null
}

function readConfigFile(path: string, complaints: string[]): ConfigFile | null {
  try {
    return check(configFileSchema, parse(readFileSync(path, 'utf8')) ?? {}, complaints, `${path}: `)
  } catch (error) {
    // Behind its first line a YAML error shows the text, and in it perhaps a secret.
    complaints.push(`LAUTTA_CONFIG: ${messageOf(error).split('\n')[0]}`)
    return null
  }
}

function readSecret(name: string, path: string, complaints: string[]): string {
  try {
    const secret = readFileSync(path, 'utf8').trim()
    if (secret.length < leastSecretLength) complaints.push(`${name}: ${path} must hold at least ${leastSecretLength} characters`)
    return secret
  } catch (error) {
    complaints.push(`${name}: ${messageOf(error)}`)
    return ''
  }
}

function readUsers(
  file: ConfigFile,
  adoptsFromBucket: boolean,
  isPrivate: boolean,
  keyOf: (user: ConfigFile['users'][number]) => string
): ConfiguredUser[] {
  return file.users.map((user) => ({
    name: user.name,
    slug: user['bucket-user'] ?? userSlug(user.name),
    isAdmin: user.admin,
    apiKey: keyOf(user),
    adoptsFromBucket: user['adopt-from-bucket'] ?? adoptsFromBucket,
    adoptsForThisMachine: user.admin && (user['adopt-from-bucket'] ?? isPrivate)
  }))
}

function complaintsAboutUsers(users: readonly ConfiguredUser[]): string[] {
  return users.flatMap(({ name, slug, apiKey }, index) => {
    if (slug === '') return [`users: ${name} has no letter or digit that could stand in a bucket's name; give bucket-user`]
    const others = users.slice(0, index)
    if (others.some((other) => other.name === name)) return [`users: ${name} stands there twice`]
    if (others.some((other) => other.apiKey === apiKey)) return [`users: ${name} has the API key of another user`]
    const before = others.find((other) => other.slug === slug)
    if (before === undefined) return []
    return [`users: ${name} and ${before.name} would share the buckets of ${slug}; give one of them another bucket-user`]
  })
}

/** S3 takes names of buckets up to this length; of the three buckets of a user this one's is the longest. */
function complaintsAboutBuckets(users: readonly ConfiguredUser[], store: StoreSection): string[] {
  if (store.kind !== 's3') return []
  return users.flatMap(({ name, slug }) => {
    const bucket = bucketName('submitter', store['bucket-prefix'], slug)
    if (bucket.length <= 63) return []
    return [`users: ${name} would have a bucket ${bucket}, longer than 63 characters: give bucket-user`]
  })
}

/** Shipped platforms are known without standing in the file. */
function complaintsAboutNames(file: ConfigFile): string[] {
  const taken = new Set(knownPlatforms(file.platforms, true).map(({ name }) => name))
  const both = Object.keys(file['ray-clusters']).filter((name) => taken.has(name))
  return both.map((name) => `ray-clusters: ${name} is the name of another platform`)
}

/** Who has a remote forward has a private key in each job that is a Ray cluster. */
function complaintsAboutKeys(platforms: readonly KnownPlatform[]): string[] {
  const refusing = platforms.filter(({ remoteForward, refusesPrivateKeys }) => remoteForward !== null && refusesPrivateKeys)
  return refusing.map(({ name }) => `platforms: ${name}: no private key may lie there, so there can be no remote-forward`)
}

function withTokenFiles(base: string, clusters: ConfigFile['ray-clusters']): ConfigFile['ray-clusters'] {
  return Object.fromEntries(
    Object.entries(clusters).map(([name, settings]) => [
      name,
      { ...settings, 'token-file': withBase(base, settings['token-file']) }
    ])
  )
}

function withKeyFiles(base: string, platforms: ConfigFile['platforms']): ConfigFile['platforms'] {
  return Object.fromEntries(
    Object.entries(platforms).map(([name, settings]) => {
      const credentials = Object.entries(settings.credentials).map(([user, credential]) => {
        const { 'private-key-file': key, 'certificate-file': certificate, 'passphrase-file': passphrase } = credential
        const files = {
          'private-key-file': resolve(base, key),
          'certificate-file': withBase(base, certificate),
          'passphrase-file': withBase(base, passphrase)
        }
        return [user, { ...credential, ...files }]
      })
      const knownHosts = withBase(base, settings['known-hosts-file'])
      const forward = withForwardKey(base, settings['remote-forward'])
      return [
        name,
        { ...settings, 'known-hosts-file': knownHosts, 'remote-forward': forward, credentials: Object.fromEntries(credentials) }
      ]
    })
  )
}

function withForwardKey(
  base: string,
  settings: ConfigFile['platforms'][string]['remote-forward']
): ConfigFile['platforms'][string]['remote-forward'] {
  return settings && { ...settings, 'private-key-file': resolve(base, settings['private-key-file']) }
}

/** Paths in lautta.yaml are relative to its own folder. */
function withBase(base: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(base, path)
}
