import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeystoneServer } from '../servers/keystone.ts'
import type { SwiftServer } from '../servers/swift.ts'
import { runPython } from './python.ts'

/** What a notebook reads of a pickled view. */
export interface ReadView {
  /** As `pickle.loads` gives it. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  loaded: any
  /** As seed 000's models dump it. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  model: any
  version: string
}

/** A notebook of seed 000, in real Python, beside a Lautta on the same Swift; `folder` is for its .env file. */
export async function openNotebook(keystone: KeystoneServer, swift: SwiftServer, user: string, folder: string) {
  const env = join(folder, '.env')
  const { name, password } = keystone.user
  const settings = { env, user, 'auth-url': keystone.authUrl, url: swift.storageUrl }
  const credential = { USERNAME: name, PASSWORD: password, USER_DOMAIN_NAME: 'Default', PROJECT_NAME: keystone.projectName }
  await writeFile(
    env,
    Object.entries(credential)
      .map(([key, value]) => `CSC_${key} = "${value}"\n`)
      .join('')
  )
  const script = await readFile(new URL('notebook.py', import.meta.url), 'utf8')
  const run = async (command: object): Promise<unknown> => {
    const [answer] = (await runPython(script, JSON.stringify(settings), JSON.stringify([command]))) as unknown[]
    return answer
  }
  return {
    /** Pickles a dictionary and puts it, as the seed does: what is there is deleted first. */
    put: (id: string, content: object) => run({ do: 'put', name: `${id}.pkl`, content }),
    /** A pickle that makes the file when it is loaded. */
    putEvil: (id: string, file: string) => run({ do: 'put-evil', name: `${id}.pkl`, content: file }),
    delete: (id: string) => run({ do: 'delete', name: `${id}.pkl` }),
    /** The order on a platform, loaded and validated; null before there is a view. */
    async read(id: string, platform: string): Promise<ReadView | null> {
      return (await run({ do: 'read', name: id, names: [`${platform}.pkl`] })) as ReadView | null
    },
    /** Puts a batch script into the pipeline bucket, below CODE. */
    putCode: (name: string, content: string) => run({ do: 'put-text', bucket: 'pipeline', kind: 'code', name, content }),
    async readText(path: string): Promise<string> {
      const [kind, ...name] = path.split('/')
      return (await run({ do: 'read-text', bucket: 'pipeline', kind, name: name.join('/') })) as string
    }
  }
}
export type Notebook = Awaited<ReturnType<typeof openNotebook>>
