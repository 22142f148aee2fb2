import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { UnavailableError } from '@lautta/core/errors'
import type { RemoteShell } from '../remote-shell.ts'
import { feedScript } from './feed-script.ts'
import { makePart, partName } from './parts.ts'
import { createPatience } from './patience.ts'
import { failureOf, remotePath, runScript, secondsToRead } from './run-script.ts'
import type { WriteOptions } from './write-files.ts'

/** What a large file is made of. */
export interface LargeSource {
  usedBytes: number
  /** Another one when the content is another one. */
  identity: string
  /** The content from a byte on. */
  open(first: number): Promise<Readable>
}

interface LargeWriteOptions extends WriteOptions {
  isSecret: boolean
  pieceBytes?: number
}

/** Where the file lies until all of it is there. */
interface Part {
  folder: string
  name: string
  part: string
}

// So much at most is sent again. The platform starts some processes for each.
const usualPieceBytes = 32 * 1024 * 1024

/**
 * Writes a large file, replacing what is there: in pieces, each compared by its checksum when it has arrived. After a
 * lost connection, or when it is written again later, it goes on behind the last piece that is there as it was sent.
 */
export async function writeFile(
  shell: RemoteShell,
  path: string,
  source: LargeSource,
  options: LargeWriteOptions
): Promise<void> {
  const place = placeOf(path, source, options.writer)
  const patience = createPatience()
  for (let hadBytes = 0; ; ) {
    try {
      const arrivedBytes = await findArrived(shell, path, place, source.usedBytes)
      if (arrivedBytes > hadBytes) patience.progressed()
      hadBytes = arrivedBytes
      return await writeRest(shell, path, place, source, arrivedBytes, options)
    } catch (cause) {
      await patience.wait(cause)
    }
  }
}

/** Where what has arrived of a large file lies, until all of it is there. */
export function partContentPath(path: string, source: Pick<LargeSource, 'identity' | 'usedBytes'>, writer: string): string {
  const { folder, part } = placeOf(path, source, writer)
  return `${folder}/${part}/content`
}

function placeOf(path: string, { identity, usedBytes }: Pick<LargeSource, 'identity' | 'usedBytes'>, writer: string): Part {
  const whole = remotePath(path)
  const slash = whole.lastIndexOf('/')
  const name = whole.slice(slash + 1)
  const content = createHash('sha256')
    .update(JSON.stringify([name, identity, usedBytes]))
    .digest('hex')
    .slice(0, 16)
  return { folder: slash <= 0 ? '/' : whole.slice(0, slash), name, part: partName(writer, content) }
}

/** How much of the file is there already, piece after piece, and still as it was when its checksum was compared. */
async function findArrived(shell: RemoteShell, path: string, { folder, name, part }: Part, usedBytes: number): Promise<number> {
  const script = `part=$1/$2
[ ! -d "$1/$3" ] || { echo "$1/$3: Is a directory" >&2; exit 1; }
${makePart}cd -- "$part" || exit
arrived=0
if [ -f content ] && [ -f sums ]; then
  while read -r at bytes sum; do
    [ "$at" = "$arrived" ] || continue
    found=$(dd if=content iflag=skip_bytes,count_bytes,fullblock bs=256K skip="$at" count="$bytes" status=none | sha1sum)
    [ "\${found%% *}" = "$sum" ] || break
    arrived=$((at + bytes))
  done <sums
fi
echo "$arrived"`
  const { stdout, stderr, exitCode } = await runScript(shell, {
    script,
    args: [folder, part, name],
    doing: `looking what of ${path} is there`,
    timeoutSeconds: secondsToRead(usedBytes)
  })
  if (exitCode !== 0) throw failureOf(path, stderr)
  return Number(stdout.toString('latin1'))
}

// Each piece lands at its own place, never simply at the end: a writer whose connection is gone may still write the same
// bytes there. A piece is compared, as it lies on the disk, while the next one comes. (`tee` takes 8 KiB at a time.)
const receivePieces = `part=$1/$2 name=$3 at=$4 total=$5 umask=$6
umask "$umask"; cd -- "$part" && exec 5<>content || exit
dd oflag=seek_bytes seek="$at" count=0 conv=notrunc status=none </dev/null >&5 || exit
compare() {
  found=$(dd if=content iflag=skip_bytes,count_bytes,fullblock bs=256K skip="$1" count="$2" status=none | sha1sum)
  [ "\${found%% *}" = "$3" ] || { echo "a checksum differs after the transfer" >&2; return 3; }
  echo "$1 $2 $3" >>sums
}
comparing=
while read -r bytes && [ "$bytes" -gt 0 ]; do
  dd iflag=fullblock,count_bytes bs=256K count="$bytes" status=none >&5 || exit
  read -r sum
  [ -z "$comparing" ] || wait "$comparing" || exit
  compare "$at" "$bytes" "$sum" & comparing=$!
  at=$((at + bytes))
done
[ -z "$comparing" ] || wait "$comparing" || exit
[ "$bytes" = 0 ] && [ "$at" = "$total" ] && [ "$(stat -c %s content)" = "$total" ] || { echo "the transfer was cut" >&2; exit 4; }
exec 5>&-
mv -f -T -- content "$1/$name" && cd / && rm -rf -- "$part"`

async function writeRest(
  shell: RemoteShell,
  path: string,
  { folder, name, part }: Part,
  source: LargeSource,
  arrivedBytes: number,
  { isSecret, mayPublish = () => {}, pieceBytes = usualPieceBytes }: LargeWriteOptions
): Promise<void> {
  const script = `top=$(cd -- "$1" && pwd) || exit
shift; set -- "$top" "$@"
${receivePieces}`
  const { stderr, exitCode } = await feedScript(shell, {
    script,
    args: [folder, part, name, String(arrivedBytes), String(source.usedBytes), isSecret ? '077' : '022'],
    source: cutIntoPieces(path, source, arrivedBytes, pieceBytes, mayPublish),
    doing: `writing ${path}`
  })
  if (exitCode !== 0) throw failureOf(path, stderr)
}

/** Each piece between its length and its checksum, and a length of 0 when all may be seen. */
async function* cutIntoPieces(
  path: string,
  { usedBytes, open }: LargeSource,
  first: number,
  pieceBytes: number,
  mayPublish: () => void
): AsyncGenerator<Buffer> {
  let at = first
  const content = at < usedBytes ? await open(at) : Readable.from([])
  try {
    let hash = createHash('sha1')
    let leftBytes = 0
    for await (const chunk of content as AsyncIterable<Buffer>) {
      for (let rest = chunk; rest.length > 0; ) {
        if (leftBytes === 0) {
          leftBytes = Math.min(pieceBytes, usedBytes - at)
          if (leftBytes === 0) throw new UnavailableError(`${path}: its source became longer while it was sent`)
          yield Buffer.from(`${leftBytes}\n`)
        }
        const part = rest.subarray(0, leftBytes)
        rest = rest.subarray(part.length)
        hash.update(part)
        yield part
        at += part.length
        leftBytes -= part.length
        if (leftBytes > 0) continue
        yield Buffer.from(`${hash.digest('hex')}\n`)
        hash = createHash('sha1')
      }
    }
  } finally {
    content.destroy()
  }
  if (at < usedBytes) throw new UnavailableError(`${path}: its source ended before its length`)
  mayPublish()
  yield Buffer.from('0\n')
}
