import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Job } from '@lautta/core/job/job'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { createFolderStore } from '@lautta/object-store/folder'
import { createManagement } from '@lautta/object-store/management'
import type { ObjectStore } from '@lautta/object-store/object-store'
import { readObject } from '@lautta/object-store/read-object'
import { connectPlatform } from '@lautta/platforms/connect-platform'
import type { Platform } from '@lautta/platforms/platform'
import { type KnownPlatform, knownPlatforms, platformSettingsSchema } from '@lautta/platforms/settings'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePrivateFolder, type PrivateFolder } from '../../../test/servers/private-folder.ts'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { run } from '../../../test/servers/run.ts'
import { type SshServer, sshCommands, startSshServer } from '../../../test/servers/ssh-server.ts'
import { bringFiles } from '../src/effects/bring-files.ts'
import type { JobWork } from '../src/effects/job-work.ts'
import { sendFiles } from '../src/effects/send-files.ts'
import type { LiveOrder } from '../src/live-order.ts'

const isInstalled = requireCommands(sshCommands)
const [pipeline, experiment] = ['mlch-pipe-u', 'mlch-exp-u']
let server: SshServer
let folder: PrivateFolder
let store: ObjectStore
let platform: Platform
let known: KnownPlatform
beforeAll(async () => {
  if (!isInstalled) return
  ;[server, folder] = await Promise.all([startSshServer(), makePrivateFolder('lautta-transfers')])
  store = createFolderStore(join(folder.path, 'store'))
  const settings = platformSettingsSchema.parse({
    hosts: [{ host: server.host, port: server.port }],
    'host-keys': server.hostKeys,
    credentials: { u: { username: server.user, 'private-key-file': server.privateKeyFile } }
  })
  const [first] = knownPlatforms({ p: settings }, false)
  if (first === undefined) throw new Error('there is no platform')
  known = first
  platform = await connectPlatform(known, 'u', { localFolder: folder.path, environment: {} })
})
afterAll(async () => {
  await platform?.close()
  await Promise.all([server?.stop(), folder?.remove()])
})

const there = (path: string) => join(server.home, path)
const read = (path: string) => readFileSync(there(path), 'utf8')
const text = async (bucket: string, path: string) => (await readObject(store, bucket, path))?.toString()
const pathsIn = async (bucket: string, prefix: string) => (await store.list(bucket, { prefix })).objects.map(({ path }) => path)

/** A file of the user on the platform. */
async function put(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  mkdirSync(join(there(path), '..'), { recursive: true })
  writeFileSync(there(path), content, { mode })
  // Below the home, all is the user's.
  await run(['chown', '-R', '--from=root', '20001:20001', server.home])
}

/** What an effect needs for job 17 of an order with these files; `told` are its notices. */
function workOn(files: object, fence: () => number = () => 1, jobs: object[] = []): { work: JobWork; told: string[] } {
  const told: string[] = []
  const request = orchestrationSchema(['p']).parse({ name: 'n', platforms: { p: { files, jobs: [{ script: '#!/bin/sh\n' }] } } })
  const part = request.platforms.p
  const [jobRequest] = part?.jobs ?? []
  if (part === undefined || jobRequest === undefined) throw new Error('there is no job')
  const documentKey = Buffer.from('key')
  const management = createManagement({ store, bucketPrefix: 'mlch', documentKey, slugOf: () => 'u', onIgnored: () => {} })
  const work = {
    ...{ user: 'u', known, platform, store, management, secretsFolder: join(folder.path, 'secrets'), part, request: jobRequest },
    order: { id: 'order', fence, status: { jobs } } as unknown as LiveOrder,
    job: { index: 0, attempt: 1, version: null, state: { kind: 'finishing', slurmJobId: '17' } } as unknown as Job,
    notice: async (words: string) => void told.push(words)
  }
  return { work: work as unknown as JobWork, told }
}

const fromStore = (path: string) => ({ place: 'storage/allas/pipeline', path })
const inline = (value: string) => ({ place: 'inline', path: 'x', value })
const send = (source: object, path: string, overwrite = false) => ({
  transfer: { source, target: { place: 'hpc/p', path } },
  overwrite
})
const get = (path: string, target: string, remove = false) => ({
  transfer: { source: { place: 'hpc/p', path }, target: { place: 'storage/allas/experiment', path: target } },
  remove
})

