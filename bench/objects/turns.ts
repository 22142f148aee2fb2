import { performance } from 'node:perf_hooks'
import { runPython } from '../../test/support/python.ts'
import type { Turn } from '../benchmark.ts'
import type { Client } from './client.ts'

const smallContent = Buffer.alloc(1024, 'x')
const megabyte = 1e6

/** How much one turn does. */
export interface Load {
  /** Small objects, and how many are under way at once. */
  count: number
  atOnce: number
  /** Of a large object. */
  largeBytes: number
}

/** Puts or gets many small objects: how many a second. */
export async function takeSmallTurn(client: Client, verb: 'put' | 'get', { count, atOnce }: Load): Promise<Turn> {
  let next = 0
  let errors = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const path = `small/${next++}`
      const bytes = await (verb === 'put' ? client.put(path, smallContent) : client.get(path)).catch(() => 0)
      if (bytes !== smallContent.length) errors++
    }
  }
  const beganAt = performance.now()
  await Promise.all(Array.from({ length: atOnce }, work))
  return { figure: ((count - errors) / (performance.now() - beganAt)) * 1000, errors }
}

/** Puts or gets one large object: megabytes a second. */
export async function takeLargeTurn(client: Client, verb: 'put' | 'get', { largeBytes }: Load): Promise<Turn> {
  const beganAt = performance.now()
  const bytes = await (verb === 'put' ? client.putLarge('large', largeBytes) : client.get('large')).catch(() => 0)
  const seconds = (performance.now() - beganAt) / 1000
  return { figure: bytes / megabyte / seconds, errors: bytes === largeBytes ? 0 : 1 }
}

/** The same by python-swiftclient, in a process whose start is not counted. */
export async function takePythonTurn(
  { storageUrl, token, bucket }: { storageUrl: string; token: string; bucket: string },
  what: 'small-put' | 'small-get' | 'large-put' | 'large-get',
  load: Load
): Promise<Turn> {
  return (await runPython(
    `import json, sys, threading, time
import swiftclient.client as sc
url, token, bucket, what, count, at_once, large = sys.argv[1:4] + [sys.argv[4]] + [int(x) for x in sys.argv[5:8]]
errors, done = 0, 0
class Source:
    def __init__(self, size): self.left = size; self.block = b'lautta ' * 9362
    def read(self, n=-1):
        n = min(self.left, len(self.block)); self.left -= n; return self.block[:n]
def small(names):
    global errors, done
    c = sc.Connection(preauthurl=url, preauthtoken=token, retries=0)
    for name in names:
        try:
            if what == 'small-put': c.put_object(bucket, name, b'x' * 1024, content_length=1024)
            else: assert len(c.get_object(bucket, name)[1]) == 1024
            done += 1
        except Exception: errors += 1
began = time.perf_counter()
if what.startswith('small'):
    threads = [threading.Thread(target=small, args=([f'small/{i}' for i in range(k, count, at_once)],)) for k in range(at_once)]
    [t.start() for t in threads]; [t.join() for t in threads]
    figure = done / (time.perf_counter() - began)
else:
    c = sc.Connection(preauthurl=url, preauthtoken=token, retries=0)
    if what == 'large-put': c.put_object(bucket, 'large', Source(large), content_length=large); size = large
    else: size = sum(len(chunk) for chunk in c.get_object(bucket, 'large', resp_chunk_size=1 << 16)[1])
    errors = int(size != large)
    figure = size / 1e6 / (time.perf_counter() - began)
print(json.dumps({'figure': figure, 'errors': errors}))`,
    ...[storageUrl, token, bucket, what, String(load.count), String(load.atOnce), String(load.largeBytes)]
  )) as Turn
}
