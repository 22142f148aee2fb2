import { randomBytes } from 'node:crypto'
import { clusterTemplateSchema } from '@lautta/core/ray/cluster-template'
import { type Dispatcher, request } from 'undici'
import { expect } from 'vitest'
import type { z } from 'zod'
import { until } from '../../../test/support/until.ts'
import { renderClusterScript } from '../src/ray/cluster-script.ts'
import { type ClusterInJob, findCluster } from '../src/ray/find-cluster.ts'
import { findLeftJobs, type LeftJobs } from '../src/ray/find-left-jobs.ts'
import { addressOf, withRemoteForward } from '../src/ray/near-address.ts'
import { openRayOverShell } from '../src/ray/ray-over-shell.ts'
import type { RemoteForward } from '../src/ray/remote-forward-settings.ts'
import { runCommand } from '../src/run-command.ts'
import { composeTestJob } from './compose-test-job.ts'
import type { TestSlurm } from './start-test-slurm.ts'

/** A SLURM job that is to be a Ray cluster. */
export interface ClusterJob {
  id: string
  token: string
  find(): Promise<ClusterInJob | null>
  untilFormed(): Promise<ClusterInJob>
  /** Accounting's state and exit code, once it has ended. */
  untilEnded(): Promise<string>
  log(): Promise<string>
  left(): Promise<LeftJobs>
  /** A file of `~/.lautta/ray/<id>`. */
  read(name: string): Promise<string>
  /** Asks the dashboard through the login node, or its tunnel. */
  ask(path: string, options?: { token?: string | null; body?: object }): Promise<{ status: number; answer: string }>
  /** Ends it, if it has not ended. */
  close(): Promise<void>
}

type Template = z.input<typeof clusterTemplateSchema>

/** Submits one as Lautta does: small, of two nodes, unless the template says otherwise. */
export async function submitCluster(
  { slurm, shell, scheduler }: TestSlurm,
  template: Template,
  token?: string,
  tunnel: { remoteForward: RemoteForward; key: string } | null = null
): Promise<ClusterJob> {
  const small = { nodes: 2, cpus: 1, memory: '3G', partition: 'medium', time: '00:10:00' }
  const site = { preamble: [], venv: '~/ray-venv', remoteForward: tunnel?.remoteForward ?? null }
  const script = renderClusterScript(clusterTemplateSchema.parse({ ...small, ...template }), site)
  const ownToken = token ?? randomBytes(24).toString('hex')
  const submission = composeTestJob(script, { output: 'cluster-%j.out' })
  const environment = {
    ...(ownToken === '' ? {} : { RAY_AUTH_TOKEN: ownToken }),
    ...(tunnel === null ? {} : { LAUTTA_TUNNEL_KEY: tunnel.key })
  }
  const answer = await scheduler.submit({ ...submission, environment })
  if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer))
  const id = answer.slurmJobId
  const remoteForward = tunnel?.remoteForward ?? null
  const dispatcher: Dispatcher = openRayOverShell(withRemoteForward(shell, remoteForward))
  const csc = async (...argv: string[]) => (await slurm.exec(argv)).stdout
  const find = () => runCommand(shell, findCluster(id))
  const ending = async () => {
    const line = (await csc('sacct', '-nXP', '-j', id, '-o', 'State,ExitCode')).trim()
    return line === '' || /PENDING|RUNNING|REQUEUED/.test(line) ? null : line
  }
  const log = () => csc('sh', '-c', 'cat "$1" 2>/dev/null || :', 'sh', `cluster-${id}.out`)
  return {
    ...{ id, token: ownToken, find, log },
    untilFormed: () =>
      until(async () => {
        const found = await find()
        if (found === null && (await ending()) !== null) throw new Error(`the cluster has ended:\n${await log()}`)
        return found
      }, 300),
    untilEnded: () => until(ending, 300),
    left: () => runCommand(shell, findLeftJobs(id)),
    read: (name) => csc('cat', `.lautta/ray/${id}/${name}`),
    async ask(path, { token: given = ownToken, body } = {}) {
      const cluster = await find()
      if (cluster === null) throw new Error('there is no cluster')
      const { host, port } = addressOf(cluster, 'dashboard', remoteForward)
      const { statusCode, body: stream } = await request(`http://${host}:${port}${path}`, {
        dispatcher,
        headers: { ...(given === null ? {} : { authorization: `Bearer ${given}` }), 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
      })
      return { status: statusCode, answer: await stream.text() }
    },
    async close() {
      await dispatcher.close()
      await scheduler.cancel(id)
      await until(ending, 300)
    }
  }
}

/** Submits a Ray job by the Jobs API, and waits for a status. */
export async function runRayJob({ ask }: ClusterJob, id: string, entrypoint: string, status: string): Promise<void> {
  const submitted = await ask('/api/jobs/', { body: { submission_id: id, entrypoint } })
  if (submitted.status !== 200) throw new Error(submitted.answer)
  await until(async () => {
    const { status: present, message } = JSON.parse((await ask(`/api/jobs/${id}`)).answer)
    if (present !== status && /FAILED|SUCCEEDED|STOPPED/.test(present)) throw new Error(`${present}: ${message}`)
    return present === status
  }, 300)
}

/** Waits until nothing of Ray is left on the nodes: to accounting a job ends before its last process does. */
export async function untilNothingIsLeft(under: Pick<TestSlurm, 'slurm'>): Promise<void> {
  await expect.poll(() => leftOfRay(under), { timeout: 60_000, interval: 300 }).toBe('/dev/shm:\n\n/tmp:\n')
}

async function leftOfRay({ slurm }: Pick<TestSlurm, 'slurm'>): Promise<string> {
  const processes = await slurm.exec(['pgrep', '-u', 'csc', '-fa', 'raylet|gcs_server|ray::|ray start|keep\\.py|watch\\.py|ray-'])
  const files = await slurm.exec(['ls', '-A', '/tmp', '/dev/shm'])
  return processes.stdout + files.stdout
}
