import type { Lease } from '@lautta/queue/leases'
import { describe, expect, it } from 'vitest'
import { createHeldLease } from '../src/held-lease.ts'
import { LeaseLostError } from '../src/session-ports.ts'

/** Gives out leases as Redis does, with the fences of others in between when `skip` says so. */
function createIssuer() {
  const issued: { floor: number; lease: Lease; end(): void }[] = []
  let last = 100
  return {
    issued,
    isTaken: false,
    skip: () => last++,
    async acquire(this: { isTaken: boolean }, floor: number): Promise<Lease | null> {
      if (this.isTaken) return null
      const previousFence = last
      last = Math.max(last + 1, floor)
      let remaining = 30_000
      const end = () => {
        remaining = 0
      }
      const lease = { fence: last, previousFence, remainingMs: () => remaining, release: async () => end() }
      issued.push({ floor, lease, end })
      return lease
    }
  }
}

function hold() {
  const issuer = createIssuer()
  let interruptions = 0
  const lease = createHeldLease((floor) => issuer.acquire(floor))
  const take = () => lease.hold(() => interruptions++)
  return { issuer, lease, take, interruptions: () => interruptions }
}

describe('a held lease', () => {
  it('is taken once, kept, and given back', async () => {
    const { issuer, lease, take } = hold()
    expect([await take(), await take(), issuer.issued.length]).toEqual(['held', 'held', 1])
    await lease.giveBack()
    expect(() => lease.current()).toThrow(LeaseLostError)
    expect([await take(), issuer.issued.length]).toEqual(['held', 2])
  })
  it('is elsewhere while another has it', async () => {
    const { issuer, take } = hold()
    issuer.isTaken = true
    expect(await take()).toBe('elsewhere')
  })
  it('tells whether somebody may have acted since it was held before', async () => {
    const { issuer, lease, take, interruptions } = hold()
    await take()
    expect(interruptions()).toBe(1)
    await lease.giveBack()
    await take()
    expect(interruptions()).toBe(1)
    await lease.giveBack()
    issuer.skip()
    await take()
    expect(interruptions()).toBe(2)
  })
  it('that has ended is no right to anything, and is taken anew', async () => {
    const { issuer, lease, take } = hold()
    await take()
    issuer.issued[0]!.end()
    expect(() => lease.current()).toThrow('the lease has ended')
    expect([await take(), issuer.issued.length]).toEqual(['held', 2])
  })
  it('that was lost to a higher fence comes back above it', async () => {
    const { issuer, lease, take } = hold()
    await take()
    lease.lose(new LeaseLostError('higher', 5000))
    await take()
    expect([issuer.issued[1]!.floor, lease.current().fence]).toEqual([5000, 5000])
  })
})
