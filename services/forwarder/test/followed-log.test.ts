import { expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { createFollowedLog } from '../src/follow/followed-log.ts'

it('one who stops in the middle holds what was read for him, and no more of the log', async () => {
  const part = { path: 'log', usedBytes: 0 }
  const log = createFollowedLog({
    look: async () => ({ parts: [{ ...part }], end: null }),
    readBytes: async (_parts, _from, bytes) => Buffer.alloc(bytes),
    logger: { debug: () => {} }
  })
  const { signal } = new AbortController()
  const held: Buffer[] = []
  for (const usedBytes of [1, 1_000_000, 2_000_000]) {
    part.usedBytes = usedBytes
    log.lookAgain()
    await until(() => log.usedBytes() === usedBytes)
    held.push(await log.read(usedBytes - 1, signal))
  }
  const heldBytes = held.map(({ buffer }) => buffer.byteLength)
  expect(Math.max(...heldBytes)).toBeLessThanOrEqual(256 * 1024)
  await log.close()
})
