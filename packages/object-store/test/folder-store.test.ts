import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RefusedError, StorageError } from '@lautta/core/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inOwnProcess } from '../../../test/servers/own-process.ts'
import { createFolderStore } from '../src/folder/folder-store.ts'
import { readObject } from '../src/read-object.ts'
import { describeStore } from './store-suite.ts'

const makeRoot = () => mkdtemp(join(tmpdir(), 'lautta-store-'))

describeStore('a folder', async () => {
  const root = await makeRoot()
  return { store: createFolderStore(root), close: () => rm(root, { recursive: true }) }
})

describe('the store in a folder', () => {
  let root: string
  beforeEach(async () => {
    root = await makeRoot()
  })
  afterEach(() => rm(root, { recursive: true }))

  it('has each object as a file under its own name, so that anybody finds it', async () => {
    await createFolderStore(root).put('mlch-pipe-a', 'LOGS/run.parquet', Buffer.from('x'))
    expect(await readFile(join(root, 'mlch-pipe-a/LOGS/run.parquet'), 'utf8')).toBe('x')
  })
  it('leaves no temporary files behind', async () => {
    const store = createFolderStore(root)
    await store.put('b', 'x', Buffer.from('x'))
    await store.put('b', 'x', Buffer.from('y'), { md5: '0' }).catch(() => {})
    expect(await readdir(join(root, '.tmp/b'))).toEqual([])
  })
  it('takes in files that somebody put there by hand', async () => {
    await mkdir(join(root, 'b'))
    await writeFile(join(root, 'b/by-hand'), 'x')
    expect(await createFolderStore(root).head('b', 'by-hand')).toMatchObject({
      etag: '9dd4e461268c8034f5c8564e155c67a6',
      metadata: {}
    })
  })
  it('keeps metadata when the folder is copied and the times of the files change', async () => {
    await createFolderStore(root).put('b', 'x', Buffer.from('x'), { metadata: { version: '7' } })
    const copy = `${root}-copy`
    await cp(root, copy, { recursive: true, preserveTimestamps: false })
    expect(await createFolderStore(copy).head('b', 'x')).toMatchObject({ metadata: { version: '7' } })
    await rm(copy, { recursive: true })
  })
  const sidecars = async (path: string) =>
    (await readdir(join(root, '.meta', path))).map((name) => join(root, '.meta', path, name))

  it('never gives an object the metadata of one whose writer died before it was in place', async () => {
    const store = createFolderStore(root)
    await store.put('b', 'x', Buffer.from('old'), { metadata: { of: 'old' } })
    await writeFile(join(root, '.meta/b/x.s/3-1-1'), JSON.stringify({ etag: 'f', metadata: { of: 'new' }, madeAt: '/gone' }))
    expect(await store.head('b', 'x')).toMatchObject({ metadata: { of: 'old' } })
    await store.put('b', 'x', Buffer.from('third'), { metadata: { of: 'third' } })
    expect(await store.head('b', 'x')).toMatchObject({ metadata: { of: 'third' } })
    expect(await sidecars('b/x.s')).toHaveLength(1)
  })
  it('keeps the metadata of a file that another process is about to put into place', async () => {
    const pending = join(root, 'pending')
    await writeFile(pending, '')
    const store = createFolderStore(root)
    await store.put('b', 'x', Buffer.from('old'))
    const beside = join(root, '.meta/b/x.s/3-1-1')
    await writeFile(beside, JSON.stringify({ etag: 'f', metadata: {}, madeAt: pending }))
    await store.put('b', 'x', Buffer.from('new'))
    await store.delete('b', 'x')
    expect(await sidecars('b/x.s')).toEqual([beside])
  })
  it('computes the MD5 again when what it knew of a file is torn, and keeps it', async () => {
    const store = createFolderStore(root)
    const { etag } = await store.put('b', 'x', Buffer.from('x'))
    const [sidecar = ''] = await sidecars('b/x.s')
    await writeFile(sidecar, '{"used')
    expect(await store.head('b', 'x')).toMatchObject({ etag })
    expect(JSON.parse(await readFile(sidecar, 'utf8'))).toMatchObject({ etag })
    expect((await readObject(store, 'b', 'x'))?.toString()).toBe('x')
  })
  it('tells a sidecar that can not be read, instead of forgetting what stands in it', async () => {
    const store = createFolderStore(root)
    await store.put('b', 'x', Buffer.from('x'))
    const [sidecar = ''] = await sidecars('b/x.s')
    await rm(sidecar)
    await mkdir(sidecar)
    await expect(store.head('b', 'x')).rejects.toThrow(StorageError)
  })
  it('knows the metadata that version 0.1.0 kept, and keeps it its own way', async () => {
    await mkdir(join(root, 'b'))
    await writeFile(join(root, 'b/x'), 'x')
    const former = { usedBytes: 1, modifiedNs: '1', inode: '1', etag: '9dd4e461268c8034f5c8564e155c67a6', contentType: 'text/x' }
    await mkdir(join(root, '.meta/b'), { recursive: true })
    await writeFile(join(root, '.meta/b/x.m'), JSON.stringify([{ ...former, metadata: { version: '7' } }]))
    const store = createFolderStore(root)
    expect(await store.head('b', 'x')).toMatchObject({ contentType: 'text/x', metadata: { version: '7' } })
    expect(await sidecars('b/x.s')).toHaveLength(1)
    await store.put('b', 'x', Buffer.from('y'), { metadata: { version: '8' } })
    expect(await store.head('b', 'x')).toMatchObject({ metadata: { version: '8' } })
  })
  it('has nothing under names longer than its file system takes', async () => {
    const [store, path] = [createFolderStore(root), 'n'.repeat(300)]
    await store.put('b', 'x', Buffer.from('x'))
    expect([await store.head('b', path), await store.get('b', `${path}/x`)]).toEqual([null, null])
    expect((await store.list('b', { prefix: `${path}/` })).objects).toEqual([])
  })
  it('refuses to hold more in memory than is allowed', async () => {
    const store = createFolderStore(root)
    await store.put('b', 'x', Buffer.alloc(100))
    expect((await readObject(store, 'b', 'x', 100))?.length).toBe(100)
    await expect(readObject(store, 'b', 'x', 99)).rejects.toThrow(/larger than 99 bytes/)
  })
  it('sweeps what killed uploads left, and no upload that goes on', async () => {
    const store = createFolderStore(root)
    await store.put('b', 'x', Buffer.from('x'))
    const left = join(root, '.tmp/b/left')
    await writeFile(left, 'half')
    expect(await store.sweep('b', new Date(Date.now() - 60_000))).toBe(0)
    await utimes(left, 0, 0)
    expect([await store.sweep('b', new Date(Date.now() - 60_000)), await store.sweep('none', new Date())]).toEqual([1, 0])
    expect(await readdir(join(root, '.tmp/b'))).toEqual([])
  })
  it('keeps content and metadata together while two processes replace one object again and again', async () => {
    // Each writes metadata that is the MD5 of its content.
    const code = `
      import { createHash } from 'node:crypto'
      import { createFolderStore } from ${JSON.stringify(new URL('../src/folder/folder-store.ts', import.meta.url).href)}
      const store = createFolderStore(${JSON.stringify(root)})
      for (let round = 0; round < 150; round++) {
        const text = process.pid + '.' + String(round).padStart(4, '0')
        await store.put('b', 'deep/x', Buffer.from(text), { metadata: { md5: createHash('md5').update(text).digest('hex') } })
        if (round % 10 === 9) await store.delete('b', 'deep/x')
      }
      await store.put('b', 'deep/x', Buffer.from('end'), { metadata: { md5: createHash('md5').update('end').digest('hex') } })
      console.log('done')`
    const store = createFolderStore(root)
    const writers = [inOwnProcess(code), inOwnProcess(code)]
    let isOver = false
    const look = async (): Promise<void> => {
      while (!isOver) {
        const found = await store.get('b', 'deep/x')
        if (found === null) continue
        const content = Buffer.concat(await found.content.toArray())
        const md5 = createHash('md5').update(content).digest('hex')
        expect(found.info).toMatchObject({ etag: md5, metadata: { md5 } })
      }
    }
    const looking = look()
    const said = await Promise.all(writers.map(async ({ lines }) => (await lines.next()).value))
    isOver = true
    await looking
    expect(said).toEqual(['done', 'done'])
    expect(await store.head('b', 'deep/x')).toMatchObject({
      usedBytes: 3,
      metadata: { md5: expect.stringMatching(/^[0-9a-f]{32}$/) }
    })
    expect(await sidecars('b/deep.d/x.s')).toHaveLength(1)
  })
  it('takes a file that is no folder, or a folder that is no file, for nothing', async () => {
    const store = createFolderStore(root)
    await store.put('b', 'a/b', Buffer.from('x'))
    expect(await store.head('b', 'a')).toBeNull()
    expect(await store.head('b', 'a/b/c')).toBeNull()
  })
  it('tells a failure of the file system as one of the store', async () => {
    await writeFile(join(root, 'file'), '')
    await expect(createFolderStore(join(root, 'file')).put('b', 'x', Buffer.from('x'))).rejects.toThrow(
      /the folder store failed: ENOTDIR/
    )
  })
  it('refuses names that a folder can not hold beside others, and calls what is none not there', async () => {
    const store = createFolderStore(root)
    await store.put('b', 'taken', Buffer.from('x'))
    await store.put('b', 'folder/x', Buffer.from('x'))
    for (const path of ['taken/below', 'folder', 'n'.repeat(300)])
      await expect(store.put('b', path, Buffer.from('y'))).rejects.toThrow(RefusedError)
    expect([await store.head('b', 'taken/below'), await store.head('b', 'folder')]).toEqual([null, null])
    await store.delete('b', 'folder')
    expect((await store.list('b')).objects.map(({ path }) => path)).toEqual(expect.arrayContaining(['folder/x', 'taken']))
  })
  it('keeps what belongs to names that differ by an ending only', async () => {
    const store = createFolderStore(root)
    await store.put('b', 'same', Buffer.from('1'), { metadata: { of: 'same' } })
    await store.put('b', 'same.json/b', Buffer.from('2'), { metadata: { of: 'other' } })
    await store.put('b', 'same.s/b', Buffer.from('3'))
    expect((await store.head('b', 'same'))?.metadata).toEqual({ of: 'same' })
    expect((await store.head('b', 'same.json/b'))?.metadata).toEqual({ of: 'other' })
  })
})
