import type { ShippedProfile, Source } from './profile.ts'

/** https://docs.csc.fi */
export const cscGuide: Source = { where: "CSC's user guide", readAt: '2026-08' }

/** https://docs.lumi-supercomputer.eu; what it says of values may be old. */
export const lumiGuide: Source = { where: "LUMI's user guide", readAt: '2024-10' }

/** What LUMI tells everybody who logs in. */
export const lumiMessage: Source = { where: "LUMI's message at login", readAt: '2026-11' }

/** What both guides are silent about. */
export const notPublished: Source = { where: 'not published', readAt: '2026-08' }

/** The machines stand in Kajaani. */
const byPlace: Source = { where: 'by its place, Finland', readAt: '2026-11' }

/** All facts from one source, but for those that are given. */
export function readIn(source: Source, others: Partial<ShippedProfile['sources']>): ShippedProfile['sources'] {
  return {
    hosts: source,
    hostKeys: source,
    architecture: source,
    timeZone: byPlace,
    preamble: source,
    workspacesCommand: source,
    allocationsCommand: source,
    partitions: source,
    billing: source,
    firewallRanges: source,
    ownerOnlyServices: source,
    refusesPrivateKeys: source,
    retired: source,
    ...others
  }
}
