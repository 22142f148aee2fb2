import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createKnownEtags } from '../src/folder/known-etags.ts'

it('remembers the ETag of a file until anything of it changes, but not of one that changed just now', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lautta-etags-'))
  try {
    let nowMs = Date.now()
    let asked = 0
    const describeKnown = createKnownEtags(() => nowMs)
    const file = join(folder, 'x')
    const etag = async () => {
      const describe = async () => ({ path: 'x', usedBytes: 1, modifiedAt: '', etag: `answer ${++asked}` })
      return (await describeKnown(file, 'x', describe))?.etag
    }
    expect(await etag()).toBeUndefined()
    await writeFile(file, 'x')
    expect([await etag(), await etag()]).toEqual(['answer 1', 'answer 2'])
    nowMs += 60_000
    expect([await etag(), await etag()]).toEqual(['answer 3', 'answer 3'])
    await writeFile(file, 'y')
    // Somebody who sets the time of its content back deceives nobody.
    await utimes(file, new Date(0), new Date(0))
    expect([await etag(), await etag()]).toEqual(['answer 4', 'answer 4'])
    await writeFile(`${file}.new`, 'z')
    await rename(`${file}.new`, file)
    expect(await etag()).toBe('answer 5')
    await rm(file)
    expect(await etag()).toBeUndefined()
  } finally {
    await rm(folder, { recursive: true })
  }
})
