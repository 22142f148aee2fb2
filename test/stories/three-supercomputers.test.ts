import { readFileSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { runPython } from '../support/python.ts'
import { asJson } from '../support/rest-client.ts'
import { until } from '../support/until.ts'

// The story of seed 000: its dictionary goes to three supercomputers; only its packages are left out, which would take
// an hour to install.
const seedText = readFileSync(new URL('../../examples/orchestrations/three-supercomputers.json', import.meta.url), 'utf8')
const seed = JSON.parse(seedText.replace(/"packages": \[[^\]]*\]/g, '"packages": []'))

const batchScript = `#!/bin/bash
#SBATCH --job-name=ray-cluster
#SBATCH --partition=test
#SBATCH --ntasks=1
#SBATCH --time=00:05:00
echo "gcc $GCC on $(hostname)"
srun --ntasks=1 bash -c 'for i in $(seq 200000); do :; done'
wc -c < /users/csc/cloud-hpc.pem
ls -d /users/csc/exp-venv
printf 'tab\\there\\n\\n'
echo "to stderr" >&2
exec 1>&- 2>&-
# The job goes on until somebody lets it end.
while [ ! -e "go-$SLURM_JOB_ID" ]; do sleep 0.1; done
`

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
let id: string
beforeAll(async () => {
  lautta = await startLauttaOnSlurm()
  orders = createOrderClient(lautta.ask)
  const { exec } = lautta.slurm
  for (const name of ['gcc', 'openmpi', 'openblas', 'csc-tools', 'StdEnv', 'pytorch']) {
    const lua = `setenv("${name.toUpperCase().replace('-', '_')}", "loaded")`
    await exec(['sh', '-c', `mkdir -p modules && cat >modules/${name}.lua`], { stdin: lua })
  }
  await writeFile(join(lautta.secretsFolder, 'parameters'), 'integration:\n  cloud-hpc:\n    key: a secret of 20 bytes\n')
})
afterAll(() => lautta?.stop())

const jobOn = (platform: string) => orders.job(id, platform)
const read = (path: string) => lautta.slurm.exec(['cat', path]).then(({ stdout }) => stdout)

