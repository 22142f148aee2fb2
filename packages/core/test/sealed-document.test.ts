import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { deriveKey } from '../src/derive-key.ts'
import { schemaNumber } from '../src/documents/schema-number.ts'
import { openDocument, sealDocument, UnreadableDocumentError, UntrustedDocumentError } from '../src/documents/sealed-document.ts'

const key = deriveKey('a master key', 'documents')
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
    expect(() => openDocument(sealed, place, deriveKey('another key', 'documents'), schema)).toThrow(/HMAC/)
    expect(() => openDocument(Buffer.from('{"id":"1"}'), place, key, schema)).toThrow(/HMAC/)
    expect(() => openDocument(Buffer.from('null'), place, key, schema)).toThrow(/HMAC/)
    expect(() => openDocument(Buffer.from('{'), place, key, schema)).toThrow(/not JSON/)
  })
  it('of a newer schema is read, but for the keys that we do not know', () => {
    const newer = sealDocument({ schema: 7, id: '1', more: { of: 'it' } }, place, key)
    expect(openDocument(newer, place, key, schema.extend({ schema: schemaNumber }))).toEqual({
      schema: 7,
      id: '1',
      hmac: expect.any(String)
    })
  })
  it('of a form that we do not know is no stranger: it says which version to run', () => {
    expect(() => openDocument(sealDocument({ id: 1 }, place, key), place, key, schema)).toThrow(UnreadableDocumentError)
  })
})
