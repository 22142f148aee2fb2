import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { complaintsOf } from '../src/orchestration/complaints.ts'
import { orchestrationSchema, warningsAbout } from '../src/orchestration/dictionary.ts'

const seed = JSON.parse(
  readFileSync(new URL('../../../examples/orchestrations/three-supercomputers.json', import.meta.url), 'utf8')
)
const schema = orchestrationSchema(['puhti', 'mahti', 'lumi'])
const minimal = { name: 'n', platforms: { mahti: { jobs: [{ path: '/users/csc/a.sh' }] } } }

function complaintsAbout(input: unknown): Record<string, string> {
  const parsed = schema.safeParse(input)
  return parsed.success ? {} : Object.fromEntries(complaintsOf(parsed.error).map(({ path, message }) => [path, message]))
}

describe('the dictionary of seed 000', () => {
  it('is accepted exactly as it stands there', () => {
    const { platforms } = schema.parse(seed)
    expect(Object.keys(platforms)).toEqual(['puhti', 'mahti', 'lumi'])
    expect(platforms.lumi?.files).toEqual(seed.platforms.lumi.files)
    expect(platforms.lumi?.configs).toEqual(seed.platforms.lumi.configs)
  })
  it('has hpc/mahti under all three platforms, which is read as each of them and told', () => {
    expect(warningsAbout(schema.parse(seed))).toEqual([
      'platforms.puhti.files: hpc/mahti is read as hpc/puhti',
      'platforms.lumi.files: hpc/mahti is read as hpc/lumi'
    ])
  })
  it('needs a name, and per job a path or a script; everything else has a default', () => {
    expect(schema.parse(minimal)).toEqual({
      name: 'n',
      labels: {},
      platforms: {
        mahti: {
          configs: { modules: [], venv: { name: 'None', path: 'None', modules: [], packages: [] } },
          files: { send: [], get: [] },
          jobs: [{ path: '/users/csc/a.sh', status: { start: false, cancel: false } }]
        }
      }
    })
  })
  it('may have an array in every form of sbatch, which an answer that is posted back keeps', () => {
    for (const array of ['0-15', '1-100:20', '4,7,22%5', '7', '[1-3]%0', '1, 3']) {
      const answered = { script: '#!/bin/sh', array, attempt: 1, tasks: [], 'tasks-by-state': { queued: 4 } }
      expect(schema.parse({ name: 'n', platforms: { mahti: { jobs: [answered] } } }).platforms.mahti?.jobs[0]?.array).toBe(array)
    }
    for (const array of ['', '5-1', '1-', 'a', '1,\n3', '0-100000']) {
      const jobs = [{ script: '#!/bin/sh', array }]
      expect(complaintsAbout({ name: 'n', platforms: { mahti: { jobs } } }), array).toHaveProperty(
        'platforms.mahti.jobs[0].array'.split('|')
      )
    }
    const options = { array: '1-4' }
    expect(complaintsAbout({ name: 'n', platforms: { mahti: { jobs: [{ path: '/a', options }] } } })).toEqual({
      'platforms.mahti.jobs[0].options.array': 'give the job an `array` instead'
    })
  })
  it('may have an empty list for files, as its pydantic model has', () => {
    expect(
      schema.parse({ name: 'n', platforms: { mahti: { files: [], jobs: [{ script: '#!/bin/sh' }] } } }).platforms.mahti?.files
    ).toEqual({ send: [], get: [] })
  })
  it('may name folders of the store, with a slash at their end, but not a whole bucket', () => {
    const withFolder = (path: string) => {
      const [there, store] = [
        { place: 'hpc/mahti', path: 'in' },
        { place: 'storage/allas/pipeline', path }
      ]
      const files = {
        send: [{ transfer: { source: store, target: there } }],
        get: [{ transfer: { source: there, target: store } }]
      }
      return complaintsAbout({ name: 'n', platforms: { mahti: { files, jobs: [{ script: '#!/bin/sh' }] } } })
    }
    expect([withFolder('/DATA/in/'), withFolder('out/')]).toEqual([{}, {}])
    for (const path of ['/', '', 'a//', '../']) expect(Object.keys(withFolder(path))).toHaveLength(2)
  })
  it('takes start and cancel of a job as orders, but not from an answer that is posted back', () => {
    const flags = { start: true, cancel: true, running: true }
    const jobs = [
      { path: '/a', status: flags },
      { path: '/b', status: flags, attempt: 2, state: 'finished', outcome: 'failed', 'exit-code': 3, reason: null }
    ]
    const parsed = schema.parse({
      name: 'n',
      id: 'x',
      state: 'finished',
      'created-at': 't',
      warnings: [],
      platforms: { mahti: { properties: { parition: 1 }, jobs } }
    })
    expect(parsed.platforms.mahti?.jobs.map(({ status }) => status)).toEqual([
      { start: true, cancel: true },
      { start: false, cancel: false }
    ])
  })
})

