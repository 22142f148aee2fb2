import { computeCost, type ReservedResources } from '@lautta/core/billing/billing-formula'
import { describe, expect, it } from 'vitest'
import { shippedProfiles } from '../src/profiles/shipped-profiles.ts'
import { knownPlatforms, platformSettingsSchema } from '../src/settings.ts'

const cost = (platform: string, partition: string, reserved: ReservedResources, hours: number) =>
  computeCost(shippedProfiles[platform]!.billing, { partition, reserved, hours })
const settingsOf = (settings: object) => platformSettingsSchema.parse(settings)
const configure = (name: string, settings: object) => knownPlatforms({ [name]: settingsOf(settings) }, false)[0]!

describe('the examples of the centres', () => {
  it('cost what they say', () => {
    expect(cost('roihu-cpu', 'small', { cores: 4, 'memory-gib': 16 }, 2)).toEqual({ unit: 'cpu-bu', amount: 12 })
    expect(cost('roihu-gpu', 'gpumedium', { gpus: 2 }, 5)).toEqual({ unit: 'gpu-bu', amount: 2000 })
    expect(cost('lumi', 'small', { cores: 4, 'memory-gib': 32 }, 24)).toEqual({ unit: 'cpu-bu', amount: 384 })
    expect(cost('lumi', 'small-g', { gpus: 1, 'memory-gib': 128 }, 24)).toEqual({ unit: 'gpu-bu', amount: 24 })
  })
  it('are of every kind of formula', () => {
    expect(cost('roihu-cpu', 'large', { nodes: 6, 'storage-gib': 100 }, 1)?.amount).toBe(1730)
    expect(cost('roihu-cpu', 'hugemem', { cores: 1, 'memory-gib': 100 }, 1)?.amount).toBe(25)
    expect(cost('mahti', 'medium', { nodes: 2 }, 3)?.amount).toBe(600)
    expect(cost('mahti', 'gpusmall', { 'gpu-slices': 1 }, 2)?.amount).toBe(30)
    expect(cost('puhti', 'gpu', { cores: 10, 'memory-gib': 80, gpus: 1 }, 1)).toEqual({ unit: 'gpu-bu', amount: 78 })
    expect(cost('lumi', 'standard', { nodes: 1 }, 1)).toEqual({ unit: 'cpu-bu', amount: 128 })
    expect(cost('lumi', 'debug', { cores: 1 }, 1)).toBeNull()
  })
})

describe('a shipped profile', () => {
  it('bills only partitions that it knows, each by one formula', () => {
    for (const [platform, { partitions, billing }] of Object.entries(shippedProfiles)) {
      const billed = billing.flatMap((formula) => formula.partitions)
      expect(new Set(billed).size, platform).toBe(billed.length)
      expect(
        partitions.map(({ name }) => name),
        platform
      ).toEqual(expect.arrayContaining(billed))
    }
  })
})

describe('what the configuration says of a platform', () => {
  it('goes before its profile, field by field, and is not dated', () => {
    const partitions = [{ name: 'small', 'max-nodes': 4 }]
    const own = configure('puhti', { partitions, retired: false, 'owner-only-services': false, 'time-zone': 'Europe/Oslo' })
    expect(own).toMatchObject({ retired: null, ownerOnlyServices: false, timeZone: 'Europe/Oslo', partitionsReadAt: null })
    expect(own.partitions).toMatchObject([{ name: 'small', 'max-nodes': 4, 'time-limit-seconds': null }])
    expect(own.billing).toBe(shippedProfiles.puhti!.billing)
    expect(configure('puhti', {})).toMatchObject({ retired: { 'compute-closed-on': '2026-07-31' }, partitionsReadAt: '2026-08' })
  })
  it('is refused where it means nothing', () => {
    for (const wrong of [
      { 'time-zone': 'Europe/Nowhere' },
      { 'firewall-ranges': ['86.50.164.176'] },
      { retired: true },
      { retired: { 'compute-closed-on': 'last summer' } },
      { partitions: [{ name: 'small', 'max-node': 4 }] },
      { billing: [{ partitions: ['small'], unit: 'euro' }] }
    ]) {
      expect(platformSettingsSchema.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false)
    }
  })
})
