import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { inOwnProcess } from './own-process.ts'
import { processesNaming } from './processes.ts'
import { requireCommands } from './require-server.ts'
import { ssh } from './ssh.ts'
import { sshCommands, startSshServer } from './ssh-server.ts'

describe.skipIf(!requireCommands([...sshCommands, 'ssh']))('an sshd alone', () => {
  it('lets its user in, with the login shell and the home that were asked for', async () => {
    const server = await startSshServer({ loginShell: '/bin/dash' })
    expect(await ssh(server, 'echo "$USER $0 $HOME"; id -u')).toMatchObject({
      stdout: `csc dash ${server.home}\n20001\n`,
      exitCode: 0
    })
    expect(await server.words()).toContain('Accepted publickey for csc')
    await server.stop()
    await until(() => processesNaming(server.home.replace(/\/home$/, '')).length === 0)
    await expect(readFile(join(server.home, '.ssh/authorized_keys'))).rejects.toThrow('ENOENT')
  })
  it('ends with the process that started it, however that ends', async () => {
    const owner = inOwnProcess(`
      import { startSshServer } from './ssh-server.ts'
      console.log((await startSshServer()).home)
      setInterval(() => {}, 1000)`)
    const home: string = (await owner.lines.next()).value
    const folder = home.replace(/\/home$/, '')
    expect(processesNaming(folder)).not.toEqual([])
    const ended = once(owner.child, 'exit')
    owner.child.kill('SIGKILL')
    await ended
    await until(() => processesNaming(folder).length === 0)
  })
})
