import { open } from 'node:fs/promises'

const blockBytes = 4_000_000
const differentBlocks = 64

/** Writes a log of about so many bytes, as a training prints one, with tabs and blank lines; answers how many lines have words. */
export async function makeLog(path: string, bytes: number): Promise<number> {
  const blocks = Array.from({ length: differentBlocks }, (_none, at) => makeBlock(at))
  const file = await open(path, 'w')
  let rows = 0
  try {
    for (let at = 0, written = 0; written < bytes; at++) {
      const block = blocks[at % differentBlocks]
      if (block === undefined) throw new Error('there is no block')
      await file.write(block.content)
      written += block.content.length
      rows += block.rows
    }
  } finally {
    await file.close()
  }
  return rows
}

function makeBlock(seed: number): { content: Buffer; rows: number } {
  const lines: string[] = []
  let rows = 0
  for (let bytes = 0, at = 0; bytes < blockBytes; at++) {
    const isBlank = at % 50 === 49
    const loss = Math.sin(seed * 1000 + at).toFixed(9)
    const line = isBlank
      ? ''
      : `2026-11-22 01:02:03 INFO\tepoch ${seed} step ${at} loss ${loss} ${'and its rate '.repeat(at % 4)}`
    if (!isBlank) rows++
    lines.push(line)
    bytes += line.length + 1
  }
  return { content: Buffer.from(`${lines.join('\n')}\n`), rows }
}
