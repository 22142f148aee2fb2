import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { RefusedError } from '@lautta/core/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ObjectStore } from '../src/object-store.ts'
import { cutStream, mostBytesInParts } from '../src/s3/cut-stream.ts'
import { readMetadata, writeMetadata } from '../src/s3/metadata-headers.ts'
import { readXml } from '../src/s3/read-xml.ts'
import { createS3Store } from '../src/s3/s3-store.ts'
import { streamOf } from './content.ts'

describe('metadata in headers', () => {
  it('stands there as it is when it is plain ASCII', () => {
    expect(writeMetadata({ version: '1', List: 'list=a,b', under_score: '' })).toEqual({
      'x-amz-meta-version': '1',
      'x-amz-meta-list': 'list=a,b',
      'x-amz-meta-under-score': ''
    })
  })
  it.each(['hyvää päivää', '試験'.repeat(50), ' spaces  around ', '=?not encoded?=', '🚢', '100 %41'])(
    'comes back: %j',
    (value) => {
      const headers = writeMetadata({ value })
      expect(headers['x-amz-meta-value']).toMatch(/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/)
      for (const word of headers['x-amz-meta-value']!.matchAll(/=\?UTF-8\?.*?\?=/g))
        expect(word[0].length).toBeLessThanOrEqual(75)
      expect(readMetadata(headers)).toEqual({ value })
    }
  )
  it('is read as others encode it: in bytes, in Q, with a character in two words', () => {
    const read = (value: string) => readMetadata({ 'x-amz-meta-value': value, 'content-type': 'x' }).value
    expect(read('hyvää')).toBe('hyvää')
    expect(read('=?UTF-8?Q?hyv=C3=A4=C3=A4_p?=')).toBe('hyvää p')
    expect(read('=?utf-8?b?w6Q=?= and =?utf-8?q?=C3?=  =?utf-8?q?=A4?=')).toBe('ä and ä')
    expect(read('=?iso-8859-1?q?=E4?=')).toBe('=?iso-8859-1?q?=E4?=')
  })
  it.each([{ a: 'line\nbreak' }, { a: 'zero\u0000' }, { a: '\ud800' }, { ä: '1' }, { 'a b': '1' }, { '': '1' }])(
    'refuses %j',
    (metadata) => {
      expect(() => writeMetadata(metadata)).toThrow(RefusedError)
    }
  )
})

describe('a document of S3', () => {
  const form = z.object({ R: z.object({ Contents: z.array(z.object({ Key: z.string() })).default([]) }) })
  const keysOf = (text: string) => readXml(text, form)?.R.Contents.map(({ Key }) => Key)
  it('has names that stay text, whatever they look like', () => {
    const names = ['007', '1e5', 'true', ' a ', '__proto__', 'constructor']
    expect(
      keysOf(
        `<?xml version="1.0"?>\n<R xmlns="x">${names.map((name) => `<Contents><Key>${name}</Key></Contents>`).join('')}</R>\n`
      )
    ).toEqual(names)
    expect(keysOf('<R><Contents><Key>&lt;a&gt; &amp;amp; &quot;&apos;</Key></Contents></R>')).toEqual([`<a> &amp; "'`])
    expect(keysOf('<R><Name>b</Name></R>')).toEqual([])
  })
  it.each([
    '<!DOCTYPE R [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><R><Contents><Key>&b;</Key></Contents></R>',
    '<R><Contents><Key>a</Key></Contents>',
    '<R><__proto__><Key>a</Key></__proto__></R>',
    '<html><body>Welcome</body></html>',
    '{"R":{}}',
    ''
  ])('is not this: %s', (text) => {
    expect(readXml(text, form)).toBeNull()
  })
})

