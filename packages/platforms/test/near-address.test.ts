import { UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { addressOf } from '../src/ray/near-address.ts'
import { remoteForward } from './remote-forward.ts'

const ports = { dashboard: 30_000, client: 30_001, gcs: 30_002, serve: 30_003 }
const near = { dashboard: 8401, client: 8402, serve: 8450 }

describe('the address of a service of a cluster in a job', () => {
  it('is on its head, unless both the cluster and the configuration know a remote forward', () => {
    const onHead = { host: 'n1', port: 30_003 }
    expect(addressOf({ headAddress: 'n1', ports }, 'serve', remoteForward)).toEqual(onHead)
    expect(addressOf({ headAddress: 'n1', ports, near }, 'serve', null)).toEqual(onHead)
    expect(addressOf({ headAddress: 'n1', ports, near }, 'serve', remoteForward)).toEqual({ host: '127.0.0.1', port: 8450 })
  })

  it('is never at a port of ours outside of the range', () => {
    for (const port of [22, 8400, 8451]) {
      const forged = { headAddress: 'n1', ports, near: { ...near, dashboard: port } }
      expect(() => addressOf(forged, 'dashboard', remoteForward), String(port)).toThrow(UnavailableError)
    }
  })
})
