import { readFile } from 'node:fs/promises'
import { CredentialsError, messageOf, RefusedError } from '@lautta/core/errors'
import { dialTcp } from '../dial-tcp.ts'
import type { Platform } from '../platform.ts'
import type { RemoteShell } from '../remote-shell.ts'
import { connectionError } from '../ssh/connection-step.ts'
import { openRayCluster } from './open-ray-cluster.ts'
import { createRayApi } from './ray-api.ts'
import type { RayClusterSettings } from './ray-cluster-settings.ts'
import { createRayLogs } from './ray-logs.ts'
import { createRayScheduler } from './ray-scheduler.ts'

// So long one answer stands for the next.
const reachedMs = 10_000

/** A Ray cluster of the configuration as a platform: all users have it under one token. */
export function connectRayPlatform(name: string, { dashboard, tokenFile }: RayClusterSettings): Platform {
  const api = createRayApi({
    name: `the Ray cluster ${name}`,
    dashboard,
    findToken: () => readToken(name, tokenFile),
    tokenHint: `the file that token-file of ray-clusters.${name} names must hold the cluster's own token`
  })
  let reachedUntil = 0
  return {
    shell: noShell(name),
    remoteForward: null,
    scheduler: createRayScheduler(api),
    logs: createRayLogs(api),
    async openRay(cluster) {
      if (cluster !== null) throw new RefusedError(`${name} is a Ray cluster itself, and starts no other`)
      return openRayCluster(api)
    },
    async reach() {
      if (performance.now() < reachedUntil) return
      await api.readVersion()
      reachedUntil = performance.now() + reachedMs
    },
    close: () => api.close()
  }
}

/** It is read at each use: whoever changes the cluster's token need not restart us. */
async function readToken(name: string, tokenFile: string | null): Promise<string | null> {
  if (tokenFile === null) return null
  try {
    return (await readFile(tokenFile, 'utf8')).trim()
  } catch (cause) {
    const words = `the token of the Ray cluster ${name} can not be read: ${messageOf(cause)}`
    throw connectionError('login', new CredentialsError(words, { cause }))
  }
}

function noShell(name: string): RemoteShell {
  return {
    async start() {
      throw new RefusedError(`${name} is a Ray cluster, and has no shell`)
    },
    dial: dialTcp,
    isOpen: () => true,
    async close() {}
  }
}
