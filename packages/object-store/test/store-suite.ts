import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../src/object-store.ts'
import { putVersioned } from '../src/put-versioned.ts'
import { listAll, readObject } from '../src/read-object.ts'

const bucket = 'mlch-pipe-suite'
const md5 = (content: Uint8Array) => createHash('md5').update(content).digest('hex')

/** What every object store must do. */
export function describeStore(name: string, open: () => Promise<{ store: ObjectStore; close(): Promise<void> }>): void {
  describe(`the object store contract: ${name}`, () => {
    let store: ObjectStore
    let close: () => Promise<void>
    beforeAll(async () => {
      ;({ store, close } = await open())
    })
    afterAll(() => close?.())
    const read = async (path: string) => (await readObject(store, bucket, path))?.toString()

    it('gives back what was put, with its metadata and its MD5', async () => {
      const content = Buffer.from([0, 1, 2, 255])
      const put = await store.put(bucket, 'DATA/bytes', content, {
        contentType: 'image/x',
        metadata: { version: '1', list: 'a,b' }
      })
      expect(put).toMatchObject({
        path: 'DATA/bytes',
        usedBytes: 4,
        etag: md5(content),
        contentType: 'image/x',
        metadata: { version: '1', list: 'a,b' }
      })
      expect(await store.head(bucket, 'DATA/bytes')).toEqual(put)
      const found = await store.get(bucket, 'DATA/bytes')
      expect(found?.info).toEqual(put)
      found?.content.destroy()
      expect((await readObject(store, bucket, 'DATA/bytes'))?.equals(content)).toBe(true)
    })
    it('takes streams, and empty objects', async () => {
      await store.put(bucket, 'stream', Readable.from([Buffer.from('ab'), Buffer.from('cd')]))
      await store.put(bucket, 'empty', new Uint8Array())
      expect(await read('stream')).toBe('abcd')
      expect(await read('empty')).toBe('')
    })
    it('replaces an object as a whole, its metadata too', async () => {
      await store.put(bucket, 'twice', Buffer.from('long long long'), { metadata: { a: '1' } })
      await store.put(bucket, 'twice', Buffer.from('short'), { metadata: { b: '2' } })
      expect(await read('twice')).toBe('short')
      expect((await store.head(bucket, 'twice'))?.metadata).toEqual({ b: '2' })
    })
    it('has nothing where nothing was put', async () => {
      expect(await store.get(bucket, 'nothing')).toBeNull()
      expect(await store.head('mlch-no-bucket', 'nothing')).toBeNull()
      expect(await store.list('mlch-no-bucket')).toEqual({ objects: [], prefixes: [], next: null })
    })
    it('gives ranges of bytes', async () => {
      await store.put(bucket, 'range', Buffer.from('0123456789'))
      const range = async (first: number, last?: number) =>
        Buffer.concat(
          await (await store.get(bucket, 'range', { first, ...(last === undefined ? {} : { last }) }))!.content.toArray()
        ).toString()
      expect(await range(2, 4)).toBe('234')
      expect(await range(7)).toBe('789')
    })
    it('refuses what arrives with another MD5, and keeps what was there', async () => {
      await store.put(bucket, 'checked', Buffer.from('old'))
      await expect(store.put(bucket, 'checked', Buffer.from('new'), { md5: md5(Buffer.from('other')) })).rejects.toThrow(/MD5/)
      await store.put(bucket, 'checked-well', Buffer.from('new'), { md5: md5(Buffer.from('new')) })
      expect(await read('checked')).toBe('old')
    })
    it('keeps what was there when a stream breaks', async () => {
      await store.put(bucket, 'broken', Buffer.from('old'))
      const breaking = Readable.from(
        (async function* () {
          yield Buffer.from('new')
          throw new Error('the source broke')
        })()
      )
      await expect(store.put(bucket, 'broken', breaking)).rejects.toThrow(/the source broke/)
      expect(await read('broken')).toBe('old')
    })
    it('lists in the sequence of UTF-8 bytes, in parts, by prefix and by folder', async () => {
      const other = 'mlch-exp-suite'
      for (const path of ['b', 'a/2', 'a/1/x', 'a/1/y', 'ä', 'a.', 'Z']) await store.put(other, path, Buffer.from(path))
      const names = async (options: Parameters<ObjectStore['list']>[1]) =>
        (await store.list(other, options)).objects.map(({ path }) => path)
      expect(await names({})).toEqual(['Z', 'a.', 'a/1/x', 'a/1/y', 'a/2', 'b', 'ä'])
      expect(await names({ prefix: 'a/' })).toEqual(['a/1/x', 'a/1/y', 'a/2'])
      expect(await names({ prefix: 'a/1/x' })).toEqual(['a/1/x'])
      expect(await names({ after: 'a/1/y' })).toEqual(['a/2', 'b', 'ä'])
      expect(await store.list(other, { prefix: 'a/', delimiter: '/' })).toMatchObject({
        objects: [{ path: 'a/2' }],
        prefixes: ['a/1/']
      })
      const first = await store.list(other, { limit: 3 })
      expect(first).toMatchObject({ objects: [{ path: 'Z', etag: md5(Buffer.from('Z')), usedBytes: 1 }, {}, {}], next: 'a/1/x' })
      expect((await listAll(store, other, '')).length).toBe(7)
    })
    it('removes an object, and one that is not there without an error', async () => {
      await store.put(bucket, 'gone/deep/down', Buffer.from('x'))
      await store.delete(bucket, 'gone/deep/down')
      await store.delete(bucket, 'gone/deep/down')
      expect(await store.head(bucket, 'gone/deep/down')).toBeNull()
      expect((await store.list(bucket, { prefix: 'gone/', delimiter: '/' })).prefixes).toEqual([])
    })
    it('keeps names with anything in them that is no trick', async () => {
      for (const path of ['ä ö/…', `it's "x" & <y>`, '.hidden', 'a%2Fb', 'CON', 'x'.repeat(200)]) {
        await store.put(bucket, `names/${path}`, Buffer.from(path))
        expect(await read(`names/${path}`)).toBe(path)
      }
    })
    it.each(['../out', 'a/../../out', '/abs', 'a//b', 'a/', ''])('refuses the name %j', async (path) => {
      await expect(store.put(bucket, path, Buffer.from('x'))).rejects.toThrow()
      await expect(store.get(bucket, path)).rejects.toThrow()
    })
    it('lists nothing outside of the bucket, whatever the prefix', async () => {
      await store.put('other', 'DATA/secret', Buffer.from('x'))
      for (const prefix of ['../other/', '../../', 'a/../../other/', './', '..//'])
        await expect(store.list(bucket, { prefix })).rejects.toThrow(/empty segment|has a segment/)
      expect((await store.list(bucket, { prefix: '..' })).objects).toEqual([])
    })
    it('counts versions for who asks for them', async () => {
      const versions: (string | undefined)[] = []
      for (const text of ['a', 'b', 'c'])
        versions.push(
          (await putVersioned(store, bucket, 'versioned', Buffer.from(text), { metadata: { own: 'x' } })).metadata.version
        )
      expect(versions).toEqual(['1', '2', '3'])
      expect((await store.head(bucket, 'versioned'))?.metadata).toEqual({ version: '3', own: 'x' })
    })
    it('never shows a mixture while an object is replaced again and again', async () => {
      const write = async (): Promise<void> => {
        for (let round = 0; round < 60; round++) {
          // Some of the same length, so that a reader can't tell them apart by that.
          const text = String(round % 10).repeat(1000 + (Math.floor(round / 3) % 3))
          await store.put(bucket, 'busy', Buffer.from(text), { metadata: { md5: md5(Buffer.from(text)) } })
        }
      }
      let isOver = false
      const look = async (): Promise<number> => {
        let looks = 0
        while (!isOver) {
          const found = await store.get(bucket, 'busy')
          if (found === null) continue
          const content = Buffer.concat(await found.content.toArray())
          expect(found.info).toMatchObject({ etag: md5(content), usedBytes: content.length, metadata: { md5: md5(content) } })
          looks++
        }
        return looks
      }
      const looking = look()
      await write()
      isOver = true
      expect(await looking).toBeGreaterThan(0)
    })
  })
}
