import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Ask } from './rest-client.ts'

/** Puts an example of a Ray job into the pipeline bucket; answers the directory there. */
export async function putExample(ask: Ask, name: 'processing' | 'fan-out'): Promise<string> {
  const folder = fileURLToPath(new URL(`../../examples/ray/${name}/`, import.meta.url))
  const directory = `CODE/RAY/${name}`
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.py'))
  for (const path of files) {
    const { status, text } = await ask(`/v1/objects/pipeline/${directory}/${path}`, {
      method: 'PUT',
      body: readFileSync(folder + path)
    })
    if (status >= 300) throw new Error(text)
  }
  return directory
}

/** What the example `processing` is given: little of everything. */
export function processingParameters(process: object) {
  return {
    'process-parameters': { 'worker-number': 2, 'actor-number': 2, 'cpus-each': 0.25, ...process },
    'storage-parameters': {},
    'data-parameters': {
      amount: 23,
      lengths: [2, 3, 4],
      extensions: ['txt', 'py'],
      priority: { txt: 1, py: 2 },
      'tuple-batch': 5,
      'stats-batch': 2
    }
  }
}
