import { Transform } from 'node:stream'

const noiseLimitBytes = 1024 * 1024

/**
 * Lets through what comes after the marker: login shells print greetings before our command, on both streams. The
 * marker is a line of its own.
 */
export function stripNoise(marker: string): Transform {
  const wanted = Buffer.from(`${marker}\n`)
  let noise: Buffer | null = Buffer.alloc(0)
  return new Transform({
    // More than one packet of a connection: else each of them would be waited for.
    highWaterMark: 1024 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      if (noise === null) return done(null, chunk)
      noise = Buffer.concat([noise, chunk])
      const at = noise.indexOf(wanted)
      if (at === -1)
        return done(noise.length > noiseLimitBytes ? new Error('the login shell prints too much before the command') : null)
      const rest = noise.subarray(at + wanted.length)
      noise = null
      done(null, rest)
    },
    flush(done) {
      done(noise === null ? null : new Error(`the login shell did not run the command: ${noise.toString('utf8').trim()}`))
    }
  })
}
