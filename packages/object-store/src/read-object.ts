import type { ObjectEntry, ObjectStore } from './object-store.ts'

/** The whole content of an object that is known to be small; null when it is not there. */
export async function readObject(store: ObjectStore, bucket: string, path: string): Promise<Buffer | null> {
  const found = await store.get(bucket, path)
  if (found === null) return null
  const chunks: Buffer[] = []
  for await (const chunk of found.content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** All objects with a prefix, whatever their number. */
export async function listAll(store: ObjectStore, bucket: string, prefix: string): Promise<ObjectEntry[]> {
  const objects: ObjectEntry[] = []
  let after: string | null = ''
  while (after !== null) {
    const part = await store.list(bucket, { prefix, ...(after === '' ? {} : { after }) })
    objects.push(...part.objects)
    after = part.next
  }
  return objects
}
