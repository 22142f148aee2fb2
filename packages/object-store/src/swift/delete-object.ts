import { z } from 'zod'
import type { SwiftAccount } from './account.ts'
import { headObject } from './get-object.ts'

const resultSchema = z.object({ 'Response Status': z.string() })

/** Removes an object; the segments of a large one go with it. */
export async function deleteObject(account: SwiftAccount, bucket: string, path: string): Promise<void> {
  const object = await headObject(account, bucket, path)
  if (object === null) return
  if (object.isLarge && (await deleteWithSegments(account, bucket, path))) return
  const answer = await account.send({ method: 'DELETE', bucket, path, accept: [404] })
  await answer.body.dump()
}

/** Tells whether it could: a dynamic large object has segments of another kind, and by now it may be a plain object. */
async function deleteWithSegments(account: SwiftAccount, bucket: string, path: string): Promise<boolean> {
  const query = { 'multipart-manifest': 'delete' }
  const answer = await account.send({
    method: 'DELETE',
    bucket,
    path,
    query,
    headers: { accept: 'application/json' },
    accept: [404]
  })
  // The status is sent before it is known how things go.
  const body: unknown = await answer.body.json().catch(() => null)
  const result = resultSchema.safeParse(body)
  return result.success && result.data['Response Status'].startsWith('200')
}
