import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { ForwardTarget } from '@lautta/core/documents/forward-document'
import { beginForward, tellForward } from '@lautta/core/forwards/forward-status'
import { mostLineBytes, writePreambleAnswer } from '@lautta/core/forwards/preamble'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { readFirstLine } from '@lautta/runtime/read-first-line'
import { asJson } from '../../../test/support/rest-client.ts'
import type { TestApi } from './open-api.ts'

/** An open forward of the user `local`, held in the place of a submitter. */
export interface HeldForward {
  id: string
  /** All connections that came with a preamble. */
  sockets: Socket[]
  /** The next ones reach the service when what this answers is called. */
  stall(): () => void
  close(): void
}

/** Asks for a forward to the cluster `compose`, and holds it: behind it is `service`. */
export async function holdForward(api: TestApi, name: ForwardTarget['service'], service: Server): Promise<HeldForward> {
  const sockets: Socket[] = []
  let opening = Promise.resolve()
  const port = createServer({ allowHalfOpen: true }, async (socket) => {
    // Connections that break off are what these tests are about.
    socket.on('error', () => {})
    await readFirstLine(socket, mostLineBytes, 5000)
    sockets.push(socket)
    await opening
    socket.write(`${writePreambleAnswer(null)}\n`)
    service.emit('connection', socket)
  }).listen(0, '127.0.0.1')
  await once(port, 'listening')
  const { json } = await api.ask('/v1/forwards', asJson({ platform: 'compose', service: name }))
  const { management } = openInstallation(api.config, createLogger('silent'))
  const address = { host: '127.0.0.1', port: (port.address() as AddressInfo).port }
  const open = tellForward(beginForward(json.id), { state: 'open', attempt: null }, address, new Date().toISOString())
  await management.writeForwardStatus('local', { ...open, fence: 1 })
  return {
    ...{ id: json.id, sockets },
    stall() {
      let open = (): void => {}
      opening = new Promise((resolve) => {
        open = resolve
      })
      return open
    },
    close() {
      port.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
