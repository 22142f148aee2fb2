import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isShellScript, readDirectives } from '@lautta/core/batch-script'
import { clusterTemplateSchema } from '@lautta/core/ray/cluster-template'
import { describe, expect, it } from 'vitest'
import { renderClusterScript } from '../src/ray/cluster-script.ts'
import { remoteForward } from './remote-forward.ts'

const plain = { preamble: [], venv: null, remoteForward: null }
const everything = {
  nodes: 4,
  cpus: 10,
  gpus: 2,
  'gpu-type': 'v100',
  memory: '90G',
  time: '1-12:00:00',
  partition: 'gpu',
  account: 'project_2001234',
  modules: ['use /appl/local/csc/modulefiles', 'pytorch/2.6'],
  venv: '~/ray venv',
  'container-wrapper': ['singularity_wrapper', 'exec'],
  'idle-minutes': 15,
  'stop-seconds': 120,
  'temp-folder': '/local_scratch'
}
const render = (template: object, site: Parameters<typeof renderClusterScript>[1] = plain) =>
  renderClusterScript(clusterTemplateSchema.parse(template), site)
const complaintsOfBash = (script: string) => execFileSync('bash', ['-n'], { input: script, encoding: 'utf8', stdio: 'pipe' })

describe('the batch script of a Ray cluster', () => {
  it.each([
    ['one-node', {}, plain],
    [
      'everything',
      everything,
      { preamble: ['source /appl/profile/zz-csc-env.sh'], venv: '/projappl/of-the-order', remoteForward: null }
    ],
    ['tunnel', {}, { ...plain, remoteForward }]
  ])('reads as a person would write it: %s', async (name, template, site) => {
    const script = render(template, site)
    await expect(script).toMatchFileSnapshot(`recordings/cluster-${name}.sh`)
    expect(complaintsOfBash(script)).toBe('')
    expect(isShellScript(script)).toBe(true)
  })

  it('asks SLURM for what the template says', () => {
    expect(readDirectives(render(everything))).toEqual({
      nodes: '4',
      'ntasks-per-node': '1',
      'cpus-per-task': '10',
      mem: '90G',
      gres: 'gpu:v100:2',
      time: '1-12:00:00',
      partition: 'gpu',
      account: 'project_2001234',
      signal: 'B:USR1@120'
    })
  })

  it('keeps words of the user from being commands', () => {
    const nasty = `it's $(touch gone); "\`x\``
    const script = render({ modules: [nasty], venv: `/a/${nasty}`, 'container-wrapper': [nasty] })
    expect(complaintsOfBash(script)).toBe('')
    const quoted = `'it'\\''s $(touch gone); "\`x\`'`
    expect(script).toContain(`module load ${quoted} || give_up`)
    expect(script).toContain(`. '/a/it'\\''s $(touch gone); "\`x\`'/bin/activate`)
    expect(script).toContain(`watch=(${quoted} python3`)
  })

  it('takes away what an earlier run of its job wrote before anything can fail', () => {
    const home = mkdtempSync(join(tmpdir(), 'cluster-script-'))
    const folder = join(home, '.lautta/ray/7')
    mkdirSync(folder, { recursive: true })
    for (const name of ['cluster.json', 'jobs.json', 'ended']) writeFileSync(join(folder, name), '')
    const env = { PATH: process.env.PATH, HOME: home, SLURM_JOB_ID: '7' }
    const { status, stdout } = spawnSync('bash', { input: render({ venv: '~/gone' }), encoding: 'utf8', env })
    expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringContaining('there is no venv in ~/gone') })
    expect(readdirSync(folder)).toEqual([])
    rmSync(home, { recursive: true })
  })

  it("leaves Ray a share of the job's memory, and none to count when the job has all of the node", () => {
    expect(render({ memory: '10G' })).toContain('--memory=5368709120 --object-store-memory=3221225472')
    expect(render({ memory: '0' })).not.toContain('memory=')
  })

  it('takes no folder in which the paths of sockets would be too long', () => {
    expect(clusterTemplateSchema.safeParse({ 'temp-folder': `/${'x'.repeat(23)}` }).success).toBe(true)
    expect(clusterTemplateSchema.safeParse({ 'temp-folder': `/${'x'.repeat(24)}` }).success).toBe(false)
  })
})