describe('wrong input', () => {
  it('is refused with every field named at once', () => {
    const transfer = { source: { place: 'storage/allas/forwarder', path: 'x' }, target: { place: 'hpc/mahti', path: '' } }
    const found = complaintsAbout({
      platforms: {
        mahti: {
          modules: [],
          files: {
            send: [{ transfer }],
            get: [
              {
                transfer: { source: { place: 'hpc/mahti', path: 'a' }, target: { place: 'storage/allas/pipeline', path: 'a//b' } }
              }
            ]
          },
          jobs: [{}, { path: '/a', options: { Partition: 'x', array: '1-3' } }]
        },
        atlantis: { jobs: [] }
      }
    })
    expect(Object.keys(found).sort()).toEqual([
      'name',
      'platforms.atlantis',
      'platforms.mahti.files.get[0].transfer.target.path',
      'platforms.mahti.files.send[0].transfer.source.place',
      'platforms.mahti.files.send[0].transfer.target.path',
      'platforms.mahti.jobs[0]',
      'platforms.mahti.jobs[1].options.Partition',
      'platforms.mahti.jobs[1].options.array',
      'platforms.mahti.modules'
    ])
    expect(found['platforms.atlantis']).toMatch('unknown platform; known are puhti, mahti, lumi')
    expect(found['platforms.mahti.modules']).toBe('unknown key')
  })

  it('may not name an option of ours in part, which sbatch would take for the whole', () => {
    const withOption = (name: string) =>
      Object.keys(complaintsAbout({ name: 'n', platforms: { mahti: { jobs: [{ path: '/a', options: { [name]: 'x' } }] } } }))
    for (const name of ['j', 'job-', 'job-nam', 'cluster', 'test-o', 'parsable']) {
      expect(withOption(name), name).toEqual([`platforms.mahti.jobs[0].options.${name}`])
    }
    for (const name of ['job-name', 'account', 'comment']) expect(withOption(name), name).toEqual([])
  })

  const rejectedPlaces: [string, object, object][] = [
    ['a source on the platform', { place: 'hpc/mahti', path: '/a' }, { place: 'hpc/mahti', path: '/b' }],
    ["the forwarder's bucket as a source", { place: 'storage/allas/forwarder', path: 'a' }, { place: 'hpc/mahti', path: '/b' }],
    ['secrets as a target', { place: 'inline', path: 'x', value: 'v' }, { place: 'local/submitter', path: 'b' }],
    [
      'a secret outside of the folder',
      { place: 'local/submitter', path: '/run/secrets/../master-key' },
      { place: 'hpc/mahti', path: '/b' }
    ],
    ['an object path with ..', { place: 'storage/allas/pipeline', path: 'CODE/../../x' }, { place: 'hpc/mahti', path: '/b' }],
    ['a platform path with a line break', { place: 'inline', path: 'x', value: 'v' }, { place: 'hpc/mahti', path: '/a\nb' }]
  ]
  it.each(rejectedPlaces)('is refused in a transfer: %s', (_what, source, target) => {
    expect(
      complaintsAbout({
        name: 'n',
        platforms: { mahti: { files: { send: [{ transfer: { source, target } }] }, jobs: [{ path: '/a' }] } }
      })
    ).not.toEqual({})
  })
  it('is refused in a transfer back: a bucket that is not the user’s to write', () => {
    const transfer = { source: { place: 'hpc/mahti', path: '/a' }, target: { place: 'storage/allas/submitter', path: 'b' } }
    expect(
      Object.keys(
        complaintsAbout({ name: 'n', platforms: { mahti: { files: { get: [{ transfer }] }, jobs: [{ path: '/a' }] } } })
      )
    ).toEqual(['platforms.mahti.files.get[0].transfer.target.place'])
  })
  it('is refused when both path and script are given', () => {
    expect(complaintsAbout({ name: 'n', platforms: { mahti: { jobs: [{ path: '/a', script: '#!/bin/sh' }] } } })).toEqual({
      'platforms.mahti.jobs[0]': 'give one of path, script, ray and ray-cluster'
    })
  })
  it('is refused without platforms, and without jobs', () => {
    expect(complaintsAbout({ name: 'n', platforms: {} })).toEqual({ platforms: 'name at least one platform' })
    expect(complaintsAbout({ name: 'n', platforms: { mahti: {} } })).toHaveProperty(['platforms.mahti.jobs'])
  })
  it('is refused as a venv: a name that leads elsewhere, a package with a password in it', () => {
    const venv = (name: string, ...packages: string[]) =>
      Object.keys(
        complaintsAbout({
          name: 'n',
          platforms: { mahti: { configs: { venv: { name, path: '/p', packages } }, jobs: [{ path: '/a' }] } }
        })
      )
    for (const name of ['', '.', '..', '../tmp', 'a/b', 'a\n']) expect(venv(name)).toEqual(['platforms.mahti.configs.venv.name'])
    const fine = ['torch==2', 'x @ git+ssh://git@host/x', 'https://host/x.whl', '-r ~/wanted.txt']
    expect(venv('..v', ...fine)).toEqual([])
    for (const secret of ['git+https://user:word@host/x', '--index-url=https://word@host/', 'git+ssh://user:word@host/x'])
      expect(venv('v', secret)).toEqual(['platforms.mahti.configs.venv.packages[0]'])
  })
  it.each(["it's/1", 'gcc; id', '$(id)', '-t', 'gcc openmpi', ''])('is refused as a module: %j', (entry) => {
    expect(
      complaintsAbout({ name: 'n', platforms: { mahti: { configs: { modules: ['gcc/13.2', entry] }, jobs: [{ path: '/a' }] } } })
    ).toEqual({ 'platforms.mahti.configs.modules[1]': expect.stringMatching('one module per entry') })
  })
  it('may have variables for a job, of names that are free', () => {
    const parse = (environment: unknown) => ({ name: 'n', platforms: { mahti: { jobs: [{ path: '/a', environment }] } } })
    const environment = { A1: 'any text\n', _b: '' }
    expect(schema.parse(parse(environment)).platforms.mahti?.jobs[0]).toMatchObject({ environment })
    for (const name of ['1A', 'A-B', 'A=B', '', 'SLURM_CONF', 'SBATCH_ACCOUNT', 'LAUTTA_KEY', 'PATH', 'UID']) {
      const path = expect.stringContaining('platforms.mahti.jobs[0].environment')
      expect(Object.keys(complaintsAbout(parse({ [name]: 'x' }))), name).toEqual([path])
    }
    expect(complaintsAbout(parse({ A: 'a\0b' }))).toEqual({ 'platforms.mahti.jobs[0].environment.A': 'no NUL characters' })
    const many = Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`A${at}`, 'x'.repeat(32_000)]))
    expect(complaintsAbout(parse(many))).toEqual({ 'platforms.mahti.jobs[0].environment': 'together they are too long' })
  })
  it('can not change the prototype of anything', () => {
    expect(complaintsAbout(JSON.parse('{"name":"n","platforms":{"__proto__":{"jobs":[{"path":"/a"}]}}}'))).not.toEqual({})
    expect(
      complaintsAbout(JSON.parse('{"name":"n","__proto__":{"x":1},"platforms":{"mahti":{"jobs":[{"path":"/a"}]}}}'))
    ).not.toEqual({})
  })
})
