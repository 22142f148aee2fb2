import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromWire, toWire } from '../src/wire.ts'

describe('documents on the wire', () => {
  it('have kebab-case keys at every depth', () => {
    expect(toWire({ slurmJobId: '7', earlier: [{ outPath: null }] })).toEqual({
      'slurm-job-id': '7',
      earlier: [{ 'out-path': null }]
    })
    expect(fromWire({ 'slurm-job-id': '7', earlier: [{ 'out-path': null }] })).toEqual({
      slurmJobId: '7',
      earlier: [{ outPath: null }]
    })
  })
  it('come back as they went', () => {
    const key = fc.stringMatching(/^[a-z]+([A-Z][a-z]+)*$/)
    const value = fc.letrec((tie) => ({
      tree: fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(tie('tree')), fc.dictionary(key, tie('tree')))
    })).tree
    fc.assert(
      fc.property(value, (document) => {
        expect(fromWire(toWire(document))).toEqual(document)
      })
    )
  })
})
