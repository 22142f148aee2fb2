import { describe, expect, it } from 'vitest'
import { bucketName, userSlug } from '../src/buckets.ts'
import { createId, deriveId } from '../src/ids.ts'
import { cleanJobName, jobToken, nameWithoutToken, nameWithToken } from '../src/job/job-token.ts'
import { logPiecePath, requestPath, runName, statusPath, timesPath } from '../src/object-names.ts'
import { complaintAboutPath } from '../src/object-path.ts'
import { readPlace, trimSecretPath } from '../src/orchestration/direction.ts'

describe('bucket names', () => {
  it.each([
    ['User@Example.com', 'user-example-com'],
    ['-Ääkköset..Org-', 'kk-set-org'],
    ['a__b', 'a-b']
  ])('stand for the user %s as %s', (user, slug) => {
    expect(userSlug(user)).toBe(slug)
  })
  it('are those of seed 000', () => {
    const names = (['forwarder', 'submitter', 'pipeline', 'experiment'] as const).map((target) =>
      bucketName(target, 'mlch', 'user-example-com')
    )
    expect(names).toEqual([
      'mlch-for-air',
      'mlch-sub-air-user-example-com',
      'mlch-pipe-user-example-com',
      'mlch-exp-user-example-com'
    ])
  })
})

describe('object names', () => {
  const run = { id: '01jd', platform: 'roihu-cpu', index: 2, attempt: 3 }
  it('are those of the contract', () => {
    expect(requestPath('01jd')).toBe('MANAGEMENT/01jd.json')
    expect(statusPath('01jd', 'lumi')).toBe('MANAGEMENT/01jd/lumi.json')
    expect(runName(run)).toBe('01jd-roihu-cpu-2-3')
    expect(timesPath(run)).toBe('TIMES/01jd-roihu-cpu-2-3.parquet')
  })
  it('sort pieces of a log by their offset', () => {
    expect([logPiecePath(run, 'out', 0, 900), logPiecePath(run, 'out', 0, 10_000)].sort()[0]).toMatch(/900$/)
  })
  it.each(['', 'a//b', '/a', 'a/', '../a', 'a/./b', 'a/..', 'a\nb', 'x'.repeat(1025)])(
    'are refused when they read %j',
    (path) => {
      expect(complaintAboutPath(path)).not.toBeNull()
    }
  )
  it.each(['DATA/2', 'CODE/SLURM/ray-cluster.sh', 'ä b/…', '.finished', 'a..b'])('are accepted when they read %j', (path) => {
    expect(complaintAboutPath(path)).toBeNull()
  })
})

describe('ids', () => {
  it('sort by the time they were made', () => {
    const early = createId(new Date('2026-01-01'))
    const late = createId(new Date('2026-01-02'))
    expect(early < late).toBe(true)
    expect(early).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/)
  })
  it('are the same for one user and Idempotency-Key, and others for another user', () => {
    expect(deriveId('a', 'key')).toBe(deriveId('a', 'key'))
    expect(deriveId('a', 'key')).not.toBe(deriveId('b', 'key'))
    expect(deriveId('a', 'bkey')).not.toBe(deriveId('ab', 'key'))
  })
})

describe("a job's name on the platform", () => {
  const key = Buffer.from('of this installation')
  const run = { id: '01jd', platform: 'lumi', index: 0, attempt: 1 }
  const token = jobToken(key, 'u', run)
  it('is what the user calls it and a token that no other attempt has, of whatever installation', () => {
    expect(nameWithToken('train fmnist|v2\n', token)).toBe(`train_fmnist_v2_.${token}`)
    expect(
      new Set([
        token,
        jobToken(key, 'u', { ...run, attempt: 2 }),
        jobToken(key, 'u', { ...run, index: 1 }),
        jobToken(key, 'v', run),
        jobToken(Buffer.from('of another one'), 'u', run)
      ]).size
    ).toBe(5)
  })
  it('is shown without the token', () => {
    expect(nameWithoutToken(nameWithToken('pi', token), token)).toBe('pi')
    expect(nameWithoutToken('batch', token)).toBe('batch')
  })
  it('keeps 40 characters of the user, and is never empty', () => {
    expect(cleanJobName('x'.repeat(50))).toBe('x'.repeat(40))
    expect(cleanJobName('')).toBe('job')
  })
})

describe('a place', () => {
  it('is one of those that seed 000 knows, or inline', () => {
    expect(readPlace('local/submitter')).toEqual({ kind: 'secrets' })
    expect(readPlace('storage/allas/experiment')).toEqual({ kind: 'store', target: 'experiment' })
    expect(readPlace('hpc/roihu-gpu')).toEqual({ kind: 'platform', platform: 'roihu-gpu' })
    expect(readPlace('inline')).toEqual({ kind: 'inline' })
    expect(readPlace('storage/allas/forwarder')).toBeNull()
    expect(readPlace('hpc/')).toBeNull()
  })
  it('has /run/secrets as an alias of the folder of secrets', () => {
    expect(trimSecretPath('/run/secrets/parameters')).toBe('parameters')
    expect(trimSecretPath('deep/file')).toBe('deep/file')
  })
})
