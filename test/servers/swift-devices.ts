import { statfs } from 'node:fs/promises'
import { makePrivateFolder, type PrivateFolder } from './private-folder.ts'
import { run } from './run.ts'

const enoughBytes = 4 * 1024 ** 3
const setAttribute = 'import os, sys; os.setxattr(sys.argv[1], "user.test", bytes(4000))'

/** Where a Swift keeps its objects: in memory where that has the room, because ext4 takes 4 kB of metadata at most. */
export async function makeSwiftDevices(): Promise<PrivateFolder> {
  const { bavail, bsize } = await statfs('/dev/shm').catch(() => ({ bavail: 0, bsize: 0 }))
  if (bavail * bsize < enoughBytes) return makePrivateFolder('swift-devices')
  const inMemory = await makePrivateFolder('swift-devices', '/dev/shm')
  const { exitCode } = await run(['/usr/bin/python3', '-c', setAttribute, inMemory.path])
  if (exitCode === 0) return inMemory
  await inMemory.remove()
  return makePrivateFolder('swift-devices')
}
