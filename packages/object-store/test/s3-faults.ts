import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FaultProxy } from '../../../test/servers/fault-proxy.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { readObject } from '../src/read-object.ts'
import { md5, patternOf, streamOf } from './content.ts'
import { type CorruptingProxy, startCorruptingProxy } from './corrupting-proxy.ts'
import { partBytes, type S3Site } from './s3-site.ts'

const bucket = 'mlch-exp-faults'
const content = patternOf(1_000_000)
const large = patternOf(2 * partBytes + 1000)
const completion = /^POST .*\?uploadId=/
const http = { silenceMs: 5000, firstPauseMs: 5, longestPauseMs: 50 }

/** What networks do to the conversation. */
export function describeFaults(find: () => S3Site): void {
  describe('in a bad network', () => {
    let proxy: FaultProxy
    let store: ObjectStore
    let direct: ObjectStore
    beforeAll(async () => {
      const site = find()
      proxy = site.proxy
      direct = site.open()
      store = site.open({ endpoint: proxy.url, http })
      await direct.put(bucket, 'plain', content)
      await direct.put(bucket, 'large', streamOf(large))
    })
    afterEach(() => proxy.pass())
    afterAll(() => Promise.all([store.close(), direct.close()]))
    const read = async (path: string) => md5((await readObject(direct, bucket, path))!)
    const unfinished = () => direct.sweep(bucket, new Date(Date.now() + 60_000))
    const requestsOf = async (act: () => Promise<unknown>): Promise<string[]> => {
      const before = proxy.requests.length
      await act()
      return proxy.requests.slice(before).map(({ method, url }) => `${method} ${url}`)
    }

    it('what passes is tried again', async () => {
      proxy.failNext(2, 503)
      expect(await requestsOf(() => store.put(bucket, 'busy', content))).toHaveLength(3)
      proxy.resetNext(2)
      expect(md5((await readObject(store, bucket, 'busy'))!)).toBe(md5(content))
      proxy.failNext(1, 500)
      await store.delete(bucket, 'busy')
      expect(await direct.head(bucket, 'busy')).toBeNull()
    })
    it('a PUT that is cut off, or whose answer is, is sent again', async () => {
      proxy.resetNext(1, 100_000)
      proxy.resetAfterForwarding(1)
      expect(await requestsOf(() => store.put(bucket, 'again', content))).toHaveLength(3)
      expect(await read('again')).toBe(md5(content))
    })
    it('a part that is cut off is sent again, and so is the beginning', async () => {
      proxy.aim(/^POST .*\?uploads=/)
      proxy.failNext(1, 503)
      proxy.resetAfterForwarding(1)
      proxy.aim(/^PUT .*partNumber=2/)
      proxy.resetNext(1, 100_000)
      proxy.resetAfterForwarding(1)
      const requests = await requestsOf(() => store.put(bucket, 'in-parts', streamOf(large)))
      const sent = (pattern: RegExp) => requests.filter((request) => pattern.test(request)).length
      expect([/uploads=/, /partNumber=1/, /partNumber=2/, /partNumber=3/].map(sent)).toEqual([3, 1, 3, 1])
      expect(await read('in-parts')).toBe(md5(large))
      // One began whose name nobody heard.
      expect(await unfinished()).toBe(1)
    })
    it('an upload whose end is not answered is looked after', async () => {
      proxy.aim(completion)
      proxy.resetNext(1)
      proxy.resetAfterForwarding(1)
      const put = await store.put(bucket, 'ended', streamOf(large))
      expect(await direct.head(bucket, 'ended')).toEqual({ ...put, modifiedAt: expect.any(String) })
      // Nobody ever tells, but the object is there.
      proxy.resetAfterForwarding(5)
      const other = await store.put(bucket, 'ended', streamOf(large), { metadata: { of: 'other' } })
      expect(other).toEqual(await direct.head(bucket, 'ended'))
      expect(other.metadata).toEqual({ of: 'other' })
      proxy.truncateNext(1, 20)
      expect(await store.put(bucket, 'ended', streamOf(large))).toMatchObject({ metadata: {}, etag: put.etag })
      expect(await unfinished()).toBe(0)
    })
    it('an upload that can not be ended leaves what was there, and parts that are swept', async () => {
      await direct.put(bucket, 'kept', Buffer.from('old'))
      proxy.aim(completion)
      proxy.failNext(5, 503)
      await expect(store.put(bucket, 'kept', streamOf(large))).rejects.toMatchObject({ reason: 'unavailable' })
      expect(await read('kept')).toBe(md5('old'))
      expect(await unfinished()).toBe(1)
    })
    it('an upload that can not be ended is not taken for an object of the same content', async () => {
      await direct.put(bucket, 'same', streamOf(large), { metadata: { version: '1' } })
      proxy.aim(completion)
      proxy.failNext(5, 503)
      const again = store.put(bucket, 'same', streamOf(large), { metadata: { version: '2' } })
      await expect(again).rejects.toMatchObject({ reason: 'unavailable' })
      expect(await unfinished()).toBe(1)
    })
    it('an upload whose parts do not arrive is given up at once', async () => {
      proxy.aim(/^PUT .*partNumber=1/)
      proxy.failNext(5, 503)
      await expect(store.put(bucket, 'kept', streamOf(large))).rejects.toMatchObject({ reason: 'unavailable' })
      expect(await read('kept')).toBe(md5('old'))
      expect(await unfinished()).toBe(0)
    })
    it.each(['plain', 'large'])('a download that is cut off goes on where it was cut: %s', async (path) => {
      const whole = path === 'plain' ? content : large
      proxy.truncateNext(2, 300_000)
      const found = await requestsOf(async () => expect(md5((await readObject(store, bucket, path))!)).toBe(md5(whole)))
      expect(found).toHaveLength(3)
      proxy.truncateNext(1, 1000)
      const part = await store.get(bucket, path, { first: 5000, last: 500_000 })
      expect(Buffer.concat(await part!.content.toArray()).equals(whole.subarray(5000, 500_001))).toBe(true)
    })
    it('a download that is cut off ends with an error when the object is another one by now', async () => {
      await direct.put(bucket, 'changes', content)
      proxy.truncateNext(1, 300_000)
      const found = await store.get(bucket, 'changes')
      await direct.put(bucket, 'changes', Buffer.from(content).reverse())
      await expect(found!.content.toArray()).rejects.toThrow(/changes could not be read to its end/)
    })
    it('what comes with a wrong bit is an error', async () => {
      proxy.corruptNext(1)
      await expect(readObject(store, bucket, 'plain')).rejects.toMatchObject({ reason: 'damaged' })
    })
    it('a listing that breaks off is asked for again', async () => {
      proxy.truncateNext(2, 200)
      const { objects } = await store.list(bucket)
      expect(objects).toEqual((await direct.list(bucket)).objects)
    })
    it('a stall ends with an error, and then all is well again', async () => {
      const hasty = find().open({ endpoint: proxy.url, http: { silenceMs: 200, tries: 2, firstPauseMs: 1 } })
      proxy.stall()
      await expect(hasty.list(bucket)).rejects.toThrow(/the store does not answer/)
      await hasty.close()
      proxy.pass()
      expect((await store.head(bucket, 'plain'))?.usedBytes).toBe(content.length)
    })
    it('downloads that nobody reads leave room for others', async () => {
      const narrow = find().open({ http: { streams: 2 } })
      for (let round = 0; round < 4; round++) (await narrow.get(bucket, 'large'))!.content.destroy()
      expect(md5((await readObject(narrow, bucket, 'plain'))!)).toBe(md5(content))
      await narrow.close()
    })
  })

  describe('what arrives with a wrong bit', () => {
    let harm: CorruptingProxy
    let store: ObjectStore
    beforeAll(async () => {
      harm = await startCorruptingProxy(new URL(find().ceph.s3Url))
      store = find().open({ endpoint: harm.url, http })
    })
    afterAll(async () => {
      await store.close()
      harm.stop()
    })
    it('is not stored but sent again', async () => {
      await store.put(bucket, 'harmed', Buffer.from('old'))
      harm.corruptNext(2)
      expect(await store.put(bucket, 'harmed', content)).toMatchObject({ etag: md5(content) })
      harm.corruptNext(2)
      await store.put(bucket, 'harmed-parts', streamOf(large))
      expect(md5((await readObject(store, bucket, 'harmed-parts'))!)).toBe(md5(large))
    })
    it('is an error when it does again and again, and what was there stays', async () => {
      harm.corruptNext(3)
      await expect(store.put(bucket, 'harmed', Buffer.from('new'))).rejects.toMatchObject({ reason: 'damaged' })
      harm.corruptNext(10)
      await expect(store.put(bucket, 'harmed', streamOf(large))).rejects.toMatchObject({ reason: 'damaged' })
      harm.corruptNext(0)
      expect(md5((await readObject(store, bucket, 'harmed'))!)).toBe(md5(content))
    })
  })
}
