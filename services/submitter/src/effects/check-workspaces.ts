import { type LauttaError, PlatformDiskError, RefusedError } from '@lautta/core/errors'
import { judgeRoom, type NewFile } from '@lautta/core/workspaces/judge-room'
import { absolutePath, isInside } from '@lautta/core/workspaces/workspace-paths'
import { measureFiles } from '@lautta/platforms/files/file-parts'
import { remotePath } from '@lautta/platforms/files/run-script'
import { partContentPath } from '@lautta/platforms/files/write-file'
import type { KnownEnvironment } from '../known-environment.ts'
import type { LiveOrder } from '../live-order.ts'
import { type FileToSend, listFilesToSend, targetOf } from './files-to-send.ts'
import type { JobWork } from './job-work.ts'
import { identityOf, writerOf } from './send-files.ts'

type Told = NonNullable<Awaited<ReturnType<KnownEnvironment['findWorkspaces']>>>

/** By which request it was judged, of which workspaces, and what stands in the way. */
interface Judged {
  request: JobWork['part']
  at: string | null
  complaint: LauttaError | null
}

/**
 * Looks before anything is made on the platform whether the user's disk areas have room for the files, and whether the
 * venv lies in them. Where the platform does not tell, nothing is in the way.
 */
export function createCheckWorkspaces(environment: KnownEnvironment) {
  const judged = new WeakMap<LiveOrder, Judged>()
  const told = new WeakSet<LiveOrder>()

  const judge = async (work: JobWork, found: Told): Promise<LauttaError | null> => {
    const last = judged.get(work.order)
    // Each pass comes here, and files are not measured each time.
    if (last?.request === work.part && last.at === found.workspacesFoundAt) return last.complaint
    const complaint = complaintAboutVenv(work, found) ?? (await complaintAboutRoom(work, found))
    judged.set(work.order, { request: work.part, at: found.workspacesFoundAt, complaint })
    return complaint
  }

  const tellUnreadable = async ({ order, known, notice }: JobWork, { unreadableLines }: Told): Promise<void> => {
    const [first] = unreadableLines
    if (first === undefined || told.has(order)) return
    told.add(order)
    await notice(`${known.workspacesCommand} on ${known.name} prints what can not be read, so not all quotas are known: ${first}`)
  }

  return async (work: JobWork): Promise<void> => {
    await environment.refresh(work)
    if (work.part.files.send.length === 0 && !hasVenv(work)) return
    const found = await environment.findWorkspaces(work)
    if (found === null) return
    await tellUnreadable(work, found)
    if ((await judge(work, found)) === null) return
    // Before anything waits or is refused it is asked once more: somebody may have made room.
    const again = await environment.findWorkspacesAgain(work)
    const complaint = again === null ? null : await judge(work, again)
    if (complaint !== null) throw complaint
  }
}
export type CheckWorkspaces = ReturnType<typeof createCheckWorkspaces>

function hasVenv({ part }: JobWork): boolean {
  const { name, path } = part.configs.venv
  return name !== 'None' && path !== 'None'
}

function complaintAboutVenv(work: JobWork, { directory, workspaces, unreadableLines }: Told): LauttaError | null {
  // What could not be read may be the very area.
  if (!hasVenv(work) || workspaces.length === 0 || unreadableLines.length > 0) return null
  const { name, path } = work.part.configs.venv
  const areas = [directory, ...workspaces.map((one) => one.path)]
  const absolute = absolutePath(`${path}/${name}`, directory)
  if (areas.some((area) => isInside(absolute, area))) return null
  return new RefusedError(`configs.venv.path: ${path} lies in none of your workspaces on ${work.known.name}`, {
    hint: `they are ${[...new Set(areas)].join(', ')}`
  })
}

async function complaintAboutRoom(work: JobWork, { directory, workspaces }: Told): Promise<LauttaError | null> {
  if (workspaces.length === 0 || work.part.files.send.length === 0) return null
  const room = judgeRoom(await listNewFiles(work), directory, workspaces)
  switch (room.kind) {
    case 'enough':
      return null
    case 'never':
      return new RefusedError(`files.send[${room.index}]: ${room.words}`, { hint: 'send it to a larger disk area' })
    case 'full':
      return new PlatformDiskError(room.words, {
        hint: 'remove files there, or ask for a larger quota: it then goes on by itself'
      })
  }
}

/**
 * The files that will be sent, with what they replace, and what of them has arrived already: one that is there, and may
 * not be overwritten, is kept.
 */
async function listNewFiles(work: JobWork): Promise<NewFile[]> {
  const files = (await listFilesToSend(work)).map((file) => ({ ...file, ...placesOf(work, file) }))
  const there = await measureFiles(
    work.platform.shell,
    files.flatMap(({ target, part }) => [target, part])
  )
  return files.flatMap(({ index, target, part, usedBytes, overwrite }): NewFile[] => {
    if (!overwrite && there.has(target)) return []
    const thereBytes = (there.get(target) ?? 0) + (there.get(part) ?? 0)
    return [{ index, path: target, usedBytes, thereBytes: there.has(target) || thereBytes > 0 ? thereBytes : null }]
  })
}

function placesOf(work: JobWork, file: FileToSend): { target: string; part: string } {
  const target = remotePath(targetOf(file))
  const identity = identityOf(file.source)
  return { target, part: partContentPath(target, { identity, usedBytes: file.usedBytes }, writerOf(work)) }
}
