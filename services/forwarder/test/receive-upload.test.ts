import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { messageOf } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { receiveUpload } from '../src/receive-upload.ts'

const pass = async () => {}
const refuse = () => Promise.reject(new Error('refused'))
const open = (judge: () => Promise<void>) => {
  const source = new PassThrough()
  const seen: string[] = []
  const upload = receiveUpload(source, { onChunk: (chunk) => seen.push(chunk.toString()), judge })
  return { source, seen, ...upload }
}
/** What a store reads, and how that ends. */
async function read(content: Readable): Promise<[text: string, end: string]> {
  let text = ''
  try {
    for await (const chunk of content) text += chunk
    return [text, 'whole']
  } catch (error) {
    return [text, messageOf(error)]
  }
}

describe('an upload', () => {
  it('is given on whole when nothing speaks against it', async () => {
    const { source, seen, content, failure } = open(pass)
    for (const part of ['a', 'b', 'c']) source.write(part)
    source.end()
    expect(await read(content)).toEqual(['abc', 'whole'])
    expect([seen, failure()]).toEqual([['a', 'b', 'c'], null])
  })
  it('is given on without its last part when it is refused, so that no store takes it for whole', async () => {
    const { source, seen, content, failure } = open(refuse)
    for (const part of ['a', 'b', 'c']) source.write(part)
    source.end()
    expect(await read(content)).toEqual(['ab', 'refused'])
    expect([seen, failure()?.message]).toEqual([['a', 'b', 'c'], 'refused'])
  })
  it('may be empty, and is refused all the same', async () => {
    const [good, bad] = [open(pass), open(refuse)]
    for (const { source } of [good, bad]) source.end()
    expect([await read(good.content), await read(bad.content)]).toEqual([
      ['', 'whole'],
      ['', 'refused']
    ])
  })
  it('fails with what became of it when its client leaves, also before it is read', async () => {
    const begun = open(pass)
    begun.source.write('abc')
    await until(() => begun.seen.length === 1)
    begun.source.destroy()
    expect(await read(begun.content)).toEqual(['', 'the upload broke off after 3 bytes; nothing was stored'])
    const left = new PassThrough().destroy()
    await once(left, 'close')
    const { content, failure } = receiveUpload(left, { onChunk() {}, judge: pass })
    expect(await read(content)).toEqual(['', expect.stringContaining('broke off after 0 bytes')])
    expect(failure()).not.toBeNull()
  })
  it('waits for a store that is slow, and is read to its end when that one gives up', async () => {
    const { source, seen, content, failure } = open(refuse)
    const part = 'x'.repeat(64 * 1024)
    let written = 0
    while (written < 64 && source.write(part)) written++
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen.length).toBeLessThan(64)
    content.destroy(new Error('the store broke'))
    for (; written < 64; written++) source.write(part)
    source.end()
    await new Promise((resolve) => source.once('close', resolve))
    expect([source.readableEnded, failure()]).toEqual([true, null])
  })
})
