import { Readable } from 'node:stream'
import { RefusedError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { listAll, readObject } from '../src/read-object.ts'
import { breakingStream, md5, patternOf, streamOf } from './content.ts'
import type { SwiftSite } from './swift-site.ts'

const segmentBytes = 256 * 1024
const bucket = 'mlch-exp-large'
const segments = `${bucket}_segments`
const content = patternOf(5 * segmentBytes - 1000)

/** What is longer than a segment. */
export function describeLargeObjects(name: string, find: () => SwiftSite): void {
  describe(`large objects: ${name}`, () => {
    let site: SwiftSite
    let store: ObjectStore
    beforeAll(() => {
      site = find()
      store = site.open({ segmentBytes })
    })
    afterAll(() => store.close())
    const segmentsOf = async (path: string) => (await listAll(store, segments, `${path}/`)).length
    const isWhole = async (path: string) => (await readObject(store, bucket, path))?.equals(content)
    // Whole seconds, rounded up.
    const later = () => new Date(Date.now() + 2000)

    it('are put from streams of unknown length, and have the MD5 of their content', async () => {
      const put = await store.put(bucket, 'DATA/ä b', streamOf(content), { contentType: 'image/x', metadata: { version: '1' } })
      expect(put).toMatchObject({
        usedBytes: content.length,
        etag: md5(content),
        contentType: 'image/x',
        metadata: { version: '1' }
      })
      expect(await store.head(bucket, 'DATA/ä b')).toEqual(put)
      expect(await isWhole('DATA/ä b')).toBe(true)
      expect(await segmentsOf('DATA/ä b')).toBe(5)
    })
    it('are listed as what they are', async () => {
      const { path, usedBytes, etag, modifiedAt } = await store.put(bucket, 'LISTED/ä', streamOf(content))
      const objects = [{ path, usedBytes, etag, modifiedAt }]
      expect(await store.list(bucket, { prefix: 'LISTED/' })).toEqual({ objects, prefixes: [], next: null })
    })
    it('are put from streams whose length is known to be more than a segment', async () => {
      await store.put(bucket, 'known', streamOf(content), { usedBytes: content.length, md5: md5(content) })
      expect(await isWhole('known')).toBe(true)
      expect(await segmentsOf('known')).toBe(5)
    })
    it('are one piece when their stated length allows it', async () => {
      const exact = content.subarray(0, segmentBytes)
      expect(await store.put(bucket, 'one-piece', streamOf(exact), { usedBytes: segmentBytes })).toMatchObject({
        etag: md5(exact)
      })
      expect(await segmentsOf('one-piece')).toBe(0)
    })
    it('give ranges across their segments', async () => {
      const [first, last] = [segmentBytes - 10, 3 * segmentBytes + 9]
      await store.put(bucket, 'ranges', streamOf(content))
      const found = await store.get(bucket, 'ranges', { first, last })
      const got = Buffer.concat(await found!.content.toArray())
      expect(got.equals(content.subarray(first, last + 1))).toBe(true)
      expect(found!.info).toMatchObject({ usedBytes: content.length, etag: md5(content) })
    })
    it('count with their segments', async () => {
      const before = await store.measure(bucket)
      await store.put(bucket, 'measured', streamOf(content))
      await expect.poll(async () => (await store.measure(bucket))?.objects).toBe(before!.objects + 1)
      await expect.poll(async () => (await store.measure(bucket))!.usedBytes - before!.usedBytes).toBeGreaterThan(content.length)
    })
    it('go with their segments', async () => {
      await store.put(bucket, 'gone', streamOf(content))
      await store.delete(bucket, 'gone')
      expect(await store.head(bucket, 'gone')).toBeNull()
      await expect.poll(() => segmentsOf('gone')).toBe(0)
    })
    it('are refused with another MD5, or another length, and what was there stays', async () => {
      await store.put(bucket, 'kept', streamOf(content))
      const other = patternOf(3 * segmentBytes).reverse()
      for (const stated of [{ md5: md5('x') }, { usedBytes: other.length + 1 }, { usedBytes: other.length - 1 }]) {
        const refusal = await store.put(bucket, 'kept', streamOf(other), stated).catch((error: unknown) => error)
        expect(refusal).toBeInstanceOf(RefusedError)
        expect(`${refusal}`).toMatch(/the MD5 of what arrived is|bytes came, not/)
      }
      expect(await isWhole('kept')).toBe(true)
      await expect.poll(() => segmentsOf('kept')).toBe(5)
    })
    it('leave nothing when their source breaks', async () => {
      await expect(store.put(bucket, 'broken', breakingStream(content, 3 * segmentBytes + 5))).rejects.toThrow(/the source broke/)
      expect(await store.head(bucket, 'broken')).toBeNull()
      await expect.poll(() => segmentsOf('broken')).toBe(0)
    })
    it('are refused when there is no room in the path for the names of segments', async () => {
      await expect(store.put(bucket, 'x'.repeat(1000), streamOf(content))).rejects.toThrow(
        /path of a large object has 98\d bytes at most/
      )
    })
    it('leave their segments to their readers when they are replaced, and the sweep takes these when their time has come', async () => {
      const path = 'replaced'
      const old = patternOf(3 * segmentBytes).reverse()
      await store.put(bucket, 'not-replaced', streamOf(content))
      const { modifiedAt } = await store.put(bucket, path, streamOf(old))
      const reading = await store.get(bucket, path)
      const before = new Date(Date.parse(modifiedAt) + 1000)
      await until(() => Date.now() > before.getTime())
      await store.put(bucket, path, streamOf(content))
      expect(Buffer.concat(await reading!.content.toArray()).equals(old)).toBe(true)
      // The old segments are older than that, but not so long without an object: somebody may still read them.
      expect(await store.sweep(bucket, before)).toBe(0)
      await expect.poll(() => segmentsOf(path)).toBe(3 + 5)
      await store.put(bucket, path, Buffer.from('plain'))
      expect(await store.sweep(bucket, later())).toBe(3 + 5)
      expect(await readObject(store, bucket, path)).toEqual(Buffer.from('plain'))
      expect(await isWhole('not-replaced')).toBe(true)
    })
    it('whose upload was killed are swept, and those that others changed are not', async () => {
      const killed = site.open({ segmentBytes, http: { tries: 1 } })
      const upload = killed.put(
        bucket,
        'killed',
        streamOf(content).on('end', () => void killed.close())
      )
      await expect(upload).rejects.toThrow()
      await store.put(bucket, 'changed', streamOf(content))
      await site.ask('POST', `${bucket}/changed`, { headers: { 'x-object-meta-other': '1' } })
      await expect.poll(() => segmentsOf('killed')).toBeGreaterThan(0)
      expect(await store.sweep(bucket, later())).toBeGreaterThan(0)
      expect(await segmentsOf('killed')).toBe(0)
      expect(await isWhole('changed')).toBe(true)
      expect(await store.head(bucket, 'changed')).toMatchObject({ metadata: { other: '1' } })
    })
    it('that go on being uploaded are not swept', async () => {
      async function* slow() {
        yield* streamOf(content)
        expect(await store.sweep(bucket, new Date(Date.now() - 60_000))).toBe(0)
        yield content
      }
      await store.put(bucket, 'slow', Readable.from(slow(), { objectMode: false }))
      expect((await store.head(bucket, 'slow'))?.usedBytes).toBe(2 * content.length)
    })
  })
}