describe.skipIf(!isInstalled)('files that are sent', () => {
  it('may be a whole folder of the store, small and large, and several for one folder', async () => {
    const large = Buffer.alloc(5_000_001, 'large')
    for (const [path, content] of [
      ['a', 'of a'],
      ['deep/b', 'of b'],
      ['deep/large', large],
      ['empty', '']
    ] as const) {
      await store.put(pipeline, `DATA/in/${path}`, Buffer.from(content))
    }
    await store.put(pipeline, 'DATA/inside', Buffer.from('not meant'))
    const { work, told } = workOn({
      send: [
        send(fromStore('/DATA/in/'), 'run/data'),
        send(inline('one'), 'run/one'),
        send(inline('two'), 'run/two.pem'),
        send(inline('3'), 'three')
      ]
    })
    await sendFiles(work, new Set())
    expect(readdirSync(there('run')).toSorted()).toEqual(['data', 'one', 'two.pem'])
    expect(readdirSync(there('run/data')).toSorted()).toEqual(['a', 'deep', 'empty'])
    expect([read('run/data/a'), read('run/data/deep/b'), read('run/data/empty'), read('three')]).toEqual([
      'of a',
      'of b',
      '',
      '3'
    ])
    expect(readFileSync(there('run/data/deep/large')).equals(large)).toBe(true)
    expect([statSync(there('run/one')).mode & 0o777, statSync(there('run/two.pem')).mode & 0o777]).toEqual([0o644, 0o600])
    expect(told).toEqual([])
  })
  it('are kept where they are there, and told once for each entry; the last of two for one place counts', async () => {
    const { work, told } = workOn({
      send: [
        send(fromStore('DATA/in/'), '~/run/data/'),
        send(inline('new'), 'run/one'),
        send(inline('first'), 'run/twice', true),
        send(inline('second'), '~/run/twice', true),
        send(inline('third'), 'run/twice')
      ]
    })
    await sendFiles(work, new Set())
    expect(told).toEqual([
      '4 files in ~/run/data/ were there and are kept: overwrite is false',
      'run/one was there and is kept: overwrite is false'
    ])
    expect([read('run/one'), read('run/twice')]).toEqual(['one', 'second'])
  })
  it('are not sent again after another one of them has failed', async () => {
    const sent = new Set<string>()
    const { work } = workOn({ send: [send(inline('mine'), 'again/one', true), send(inline('x'), '/etc/no')] })
    await expect(sendFiles(work, sent)).rejects.toThrow('files.send[1]: /etc/no: Permission denied')
    writeFileSync(there('again/one'), 'the job works on it')
    await expect(sendFiles(work, sent)).rejects.toThrow('files.send[1]')
    expect(read('again/one')).toBe('the job works on it')
  })
  it('are refused by the entry that is wrong, also where several go together', async () => {
    mkdirSync(there('run/taken'))
    const refused = async (...entries: object[]) => sendFiles(workOn({ send: entries }).work, new Set())
    await expect(refused(send(inline('x'), 'run/x1'), send(inline('x'), 'run/taken', true))).rejects.toThrow(
      /^files\.send\[1\]: run\/taken: /
    )
    await expect(refused(send(fromStore('DATA/none'), 'run/x'))).rejects.toThrow(
      'files.send[0]: storage/allas/pipeline has no object DATA/none'
    )
    await expect(refused(send(fromStore('DATA/none/'), 'run/x'))).rejects.toThrow(
      'files.send[0]: storage/allas/pipeline has no objects below DATA/none/'
    )
  })
  it('are not seen when the lease is lost while they are sent', async () => {
    const lost = () => {
      throw new Error('the lease is lost')
    }
    for (const source of [inline('x'), fromStore('DATA/in/deep/large')]) {
      const { work } = workOn({ send: [send(source, 'late/x')] }, lost)
      await expect(sendFiles(work, new Set())).rejects.toThrow('the lease is lost')
    }
    expect(readdirSync(there('late')).filter((name) => !name.startsWith('.lautta-'))).toEqual([])
  })
})

