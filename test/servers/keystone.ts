import { type Identity, type KeystoneLogin, logIn } from './keystone-login.ts'
import { launchKeystone } from './keystone-process.ts'
import {
  administrator,
  type KeystoneSeed,
  makeApplicationCredential,
  member,
  projectName,
  reader,
  setStoreEndpoint
} from './keystone-seed.ts'
import { copyKeystoneTemplate } from './keystone-template.ts'
import { makePrivateFolder } from './private-folder.ts'

/** For `requireCommands`. */
export const keystoneCommands = ['keystone-manage', 'setpriv']

export interface KeystoneServer extends KeystoneSeed {
  /** "http://127.0.0.1:<port>/v3" */
  readonly authUrl: string
  readonly projectName: string
  /** Member of the project. */
  readonly user: { readonly name: string; readonly password: string }
  /** May read in the project, but not write. */
  readonly reader: { readonly name: string; readonly password: string }
  readonly pid: number
  readonly directory: string
  /** Another process over the same database, whose tokens live so long; the address of it. */
  startShort(tokenSeconds?: number): Promise<string>
  /** A token of the application credential, unless told otherwise. */
  logIn(identity?: Identity): Promise<KeystoneLogin>
  /** The store's address in the catalogue: "http://…/AUTH_%(project_id)s" */
  setObjectStoreUrl(url: string): Promise<void>
  /** Another one of the user; `expiresAt` as Keystone takes it: "2026-11-21T12:00:00" (UTC) */
  makeApplicationCredential(options?: { expiresAt?: string }): Promise<{ id: string; secret: string }>
  stop(): Promise<void>
}

/** Tests of credentials need a real Keystone, with its real refusals; it is thrown away at `stop`. */
export async function startKeystone(options: { tokenSeconds?: number } = {}): Promise<KeystoneServer> {
  const folder = await makePrivateFolder('keystone')
  const children: { kill(): Promise<void> }[] = []
  const launch = async (tokenSeconds: number) => {
    const launched = await launchKeystone(folder.path, tokenSeconds)
    children.push(launched.child)
    return launched
  }
  const seed = await copyKeystoneTemplate(folder.path)
  const { child, authUrl } = await launch(options.tokenSeconds ?? 3600)
  return {
    ...seed,
    authUrl,
    projectName,
    user: member,
    reader,
    pid: child.pid,
    directory: folder.path,
    startShort: async (tokenSeconds = 20) => (await launch(tokenSeconds)).authUrl,
    logIn: (identity = { applicationCredential: seed.applicationCredential }) => logIn(authUrl, identity),
    setObjectStoreUrl: async (url) => setStoreEndpoint(await logIn(authUrl, administrator), url),
    makeApplicationCredential: async (wanted = {}) =>
      makeApplicationCredential(await logIn(authUrl, { ...member, project: projectName }), wanted),
    stop: async () => {
      await Promise.all(children.map((each) => each.kill()))
      await folder.remove()
    }
  }
}
