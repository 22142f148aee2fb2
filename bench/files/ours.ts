import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile as readLocal, stat, writeFile as writeLocal } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { findFiles } from '../../packages/platforms/src/files/find-files.ts'
import { readFile } from '../../packages/platforms/src/files/read-file.ts'
import { readFiles } from '../../packages/platforms/src/files/read-files.ts'
import { writeFile } from '../../packages/platforms/src/files/write-file.ts'
import { writeFiles } from '../../packages/platforms/src/files/write-files.ts'
import type { RemoteShell } from '../../packages/platforms/src/remote-shell.ts'
import { gatherBatches, mostSmallBytes, splitBySize, transferAll } from '../../services/submitter/src/effects/transfer-batches.ts'
import type { Peer } from './stage.ts'

const writer = 'bench'

/** What the submitter does, with a folder in the place of the object store. */
export function ours(shell: RemoteShell): Peer {
  return {
    async send({ here, there }) {
      const names = await readdir(here)
      const all = await Promise.all(names.map(async (name) => ({ name, usedBytes: (await stat(join(here, name))).size })))
      const { small, large } = splitBySize(all)
      await transferAll(
        gatherBatches(small, () => ''),
        async (batch) => {
          const read = async ({ name }: { name: string }) => ({
            path: name,
            isSecret: false,
            content: await readLocal(join(here, name))
          })
          await writeFiles(shell, there, await Promise.all(batch.map(read)), { writer })
        }
      )
      await transferAll(large, ({ name, usedBytes }) => {
        const open = async (start: number) => createReadStream(join(here, name), { start, highWaterMark: 256 * 1024 })
        const source = { usedBytes, identity: name, open }
        return writeFile(shell, `${there}/${name}`, source, { writer, isSecret: false })
      })
    },
    async get({ here, there }) {
      await mkdir(here)
      const { files } = await findFiles(shell, `${there}/*`)
      const { small, large } = splitBySize(files)
      await transferAll(
        gatherBatches(small, () => ''),
        async (batch) => {
          const names = new Map(batch.map(({ path, below }) => [path, below]))
          await readFiles(shell, [...names.keys()], mostSmallBytes, ({ path, content }) => {
            return writeLocal(join(here, names.get(path) ?? ''), content)
          })
        }
      )
      await transferAll(large, async ({ path, below }) => {
        const { content, summary } = readFile(shell, path)
        await pipeline(content, createWriteStream(join(here, below)))
        if (summary().hasChanged) throw new Error(`${path} changed`)
      })
    }
  }
}
