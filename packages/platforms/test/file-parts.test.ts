import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, chmod, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UnavailableError } from '@lautta/core/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FilePart, lookAtFiles, measureFiles, readFileParts } from '../src/files/file-parts.ts'
import { createLocalShell } from '../src/local/local-shell.ts'
import { withoutRights } from './without-rights.ts'

let folder: string
const shell = () => createLocalShell({ PATH: '/usr/bin:/bin' }, folder)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lautta-parts-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(parts: readonly FilePart[], mostBytes = 1000): Promise<string[]> {
  const contents = parts.map(() => '')
  for await (const { part, bytes } of readFileParts(shell(), parts, mostBytes)) contents[part] += bytes.toString('latin1')
  return contents
}

describe('files that are looked at together', () => {
  it('have sizes when they are regular files, whatever their names', async () => {
    const names = [' blank ', '-dash', `it's "quoted" \\ $x *é`, 'empty', 'x|y']
    for (const [at, name] of names.entries()) await writeFile(join(folder, name), name === 'empty' ? '' : 'x'.repeat(at + 1))
    await mkdir(join(folder, 'folder'))
    await symlink('x|y', join(folder, 'link'))
    execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(folder, 'pipe')])
    const sizes = await measureFiles(shell(), [...names, 'link', 'folder', 'pipe', '/dev/zero', 'nowhere', 'line\nend'])
    expect([...sizes]).toEqual([...names.map((name, at) => [name, name === 'empty' ? 0 : at + 1]), ['link', 5]])
  })
  it('are told apart when they were changed, and when another one is in their place', async () => {
    const path = join(folder, 'changing')
    const look = async () => (await lookAtFiles(shell(), [path])).get(path)!
    await writeFile(path, 'text')
    const first = await look()
    expect(await look()).toEqual(first)
    await appendFile(path, '!')
    await utimes(path, 1, 1.5)
    const second = await look()
    expect(second).toMatchObject({ usedBytes: 5, inode: first.inode })
    expect(second.modified).not.toBe(first.modified)
    await writeFile(`${path}.new`, 'text!')
    await utimes(`${path}.new`, 1, 1.5)
    await rename(`${path}.new`, path)
    const third = await look()
    expect(third).toMatchObject({ usedBytes: 5, modified: second.modified })
    expect(third.inode).not.toBe(second.inode)
  })
  it('are asked for in one go, however many there are', async () => {
    await mkdir(join(folder, 'many'))
    const paths = Array.from({ length: 3000 }, (_none, index) => join(folder, 'many', `${'x'.repeat(200)}-${index}`))
    await Promise.all(paths.map((path, index) => writeFile(path, 'x'.repeat(index % 7))))
    const sizes = await measureFiles(shell(), paths)
    expect(paths.map((path) => sizes.get(path))).toEqual(paths.map((_path, index) => index % 7))
  })
  it('have no size when they can not be read, which is told apart from absence', async () => {
    const names = ['open', 'it is\\n "closed" ', 'open too']
    for (const name of names) await writeFile(join(folder, name), 'text')
    await chmod(folder, 0o755)
    await chmod(join(folder, names[1]!), 0)
    const sizes = await measureFiles(withoutRights(shell()), [...names, 'nowhere'])
    expect([...sizes]).toEqual([
      [names[0], 4],
      [names[1], null],
      [names[2], 4]
    ])
  })
  it('are not taken for absent when nobody can look', async () => {
    await expect(measureFiles(createLocalShell({ PATH: '/usr/bin:/bin' }, '/'), [])).resolves.toEqual(new Map())
    const bin = join(folder, 'bin')
    await mkdir(bin)
    for (const program of ['sh', 'xargs']) await symlink(join('/usr/bin', program), join(bin, program))
    await expect(measureFiles(createLocalShell({ PATH: bin }, folder), ['x'])).rejects.toThrow(UnavailableError)
  })
})

describe('parts of files', () => {
  it('are read byte by byte as they are, one file after the other', async () => {
    const binary = randomBytes(200_000)
    await writeFile(join(folder, 'binary'), binary)
    await writeFile(join(folder, ' text '), '0123456789')
    const parts = [
      { path: ' text ', offset: 3, usedBytes: 4 },
      { path: 'binary', offset: 0, usedBytes: 200_000 },
      { path: 'binary', offset: 199_990, usedBytes: 10 },
      { path: ' text ', offset: 0, usedBytes: 10 }
    ]
    const [text, all, end, whole] = await read(parts)
    expect([text, whole]).toEqual(['3456', '0123456789'])
    expect(all === binary.toString('latin1') && end === binary.subarray(-10).toString('latin1')).toBe(true)
  })
  it('cost no command when there are none', async () => {
    const refuses = () => Promise.reject(new Error('a command was started'))
    await expect(readFileParts({ ...shell(), start: refuses }, [], 4).next()).resolves.toEqual({ done: true, value: undefined })
  })
  it('come so many bytes at a time, each of them told with its place', async () => {
    await writeFile(join(folder, 'ten'), '0123456789')
    const seen: [number, string][] = []
    for await (const { from, bytes } of readFileParts(shell(), [{ path: 'ten', offset: 1, usedBytes: 9 }], 4))
      seen.push([from, bytes.toString()])
    expect(seen).toEqual([
      [0, '1234'],
      [4, '5678'],
      [8, '9']
    ])
  })
  it('are no others because a file became shorter in between, or is gone', async () => {
    await writeFile(join(folder, 'short'), '012')
    await writeFile(join(folder, 'next'), 'of another file')
    const next = { path: 'next', offset: 0, usedBytes: 15 }
    const seen: string[] = []
    const readInto = async (parts: FilePart[]) => {
      for await (const { bytes } of readFileParts(shell(), parts, 4)) seen.push(bytes.toString())
    }
    await expect(readInto([{ path: 'short', offset: 0, usedBytes: 9 }, next])).rejects.toThrow(
      'short can not be read: short: it became shorter'
    )
    await expect(readInto([{ path: 'gone', offset: 0, usedBytes: 9 }, next])).rejects.toThrow(
      /gone can not be read: .*No such file/
    )
    expect(seen).toEqual([])
  })
  it('are never those of the next file, also when one became shorter and has grown again at once', async () => {
    const path = join(folder, 'regrown')
    await writeFile(path, '012')
    await writeFile(join(folder, 'next'), 'of another file')
    // It grows as soon as it was read.
    await mkdir(join(folder, 'growing'))
    await writeFile(join(folder, 'growing/dd'), `#!/bin/sh\n/usr/bin/dd "$@"\nprintf 345678 >>${path}\n`, { mode: 0o755 })
    const growing = createLocalShell({ PATH: `${folder}/growing:/usr/bin:/bin` }, folder)
    const parts = ['regrown', 'next'].map((path) => ({ path, offset: 0, usedBytes: 9 }))
    const readAll = async () => {
      for await (const { part, bytes } of readFileParts(growing, parts, 9)) throw new Error(`${part} has ${bytes}`)
    }
    await expect(readAll()).rejects.toThrow('regrown: it became shorter')
  })
})