describe('a stream that is cut into parts', () => {
  const partsOf = async (source: Iterable<Buffer>, firstPartBytes: number) => {
    const parts: string[] = []
    for await (const part of cutStream(Readable.from(source), firstPartBytes)) parts.push(part.toString())
    return parts
  }
  const chunks = (...texts: string[]) => texts.map((text) => Buffer.from(text))
  it('has parts of one length, but for the last one', async () => {
    expect(await partsOf(chunks('ab', 'cdefg', 'h'), 3)).toEqual(['abc', 'def', 'gh'])
    expect(await partsOf(chunks('abc', '', 'def'), 3)).toEqual(['abc', 'def'])
    expect(await partsOf([], 3)).toEqual([])
  })
  it('has longer parts after each thousand, so that 10,000 hold 492 GiB', async () => {
    const lengths = (await partsOf([Buffer.alloc(1000 + 2 * 1000 + 4)], 1)).map(({ length }) => length)
    expect([lengths[999], lengths[1000], lengths[1999], lengths[2000], lengths.length]).toEqual([1, 2, 2, 4, 2001])
    expect(mostBytesInParts(8 * 1024 ** 2) / 1024 ** 3).toBeCloseTo(492.19, 2)
  })
  it('is refused when it is longer than all parts', async () => {
    const most = mostBytesInParts(1)
    expect((await partsOf([Buffer.alloc(most)], 1)).length).toBe(10_000)
    await expect(partsOf([Buffer.alloc(most + 1)], 1)).rejects.toThrow('the content is longer than 1,023,000 bytes')
  })
  it('fills used parts again, and mixes nothing up', async () => {
    const usedUp: Buffer[] = []
    const memory = new Set<ArrayBufferLike>()
    let text = ''
    for await (const part of cutStream(Readable.from(chunks('abcdefghij'.repeat(10))), 7, usedUp)) {
      text += part
      memory.add(part.buffer)
      usedUp.push(part)
    }
    expect(text).toBe('abcdefghij'.repeat(10))
    // One is filled while the former is in use.
    expect(memory.size).toBeLessThanOrEqual(2)
  })
})

