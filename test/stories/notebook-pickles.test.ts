import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KeystoneServer, startKeystone } from '../servers/keystone.ts'
import { requireCommands } from '../servers/require-server.ts'
import { type SwiftServer, startSwift, swiftCommands } from '../servers/swift.ts'
import { type Notebook, openNotebook, type ReadView } from '../support/notebook.ts'
import { type Standalone, startStandalone } from '../support/standalone.ts'
import { until } from '../support/until.ts'

/*
 * A notebook of seed 000 puts its pickles into the bucket itself and reads pickles back, in real Python; nothing tells
 * Lautta but what lies in Swift.
 */
const flags = {
  ...{ start: false, config: false, submit: false, pending: false, running: false },
  ...{ failed: false, complete: false, cancel: false, stopped: false, stored: false }
}
const start = { ...flags, start: true }
/** A job of the seed, whose script is there already. */
const scripted = (script: string, status: object = start) => ({ script: `#!/bin/sh\n${script}\n`, status })
const request = (jobs: readonly object[], more: object = {}) => ({
  name: 'of a notebook',
  platforms: { local: { jobs, ...more } }
})

describe.skipIf(!requireCommands(swiftCommands))('a notebook that puts its request into the bucket itself', () => {
  let keystone: KeystoneServer
  let swift: SwiftServer
  let lautta: Standalone
  let notebook: Notebook
  beforeAll(async () => {
    keystone = await startKeystone()
    swift = await startSwift(keystone)
    const { id, secret } = keystone.applicationCredential
    const credential = { 'application-credential-id': id, 'application-credential-secret': secret }
    // Platform local from a bucket that others can write: only where it is asked for.
    const user = { name: 'local', admin: true, 'api-key': 'the-key-of-a-notebook', 'adopt-from-bucket': true }
    lautta = await startStandalone({
      users: [user],
      store: { kind: 'swift', 'auth-url': keystone.authUrl, endpoint: swift.storageUrl, ...credential }
    })
    notebook = await openNotebook(keystone, swift, 'local', lautta.folder)
  })
  afterAll(async () => {
    await lautta?.stop()
    await swift?.stop()
    await keystone?.stop()
  })

  const file = (name: string) => join(lautta.folder, name)
  const letGo = (name: string) => writeFile(file(`${name}.go`), '')
  /** What a script does until it is let go. */
  const wait = (name: string) => `until [ -e ${file(`${name}.go`)} ]; do sleep 0.05; done`
  const order = async (id: string) => (await lautta.orders.ask(`/v1/orchestrations/${id}`)).json
  /** The order, once it is adopted and as it should be. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  const untilOrder = (id: string, isReached: (found: any) => boolean) =>
    until(async () => {
      const found = await order(id)
      return found.status !== 404 && isReached(found) ? found : null
    }, 100)
  const untilView = (id: string, isReached: (view: ReadView) => boolean) =>
    until(async () => {
      const view = await notebook.read(id, 'local')
      return view !== null && isReached(view) ? view : null
    }, 100)

  it.concurrent('has it adopted and run with its files, and loads and validates what became of it', async () => {
    const folder = file('run')
    await mkdir(folder)
    await notebook.putCode('SLURM/run.sh', `#!/bin/bash\necho result >${folder}/result.txt\n`)
    const at = (path: string) => ({ place: 'hpc/local', path: join(folder, path), value: 'None' })
    const stored = (path: string) => ({ place: 'storage/allas/pipeline', path, value: 'None' })
    const part = {
      configs: { modules: [], venv: { name: 'None', path: 'None', modules: [], packages: [] } },
      files: {
        send: [{ transfer: { source: stored('/CODE/SLURM/run.sh'), target: at('run.sh') }, overwrite: true }],
        get: [{ transfer: { source: at('result.txt'), target: stored('LOGS/{0}') }, remove: false }]
      }
    }
    await notebook.put('1', request([{ path: join(folder, 'run.sh'), id: 'None', status: start }], part))
    const { model, loaded, version } = await untilView('1', ({ model: { platforms } }) => platforms.local.jobs[0].status.stored)
    const [job] = model.platforms.local.jobs
    expect(job).toMatchObject({ path: join(folder, 'run.sh'), id: expect.stringMatching(/^\d+$/) })
    expect(job.status).toEqual({ ...start, config: true, submit: true, complete: true, stopped: true, stored: true })
    expect(model).toMatchObject({ name: 'of a notebook', platforms: { local: part } })
    const { properties } = model.platforms.local
    expect(properties.directory).toMatch(/^\//)
    expect(properties.languages).toContainEqual({ name: 'Python', version: expect.stringMatching(/^3\./) })
    expect(loaded).toEqual(await order('1'))
    expect(loaded).toMatchObject({ id: '1', state: 'finished', outcome: 'completed' })
    expect(Number(version)).toBeGreaterThan(1)
    expect(await notebook.readText(`LOGS/${job.id}`)).toBe('result\n')
  })

  it.concurrent('has the smallest request adopted, and starts it by putting it anew', async () => {
    const least = { name: 'least', platforms: { local: { jobs: [{ script: '#!/bin/sh\ntrue\n' }] } } }
    await notebook.put('least', least)
    const { model } = await untilView('least', () => true)
    expect(model.platforms.local).toEqual({
      // Others may have been there before.
      properties: { directory: expect.any(String), languages: expect.any(Array), workspaces: [] },
      configs: { modules: [], venv: { name: 'None', path: 'None', modules: [], packages: [] } },
      files: { send: [], get: [] },
      jobs: [{ path: 'None', id: 'None', status: flags }]
    })
    await notebook.put('least', request([scripted('true')]))
    await untilView('least', (view) => view.model.platforms.local.jobs[0].status.complete)
  })

  it.concurrent('is told what is wrong with a pickle that is no plain data, which does nothing', async () => {
    await notebook.putEvil('evil', file('made-by-a-pickle'))
    const refused = await untilOrder('evil', () => true)
    expect(refused).toMatchObject({ id: 'evil', state: 'refused', platforms: {} })
    expect(refused.errors).toEqual([{ path: '', message: expect.stringMatching(/posix\.mknod/) }])
    const { json: listed } = await lautta.orders.ask('/v1/orchestrations?state=refused')
    expect(listed.items).toMatchObject([{ id: 'evil', errors: refused.errors }])
    expect(existsSync(file('made-by-a-pickle'))).toBe(false)
  })

  it('puts it anew while it runs: what was submitted goes on as it was, also after a restart', async () => {
    const get = (name: string) => {
      const source = { place: 'hpc/local', path: file('out.txt'), value: 'None' }
      return {
        files: { get: [{ transfer: { source, target: { place: 'storage/allas/pipeline', path: name, value: 'None' } } }] }
      }
    }
    const first = scripted(`${wait('anew')}; echo first >${file('out.txt')}`)
    await notebook.put('anew', request([first, scripted('echo old', flags), scripted('echo dropped', flags)], get('DATA/first')))
    await untilOrder('anew', ({ platforms }) => platforms.local.jobs[0].status.running)
    await notebook.put('anew', request([scripted('echo never'), scripted('echo new')], get('DATA/second')))
    const second = await untilOrder('anew', ({ platforms }) => platforms.local.jobs[1].status.complete)
    expect(second.platforms.local.jobs.map(({ script }: { script: string }) => script)).toEqual([
      first.script,
      '#!/bin/sh\necho new\n'
    ])
    await lautta.process.end('SIGKILL')
    await lautta.restart()
    await letGo('anew')
    const ended = await untilOrder('anew', ({ state }) => state === 'finished')
    expect(ended).toMatchObject({ outcome: 'completed' })
    expect(await notebook.readText('DATA/first')).toBe('first\n')
    expect((await lautta.orders.ask('/v1/orchestrations/anew/jobs/local/1/log')).text).toBe('new\n')
  })

  it('stops a job by its flag, and all by taking the request away', async () => {
    await notebook.put('stop', request([scripted(wait('never')), scripted(wait('never'))]))
    await untilOrder('stop', ({ platforms }) => platforms.local.jobs[0].status.running)
    await notebook.put('stop', request([scripted(wait('never'), { ...start, cancel: true }), scripted(wait('never'))]))
    await untilView('stop', ({ model }) => model.platforms.local.jobs[0].status.stored)
    const [, other] = (await order('stop')).platforms.local.jobs
    expect(other.status).toMatchObject({ running: true, cancel: false })
    await notebook.delete('stop')
    const { loaded } = await untilView('stop', ({ model }) => model.platforms.local.jobs[1].status.stored)
    expect(loaded).toMatchObject({ state: 'finished', outcome: 'cancelled' })
  })

  it('can not change an order of the REST API', async () => {
    const id = await lautta.orders.start('local', [scripted(wait('rest'))])
    await lautta.orders.untilJob(id, 'local', ({ status }) => status.running)
    await notebook.put(id, request([scripted('true', { ...start, cancel: true })]))
    await notebook.put('later', request([scripted('true')]))
    await untilOrder('later', ({ state }) => state === 'finished')
    await letGo('rest')
    expect(await lautta.orders.untilStored(id)).toMatchObject({ outcome: 'completed', name: 'story' })
    expect(await notebook.read(id, 'local')).toBeNull()
  })
})
