import type { Benchmark, Comparison, Scale, Turn } from '../benchmark.ts'
import { clientOfPort, clientOfUndici } from './client.ts'
import { measureMemory } from './memory.ts'
import { bucket, openStage } from './stage.ts'
import { type Load, takeLargeTurn, takePythonTurn, takeSmallTurn } from './turns.ts'

const mebibyte = 1024 ** 2
const loads: Readonly<Record<Scale, Load>> = {
  full: { count: 400, atOnce: 8, largeBytes: 128 * mebibyte },
  quick: { count: 50, atOnce: 8, largeBytes: 16 * mebibyte }
}
const bare = 'bare undici'

/**
 * Objects through the port and through `/v1/objects`, beside the same requests by bare undici and by python-swiftclient:
 * all to one Ceph RGW that keeps everything in memory, so that the client's share of the time is as large as can be.
 */
export const objects: Benchmark = {
  name: 'objects',
  async prepare(scale) {
    const load = loads[scale]
    const stage = await openStage()
    const { storageUrl, token } = stage
    const clients = {
      'the port, Swift': clientOfPort(stage.swift, bucket),
      'the port, S3': clientOfPort(stage.s3, bucket),
      '/v1/objects': clientOfUndici(`${stage.forwarderUrl}/v1/objects/pipeline`, { authorization: `Bearer ${stage.apiKey}` }),
      [bare]: clientOfUndici(`${storageUrl}/${bucket}`, { 'x-auth-token': token }),
      'bare undici and MD5': clientOfUndici(`${storageUrl}/${bucket}`, { 'x-auth-token': token }, true)
    }
    const compare = (title: string, size: 'small' | 'large', verb: 'put' | 'get'): Comparison => {
      const takeTurn = size === 'small' ? takeSmallTurn : takeLargeTurn
      const peers = Object.entries(clients).map(([name, client]) => [name, () => takeTurn(client, verb, load)])
      const python = (): Promise<Turn> => takePythonTurn({ storageUrl, token, bucket }, `${size}-${verb}`, load)
      const unit = size === 'small' ? 'objects/s' : 'MB/s'
      return { title, unit, reference: bare, peers: { ...Object.fromEntries(peers), 'python-swiftclient': python } }
    }
    return {
      comparisons: [
        compare('put 1 kB, 8 at once', 'small', 'put'),
        compare('get 1 kB, 8 at once', 'small', 'get'),
        compare(`put ${load.largeBytes / mebibyte} MiB`, 'large', 'put'),
        compare(`get ${load.largeBytes / mebibyte} MiB`, 'large', 'get'),
        {
          title: "the forwarder's most memory while one object goes up and down",
          unit: 'MiB',
          reference: '16 MiB',
          rounds: 3,
          peers: {
            '2 GiB': () => measureMemory(stage.forwarderPid, clients['/v1/objects'], 2048 * mebibyte),
            '16 MiB': () => measureMemory(stage.forwarderPid, clients['/v1/objects'], 16 * mebibyte)
          }
        }
      ],
      close: stage.close
    }
  }
}