describe.skipIf(!isInstalled)('files that are brought', () => {
  it('are those that a glob means, below the target, and those of each task, where the target says', async () => {
    for (const path of ['1/log', '2/log', '2/deep/x', '2/.hidden']) await put(`out/17/${path}`, `of ${path}`)
    for (const task of [0, 5]) await put(`out/task_17_${task}.txt`, `of task ${task}`)
    const { work, told } = workOn({
      get: [
        get('out/{0}/**', '/BACK/{0}'),
        get('out/task_{0}_{1}.txt', 'TASKS/{0}/{1}/out.txt'),
        get('out/task_{0}_{1}.txt', 'ALL'),
        get('out/{0}/1/log', 'INTO/'),
        get('out/none_*', 'NONE')
      ]
    })
    expect(await bringFiles(work)).toEqual({ type: 'filesBrought' })
    expect(await pathsIn(experiment, 'BACK/')).toEqual(['BACK/17/1/log', 'BACK/17/2/deep/x', 'BACK/17/2/log'])
    expect(await text(experiment, 'BACK/17/2/deep/x')).toBe('of 2/deep/x')
    expect(await text(experiment, 'TASKS/17/5/out.txt')).toBe('of task 5')
    expect(await pathsIn(experiment, 'ALL/')).toEqual(['ALL/task_17_0.txt', 'ALL/task_17_5.txt'])
    expect(await text(experiment, 'INTO/log')).toBe('of 1/log')
    expect(told).toEqual(['files.get[4]: no file matches out/none_*'])
  })
  it('are removed when they are in the store, large and small, but none that another entry could not get', async () => {
    const large = Buffer.alloc(5_000_001, 'large')
    await put('rm/large', large)
    for (const name of ['small', 'both', 'rows']) await put(`rm/${name}`, `of ${name}\n`)
    await store.put(experiment, 'TAKEN', Buffer.from('an object where a folder is meant'))
    const { work, told } = workOn({
      get: [
        get('rm/large', 'RM/large', true),
        get('rm/small', 'RM/small', true),
        get('rm/both', 'RM/both', true),
        get('rm/both', 'TAKEN/both'),
        get('rm/rows', 'RM/rows.parquet', true)
      ]
    })
    await bringFiles(work)
    expect(readdirSync(there('rm')).toSorted()).toEqual(['both', 'rows'])
    expect((await readObject(store, experiment, 'RM/large'))?.equals(large)).toBe(true)
    expect(await text(experiment, 'RM/small')).toBe('of small\n')
    expect((await readObject(store, experiment, 'RM/rows.parquet'))?.subarray(0, 4).toString()).toBe('PAR1')
    expect(told).toEqual([
      expect.stringMatching(/^files\.get\[3\]: TAKEN\/both: a part of the path is an object already/),
      'files.get[4]: rm/rows is not removed: what was brought are its rows'
    ])
  })
  it('of two for one object are one, and the other stays where it is', async () => {
    await put('one/r.txt', 'first')
    await put('two/r.txt', 'second')
    const { work, told } = workOn({ get: [get('one/r.txt', 'R/r.txt', true), get('two/r.txt', 'R/r.txt', true)] })
    await bringFiles(work)
    expect([await text(experiment, 'R/r.txt'), readdirSync(there('one')), read('two/r.txt')]).toEqual(['first', [], 'second'])
    expect(told).toEqual(['files.get[1]: two/r.txt is passed over: R/r.txt is one/r.txt already'])
  })

  it('are not removed while another job of the order may write them, but for those of the job alone', async () => {
    await put('shared/log', 'so far')
    await put('shared/17.log', 'all')
    const others = [
      { index: 0, state: { kind: 'finishing' } },
      { index: 1, state: { kind: 'running' } }
    ]
    const entries = [get('shared/log', 'S/log', true), get('shared/{0}.log', 'S/own', true)]
    const { work, told } = workOn({ get: entries }, () => 1, others)
    await bringFiles(work)
    expect([await text(experiment, 'S/log'), await text(experiment, 'S/own')]).toEqual(['so far', 'all'])
    expect(readdirSync(there('shared'))).toEqual(['log'])
    expect(told).toEqual(['files.get[0]: nothing is removed yet: another job of the order has not ended'])
    const last = workOn({ get: entries }, () => 1, others.slice(0, 1))
    await bringFiles(last.work)
    expect(readdirSync(there('shared'))).toEqual([])
  })

  it('are not removed by somebody who has lost the lease', async () => {
    await put('kept/x', 'x')
    let asked = 0
    const { work } = workOn({ get: [get('kept/x', 'KEPT', true)] }, () => {
      // The first question is whether to begin.
      if (++asked > 1) throw new Error('the lease is lost')
      return 1
    })
    await expect(bringFiles(work)).rejects.toThrow('the lease is lost')
    expect(read('kept/x')).toBe('x')
  })
  it('that are missing, closed, folders, or have names that no store takes are told, and hold up no other', async () => {
    await put('odd/good', 'good')
    await put('odd/closed', 'x', 0o600)
    await put('odd/two\nlines', 'x')
    await run(['chown', 'root', there('odd/closed')])
    const { work, told } = workOn({
      get: [get('odd/*', 'ODD'), get('odd/gone', 'GONE'), get('odd', 'FOLDER'), get('odd/good', 'X/{1}'), get('gone/*', 'GONE')]
    })
    await bringFiles(work)
    expect(await pathsIn(experiment, 'ODD/')).toEqual(['ODD/good'])
    expect(told).toEqual([
      'files.get[0]: "two\\nlines" is passed over: the path has a control character in it; odd/closed: Permission denied',
      'files.get[1]: odd/gone: No such file or directory',
      'files.get[2]: odd: Is a directory (end it with /** for all files in it)',
      'files.get[3]: the target has {1}, and the source has none',
      'files.get[4]: gone: No such file or directory'
    ])
  })
  it('come in great numbers, of which a few that are missing are named', async () => {
    for (let index = 0; index < 300; index++)
      writeFileSync(there(`rm/${index}.part`), `of ${index}`, { mode: index < 7 ? 0o600 : 0o644 })
    const { work, told } = workOn({ get: [get('rm/*.part', 'MANY')] })
    await bringFiles(work)
    expect(await pathsIn(experiment, 'MANY/')).toHaveLength(293)
    expect(await text(experiment, 'MANY/299.part')).toBe('of 299')
    expect(told).toEqual([expect.stringMatching(/^files\.get\[0\]: (rm\/\d\.part: Permission denied; ){5}and 2 more$/)])
    rmSync(there('rm'), { recursive: true })
  })
})
