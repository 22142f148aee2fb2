import { freePort } from './free-port.ts'

/** Starts a server that can't pick its port itself; a few attempts, since another may take the port meanwhile. */
export async function onFreePort<Server>(start: (port: number) => Promise<Server>): Promise<Server> {
  for (let left = 2; ; left--) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (left === 0) throw error
    }
  }
}
