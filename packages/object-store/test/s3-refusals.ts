import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RefusedError, StorageError, type StorageReason } from '@lautta/core/errors'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import type { ObjectStore } from '../src/object-store.ts'
import type { S3Options } from '../src/s3/s3-store.ts'
import { patternOf, streamOf } from './content.ts'
import { keysOf, partBytes, type S3Site } from './s3-site.ts'

const bucket = 'mlch-exp-refusals'
const secret = 'a-secret-that-is-wrong'

/** What each refusal is told as, with what to do. */
export function describeRefusals(find: () => S3Site): void {
  describe('a refusal is told as what it is', () => {
    let site: S3Site
    let store: ObjectStore
    beforeAll(async () => {
      site = find()
      store = site.open()
      await store.put(bucket, 'there', Buffer.from('x'))
    })
    afterEach(() => vi.useRealTimers())
    afterAll(() => store.close())

    const failure = async (options: Partial<S3Options>, act: (store: ObjectStore) => Promise<unknown>): Promise<Error> => {
      const opened = site.open(options)
      const error = await act(opened).then(
        () => expect.unreachable('it succeeded'),
        (thrown: Error) => thrown
      )
      await opened.close()
      expect(`${error}${(error as StorageError).hint}${error.cause}`).not.toContain(secret)
      return error
    }
    const expectReason = (error: Error, reason: StorageReason, message: RegExp, hint: RegExp) => {
      expect(error).toBeInstanceOf(StorageError)
      expect(error).toMatchObject({ reason, message: expect.stringMatching(message), hint: expect.stringMatching(hint) })
    }
    const every: [string, (store: ObjectStore) => Promise<unknown>][] = [
      ['put', (one) => one.put(bucket, 'there', Buffer.from('y'))],
      ['put in parts', (one) => one.put(bucket, 'there', streamOf(patternOf(partBytes + 1)))],
      ['get', (one) => one.get(bucket, 'there')],
      ['head', (one) => one.head(bucket, 'there')],
      ['list', (one) => one.list(bucket)],
      ['delete', (one) => one.delete(bucket, 'there')],
      ['measure', (one) => one.measure(bucket)],
      ['sweep', (one) => one.sweep(bucket, new Date())]
    ]
    const makeUser = async (
      name: string,
      ...argv: string[]
    ): Promise<Pick<S3Options, 'accessKeyId' | 'secretAccessKey' | 'region'>> => {
      const keys = { accessKeyId: `${name}-key`, secretAccessKey: `${name}-secret` }
      const key = [`--access-key=${keys.accessKeyId}`, `--secret=${keys.secretAccessKey}`]
      await site.ceph.admin(['user', 'create', `--uid=${name}`, `--display-name=${name}`, ...key, ...argv])
      return keysOf({ name, ...keys })
    }

    it.each([...every, ['check', (one: ObjectStore) => one.check()] as const])('wrong keys: %s', async (_, act) => {
      const hint = /access-key-id and secret-access-key/
      const unknown = await failure({ accessKeyId: 'nobody', secretAccessKey: secret }, act)
      expectReason(unknown, 'credentials', /^the store does not accept the keys \(.*InvalidAccessKeyId\)$/, hint)
      const wrong = await failure({ secretAccessKey: secret }, act)
      expectReason(wrong, 'credentials', /^the store does not accept the keys \(.*SignatureDoesNotMatch\)$/, hint)
    })
    it.each(every)("somebody else's bucket: %s", async (_, act) => {
      const error = await failure(keysOf(site.ceph.otherS3User), act)
      expectReason(error, 'forbidden', /^the store forbids it \(.*AccessDenied\)$/, /choose another bucket-prefix/)
    })
    it('a name of a bucket that somebody else has', async () => {
      const error = await failure(keysOf(site.ceph.otherS3User), (one) => one.sign(bucket, 'x', { method: 'PUT', seconds: 1 }))
      expectReason(error, 'forbidden', /PUT mlch-exp-refusals: 409 BucketAlreadyExists/, /choose another bucket-prefix/)
    })
    it('a user who is suspended, or may not list buckets', async () => {
      const keys = await makeUser('late')
      await site.ceph.admin(['user', 'suspend', '--uid=late'])
      expectReason(await failure(keys, (one) => one.check()), 'forbidden', /UserSuspended/, /ask the project's manager/)
      const writer = site.open(await makeUser('writer', '--op-mask=write'))
      await writer.put('mlch-exp-writer', 'x', Buffer.from('x'))
      await expect(writer.list('mlch-exp-writer')).rejects.toMatchObject({ reason: 'forbidden' })
      await writer.check()
      await writer.close()
    })
    it('a quota of bytes, and one of objects', async () => {
      const keys = await makeUser('full')
      const limit = (...argv: string[]) => site.ceph.admin(['quota', 'set', '--quota-scope=bucket', '--uid=full', ...argv])
      const full = site.open(keys)
      await full.put('mlch-exp-full', 'there', Buffer.alloc(1000))
      // Of bytes RGW counts blocks of 4 KiB.
      await limit('--max-size=65536', '--max-objects=2')
      await site.ceph.admin(['quota', 'enable', '--quota-scope=bucket', '--uid=full'])
      for (const content of [() => Buffer.alloc(1_000_000), () => streamOf(patternOf(partBytes + 1))])
        expectReason(
          await failure(keys, (one) => one.put('mlch-exp-full', 'large', content())),
          'quota',
          /^the store is full \(.*QuotaExceeded\)$/,
          /1,000 buckets and 10 TiB a project and 500,000 objects a bucket/
        )
      await full.put('mlch-exp-full', 'second', Buffer.from('x'))
      const third = await failure(keys, (one) => one.put('mlch-exp-full', 'third', Buffer.from('x')))
      expectReason(third, 'quota', /QuotaExceeded/, /Remove what is not needed/)
      expect((await full.list('mlch-exp-full')).objects.map(({ path }) => path)).toEqual(['second', 'there'])
      expect(await full.sweep('mlch-exp-full', new Date(Date.now() + 60_000))).toBe(0)
      await full.close()
    })
    it('a bucket too many', async () => {
      const keys = await makeUser('narrow', '--max-buckets=1')
      const error = await failure(keys, async (one) => {
        await one.put('mlch-exp-narrow-1', 'x', Buffer.from('x'))
        await one.put('mlch-exp-narrow-2', 'x', Buffer.from('x'))
      })
      expectReason(error, 'quota', /^the store is full \(PUT mlch-exp-narrow-2: 400 TooManyBuckets\)$/, /1,000 buckets/)
    })
    it('a name that is too long, of an object and of a bucket', async () => {
      // What S3 takes is what we take: a byte more is refused before it is asked.
      await store.put(bucket, 'ä'.repeat(512), Buffer.from('x'))
      await expect(store.put(bucket, `${'ä'.repeat(512)}x`, Buffer.from('x'))).rejects.toThrow(RefusedError)
      for (const name of ['m'.repeat(64), 'Upper', 'no'])
        expect(await failure({}, (one) => one.put(name, 'x', Buffer.from('x')))).toMatchObject({
          name: 'RefusedError',
          message: expect.stringMatching(/^the store refuses it \(PUT .*: 400 InvalidBucketName\)$/)
        })
    })
    it('an MD5 that differs, and addresses that are to last too long', async () => {
      await expect(store.put(bucket, 'there', Buffer.from('y'), { md5: 'f'.repeat(32) })).rejects.toThrow(RefusedError)
      await expect(store.sign(bucket, 'there', { method: 'GET', seconds: 604_801 })).rejects.toThrow(/seven days/)
      expect((await fetch((await store.sign(bucket, 'there', { method: 'GET', seconds: 604_800 }))!)).status).toBe(200)
    })
    it.each([-20, 20])('a clock that is wrong by %i minutes', async (minutes) => {
      const now = Date.now()
      vi.useFakeTimers({ toFake: ['Date'], now: now + minutes * 60_000 })
      const error = await failure({}, (one) => one.head(bucket, 'there'))
      expectReason(error, 'credentials', /its clock says \w{3}, \d\d \w{3} \d{4} /, /Set the clock of this machine/)
    })
    it('nobody at the endpoint', async () => {
      const endpoint = `http://127.0.0.1:${await freePort()}`
      const error = await failure({ endpoint, http: { tries: 2, firstPauseMs: 1 } }, (one) => one.check())
      expect(error).toMatchObject({
        reason: 'unavailable',
        message: expect.stringMatching(/the store does not answer: .*ECONNREFUSED/)
      })
    })
    it('somebody else at the endpoint', async () => {
      const server = createServer((_request, response) => response.end('<html><title>Welcome</title></html>')).listen(
        0,
        '127.0.0.1'
      )
      await once(server, 'listening')
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const error = await failure({ endpoint }, (one) => one.check())
      expectReason(error, 'unavailable', /answers like something that is no S3/, /See that endpoint/)
      server.close()
    })
  })
}
