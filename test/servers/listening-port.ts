import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

const listening = '0A'

/**
 * The port on which a process listens, so that it can pick a free one itself, and that no other server is taken for it;
 * undefined when it listens on none yet.
 */
export async function listeningPort(pid: number): Promise<number | undefined> {
  const sockets = new Set(await openSockets(`/proc/${pid}/fd`))
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/))
  const own = rows.find(([, , , state, , , , , , inode = '']) => state === listening && sockets.has(`socket:[${inode}]`))
  const port = own?.[1]?.split(':')[1]
  return port === undefined ? undefined : Number.parseInt(port, 16)
}

// The process may close what we look at, and end.
async function openSockets(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => '')))
}