describe('what answers at the endpoint', () => {
  let server: Server
  let store: ObjectStore
  let answers: [status: number, headers: Record<string, string>, body?: string][]
  let asked: string[]
  beforeEach(async () => {
    asked = []
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      const [status, headers, body] = answers.length > 1 ? answers.shift()! : answers[0]!
      request.resume().on('end', () => response.writeHead(status, headers).end(body))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const keys = { region: 'here', accessKeyId: 'key', secretAccessKey: 'secret' }
    store = createS3Store({ endpoint, name: 'the store', ...keys, partBytes: 10, http: { firstPauseMs: 1, longestPauseMs: 2 } })
  })
  afterEach(async () => {
    await store.close()
    server.close()
  })
  const everything: (() => Promise<unknown>)[] = [
    () => store.check(),
    () => store.head('b', 'x'),
    () => store.get('b', 'x'),
    () => store.put('b', 'x', Buffer.from('x')),
    () => store.put('b', 'x', streamOf(Buffer.alloc(20))),
    () => store.list('b'),
    () => store.sweep('b', new Date())
  ]

  it.each([200, 404, 403])('may be no S3 but a web server that says %i', async (status) => {
    answers = [[status, { 'content-type': 'text/html' }, '<html><body>Welcome</body></html>']]
    for (const act of everything)
      await expect(act()).rejects.toMatchObject({ reason: 'unavailable', hint: expect.stringMatching(/endpoint/) })
    expect(asked).not.toContain('DELETE /b/x')
  })
  it('may refer to another address', async () => {
    answers = [[301, { location: 'https://elsewhere.example/b/x?secret=1' }]]
    for (const act of everything) await expect(act()).rejects.toThrow(/301 go to https:\/\/elsewhere.example\/b\/x\)/)
    const words =
      '<Error><Code>PermanentRedirect</Code><Message>Use the endpoint.</Message><Endpoint>s3.elsewhere</Endpoint></Error>'
    answers = [[301, {}, words]]
    await expect(store.list('b')).rejects.toThrow(
      'the store refers to another address (GET b: 301 PermanentRedirect Use the endpoint. s3.elsewhere)'
    )
  })
  it('may fail after it has said that all is well', async () => {
    const failed = '<Error><Code>InternalError</Code><Message>We failed.</Message></Error>'
    answers = [
      [200, {}, '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>'],
      [200, { etag: '"d41d8cd98f00b204e9800998ecf8427e"' }],
      [200, { etag: '"d41d8cd98f00b204e9800998ecf8427e"' }],
      [200, {}, failed]
    ]
    await expect(store.put('b', 'x', streamOf(Buffer.alloc(20)))).rejects.toThrow(
      'the store does not do it now (POST b/x: 200 InternalError We failed.)'
    )
    // Nobody knows whether it may become an object.
    expect(asked.filter((request) => request.startsWith('DELETE'))).toEqual([])
  })
  it('may have keys and buckets of somebody else', async () => {
    const codes: [number, string, object][] = [
      [403, 'ExpiredToken', { reason: 'credentials', hint: expect.stringMatching(/secret-access-key/) }],
      [400, 'AuthorizationHeaderMalformed', { reason: 'credentials', hint: expect.stringMatching(/region/) }],
      [409, 'BucketAlreadyExists', { reason: 'forbidden', hint: expect.stringMatching(/bucket-prefix/) }]
    ]
    for (const [status, code, expected] of codes) {
      answers = [[status, {}, `<Error><Code>${code}</Code></Error>`]]
      for (const act of everything) await expect(act()).rejects.toMatchObject(expected)
    }
    // Which is what some say of a bucket of one's own.
    answers = [
      [404, {}, '<Error><Code>NoSuchBucket</Code></Error>'],
      [409, {}, '<Error><Code>BucketAlreadyOwnedByYou</Code></Error>'],
      [200, { etag: '"9dd4e461268c8034f5c8564e155c67a6"' }]
    ]
    expect(await store.put('b', 'x', Buffer.from('x'))).toMatchObject({ etag: '9dd4e461268c8034f5c8564e155c67a6' })
  })
  it('may not count what lies in a bucket: then it is listed', async () => {
    const entry = (name: string) =>
      `<Contents><Key>${name}</Key><Size>3</Size><ETag>"x"</ETag><LastModified>2026-11-21T12:41:52.999Z</LastModified></Contents>`
    const part = (isTruncated: boolean, ...names: string[]) =>
      `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${names.map(entry).join('')}</ListBucketResult>`
    answers = [
      [200, {}],
      [200, {}, part(true, 'a+b', 'c%2B/d')],
      [200, {}, part(false, 'e')]
    ]
    expect(await store.measure('b')).toEqual({ objects: 3, usedBytes: 9 })
    expect(asked.at(-1)).toContain('start-after=c%2B%2Fd')
    answers = [[200, {}, part(false, 'a+b')]]
    expect((await store.list('b')).objects).toEqual([
      { path: 'a b', usedBytes: 3, etag: 'x', modifiedAt: '2026-11-21T12:41:52.000Z' }
    ])
  })
  it('may name a folder again that was named before: it is asked for what is behind it', async () => {
    answers = [[200, {}, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>']]
    const startOf = async (after: string, prefix = '') => {
      await store.list('b', { delimiter: '/', after, prefix })
      return new URL(asked.at(-1)!.split(' ')[1]!, 'http://x').searchParams.get('start-after')
    }
    expect(await startOf('c/')).toBe('c/\u{10ffff}')
    expect(await startOf('c/d/e', 'c/')).toBe('c/d/\u{10ffff}')
    expect(await startOf('c/d', 'c/')).toBe('c/d')
    expect(await startOf('a/b', 'c/')).toBe('a/b')
  })
  it('may list nothing and say that there is more', async () => {
    answers = [[200, {}, '<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>']]
    await expect(store.list('b')).rejects.toThrow(/lists nothing of b/)
  })
})
