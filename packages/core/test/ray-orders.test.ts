import { describe, expect, it } from 'vitest'
import { declareJob, type Job } from '../src/job/job.ts'
import { complaintsOf } from '../src/orchestration/complaints.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import { standOfNeeds } from '../src/orchestration/stand-of-needs.ts'

const schema = orchestrationSchema(['lumi', 'local-1'], ['local-1'])
const ray = { file: 'main.py', directory: 'CODE/RAY/processing' }
const cluster = { 'ray-cluster': { nodes: 2 } }

function complaintsAbout(platforms: object): Record<string, string> {
  const parsed = schema.safeParse({ name: 'n', platforms })
  return parsed.success ? {} : Object.fromEntries(complaintsOf(parsed.error).map(({ path, message }) => [path, message]))
}

describe('a Ray job of an order', () => {
  it('is accepted on a Ray cluster as it is, and on SLURM with the job that starts its cluster', () => {
    expect(complaintsAbout({ 'local-1': { jobs: [{ ray }] } })).toEqual({})
    expect(complaintsAbout({ lumi: { jobs: [cluster, { ray: { ...ray, cluster: 'job:0' } }] } })).toEqual({})
    expect(complaintsAbout({ lumi: { jobs: [{ ray: { ...ray, cluster: '01JD/job:0' } }] } })).toEqual({})
  })

  it.each([
    [{ lumi: { jobs: [{ ray }] } }, 'platforms.lumi.jobs[0].ray.cluster', /lumi is no Ray cluster/],
    [
      { lumi: { jobs: [{ script: 'x' }, { ray: { ...ray, cluster: 'job:0' } }] } },
      'platforms.lumi.jobs[1].ray.cluster',
      /starts no Ray/
    ],
    [{ lumi: { jobs: [cluster, { ray: { ...ray, cluster: 'job:7' } }] } }, 'platforms.lumi.jobs[1].ray.cluster', /starts no Ray/],
    [{ 'local-1': { jobs: [{ script: 'x' }] } }, 'platforms.local-1.jobs[0]', /local-1 is a Ray cluster/],
    [{ 'local-1': { jobs: [{ ray: { ...ray, cluster: 'job:0' } }] } }, 'platforms.local-1.jobs[0].ray.cluster', /leave this out/],
    [{ 'local-1': { configs: { modules: ['python'] }, jobs: [{ ray }] } }, 'platforms.local-1.configs', /no modules/],
    [{ 'local-1': { jobs: [{ ray, script: 'x' }] } }, 'platforms.local-1.jobs[0]', /give one of/],
    [{ 'local-1': { jobs: [{ ray, array: '0-3' }] } }, 'platforms.local-1.jobs[0].array', /has no array/],
    [{ 'local-1': { jobs: [{ ray: { directory: 'CODE' } }] } }, 'platforms.local-1.jobs[0].ray', /file or entrypoint/],
    [{ 'local-1': { jobs: [{ ray: { ...ray, directory: '../x' } }] } }, 'platforms.local-1.jobs[0].ray.directory', /segment/],
    [{ 'local-1': { jobs: [{ ray: { ...ray, file: '-c' } }] } }, 'platforms.local-1.jobs[0].ray.file', /option/],
    [
      { 'local-1': { jobs: [{ ray: { ...ray, packages: ['x @ https://u:p@h/x'] } }] } },
      'platforms.local-1.jobs[0].ray.packages[0]',
      /password/
    ],
    [
      { 'local-1': { jobs: [{ ray: { ...ray, 'submission-id': 'a/b' } }] } },
      'platforms.local-1.jobs[0].ray.submission-id',
      /letters/
    ]
  ])('%j is refused at %s', (platforms, path, words) => {
    expect(complaintsAbout(platforms)).toEqual({ [path]: expect.stringMatching(words) })
  })

  it('is refused when its cluster waits for it', () => {
    const jobs = [{ ...cluster, needs: ['job:1'] }, { ray: { ...ray, cluster: 'job:0' } }]
    expect(Object.values(complaintsAbout({ lumi: { jobs } })).join()).toMatch(/a circle/)
  })
})

describe('a Ray job waits for its cluster', () => {
  const platforms = { lumi: { jobs: [cluster, { ray: { ...ray, cluster: 'job:0' } }] } }
  const request = schema.parse({ name: 'n', platforms })
  const stand = (state: Job['state']) => {
    const jobs = [
      { ...declareJob(0), state },
      { ...declareJob(1), state: { kind: 'preparing' as const } }
    ]
    const status = { schema: 1 as const, id: '1', platform: 'lumi', fence: 1, sequence: 1, jobs, history: [] }
    const accepted = { id: '1', createdAt: '', warnings: [], errors: [], request, version: null }
    return standOfNeeds(
      { request: accepted, earlier: new Map(), orders: [], statuses: new Map([['lumi', status]]) },
      'lumi',
      jobs[1] as Job
    )
  }

  it('to run, and not to end', () => {
    expect(stand({ kind: 'declared' })).toEqual({ kind: 'waiting', words: 'the Ray cluster lumi/job:0 is declared' })
    expect(stand({ kind: 'queued', slurmJobId: '7', reason: null }).kind).toBe('waiting')
    expect(stand({ kind: 'running', slurmJobId: '7' })).toEqual({ kind: 'met' })
  })

  it('and never begins once that has ended for good', () => {
    const end = { slurmJobId: '7', outcome: 'timed-out' as const, exitCode: 0, reason: null }
    // A retry may follow.
    expect(stand({ kind: 'finishing', ...end }).kind).toBe('waiting')
    const ended = stand({ kind: 'finished', ...end, collecting: 'owed' })
    expect(ended).toEqual({ kind: 'not-met', words: 'the Ray cluster lumi/job:0 ended timed-out' })
  })
})