describe("seed 000's dictionary, posted to a running forwarder", () => {
  it('is accepted and started', async () => {
    const script = await lautta.ask('/v1/objects/pipeline/CODE/SLURM/ray-cluster.sh', { method: 'PUT', body: batchScript })
    expect(script.status).toBe(201)
    const { status, json } = await lautta.ask('/v1/orchestrations?start=true', asJson(seed))
    expect(status).toBe(202)
    id = json.id
  })

  it('runs on both platforms where the user has a key, and waits where not', async () => {
    await until(async () => (await jobOn('puhti')).status.running && (await jobOn('mahti')).status.running, 100)
    const lumi = await jobOn('lumi')
    expect(lumi).toMatchObject({ waiting: 'credentials' })
    expect(lumi.status).toMatchObject({ start: true, config: false, submit: false })
    expect((await orders.events(id)).filter(({ platform }) => platform === 'lumi').at(-1)?.reason).toMatch(
      /has no credential for lumi/
    )
  })

  it('has sent the files: the script, and the secret for its owner only', async () => {
    expect(await read('/users/csc/ray-cluster.sh')).toBe(batchScript)
    expect(await read('/users/csc/cloud-hpc.pem')).toBe('a secret of 20 bytes')
    const { mode } = await stat(lautta.slurm.hostPath('/users/csc/cloud-hpc.pem'))
    expect(mode & 0o777).toBe(0o600)
  })

  it('runs with the modules loaded and the virtual environment built', async () => {
    const expected = /^gcc loaded on \S+\n20\n\/users\/csc\/exp-venv\ntab\there\n\nto stderr\n$/
    await until(async () => expected.test(await orders.log(id, 'mahti')), 100)
    expect((await orders.events(id)).map(({ reason }) => reason)).toContainEqual(
      expect.stringMatching(/^the venv \/users\/csc\/exp-venv was built with Python 3/)
    )
  })

  it('shows the log while the job runs, and the states as SLURM told them', async () => {
    const before = await orders.order(id)
    expect(before.state).toBe('active')
    const story = (await orders.events(id)).filter(({ platform, from, to }) => platform === 'puhti' && from !== to)
    expect(story.map(({ to }) => to).slice(0, 3)).toEqual(['preparing', 'submitting', 'queued'])
    expect(story.at(-1)?.to).toBe('running')
  })

  it('completes when the jobs end, and stores all of it', async () => {
    for (const platform of ['puhti', 'mahti']) {
      const { id: slurmJobId } = await jobOn(platform)
      await lautta.slurm.exec(['touch', `/users/csc/go-${slurmJobId}`])
    }
    const jobs = await until(async () => {
      const both = [await jobOn('puhti'), await jobOn('mahti')]
      return both.every(({ status }) => status.stored) ? both : null
    }, 100)
    for (const job of jobs) {
      expect(job).toMatchObject({ state: 'finished', outcome: 'completed', 'exit-code': 0, attempt: 1 })
      expect(job.status).toMatchObject({ complete: true, failed: false, stopped: true, stored: true })
    }
  })

  it('has brought the output file back, under the id that SLURM gave', async () => {
    const { id: slurmJobId } = await jobOn('puhti')
    const { text } = await lautta.ask(`/v1/objects/pipeline/LOGS/${slurmJobId}`)
    expect(text).toBe(await read(`/users/csc/slurm-${slurmJobId}.out`))
  })

  it('has its log as a table that pandas and DuckDB read', async () => {
    const path = lautta.objectFile('pipe', `LOGS/${id}-puhti-0-1.parquet`)
    const lines = await runPython(
      `import sys, json, duckdb, pandas
frame = pandas.read_parquet(sys.argv[1])
rows = duckdb.sql(f"select rows, line, source from '{sys.argv[1]}' order by line").fetchall()
assert [list(row) for row in rows] == frame[['rows', 'line', 'source']].values.tolist()
print(json.dumps(frame.rows.tolist()))`,
      path
    )
    expect(lines).toEqual([expect.stringMatching(/^gcc loaded on /), '20', '/users/csc/exp-venv', 'tab here', 'to stderr'])
  })

  it('has its accounting as tables, with what sacct says of that job', async () => {
    const { id: slurmJobId } = await jobOn('mahti')
    const run = `${id}-mahti-0-1`
    const paths = ['SACCT', 'USAGE'].map((table) => lautta.objectFile('sub-air', `ARTIFACTS/${table}/${run}.parquet`))
    const tables = await runPython(
      `import sys, json, pandas
print(json.dumps({name: json.loads(pandas.read_parquet(path).to_json(orient='records'))
  for name, path in zip(['sacct', 'usage', 'times'], sys.argv[1:])}))`,
      ...paths,
      lautta.objectFile('pipe', `TIMES/${run}.parquet`)
    )
    expect(tables).toMatchObject({
      sacct: [
        {
          'job-id': slurmJobId,
          'job-name': 'ray-cluster',
          partition: 'test',
          state: 'COMPLETED',
          'exit-code': 0,
          platform: 'mahti'
        },
        { 'job-step': 'batch', state: 'COMPLETED' },
        { 'job-step': '0', 'job-name': 'bash' }
      ],
      usage: [{ orchestration: id, 'job-id': slurmJobId, state: 'COMPLETED', nodes: 1, source: 'formula' }]
    })
    const elapsed = await lautta.slurm.exec(['sacct', '-X', '-n', '-P', '-j', slurmJobId, '-o', 'ElapsedRaw'])
    expect(tables).toHaveProperty(['sacct', 0, 'elapsed-seconds'], Number(elapsed.stdout))
    expect(tables).toHaveProperty('times.length', 5)
  })

  it('is stopped where it still waits, and is then finished', async () => {
    await orders.give(id, 'stop')
    await until(async () => (await orders.order(id)).state === 'finished', 100)
    expect(await jobOn('lumi')).toMatchObject({ outcome: 'cancelled', id: 'None' })
    expect(await jobOn('puhti')).toMatchObject({ outcome: 'completed' })
  })
})
