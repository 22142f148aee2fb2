import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { deriveDocumentKey, openDocument, sealDocument, UntrustedDocumentError } from '../src/documents/sealed-document.ts'

const key = deriveDocumentKey('a master key')
const place = { bucket: 'mlch-sub-air-a', path: 'MANAGEMENT/1.json' }
const schema = z.object({ id: z.string(), hmac: z.string() })
const sealed = sealDocument({ id: '1' }, place, key)

describe('a sealed document', () => {
  it('is read where it was written', () => {
    expect(openDocument(sealed, place, key, schema)).toMatchObject({ id: '1' })
  })
  it('is sealed anew when it is changed and written again', () => {
    const again = sealDocument({ ...JSON.parse(sealed.toString()), id: '2' }, place, key)
    expect(openDocument(again, place, key, schema)).toMatchObject({ id: '2' })
  })
  it('does not depend on the sequence of its keys', () => {
    const { hmac, id } = JSON.parse(sealed.toString())
    expect(openDocument(Buffer.from(JSON.stringify({ hmac, id })), place, key, schema)).toMatchObject({ id: '1' })
  })
  it('is not believed after any change', () => {
    const changed = Buffer.from(sealed.toString().replace('"1"', '"2"'))
    expect(() => openDocument(changed, place, key, schema)).toThrow(UntrustedDocumentError)
  })
  it('is not believed in another bucket or under another path', () => {
    expect(() => openDocument(sealed, { ...place, bucket: 'mlch-sub-air-b' }, key, schema)).toThrow(/HMAC/)
    expect(() => openDocument(sealed, { ...place, path: 'MANAGEMENT/2.json' }, key, schema)).toThrow(/HMAC/)
  })
  it('is not believed under another master key, without an HMAC, or when it is no JSON', () => {
    expect(() => openDocument(sealed, place, deriveDocumentKey('another key'), schema)).toThrow(/HMAC/)
    expect(() => openDocument(Buffer.from('{"id":"1"}'), place, key, schema)).toThrow(/HMAC/)
    expect(() => openDocument(Buffer.from('null'), place, key, schema)).toThrow(/HMAC/)
    expect(() => openDocument(Buffer.from('{'), place, key, schema)).toThrow(/not JSON/)
  })
  it('is not believed when its form is unexpected, although its HMAC is valid', () => {
    expect(() => openDocument(sealDocument({ id: 1 }, place, key), place, key, schema)).toThrow(/unexpected form/)
  })
})
