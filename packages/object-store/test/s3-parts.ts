import { once } from 'node:events'
import { Readable } from 'node:stream'
import { RefusedError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inOwnProcess } from '../../../test/servers/own-process.ts'
import { until } from '../../../test/support/until.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { readObject } from '../src/read-object.ts'
import { breakingStream, md5, patternOf, streamOf } from './content.ts'
import { keysOf, partBytes, type S3Site } from './s3-site.ts'

const bucket = 'mlch-exp-parts'
const content = patternOf(2 * partBytes + 1000)
const later = () => new Date(Date.now() + 60_000)

/** Uploads in parts: what comes of those that succeed, and what is left of those that do not. */
export function describeParts(find: () => S3Site): void {
  describe('an upload in parts', () => {
    let site: S3Site
    let store: ObjectStore
    beforeAll(() => {
      site = find()
      store = site.open()
    })
    afterAll(() => store.close())
    const unfinished = () => store.sweep(bucket, later())

    it('is an object like any other, but for its ETag', async () => {
      const metadata = { version: '3', title: 'hyvää päivää' }
      const put = await store.put(bucket, 'ä/large', streamOf(content), { metadata, contentType: 'text/x' })
      const parts = [0, 1, 2].map((index) => md5(content.subarray(index * partBytes, (index + 1) * partBytes)))
      const etag = `${md5(Buffer.from(parts.join(''), 'hex'))}-3`
      expect(put).toMatchObject({ etag, usedBytes: content.length, metadata, contentType: 'text/x' })
      const head = await store.head(bucket, 'ä/large')
      expect(head).toEqual({ ...put, modifiedAt: head?.modifiedAt })
      const { path, usedBytes, modifiedAt } = head!
      expect((await store.list(bucket)).objects).toEqual([{ path, usedBytes, modifiedAt, etag }])
      expect(md5((await readObject(store, bucket, 'ä/large'))!)).toBe(md5(content))
      const middle = await store.get(bucket, 'ä/large', { first: partBytes - 5, last: partBytes + 4 })
      expect(Buffer.concat(await middle!.content.toArray()).equals(content.subarray(partBytes - 5, partBytes + 5))).toBe(true)
      expect(await unfinished()).toBe(0)
    })
    it('is none when the stream is no longer than a part', async () => {
      const one = content.subarray(0, partBytes)
      expect(await store.put(bucket, 'one', streamOf(one))).toMatchObject({ etag: md5(one), usedBytes: partBytes })
      const two = content.subarray(0, partBytes + 1)
      expect(await store.put(bucket, 'two', streamOf(two))).toMatchObject({ etag: expect.stringMatching(/-2$/) })
      expect(md5((await readObject(store, bucket, 'two'))!)).toBe(md5(two))
    })
    it('leaves nothing when its source breaks, and what was there stays', async () => {
      await store.put(bucket, 'kept', Buffer.from('old'))
      await expect(store.put(bucket, 'kept', breakingStream(content, content.length - 10))).rejects.toThrow(/the source broke/)
      await expect(store.put(bucket, 'kept', streamOf(content), { md5: md5('other') })).rejects.toThrow(RefusedError)
      expect((await readObject(store, bucket, 'kept'))?.toString()).toBe('old')
      expect(await unfinished()).toBe(0)
    })
    it('does not begin when it is known to be too long', async () => {
      const source = streamOf(content)
      await expect(store.put(bucket, 'too-long', source, { usedBytes: 1e15 })).rejects.toThrow(RefusedError)
      expect(source.destroyed).toBe(true)
    })
    it('ends when its signal comes', async () => {
      const ending = new AbortController()
      const source = Readable.from(
        (async function* () {
          yield content
          await until(async () => (await store.measure('mlch-exp-aborted'))?.objects === 2)
          ending.abort()
          yield content
        })()
      )
      await expect(store.put('mlch-exp-aborted', 'x', source, { signal: ending.signal })).rejects.toThrow(/aborted/)
      expect(await store.measure('mlch-exp-aborted')).toEqual({ objects: 0, usedBytes: 0 })
    })
    it('of a process that was killed is swept, when it is old enough', async () => {
      const options = { endpoint: site.ceph.s3Url, ...keysOf(site.ceph.s3User), partBytes }
      const { child, lines } = inOwnProcess(
        `import { Readable } from 'node:stream'
        import { createS3Store } from '../../packages/object-store/src/s3/s3-store.ts'
        const source = Readable.from((async function* () {
          yield Buffer.alloc(${2 * partBytes + 1})
          console.log('read')
          await new Promise(() => setInterval(() => {}, 1000))
        })())
        await createS3Store(${JSON.stringify(options)}).put('mlch-exp-killed', 'large', source)`
      )
      await lines.next()
      // RGW counts the parts that have come.
      await until(async () => (await store.measure('mlch-exp-killed'))?.objects === 2)
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(await store.sweep('mlch-exp-killed', new Date(Date.now() - 60_000))).toBe(0)
      expect(await store.sweep('mlch-exp-killed', later())).toBe(1)
      expect(await store.measure('mlch-exp-killed')).toEqual({ objects: 0, usedBytes: 0 })
      expect((await store.list('mlch-exp-killed')).objects).toEqual([])
    })
    it('is swept whatever its name, and however many there are', async () => {
      const many = 'mlch-exp-abandoned'
      await store.put(many, 'whole', Buffer.from('x'))
      const begin = async (path: string) => {
        const answer = await site.client.send({ method: 'POST', bucket: many, path, query: { uploads: '' } })
        await answer.body.dump()
      }
      const odd = ['a b', 'a+b', 'a%2Bb', 'ä', 'x<&>"\'y', '007']
      for (const path of [...odd, ...odd]) await begin(path)
      // RGW lists a thousand at once, so a part of them ends among these.
      let left = 1000
      const beginRest = async () => {
        while (left-- > 0) await begin('many of one name')
      }
      await Promise.all(Array.from({ length: 8 }, beginRest))
      expect(await store.sweep(many, new Date(Date.now() - 60_000))).toBe(0)
      expect(await store.sweep(many, later())).toBe(1012)
      expect(await store.sweep(many, later())).toBe(0)
      expect((await store.list(many)).objects.map(({ path }) => path)).toEqual(['whole'])
    })
  })
}
