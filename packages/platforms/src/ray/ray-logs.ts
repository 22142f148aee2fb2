import { LauttaError, messageOf, UnavailableError } from '@lautta/core/errors'
import { mapLimited } from '@lautta/core/map-limited'
import type { FilePart, FileState } from '../files/file-parts.ts'
import type { LogReader } from '../log-reader.ts'
import type { RayApi } from './ray-api.ts'
import { outcomeOfRayState } from './ray-state.ts'

const prefix = 'ray:'
const measuredAtOnce = 4

/** How the log of a Ray job is named among paths of logs: Ray has one for both streams. */
export function rayLogPath(submissionId: string): string {
  return `${prefix}${submissionId}`
}

/** Where the log of a Ray job lies; `none`: nothing can stand in it yet, or ever. */
type LogPlace = { kind: 'unknown' } | { kind: 'none' } | { kind: 'file'; nodeId: string; fileName: string }

/**
 * Reads the logs of Ray jobs. Ray sends a log as a whole only, so that is what each look costs the network between; what
 * was read before is let go as it comes.
 */
export function createRayLogs(api: RayApi): LogReader {
  const findLog = async (path: string): Promise<LogPlace> => {
    const submissionId = path.startsWith(prefix) ? path.slice(prefix.length) : ''
    const job = submissionId === '' ? null : await api.findRayJob(submissionId)
    if (job === null) return { kind: 'unknown' }
    const fileName = `job-driver-${submissionId}.log`
    if (job.driverNodeId !== null) return { kind: 'file', nodeId: job.driverNodeId, fileName }
    // Before its driver begins, on a node that we do not know yet, the head notes there why it could not.
    if (outcomeOfRayState(job.status, job.errorType, job.message) === null) return { kind: 'none' }
    const head = (await api.describe()).nodes.find(({ isHead, isAlive }) => isHead && isAlive)
    return head === undefined ? { kind: 'none' } : { kind: 'file', nodeId: head.id, fileName }
  }

  const measure = async (path: string): Promise<number | null | undefined> => {
    const place = await findLog(path)
    if (place.kind === 'unknown') return undefined
    if (place.kind === 'none') return 0
    const log = await api.openLog(place.nodeId, place.fileName)
    if ('refused' in log) return isMissing(log.refused) ? undefined : null
    let usedBytes = 0
    for await (const chunk of log) usedBytes += chunk.length
    return usedBytes
  }

  return {
    async look(paths) {
      const sizes = await mapLimited(paths, measuredAtOnce, async (path) => [path, await measure(path).catch(explain)] as const)
      return new Map(sizes.flatMap(([path, size]) => (size === undefined ? [] : [[path, describe(size)] as const])))
    },
    async *read(parts, mostBytes) {
      for (const [part, wanted] of parts.entries()) {
        if (wanted.usedBytes === 0) continue
        const place = await findLog(wanted.path)
        const log = place.kind === 'file' ? await api.openLog(place.nodeId, place.fileName) : { refused: 'it is not there' }
        if ('refused' in log) throw new UnavailableError(`${wanted.path} can not be read: ${log.refused}`)
        let from = 0
        try {
          for await (const bytes of cut(log, wanted, mostBytes)) {
            yield { part, from, bytes }
            from += bytes.length
          }
        } catch (error) {
          explain(error)
        } finally {
          log.destroy()
        }
        if (from < wanted.usedBytes) throw new UnavailableError(`${wanted.path} can not be read: it became shorter`)
      }
    }
  }
}

/** Ray tells of a log no more than its bytes. */
function describe(usedBytes: number | null): FileState | null {
  return usedBytes === null ? null : { usedBytes, inode: null, modified: null }
}

/** The wanted bytes of a whole, `mostBytes` at a time. */
async function* cut(whole: AsyncIterable<Buffer>, { offset, usedBytes }: FilePart, mostBytes: number): AsyncGenerator<Buffer> {
  let at = 0
  let gathered: Buffer[] = []
  let gatheredBytes = 0
  for await (const chunk of whole) {
    let rest = chunk.subarray(Math.max(0, offset - at), Math.max(0, offset + usedBytes - at))
    at += chunk.length
    while (gatheredBytes + rest.length >= mostBytes) {
      const missing = mostBytes - gatheredBytes
      yield Buffer.concat([...gathered, rest.subarray(0, missing)])
      rest = rest.subarray(missing)
      gathered = []
      gatheredBytes = 0
    }
    if (rest.length > 0) gathered.push(rest)
    gatheredBytes += rest.length
    if (at >= offset + usedBytes) break
  }
  if (gatheredBytes > 0) yield Buffer.concat(gathered)
}

/** The driver has begun, and has not written anything yet. */
function isMissing(words: string): boolean {
  return /file is not found/i.test(words)
}

function explain(error: unknown): never {
  if (error instanceof LauttaError) throw error
  throw new UnavailableError(`the connection to Ray broke while it sent a log: ${messageOf(error)}`, { cause: error })
}
