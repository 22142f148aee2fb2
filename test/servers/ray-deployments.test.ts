import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { composeFiles, kubeRayFiles, readCompose, readKubeRayValues } from '../support/ray-deployments.ts'
import { startChild } from './child.ts'
import { makePrivateFolder } from './private-folder.ts'
import { rayCommand, rayCommands } from './ray.ts'
import { requireCommands } from './require-server.ts'
import { outputOf } from './run.ts'

const network = fileURLToPath(new URL('ray/compose-network', import.meta.url))
const quote = (words: readonly string[]) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')

/** Runs what a compose file has for the head and for the worker, without containers; tells what the machine sees then. */
async function lookAtCluster(name: string): Promise<unknown> {
  const { 'ray-head': head, 'ray-worker': worker } = readCompose(name).services
  // In /tmp whatever TMPDIR is: the paths of Ray's sockets must be short.
  const folder = await makePrivateFolder('rdc', '/tmp')
  const scripts = { head: head.command, worker: worker.command, healthcheck: head.healthcheck?.test.slice(1) ?? [] }
  for (const [script, command] of Object.entries(scripts)) await writeFile(join(folder.path, script), `exec ${quote(command)}\n`)
  await writeFile(join(folder.path, 'token'), 'of-no-other-cluster-than-this-one\n')
  const variables = Object.entries({ ...head.environment, PATH: `${dirname(rayCommand)}:${process.env.PATH}` })
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const unshare = ['unshare', ...user, '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const words = variables.map(([variable, value]) => `${variable}=${value}`)
  const child = await startChild([...unshare, 'env', ...words, network, folder.path], join(folder.path, 'log'))
  try {
    return JSON.parse(await child.until(() => readFile(join(folder.path, 'seen.json'), 'utf8').catch(() => undefined)))
  } finally {
    await child.kill()
    await folder.remove()
  }
}

describe.skipIf(!requireCommands([...rayCommands, 'ip']))('the Ray clusters to deploy', () => {
  it.each(composeFiles)('%s starts a head and a worker that joins it, with a token and with its ports', async (name) => {
    expect(await lookAtCluster(name)).toEqual({
      nodes: [
        { CPU: 1, GPU: 0 },
        { CPU: 3, GPU: name.startsWith('gpu') ? 1 : 0 }
      ],
      'without-token': 401,
      metrics: [true, true],
      client: true
    })
  })

  it.each(kubeRayFiles)('%s gives ray start options that it has', async (name) => {
    const help = await outputOf([rayCommand, 'start', '--help'])
    for (const option of Object.keys(readKubeRayValues(name).head.rayStartParams)) {
      expect(help).toMatch(new RegExp(`^ +--${option} `, 'm'))
    }
  })
})
