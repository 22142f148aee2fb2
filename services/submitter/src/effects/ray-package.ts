import { createHash } from 'node:crypto'
import { RefusedError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import { type Entrypoint, parametersFileName } from '@lautta/core/ray/entrypoint'
import type { RayJobRequest } from '@lautta/core/ray/ray-job'
import type { ObjectEntry } from '@lautta/object-store/object-store'
import { listAll, readObject } from '@lautta/object-store/read-object'
import { createLimit } from '@lautta/platforms/limit-concurrency'
import type { RayCluster } from '@lautta/platforms/ray-cluster'
import { zipFiles } from '@lautta/platforms/zip-files'
import type { JobWork } from './job-work.ts'

// As much as Ray's dashboard takes in one upload.
const mostBytes = 100 * 1024 * 1024
const readsAtOnce = 8
// Each is in memory as a whole.
const enter = createLimit(2)

/**
 * Sees to it that the cluster has the files of a Ray job, as a package named for their content: what is there is not sent
 * again. Answers Ray's address of it; null when there are none.
 */
export async function providePackage(
  work: Pick<JobWork, 'user' | 'store' | 'management'>,
  ray: RayJobRequest,
  { parametersFile }: Entrypoint,
  cluster: Pick<RayCluster, 'hasPackage' | 'putPackage'>
): Promise<string | null> {
  const bucket = work.management.bucketOf(work.user, 'pipeline')
  const prefix = ray.directory === '' ? null : `${ray.directory.replace(/\/$/, '')}/`
  const listed = prefix === null ? [] : await listAll(work.store, bucket, prefix)
  // Programs for people put an object for a folder.
  const entries = listed.filter(({ path }) => !path.endsWith('/'))
  checkFiles(ray, entries, prefix)
  if (entries.length === 0 && parametersFile === null) return null
  const name = nameOf(entries, prefix ?? '', parametersFile)
  if (!(await cluster.hasPackage(name))) {
    const leave = await enter()
    try {
      const files = await mapLimited(entries, readsAtOnce, async ({ path }) => {
        const content = await readObject(work.store, bucket, path, mostBytes)
        if (content === null) throw new RefusedError(`${path} was removed while it was read`)
        return [path.slice(prefix?.length ?? 0), content] as const
      })
      const own = parametersFile === null ? [] : [[parametersFileName, Buffer.from(parametersFile)] as const]
      await cluster.putPackage(name, await zipFiles(new Map([...files, ...own])))
    } finally {
      leave()
    }
  }
  return `gcs://${name}`
}

function checkFiles({ directory, file }: RayJobRequest, entries: readonly ObjectEntry[], prefix: string | null): void {
  if (prefix === null) return
  if (entries.length === 0) {
    throw new RefusedError(`there is nothing below ${prefix} in your pipeline bucket`, {
      hint: "put the Ray job's files there before it starts"
    })
  }
  if (file !== undefined && !entries.some(({ path }) => path === `${prefix}${file}`))
    throw new RefusedError(`there is no ${file} in ${directory} of your pipeline bucket`)
  const usedBytes = entries.reduce((sum, one) => sum + one.usedBytes, 0)
  if (usedBytes > mostBytes) {
    throw new RefusedError(`${directory} has ${usedBytes} bytes, and Ray takes ${mostBytes} at most`, {
      hint: 'keep code there, and let the Ray job read its data from the object store'
    })
  }
}

/** Another content has another name, so a cluster never runs old code. */
function nameOf(entries: readonly ObjectEntry[], prefix: string, parametersFile: string | null): string {
  const described = entries.map(({ path, etag, usedBytes }) => [path.slice(prefix.length), etag, usedBytes])
  const digest = createHash('sha256')
    .update(JSON.stringify([described, parametersFile]))
    .digest('hex')
  return `_ray_pkg_lautta_${digest.slice(0, 32)}.zip`
}
