import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { RefusedError, StorageError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import type { Listing, ObjectStore, PutOptions } from '../src/object-store.ts'
import { putVersioned } from '../src/put-versioned.ts'
import { listAll, readObject } from '../src/read-object.ts'

const bucket = 'mlch-pipe-suite'
const md5 = (content: Uint8Array) => createHash('md5').update(content).digest('hex')

// More than is put in one piece where there are parts, and no multiple of anything.
const long = randomBytes(17 * 1024 ** 2 + 11)

function inChunks(content: Buffer, failure?: Error): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < content.length; at += 100_000) yield content.subarray(at, at + 100_000)
      if (failure !== undefined) throw failure
    })()
  )
}

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
      const head = await store.head(bucket, 'DATA/bytes')
      // A store may tell only when it answered to the put.
      expect(Math.abs(Date.parse(head!.modifiedAt) - Date.parse(put.modifiedAt))).toBeLessThan(10_000)
      expect(head).toEqual({ ...put, modifiedAt: head?.modifiedAt })
      const found = await store.get(bucket, 'DATA/bytes')
      expect(found?.info).toEqual(head)
      found?.content.destroy()
      const { path, usedBytes, etag, modifiedAt } = head!
      expect((await store.list(bucket, { prefix: path })).objects).toEqual([{ path, usedBytes, etag, modifiedAt }])
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
    it('writes nothing after its signal, and says so', async () => {
      await store.put(bucket, 'in-time', Buffer.from('old'))
      for (const content of [Buffer.from('late'), Readable.from([Buffer.from('late')])])
        await expect(store.put(bucket, 'in-time', content, { signal: AbortSignal.abort() })).rejects.toThrow(StorageError)
      expect(await read('in-time')).toBe('old')
    })
    it('refuses a range that ends before it begins', async () => {
      await store.put(bucket, 'ranged', Buffer.from('0123'))
      await expect(store.get(bucket, 'ranged', { first: 2, last: 1 })).rejects.toThrow(RefusedError)
    })
    it('takes long streams, of known and of unknown length', async () => {
      const options = { md5: md5(long), metadata: { of: 'long' }, contentType: 'text/x' }
      for (const usedBytes of [undefined, long.length]) {
        const put = await store.put(bucket, 'long', inChunks(long), { ...options, ...(usedBytes !== undefined && { usedBytes }) })
        expect(put).toMatchObject({ usedBytes: long.length, metadata: { of: 'long' }, contentType: 'text/x' })
        expect(await store.head(bucket, 'long')).toEqual({ ...put, modifiedAt: expect.any(String) })
        expect((await readObject(store, bucket, 'long'))?.equals(long)).toBe(true)
        const part = await store.get(bucket, 'long', { first: long.length - 3 })
        expect(Buffer.concat(await part!.content.toArray()).equals(long.subarray(-3))).toBe(true)
        await store.delete(bucket, 'long')
      }
    })
    it('refuses long streams that are not what was said of them, and keeps what was there', async () => {
      await store.put(bucket, 'long-checked', Buffer.from('old'))
      const put = (options: PutOptions) => store.put(bucket, 'long-checked', inChunks(long), options)
      await expect(put({ md5: md5(Buffer.from('other')) })).rejects.toThrow(/MD5/)
      await expect(put({ usedBytes: long.length + 1 })).rejects.toThrow(/bytes came, not/)
      await expect(put({ usedBytes: long.length - 1 })).rejects.toThrow(/bytes came, not/)
      const broken = store.put(bucket, 'long-checked', inChunks(long, new Error('the source broke')))
      await expect(broken).rejects.toThrow(/the source broke/)
      expect(await read('long-checked')).toBe('old')
    })
    it('keeps metadata of any language', async () => {
      const metadata = { greeting: 'hyvää päivää', long: '試験 '.repeat(30).trim(), odd: ' a  =?b?= 100% %41 ', empty: '' }
      await store.put(bucket, 'described', Buffer.from('x'), { metadata })
      expect((await store.head(bucket, 'described'))?.metadata).toEqual(metadata)
    })
    it('has nothing behind the end of an object', async () => {
      await store.put(bucket, 'short', Buffer.from('0123'))
      const behind = await store.get(bucket, 'short', { first: 4 })
      expect(behind?.info.usedBytes).toBe(4)
      expect(await behind!.content.toArray()).toEqual([])
      expect(await store.get(bucket, 'not-there', { first: 4 })).toBeNull()
    })
    it('can be read on when content was let go of before its end', async () => {
      await store.put(bucket, 'long', long)
      for (let round = 0; round < 50; round++) {
        const found = await store.get(bucket, 'long')
        if (round % 2 === 0) await once(found!.content, 'readable')
        found?.content.destroy()
      }
      expect((await readObject(store, bucket, 'long'))?.equals(long)).toBe(true)
    })
    it('lists any number of objects, and counts them', async () => {
      const many = 'mlch-many-suite'
      const paths = Array.from({ length: 1050 }, (_, index) => `many/${String(index).padStart(4, '0')}`)
      const left = [...paths, 'many/deeper/x', 'many/deeper/y']
      const putRest = async () => {
        for (let path = left.pop(); path !== undefined; path = left.pop()) await store.put(many, path, Buffer.from('xy'))
      }
      await Promise.all(Array.from({ length: 16 }, putRest))
      expect((await listAll(store, many, 'many/')).map(({ path }) => path)).toEqual([...paths, 'many/deeper/x', 'many/deeper/y'])
      expect(await store.measure(many)).toEqual({ objects: 1052, usedBytes: 2104 })
      expect(await store.measure('mlch-no-bucket')).toBeNull()
    })
    it('lists folders in parts too, each once', async () => {
      const folded = 'mlch-fold-suite'
      for (const path of ['a/1', 'a/2', 'b', 'c/1', 'c/2', 'c/3', 'd', 'e/1']) await store.put(folded, path, Buffer.from('x'))
      const names: string[] = []
      for (let after: string | null = ''; after !== null; ) {
        const part: Listing = await store.list(folded, { delimiter: '/', limit: 2, ...(after !== '' && { after }) })
        names.push(...part.objects.map(({ path }) => path), ...part.prefixes)
        after = part.next
      }
      expect(names.sort()).toEqual(['a/', 'b', 'c/', 'd', 'e/'])
      expect((await store.list(folded, { delimiter: '/', after: 'c/2' })).prefixes).toEqual(['e/'])
    })
    it('signs addresses that anybody may use as long as they are good, if it has any', async () => {
      const sign = (path: string, method: 'GET' | 'PUT', seconds = 60) =>
        store.sign(bucket, `signed/${path}`, { method, seconds })
      await store.put(bucket, 'signed/ä b+c', Buffer.from('signed'))
      const toGet = await sign('ä b+c', 'GET')
      if (toGet === null) return
      expect(await (await fetch(toGet)).text()).toBe('signed')
      expect([401, 403]).toContain((await fetch(toGet, { method: 'PUT', body: 'other' })).status)
      expect([401, 403]).toContain((await fetch(toGet.replace('signed/', 'signed/other'))).status)
      const toPut = await sign('new', 'PUT')
      expect((await fetch(toPut!, { method: 'PUT', body: 'new' })).ok).toBe(true)
      expect(await read('signed/new')).toBe('new')
      const short = (await sign('new', 'GET', 1))!
      await until(async () => [401, 403].includes((await fetch(short)).status))
    })
    it('sweeps nothing of what is whole, and says that it is there', async () => {
      await store.put(bucket, 'whole', Buffer.from('x'))
      expect(await store.sweep(bucket, new Date())).toBe(0)
      expect(await store.sweep('mlch-no-bucket', new Date())).toBe(0)
      expect(await read('whole')).toBe('x')
      await store.check()
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
      await store.delete('mlch-no-bucket', 'gone')
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
