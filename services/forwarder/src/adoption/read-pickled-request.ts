import { type Complaint, complaintsOf } from '@lautta/core/orchestration/complaints'
import type { Orchestration } from '@lautta/core/orchestration/dictionary'
import { PickleError } from '@lautta/core/pickle/pickle-error'
import { readPickle } from '@lautta/core/pickle/read-pickle'
import { toPlain } from '@lautta/core/pickle/to-plain'
import type { Caller } from '../authenticate.ts'
import { complaintsAboutPlatforms, type OfferedPlatform } from '../offered-platforms.ts'
import { orchestrationFor } from '../orchestration-for.ts'
import { type ClosablePlatform, warningsFor } from '../order-warnings.ts'

const mostComplaints = 100

/** A request, or what is wrong with it. */
export type ReadRequest = { request: Orchestration; warnings: string[] } | { errors: Complaint[] }

/** Reads a request as a notebook of seed 000 pickles it; it must be one that the REST API would take from that caller. */
export function readPickledRequest(
  content: Uint8Array,
  platforms: readonly (OfferedPlatform & ClosablePlatform)[],
  caller: Pick<Caller, 'isAdmin'>
): ReadRequest {
  try {
    const parsed = orchestrationFor(platforms).safeParse(toPlain(readPickle(content)))
    if (!parsed.success) return { errors: firstOf(complaintsOf(parsed.error)) }
    const errors = complaintsAboutPlatforms(platforms, parsed.data, caller)
    return errors.length > 0 ? { errors } : { request: parsed.data, warnings: warningsFor(platforms, parsed.data) }
  } catch (error) {
    if (!(error instanceof PickleError)) throw error
    return { errors: [{ path: '', message: error.hint === undefined ? error.message : `${error.message} (${error.hint})` }] }
  }
}

/** The document keeps them, and every answer shows them. */
function firstOf(complaints: readonly Complaint[]): Complaint[] {
  const others = complaints.length - mostComplaints
  const rest = others > 0 ? [{ path: '', message: `and ${others} more` }] : []
  return [...complaints.slice(0, mostComplaints), ...rest]
}
