import { Readable } from 'node:stream'
import { gather } from '../http/gather.ts'
import { brokenSource } from '../http/upload-checks.ts'
import type { ObjectInfo } from '../object-store.ts'
import { putInParts } from './put-in-parts.ts'
import { putBytes, type Upload } from './put-object.ts'

/** Puts bytes, or a stream: as one piece, if it is no longer than a part, else in parts. */
export async function putContent(upload: Upload, content: Uint8Array | Readable, firstPartBytes: number): Promise<ObjectInfo> {
  if (!(content instanceof Readable)) return putBytes(upload, content)
  // Who reads it hears of it; unheard an error ends the process.
  content.on('error', () => {})
  try {
    const gathered = await gather(content, firstPartBytes, upload.options.signal).catch((cause: unknown) => {
      throw brokenSource(upload.path, cause)
    })
    return 'whole' in gathered ? await putBytes(upload, gathered.whole) : await putInParts(upload, gathered.rest, firstPartBytes)
  } finally {
    content.destroy()
  }
}
