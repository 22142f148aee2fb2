import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runPython } from '../../../test/support/python.ts'
import { decodeMetadata, encodeMetadata } from '../src/encoded-metadata.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { listAll, readObject } from '../src/read-object.ts'
import { md5, patternOf, streamOf } from './content.ts'
import type { SwiftSite } from './swift-site.ts'

const notebook = fileURLToPath(new URL('../../../test/support', import.meta.url))
const beginning = `
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from notebook_storage import *
client = swift_setup_client({'pre-auth-url': sys.argv[2], 'pre-auth-token': sys.argv[3]})
given = json.loads(sys.argv[4])
`
const bucket = 'mlch-pipe-notebook'
const segmentBytes = 256 * 1024
const content = patternOf(3 * segmentBytes + 1000)
const odd = 'DATA/ä ö/it’s 100%25 #1?.parquet'

/** Notebooks write and read the same buckets, with python-swiftclient. */
export function describeNotebooks(name: string, find: () => SwiftSite): void {
  describe(`what python-swiftclient and Lautta write, the other one reads: ${name}`, () => {
    let site: SwiftSite
    let store: ObjectStore
    beforeAll(() => {
      site = find()
      store = site.open({ segmentBytes })
    })
    afterAll(() => store.close())
    const run = async (script: string, given: unknown = null) =>
      runPython(beginning + script, notebook, ...site.account, JSON.stringify(given))

    it('objects of ours, with their metadata, by the functions of the notebook', async () => {
      const metadata = encodeMetadata({
        version: 3,
        sizes: [1, 2],
        names: ['a', 'b'],
        none: [],
        text: 'käärme 100% ☃',
        end: ' x '
      })
      await store.put(bucket, odd, Buffer.from('content'), { contentType: 'text/x', metadata })
      const read = `
got = swift_get_object_content(client, given['bucket'], given['path'])
print(json.dumps([got['data'].decode(), got['custom-meta']]))`
      expect(await run(read, { bucket, path: odd })).toEqual([
        'content',
        { version: 3, sizes: [1, 2], names: ['a', 'b'], none: [], text: 'käärme 100% ☃', end: ' x ' }
      ])
    })
    it('objects of the notebook, with their metadata', async () => {
      const path = `${odd}-2`
      const metadata = { version: 1, sizes: [1, 2], names: ['a', 'b'], none: [], text: 'käärme ☃' }
      const write = `
swift_create_or_update_object(client, given['bucket'], given['path'], b'first', {'version': 0})
swift_create_or_update_object(client, given['bucket'], given['path'], b'content', given['metadata'])
print(0)`
      await run(write, { bucket: `${bucket}-2`, path, metadata })
      expect((await readObject(store, `${bucket}-2`, path))?.toString()).toBe('content')
      const found = await store.head(`${bucket}-2`, path)
      expect(decodeMetadata(found!.metadata)).toEqual(metadata)
      expect(found).toMatchObject({ path, usedBytes: 7, etag: md5('content') })
      expect((await listAll(store, `${bucket}-2`, 'DATA/ä')).map((entry) => entry.path)).toEqual([path])
    })
    it('metadata too long for percent signs, whatever their bytes are to other programs', async () => {
      // The last bytes of these are a space and the end of a line to Python, where they are characters.
      const metadata = { text: 'àÅ\u0085'.repeat(42) }
      await store.put(bucket, 'long-text', Buffer.from('x'), { metadata })
      expect((await store.head(bucket, 'long-text'))?.metadata).toEqual(metadata)
    })
    it('metadata of any kind are read by both as the same values', async () => {
      const text = fc.string({ unit: fc.constantFrom(...'list=,0123456789 +-_.aä%') })
      const values = fc.sample(text, 300)
      const read = `
print(json.dumps(swift_get_decoded_metadata({'x-object-meta-' + str(i): value for i, value in enumerate(given)})))`
      const named = Object.fromEntries(values.map((value, index) => [index, value]))
      const whole = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)
      expect(JSON.parse(JSON.stringify(decodeMetadata(named), whole))).toEqual(await run(read, values))
    })
    it('large objects of ours', async () => {
      await store.put(bucket, 'large ä', streamOf(content), { metadata: { version: '1' } })
      const read = `
headers, data = client.get_object(given, 'large ä')
print(json.dumps([hashlib.md5(data).hexdigest(), headers['x-object-meta-version'], headers['x-static-large-object']]))`
      expect(await run(read, bucket)).toEqual([md5(content), '1', 'True'])
    })
    it.each(['static', 'dynamic'])('large objects that its uploader makes: %s', async (kind) => {
      const folder = await mkdtemp(join(tmpdir(), 'swiftclient-'))
      try {
        await writeFile(join(folder, 'file'), content)
        const path = `uploaded ä ${kind}`
        const write = `
from swiftclient.service import SwiftService, SwiftUploadObject
options = {'os_storage_url': sys.argv[2], 'os_auth_token': sys.argv[3], 'auth_version': '3'}
upload = {'segment_size': ${segmentBytes}, 'use_slo': given['kind'] == 'static', 'header': ['X-Object-Meta-Version: 1']}
with SwiftService(options) as service:
    results = list(service.upload(given['bucket'], [SwiftUploadObject(given['file'], object_name=given['path'])], upload))
print(json.dumps([str(result.get('error')) for result in results if not result['success']]))`
        expect(await run(write, { bucket, path, kind, file: join(folder, 'file') })).toEqual([])
        expect((await readObject(store, bucket, path))?.equals(content)).toBe(true)
        expect(await store.head(bucket, path)).toMatchObject({ usedBytes: content.length })
        const found = await store.get(bucket, path, { first: segmentBytes - 2, last: segmentBytes + 1 })
        expect(Buffer.concat(await found!.content.toArray())).toEqual(content.subarray(segmentBytes - 2, segmentBytes + 2))
        // Its segments are no business of ours while it is there, and go with it when it is a static one.
        expect(await store.sweep(bucket, new Date(Date.now() + 2000))).toBe(0)
        await store.delete(bucket, path)
        expect(await store.head(bucket, path)).toBeNull()
        const left = (await listAll(store, `${bucket}_segments`, path)).length
        expect(left).toBe(kind === 'static' ? 0 : 4)
      } finally {
        await rm(folder, { recursive: true })
      }
    })
    it('a temporary URL lets in who has no credential, for a while', async () => {
      await store.put(bucket, odd, Buffer.from('content'))
      const get = (await store.sign(bucket, odd, { method: 'GET', seconds: 60 }))!
      expect(await (await fetch(get)).text()).toBe('content')
      expect((await fetch(get, { method: 'PUT', body: 'x' })).status).toBeGreaterThanOrEqual(400)
      const put = (await store.sign('mlch-pipe-signed', odd, { method: 'PUT', seconds: 60 }))!
      expect((await fetch(put, { method: 'PUT', body: 'new' })).status).toBe(201)
      expect((await readObject(store, 'mlch-pipe-signed', odd))?.toString()).toBe('new')
      const past = (await store.sign(bucket, odd, { method: 'GET', seconds: -5 }))!
      expect([401, 403]).toContain((await fetch(past)).status)
    })
    it('a temporary URL uses the key that the account has already', async () => {
      const keyOf = async () => (await site.ask('HEAD', '')).headers.get('x-account-meta-temp-url-key')
      const ours = await keyOf()
      expect(ours).toMatch(/^[0-9a-f]{64}$/)
      await site.ask('POST', '', { headers: { 'x-account-meta-temp-url-key': 'of-somebody-else' } })
      const other = site.open()
      expect(await (await fetch((await other.sign(bucket, odd, { method: 'GET', seconds: 60 }))!)).text()).toBe('content')
      expect(await keyOf()).toBe('of-somebody-else')
      await other.close()
    })
  })
}
