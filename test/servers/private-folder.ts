import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface PrivateFolder {
  readonly path: string
  remove(): Promise<void>
}

// The end of its input is our request, or our death. Then the servers die as well, but one may still be writing.
const caretaker = 'cat; for _ in 1 2 3 4 5 6 7 8 9; do rm -rf "$0" && break; sleep 0.1; done'

/** A folder for one server. It is removed in any case: by `remove`, or when this process ends in whatever way. */
export async function makePrivateFolder(name: string, parent: string = tmpdir()): Promise<PrivateFolder> {
  const path = await mkdtemp(join(parent, `${name}-`))
  const child = spawn('sh', ['-c', caretaker, path], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  await once(child, 'spawn')
  return {
    path,
    remove: async () => {
      child.stdin.end()
      await ended
    }
  }
}
