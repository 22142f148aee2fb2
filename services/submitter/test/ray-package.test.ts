import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeEntrypoint } from '@lautta/core/ray/entrypoint'
import { rayJobSchema } from '@lautta/core/ray/ray-job'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import { afterAll, describe, expect, it } from 'vitest'
import { providePackage } from '../src/effects/ray-package.ts'

const folder = mkdtempSync(join(tmpdir(), 'package-'))
afterAll(() => rmSync(folder, { recursive: true }))
const store = createFolderStore(folder)
const options = { store, bucketPrefix: 'mlch', documentKey: Buffer.from('key'), slugOf: () => 'u', onIgnored: () => {} }
const work = { user: 'u', store, management: createManagement(options) }

const put = (path: string, text: string) => store.put('mlch-pipe-u', `CODE/RAY/one/${path}`, Buffer.from(text))
const packages = new Map<string, Uint8Array>()
const provide = (asked: object = {}) => {
  const ray = rayJobSchema.parse({ file: 'main.py', directory: 'CODE/RAY/one', ...asked })
  return providePackage(work, ray, composeEntrypoint(ray), {
    hasPackage: async (name) => packages.has(name),
    putPackage: async (name, zip) => void packages.set(name, zip)
  })
}
/** As Python reads it, and so Ray. */
function contentOf(uri: string | null): string[] {
  const archive = join(folder, 'a.zip')
  writeFileSync(archive, packages.get(uri?.slice('gcs://'.length) ?? '') ?? '')
  const script = 'import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep=chr(10))'
  return execFileSync('python3', ['-c', script, archive], { encoding: 'utf8' }).trim().split('\n')
}

describe('the package of a Ray job', () => {
  it('has the files of its directory, is named for them, and goes once', async () => {
    await put('main.py', 'print(1)')
    await put('tasks/a.py', '')
    const first = await provide()
    expect(first).toMatch(/^gcs:\/\/_ray_pkg_lautta_[0-9a-f]{32}\.zip$/)
    expect(contentOf(first)).toEqual(['main.py', 'tasks/a.py'])
    expect(await provide()).toBe(first)
    expect(packages.size).toBe(1)
    await put('main.py', 'print(2)')
    expect(await provide()).not.toBe(first)
  })

  it('has parameters that are too long for a command, and is none where there is nothing', async () => {
    const long = await provide({ parameters: { text: "'".repeat(60_000) } })
    expect(contentOf(long)).toContain('.lautta-parameters.json')
    expect(await provide({ directory: '', file: undefined, entrypoint: 'true' })).toBeNull()
  })

  it.each([
    [{ directory: 'CODE/RAY/none' }, /nothing below CODE\/RAY\/none\//],
    [{ file: 'other.py' }, /no other.py/]
  ])('of %j is refused', async (asked, words) => {
    await expect(provide(asked)).rejects.toThrow(words)
  })

  it('is refused when it is larger than Ray takes', async () => {
    await store.put('mlch-pipe-u', 'CODE/RAY/large/main.py', Buffer.alloc(100 * 1024 * 1024 + 1))
    await expect(provide({ directory: 'CODE/RAY/large' })).rejects.toThrow(/104857601 bytes, and Ray takes 104857600/)
  })
})
