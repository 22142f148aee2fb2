import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ini, type Sections } from './ini.ts'
import { region, storeService } from './keystone-seed.ts'

export interface SwiftConfiguration {
  readonly folder: string
  readonly devices: string
  readonly memcachedPort: number
  readonly authUrl: string
  readonly tokenCacheSeconds: number
}

/** Writes the files of a Swift with one node: one for each of its servers, and one for all. */
export async function configureSwift(settings: SwiftConfiguration): Promise<void> {
  const files: Record<string, Sections> = {
    'swift.conf': {
      'swift-hash': { swift_hash_path_suffix: 'suffix', swift_hash_path_prefix: 'prefix' },
      'storage-policy:0': { name: 'one-copy', default: true }
    },
    'proxy-server.conf': proxyServer(settings)
  }
  for (const kind of ['account', 'container', 'object']) files[`${kind}-server.conf`] = backend(settings, kind)
  await Promise.all(Object.entries(files).map(([name, file]) => writeFile(join(settings.folder, name), ini(file))))
}

function common({ folder }: SwiftConfiguration): Sections[string] {
  // The port is a formality: they get sockets that listen already. No workers: they are to answer for themselves.
  return { swift_dir: folder, bind_ip: '127.0.0.1', bind_port: 0, workers: 0, log_level: 'WARNING' }
}

function backend(settings: SwiftConfiguration, kind: string): Sections {
  return {
    DEFAULT: { ...common(settings), devices: settings.devices, mount_check: false, disable_fallocate: true },
    'pipeline:main': { pipeline: `healthcheck ${kind}-server` },
    'filter:healthcheck': { use: 'egg:swift#healthcheck' },
    [`app:${kind}-server`]: { use: `egg:swift#${kind}` }
  }
}

function proxyServer(settings: SwiftConfiguration): Sections {
  const filters = {
    catch_errors: {},
    gatekeeper: {},
    healthcheck: {},
    memcache: { memcache_servers: `127.0.0.1:${settings.memcachedPort}` },
    listing_formats: {},
    bulk: {},
    tempurl: {},
    authtoken: authToken(settings),
    keystoneauth: { operator_roles: 'admin, member', project_reader_roles: 'reader' },
    copy: {},
    container_quotas: {},
    account_quotas: {},
    // Small segments are let through one each second else.
    slo: { min_segment_size: 1, rate_limit_under_size: 0 },
    dlo: {}
  }
  const named = Object.entries(filters).map(([name, filter]) => [`filter:${name}`, { use: `egg:swift#${name}`, ...filter }])
  return {
    DEFAULT: common(settings),
    'pipeline:main': { pipeline: [...Object.keys(filters), 'proxy-server'].join(' ') },
    // With its one node in disgrace for an error, Swift would answer 503 to everything for a minute.
    'app:proxy-server': { use: 'egg:swift#proxy', account_autocreate: true, error_suppression_interval: 0.1 },
    ...Object.fromEntries(named)
  }
}

function authToken({ authUrl, tokenCacheSeconds }: SwiftConfiguration): Sections[string] {
  return {
    use: 'egg:keystonemiddleware#auth_token',
    www_authenticate_uri: authUrl,
    auth_url: authUrl,
    auth_type: 'password',
    username: storeService.name,
    password: storeService.password,
    project_name: storeService.project,
    user_domain_id: 'default',
    project_domain_id: 'default',
    region_name: region,
    interface: 'internal',
    // Temporary URLs come without a token.
    delay_auth_decision: true,
    include_service_catalog: false,
    cache: 'swift.cache',
    token_cache_time: tokenCacheSeconds
  }
}
