import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const example = (name: string) => readFileSync(new URL(`../../../../examples/pi/${name}`, import.meta.url))

/** The batch script, as a user puts it into the pipeline bucket. */
export const scriptObject = { path: 'CODE/SLURM/pi.sh', content: example('pi.sh') }

/** An order in the shape of seed 000: files to send, a job, files to bring back. */
export function piOrder(folder: string): object {
  const onPlatform = (name: string) => ({ place: 'hpc/local', path: join(folder, name), value: 'None' })
  return {
    name: 'estimate-pi',
    platforms: {
      local: {
        files: {
          send: [
            {
              transfer: {
                source: { place: 'storage/allas/pipeline', path: `/${scriptObject.path}`, value: 'None' },
                target: onPlatform('pi.sh')
              },
              overwrite: true
            },
            {
              transfer: {
                source: { place: 'inline', path: 'range.txt', value: example('range.txt').toString() },
                target: onPlatform('range.txt')
              },
              overwrite: true
            }
          ],
          get: [
            {
              transfer: {
                source: onPlatform('pi.txt'),
                target: { place: 'storage/allas/pipeline', path: 'DATA/pi/{0}.txt', value: 'None' }
              },
              remove: true
            }
          ]
        },
        jobs: [{ path: join(folder, 'pi.sh'), id: 'None' }]
      }
    }
  }
}
