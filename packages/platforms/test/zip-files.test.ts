import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { zipFiles } from '../src/ray/zip-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'zip-'))
afterAll(() => rmSync(folder, { recursive: true }))

const files = new Map([
  ['main.py', Buffer.from('print(1)\n')],
  ['tasks/ä 1.py', Buffer.from('x'.repeat(100_000))],
  ['empty', Buffer.alloc(0)]
])

it('a zip has the files as they are, as Python reads them, and the same ones are the same bytes', async () => {
  const zip = await zipFiles(files)
  const archive = join(folder, 'a.zip')
  writeFileSync(archive, zip)
  execFileSync('python3', ['-m', 'zipfile', '-e', archive, join(folder, 'out')])
  for (const [path, content] of files) expect(readFileSync(join(folder, 'out', path)).equals(content), path).toBe(true)
  expect(zip.length).toBeLessThan(2000)
  expect(await zipFiles(files)).toEqual(zip)
})
