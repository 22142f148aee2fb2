import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RefusedError } from '@lautta/core/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clusterVariables } from '../src/effects/cluster-variables.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-variables-'))
})
afterEach(() => rm(folder, { recursive: true }))

const variablesWith = (privateKeyFile: string | null) => {
  const remoteForward = privateKeyFile === null ? null : { privateKeyFile }
  const work = {
    user: 'ada',
    order: { id: 'o' },
    job: { index: 1, attempt: 2 },
    known: { name: 'mine', remoteForward },
    management: { rayTokenOf: (user: string, run: object) => [user, ...Object.values(run)].join('-') }
  }
  return clusterVariables(work as unknown as Parameters<typeof clusterVariables>[0])
}

describe('the variables of a job that is to be a Ray cluster', () => {
  it('are its token, and the key of its tunnel where it has one', async () => {
    const key = join(folder, 'key')
    await writeFile(key, '-----BEGIN\nabc\n')
    expect(await variablesWith(null)).toEqual({ RAY_AUTH_TOKEN: 'ada-o-mine-1-2' })
    expect(await variablesWith(key)).toEqual({ RAY_AUTH_TOKEN: 'ada-o-mine-1-2', LAUTTA_TUNNEL_KEY: '-----BEGIN\nabc' })
  })

  it('are none while the key can not be read: the job is refused', async () => {
    await expect(variablesWith(join(folder, 'nowhere'))).rejects.toThrow(RefusedError)
  })
})
