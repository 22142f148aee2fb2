import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../src/canonical-json.ts'

/** As documents were written before: by JSON.stringify over objects with sorted keys. */
function stringifySorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner
  )
}

const plain = fc.object({
  withBoxedValues: false,
  key: fc.oneof(fc.string(), fc.constantFrom('10', '9', '-1', 'a', 'B', '__proto__'))
})

describe('canonical JSON', () => {
  it('is what it always was: documents of every version keep their HMAC', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(canonicalJson(value)).toBe(stringifySorted(value))
      })
    )
  })
  it('is the same with remembered parts', () => {
    fc.assert(
      fc.property(fc.array(plain), plain, (parts, other) => {
        const texts = new WeakMap<object, string>()
        for (const document of [{ parts }, { parts, other }, { other: [...parts, other] }])
          expect(canonicalJson({ ...document }, texts)).toBe(stringifySorted(document))
      })
    )
  })
})
