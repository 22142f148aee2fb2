import type { Duplex } from 'node:stream'

/**
 * The first line of a connection, without its end; what follows it stays to be read. Null when it is too long, does not
 * come in time, or the connection ends before.
 */
export function readFirstLine(stream: Duplex, mostBytes: number, withinMs: number): Promise<string | null> {
  let read = Buffer.alloc(0)
  return new Promise((resolve) => {
    const finish = (line: string | null): void => {
      clearTimeout(timer)
      stream.off('readable', take).off('end', giveUp).off('close', giveUp)
      resolve(line)
    }
    const giveUp = (): void => finish(null)
    const take = (): void => {
      for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) {
        read = Buffer.concat([read, chunk])
        const end = read.indexOf('\n')
        if (end === -1 && read.length <= mostBytes) continue
        const isLine = end !== -1 && end <= mostBytes
        const rest = read.subarray(end + 1)
        if (isLine && rest.length > 0) stream.unshift(rest)
        finish(isLine ? read.subarray(0, end).toString('utf8') : null)
        return
      }
    }
    const timer = setTimeout(giveUp, withinMs)
    stream.on('readable', take).once('end', giveUp).once('close', giveUp)
  })
}
