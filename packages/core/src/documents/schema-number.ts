import { z } from 'zod'

/** The schema of the documents that this version writes. */
export const presentSchema = 1

/**
 * Which schema a document has. A newer one may have keys that we do not know: they are passed over. A number grows when
 * an older Lautta could not do without them; so nobody writes over a document that is newer than what he writes.
 */
export const schemaNumber = z.number().int().min(1)
