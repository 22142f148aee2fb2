import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { complaintsOf } from '../src/orchestration/complaints.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import { platformsNeededOn, platformsThatNeed } from '../src/orchestration/needs.ts'

const schema = orchestrationSchema(['puhti', 'mahti', 'lumi'])

/** An order of one job for each list of needs. */
function orderWith(needs: Record<string, unknown[][]>) {
  const platforms = Object.entries(needs).map(([platform, lists]) => {
    return [platform, { jobs: lists.map((list) => ({ path: '/a.sh', needs: list })) }] as const
  })
  return { name: 'n', platforms: Object.fromEntries(platforms) }
}

function complaintsAbout(needs: Record<string, unknown[][]>): [string, string][] {
  const parsed = schema.safeParse(orderWith(needs))
  return parsed.success ? [] : complaintsOf(parsed.error).map(({ path, message }) => [path, message])
}

describe('the needs of a job', () => {
  it('name jobs of the same platform or of another one, and stay as they were written', () => {
    const written = ['job:1', 'lumi/job:0', { job: 'lumi/job:1', outcomes: ['failed', 'timed-out'] }]
    const { platforms } = schema.parse(orderWith({ mahti: [written, []], lumi: [[], []] }))
    expect(platforms.mahti?.jobs[0]?.needs).toEqual(written)
    expect([...platformsNeededOn(platforms, 'mahti')]).toEqual(['mahti', 'lumi'])
    expect([...platformsNeededOn(platforms, 'lumi')]).toEqual([])
    expect([...platformsThatNeed(platforms, { platform: 'lumi', index: 1 })]).toEqual(['mahti'])
    expect([...platformsThatNeed(platforms, { platform: 'mahti', index: 0 })]).toEqual([])
  })
  it('are those of the example', () => {
    const example = new URL('../../../examples/orchestrations/train-and-report.json', import.meta.url)
    const { platforms } = schema.parse(JSON.parse(readFileSync(example, 'utf8')))
    expect([...platformsThatNeed(platforms, { platform: 'lumi', index: 0 })]).toEqual(['lumi', 'mahti'])
  })
  it.each([
    ['a number', 0],
    ['no index', 'job:'],
    ['an index that is none', 'job:-1'],
    ['another word', 'lumi/task:1'],
    ['an outcome that there is not', { job: 'lumi/job:0', outcomes: ['done'] }]
  ])('are refused when they are in no form of a need: %s', (_what, need) => {
    expect(complaintsAbout({ mahti: [['lumi/job:1', need]], lumi: [[], []] })).toEqual([
      ['platforms.mahti.jobs[0].needs[1]', expect.stringMatching('write job:<index>')]
    ])
  })
  it.each([
    ['no outcome', 'outcomes', { job: 'lumi/job:0', outcomes: [] }],
    ['another key', 'outcome', { job: 'lumi/job:0', outcome: 'failed' }]
  ])('are refused with the key named that is wrong: %s', (_what, key, need) => {
    const [complaint, ...others] = complaintsAbout({ mahti: [[need]], lumi: [[]] })
    expect([complaint?.[0], others]).toEqual([`platforms.mahti.jobs[0].needs[0].${key}`, []])
  })
  it('are refused when there is no such job, when it is the job itself, and when one is named twice', () => {
    const mahti = [
      ['puhti/job:0', 'lumi/job:1', 'job:0'],
      ['job:0', 'mahti/job:0', { job: 'job:0', outcomes: ['failed'] }]
    ]
    expect(complaintsAbout({ mahti, lumi: [[]] })).toEqual([
      ['platforms.mahti.jobs[0].needs[0]', 'the order names no platform puhti'],
      ['platforms.mahti.jobs[0].needs[1]', 'there is no lumi/job:1: the jobs there are 0 to 0'],
      ['platforms.mahti.jobs[0].needs[2]', 'a job can not need itself'],
      ['platforms.mahti.jobs[1].needs[1]', 'mahti/job:0 is named twice'],
      ['platforms.mahti.jobs[1].needs[2]', 'mahti/job:0 is named twice']
    ])
  })
  it('are refused when they form a circle, also over platforms, and the circle alone is told', () => {
    const lumi = [['job:1', 'mahti/job:0'], [], ['job:0']]
    expect(complaintsAbout({ puhti: [['lumi/job:2']], lumi, mahti: [['lumi/job:1', 'lumi/job:2']] })).toEqual([
      [
        'platforms.lumi.jobs[2].needs[0]',
        'a circle, in which no job could ever begin: lumi/job:2 → lumi/job:0 → mahti/job:0 → lumi/job:2'
      ]
    ])
  })
  it('may be many: a chain of thousands, and one job that needs them all', () => {
    const chain = Array.from({ length: 5000 }, (_, index) => (index === 0 ? [] : [`job:${index - 1}`]))
    const all = chain.map((_need, index) => `job:${index}`)
    expect(complaintsAbout({ mahti: [...chain, all] })).toEqual([])
    expect(complaintsAbout({ mahti: [all.slice(-1), ...chain.slice(1)] })).toHaveLength(1)
  })
  it('may name no platform that only the prototype of an object has', () => {
    expect(complaintsAbout({ mahti: [['constructor/job:0']] })).toEqual([
      ['platforms.mahti.jobs[0].needs[0]', 'the order names no platform constructor']
    ])
  })
})
