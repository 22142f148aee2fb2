import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFindToken } from '../src/forwards/find-token.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-token-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const toSite = { user: 'local', service: 'dashboard', platform: 'site', orchestration: null, index: null, attempt: null } as const

describe('the token of a Ray cluster of the configuration', () => {
  const findToken = async (content: string) => {
    const tokenFile = join(folder, 'token')
    await writeFile(tokenFile, content)
    return createFindToken({ rayTokenOf: () => 'of a job' }, [{ name: 'site', ray: { tokenFile } }])
  }

  it('is read from its file, for the dashboard alone', async () => {
    const find = await findToken('secret\n')
    expect([await find(toSite), await find({ ...toSite, service: 'serve' })]).toEqual(['secret', null])
  })
  it.each(['', ' \n', 'two words', 'two\nlines'])('is told to be none when its file has %j', async (content) => {
    const find = await findToken(content)
    await expect(find(toSite)).rejects.toThrow('the token of the Ray cluster site is none: it is empty, or has blanks in it')
  })
  it('is told to be missing with its file', async () => {
    const find = createFindToken({ rayTokenOf: () => 'of a job' }, [
      { name: 'site', ray: { tokenFile: join(folder, 'nowhere') } }
    ])
    await expect(find(toSite)).rejects.toThrow('the token of the Ray cluster site can not be read: ENOENT')
  })
})
