import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type ClusterJob, runRayJob, submitCluster, untilNothingIsLeft } from './cluster-job.ts'
import { describeOnSlurm } from './describe-on-slurm.ts'
import { putRay, rayCommands, raySoftware } from './put-ray.ts'
import { startTestSlurm, type TestSlurm } from './start-test-slurm.ts'

// Two actors that have a whole node each while both are there.
const countNodes = `python -c "
import ray
ray.init()
@ray.remote(num_cpus=1)
class Place:
    def node(self):
        return ray.get_runtime_context().get_node_id()
places = [Place.remote() for _ in range(2)]
print('nodes:', len(set(ray.get([place.node.remote() for place in places]))))"`

describe.skipIf(!requireCommands(rayCommands))('a Ray cluster in a job', () => {
  describeOnSlurm('of SLURM %s', (release) => {
    let under: TestSlurm
    let jobs: ClusterJob[] = []
    beforeAll(async () => {
      under = await startTestSlurm(release, { software: raySoftware(), nodeMegabytes: 12_288 })
      await putRay(under.slurm)
    })
    afterAll(() => under?.stop())
    afterEach(async () => {
      await Promise.all(jobs.map((job) => job.close()))
      jobs = []
    })
    const submit = async (...[template, token]: [Parameters<typeof submitCluster>[1], string?]): Promise<ClusterJob> => {
      const job = await submitCluster(under, template, token)
      jobs.push(job)
      return job
    }

    it('forms of all nodes, and two of them on the same nodes never meet', async () => {
      const [first, second] = await Promise.all([submit({}), submit({})])
      const clusters = await Promise.all([first.untilFormed(), second.untilFormed()])
      for (const { nodes, headAddress, rayVersion, metrics } of clusters) {
        expect(nodes.map(({ isHead }) => isHead).sort()).toEqual([false, true])
        expect({ headAddress, rayVersion }).toEqual({ headAddress: '127.0.1.1', rayVersion: '2.60.0' })
        expect(metrics.length).toBeGreaterThanOrEqual(4)
      }
      const [one, other] = clusters
      expect(one.session).not.toBe(other.session)
      const ports = clusters.flatMap((cluster) => Object.values(cluster.ports))
      expect(new Set(ports).size).toBe(ports.length)

      await runRayJob(first, 'count', countNodes, 'SUCCEEDED')
      expect((await first.ask('/api/jobs/count/logs')).answer).toMatch(/nodes: 2/)
      expect(JSON.parse((await second.ask('/api/jobs/')).answer)).toEqual([])
      expect(await first.ask('/api/jobs/', { token: null })).toMatchObject({ status: 401 })
      expect(await first.ask('/api/jobs/', { token: second.token })).toMatchObject({ status: 403 })

      await under.scheduler.cancel(first.id)
      expect(await first.untilEnded()).toMatch(/^CANCELLED/)
      expect(await first.find()).toBeNull()
      expect(await first.read('job-driver-count.log')).toMatch(/nodes: 2/)
      expect((await second.ask('/api/version')).status).toBe(200)
      await under.scheduler.cancel(second.id)
      await second.untilEnded()
      await untilNothingIsLeft(under)
      for (const job of [first, second]) expect(await job.log()).not.toMatch(job.token)
    })

    it('has the modules of its template, its wrapper before each of its programs, and the GPUs of its node', async () => {
      const put = (path: string, text: string) =>
        under.slurm.exec(['sh', '-c', 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod +x "$1"', 'sh', path], { stdin: text })
      await put('modules/site-ray/1.lua', 'setenv("OF_MODULE", "loaded")')
      await put('wrap', '#!/bin/sh\nOF_WRAPPER=wrapped exec "$@"\n')
      const site = { modules: ['use /users/csc/modules', 'site-ray/1'], 'container-wrapper': ['/users/csc/wrap'] }
      const job = await submit({ ...site, nodes: 1, gpus: 2, 'gpu-type': 'v100', partition: 'gpu' })
      await job.untilFormed()
      await runRayJob(job, 'see', 'echo $OF_MODULE $OF_WRAPPER', 'SUCCEEDED')
      expect((await job.ask('/api/jobs/see/logs')).answer).toMatch(/loaded wrapped/)
      expect((await job.ask('/api/v0/nodes')).answer).toMatch(/"GPU": 2.0/)
    })

    it('ends in order when there has been no work for so long, and not while there is some', async () => {
      const job = await submit({ 'idle-minutes': 0.1 })
      await job.untilFormed()
      await runRayJob(job, 'work', 'sleep 12', 'SUCCEEDED')
      expect(await job.untilEnded()).toBe('COMPLETED|0:0')
      expect(await job.log()).toMatch(/the cluster ends: there was no work for 0\.1 minutes\n$/)
      expect(JSON.parse(await job.read('jobs.json'))).toMatchObject([{ submission_id: 'work', status: 'SUCCEEDED' }])
      await untilNothingIsLeft(under)
    })
  })
})
