import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FaultProxy } from '../../../test/servers/fault-proxy.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { listAll, readObject } from '../src/read-object.ts'
import { breakingStream, md5, patternOf, streamOf } from './content.ts'
import { startCorruptingProxy } from './corrupting-proxy.ts'
import { type SwiftSite, throughProxy } from './swift-site.ts'

const bucket = 'mlch-exp-faults'
const segmentBytes = 1024 ** 2
const content = patternOf(segmentBytes - 4)
const large = patternOf(3 * segmentBytes)
// Longer than what is gathered in memory.
const long = patternOf(9 * segmentBytes)

/** What networks do to the conversation. */
export function describeFaults(name: string, find: () => SwiftSite): void {
  describe(`in a bad network: ${name}`, () => {
    let proxy: FaultProxy
    let store: ObjectStore
    let direct: ObjectStore
    beforeAll(async () => {
      const site = find()
      proxy = site.proxy
      direct = site.open({ segmentBytes })
      store = site.open({
        segmentBytes,
        endpoint: throughProxy(site),
        http: { silenceMs: 2000, firstPauseMs: 5, longestPauseMs: 1000 }
      })
      await direct.put(bucket, 'large', streamOf(large))
      await direct.put(bucket, 'plain', content)
      await store.check()
    })
    afterEach(() => proxy.pass())
    afterAll(() => Promise.all([store.close(), direct.close()]))
    const read = async (path: string) => md5((await readObject(store, bucket, path))!)
    const requestsOf = async (act: () => Promise<unknown>): Promise<number> => {
      const before = proxy.requests.length
      await act()
      return proxy.requests.length - before
    }

    it('what passes is tried again', async () => {
      proxy.failNext(2, 503)
      expect(await requestsOf(() => store.put(bucket, 'busy', content))).toBe(3)
      proxy.resetNext(2)
      expect(await read('busy')).toBe(md5(content))
      proxy.failNext(1, 500)
      await store.delete(bucket, 'busy')
      expect(await direct.head(bucket, 'busy')).toBeNull()
    })
    it('who is told to wait waits', async () => {
      proxy.failNext(1, 429, { 'retry-after': '1' })
      const began = performance.now()
      await store.head(bucket, 'plain')
      expect(performance.now() - began).toBeGreaterThan(999)
    })
    it('a PUT whose answer was lost is sent again, the same bytes to the same name', async () => {
      proxy.resetAfterForwarding(1)
      expect(await requestsOf(() => store.put(bucket, 'answer-lost', content))).toBe(2)
      expect(await read('answer-lost')).toBe(md5(content))
      proxy.resetAfterForwarding(1)
      await store.delete(bucket, 'answer-lost')
      expect(await direct.head(bucket, 'answer-lost')).toBeNull()
    })
    it.each(['plain', 'large'])('a download that is cut off goes on where it was cut: %s', async (path) => {
      const whole = path === 'plain' ? content : large
      proxy.truncateNext(2, 300_000)
      expect(await requestsOf(async () => expect(await read(path)).toBe(md5(whole)))).toBe(3)
      proxy.truncateNext(1, 1000)
      const found = await store.get(bucket, path, { first: 5000, last: 500_000 })
      expect(Buffer.concat(await found!.content.toArray()).equals(whole.subarray(5000, 500_001))).toBe(true)
    })
    it('a download that is cut off ends with an error when the object is another one by now', async () => {
      await direct.put(bucket, 'changes', content)
      proxy.truncateNext(1, 300_000)
      const found = await store.get(bucket, 'changes')
      await direct.put(bucket, 'changes', Buffer.from(content).reverse())
      await expect(found!.content.toArray()).rejects.toThrow(/changes could not be read to its end/)
    })
    it.each(['plain', 'large'])('what comes with a wrong bit is an error: %s', async (path) => {
      proxy.corruptNext(1)
      await expect(readObject(store, bucket, path)).rejects.toMatchObject({ reason: 'damaged' })
      expect(await read(path)).toBe(md5(path === 'plain' ? content : large))
    })
    it('what arrives with a wrong bit is not stored, and is sent again when it can be', async () => {
      const { endpoint } = find()
      const harm = await startCorruptingProxy(new URL(endpoint))
      const harmed = [{ segmentBytes }, {}].map((options) =>
        find().open({ ...options, endpoint: harm.url + new URL(endpoint).pathname })
      )
      const [inSegments, inOnePiece] = harmed as [ObjectStore, ObjectStore]
      await inOnePiece.put(bucket, 'harmed', Buffer.from('old'))
      await inSegments.put(bucket, 'other', streamOf(large))
      harm.corruptNext(2)
      expect(await inOnePiece.put(bucket, 'harmed', content)).toMatchObject({ etag: md5(content) })
      expect(await read('harmed')).toBe(md5(content))
      harm.corruptNext(3)
      await expect(inOnePiece.put(bucket, 'harmed', Buffer.from('new'))).rejects.toMatchObject({ reason: 'damaged' })
      harm.corruptNext(1)
      await expect(inSegments.put(bucket, 'harmed', streamOf(large))).rejects.toMatchObject({ reason: 'damaged' })
      expect((await listAll(direct, `${bucket}_segments`, 'harmed/')).length).toBe(0)
      expect(await read('harmed')).toBe(md5(content))
      // Of this one nothing is known before it is there.
      harm.corruptNext(1)
      const whole = inOnePiece.put(bucket, 'harmed', streamOf(long), { usedBytes: long.length })
      await expect(whole).rejects.toMatchObject({ reason: 'damaged' })
      expect(await direct.head(bucket, 'harmed')).toBeNull()
      await Promise.all(harmed.map((one) => one.close()))
      harm.stop()
    })
    it.each([400, 429])('a manifest that is stored keeps its segments when only its repetition fails with %i', async (status) => {
      const path = `manifest-${status}`
      proxy.aim(/multipart-manifest=put/)
      proxy.resetAfterForwarding(1)
      proxy.failNext(4, status, { 'x-trans-id': 'of-the-proxy' })
      await expect(store.put(bucket, path, streamOf(large))).rejects.toThrow(new RegExp(`PUT .*${status}`))
      expect(await read(path)).toBe(md5(large))
    })
    it.each([408, 499])('a store for which we are too slow is one that is busy: %i', async (status) => {
      proxy.failNext(1, status, { 'x-trans-id': 'of-the-proxy' })
      const message = expect.stringMatching(/does not do it now/)
      await expect(store.put(bucket, 'slow', content)).rejects.toMatchObject({ reason: 'unavailable', message })
    })
    it('a manifest that is refused leaves no segments', async () => {
      proxy.aim(/multipart-manifest=put/)
      proxy.failNext(1, 400, { 'x-trans-id': 'of-the-proxy' })
      await expect(store.put(bucket, 'refused', streamOf(large))).rejects.toThrow(/refuses it/)
      await expect.poll(async () => (await listAll(direct, `${bucket}_segments`, 'refused/')).length).toBe(0)
    })
    it.each([401, 429])('an answer of %i does not tell how URLs are signed', async (status) => {
      const signing = find().open({ endpoint: throughProxy(find()), http: { tries: 1 } })
      proxy.aim(/\/info$/)
      proxy.failNext(1, status)
      await expect(signing.sign(bucket, 'plain', { method: 'GET', seconds: 60 })).rejects.toThrow(/does not tell what it can do/)
      const digits = async (one: ObjectStore) =>
        /temp_url_sig=(\w+)/.exec((await one.sign(bucket, 'plain', { method: 'GET', seconds: 60 }))!)?.[1]?.length
      expect(await digits(signing)).toBe(await digits(direct))
      await signing.close()
    })
    it('a short stream that is cut off while it is put is sent again', async () => {
      proxy.resetNext(1, 100_000)
      expect(await store.put(bucket, 'again', streamOf(content))).toMatchObject({ etag: md5(content) })
    })
    it.each([
      ['in segments', { segmentBytes }],
      ['in one piece', {}]
    ])('a long stream that is cut off while it is put leaves what was there: %s', async (_, options) => {
      const cut = find().open({ ...options, endpoint: throughProxy(find()) })
      // Now the buckets are known to be there, so that the next request is the one with the stream.
      await cut.put(bucket, 'kept', streamOf(long), { usedBytes: long.length })
      await direct.put(bucket, 'kept', Buffer.from('old'))
      await direct.sweep(bucket, new Date(Date.now() + 2000))
      proxy.resetNext(1, 100_000)
      await expect(cut.put(bucket, 'kept', streamOf(long), { usedBytes: long.length })).rejects.toThrow(
        /the store does not answer/
      )
      expect((await readObject(direct, bucket, 'kept'))?.toString()).toBe('old')
      await expect.poll(async () => (await listAll(direct, `${bucket}_segments`, 'kept/')).length).toBe(0)
      expect(await cut.put(bucket, 'kept', streamOf(long), { usedBytes: long.length })).toMatchObject({ etag: md5(long) })
      await cut.close()
    })
    it('a long stream in one piece is stored only when it is whole, and what was stated of it is true', async () => {
      const whole = find().open()
      await whole.put(bucket, 'stated', Buffer.from('old'))
      const usedBytes = long.length
      const put = (given: object, source = streamOf(long)) => whole.put(bucket, 'stated', source, { usedBytes, ...given })
      await expect(put({ md5: md5('other') })).rejects.toThrow(/the MD5 of what arrived is not/)
      await expect(put({ usedBytes: usedBytes + 1 })).rejects.toThrow(/bytes came, not/)
      await expect(put({ usedBytes: usedBytes - 1 })).rejects.toThrow(/bytes came, not/)
      await expect(put({}, breakingStream(long, usedBytes - 1))).rejects.toThrow(/the source broke/)
      expect((await readObject(direct, bucket, 'stated'))?.toString()).toBe('old')
      expect(await put({ md5: md5(long) })).toEqual(await direct.head(bucket, 'stated'))
      expect(await read('stated')).toBe(md5(long))
      await whole.close()
    })
    it('a stall ends with an error, and then all is well again', async () => {
      const hasty = find().open({ endpoint: proxy.url, http: { silenceMs: 200, tries: 2, firstPauseMs: 1 } })
      proxy.stall()
      await expect(hasty.list(bucket)).rejects.toMatchObject({
        reason: 'unavailable',
        message: expect.stringMatching(/does not answer/)
      })
      await hasty.close()
      proxy.pass()
      expect(await read('plain')).toBe(md5(content))
    })
    it('downloads that nobody reads leave room for others', async () => {
      const narrow = find().open({ http: { streams: 2 } })
      for (let round = 0; round < 4; round++) (await narrow.get(bucket, 'large'))!.content.destroy()
      expect(md5((await readObject(narrow, bucket, 'plain'))!)).toBe(md5(content))
      await narrow.close()
    })
  })
}
