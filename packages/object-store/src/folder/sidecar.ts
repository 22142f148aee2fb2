import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hasCode } from '@lautta/core/errors'
import type { TemporaryFolder } from './temporary-folder.ts'

/** What a file system does not keep of an object. It belongs to the file of this size, time and inode. */
export interface Sidecar {
  usedBytes: number
  modifiedNs: string
  inode: string
  etag: string
  contentType: string
  metadata: Readonly<Record<string, string>>
}

/**
 * Where sidecars lie: beside the buckets, so that nobody takes them for objects. Before a file is replaced its sidecar
 * names both, the old and the new; each reader takes the one that fits the file it opened. So there is no moment in
 * which an object has another one's metadata.
 */
export function sidecarPath(root: string, bucket: string, path: string): string {
  const folders = path.split('/')
  const name = folders.pop()
  // Folders and sidecars end otherwise, so that no name of one is a name of the other.
  return join(root, '.meta', bucket, ...folders.map((folder) => `${folder}.d`), `${name}.m`)
}

/** The sidecars of an object's path: none, one, or two while it is being replaced. */
export async function readSidecars(file: string): Promise<Sidecar[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Sidecar[]
  } catch (error) {
    // Missing or torn: the ETag is computed again.
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG') || error instanceof SyntaxError) return []
    throw error
  }
}

/** The sidecar of a file. */
export function findSidecar(
  sidecars: readonly Sidecar[],
  file: { size: bigint; mtimeNs: bigint; ino: bigint }
): Sidecar | undefined {
  const fitting = sidecars.filter(
    ({ usedBytes, modifiedNs }) => BigInt(usedBytes) === file.size && modifiedNs === String(file.mtimeNs)
  )
  // Time stands still for some milliseconds in a file system, so that both may fit; in a copied store no inode does.
  return fitting.find(({ inode }) => inode === String(file.ino)) ?? fitting[0]
}

/** Puts the sidecars into place, whole. */
export async function writeSidecars(file: string, sidecars: readonly Sidecar[], temporary: TemporaryFolder): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await temporary.moveTo(await temporary.write(JSON.stringify(sidecars)), file)
}
