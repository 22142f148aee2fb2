import { createHash } from 'node:crypto'
import { UnavailableError } from '@lautta/core/errors'
import type { RemoteShell } from '../remote-shell.ts'
import { hashFiles } from './hash-files.ts'
import { readTar } from './read-tar.ts'
import { listNames, startScript } from './run-script.ts'
import { watchForStall } from './watch-for-stall.ts'

/** A small file of a platform, as it was when its checksum was read there. */
export interface ReadFile {
  path: string
  content: Buffer
  sha1: string
}

/** How many files are received at once. */
const mostAtOnce = 8

/**
 * Reads many small files, by their `remotePath`, through one channel; each is handed over when it has the checksum that
 * the platform computed before. Answers what became of the others: why one can't be read, or `null` for one that is not
 * what it was a moment before.
 */
export async function readFiles(
  shell: RemoteShell,
  paths: readonly string[],
  mostBytes: number,
  receive: (file: ReadFile) => Promise<void>
): Promise<Map<string, string | null>> {
  const { sha1s, complaints } = await hashFiles(shell, paths)
  const missing = new Map<string, string | null>([...complaints, ...[...sha1s.keys()].map((path) => [path, null] as const)])
  if (sha1s.size === 0) return missing
  const script = 'exec tar -c -h -P --format=gnu --hard-dereference --no-recursion --ignore-failed-read --null -T - -f -'
  const started = await startScript(shell, script)
  const stalls = watchForStall(started.abandon)
  started.stdout.on('data', stalls.progressed).pause()
  started.stderr.resume()
  started.stdin.end(listNames([...sha1s.keys()]))
  const receiving = new Set<Promise<void>>()
  let failure: { cause: unknown } | null = null
  const begin = (file: ReadFile): void => {
    const one = receive(file)
      .catch((cause: unknown) => {
        failure ??= { cause }
      })
      .finally(() => receiving.delete(one))
    receiving.add(one)
  }
  try {
    for await (const { name, content } of readTar(started.stdout, mostBytes)) {
      const sha1 = content === null ? null : createHash('sha1').update(content).digest('hex')
      if (content === null || sha1 === null || sha1s.get(name) !== sha1) continue
      missing.delete(name)
      begin({ path: name, content, sha1 })
      if (receiving.size >= mostAtOnce) await Promise.race(receiving)
      if (failure !== null) break
    }
  } catch (cause) {
    failure ??= { cause: new UnavailableError('reading files was interrupted', { cause }) }
  } finally {
    stalls.end()
    started.abandon()
  }
  await Promise.all(receiving)
  if (failure !== null) throw failure.cause
  return missing
}
