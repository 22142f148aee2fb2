import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { RefusedError } from '@lautta/core/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMetadata, encodeMetadata } from '../src/encoded-metadata.ts'
import { readEnvFile } from '../src/swift/env-file.ts'
import { modifiedAtOf } from '../src/swift/fetch-listing.ts'
import { decodeHeaderText, encodeHeaderText } from '../src/swift/header-text.ts'
import { locateAccount } from '../src/swift/locate-account.ts'
import { longestSuffixBytes, newUploadName, parseSegmentPath, segmentPath } from '../src/swift/segments.ts'
import { createUploadSource } from '../src/swift/upload-source.ts'

describe("the notebook's .env file", () => {
  const credential = {
    kind: 'password',
    userName: 'maija',
    password: 'pass # word',
    userDomainName: 'Default',
    projectName: 'project_2001234',
    projectDomainName: 'Default'
  }
  it('is read as the notebook does', () => {
    const file =
      'CSC_USERNAME = "maija"\r\n CSC_PASSWORD="pass # word"\nCSC_USER_DOMAIN_NAME = \'Default\'\nCSC_PROJECT_NAME = project_2001234 \n'
    expect(readEnvFile(file)).toEqual(credential)
  })
  it('may have comments, empty lines, and what a shell wants', () => {
    const file = `# of 2026\n\nexport CSC_USERNAME=maija\nexport CSC_PASSWORD=pass # word\nOTHER=x=y\nnonsense\nCSC_USER_DOMAIN_NAME="Default" # ours\nCSC_PROJECT_NAME='project_2001234'`
    expect(readEnvFile(file)).toEqual(credential)
  })
  it('is refused with the name of everything that is missing, and with no value', () => {
    const file = 'CSC_USERNAME = "(Fill)"\n#CSC_PASSWORD = x\nCSC_USER_DOMAIN_NAME = "secret"\nCSC_PROJECT_NAME=""'
    const refusal = expect.objectContaining({
      message: 'the .env file has no value for CSC_USERNAME, CSC_PASSWORD, CSC_PROJECT_NAME'
    })
    expect(() => readEnvFile(file)).toThrow(refusal)
    expect(() => readEnvFile('')).toThrow(RefusedError)
  })
})

describe('the metadata of seed 000', () => {
  it('are text, with lists of their own form', () => {
    const values = { version: 1, name: 'a', sizes: [1, 2], names: ['a', 'b'], none: [], big: 2n ** 70n, float: 1.5 }
    const encoded = {
      version: '1',
      name: 'a',
      sizes: 'list=1,2',
      names: 'list=a,b',
      none: 'list=',
      big: '1180591620717411303424',
      float: '1.5'
    }
    expect(encodeMetadata(values)).toEqual(encoded)
    expect(decodeMetadata(encoded)).toEqual({ ...values, float: '1.5' })
  })
  it.each([
    ['list=1,x', ['1', 'x']],
    ['list= 1,+2,-3,1_000', [1, 2, -3, 1000]],
    ['list=a=b,c', ['a']],
    ['my list=1,2', [1, 2]],
    ['a=list=1', ['list']],
    ['007', 7],
    ['-1', '-1'],
    ['', '']
  ])('are read with the quirks of the notebook: %s', (value, expected) => {
    expect(decodeMetadata({ value })).toEqual({ value: expected })
  })
})

describe('text in a header', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', size: 'medium' }), (value) => {
        const header = encodeHeaderText(value)
        expect(header).toMatch(/^(?! )[\x20-\x7e\x80-\xff]*(?<! )$/)
        expect(decodeHeaderText(header)).toBe(value)
      })
    )
  })
  it('is plain ASCII on its way, if Swift has room for that', () => {
    expect(encodeHeaderText(' käärme 100% ')).toBe('%20k%C3%A4%C3%A4rme 100%25%20')
    const long = '試験 '.repeat(30).trim()
    expect(encodeHeaderText(long)).toBe(Buffer.from(long).toString('latin1'))
  })
  it('is read too when it is UTF-8 as it is, or no UTF-8', () => {
    expect(decodeHeaderText(Buffer.from('käärme ☃ 5 % %C3%A4').toString('latin1'))).toBe('käärme ☃ 5 % ä')
    expect(decodeHeaderText('caf\u00e9 %41')).toBe('caf\u00e9 %41')
    expect(decodeHeaderText('%ff %41')).toBe('%ff %41')
  })
})

describe('the time in a listing', () => {
  const at = (last_modified: string) => modifiedAtOf({ name: 'x', hash: '', bytes: 0, last_modified })
  it('is rounded as each server rounds it elsewhere', () => {
    expect(at('2026-11-21T12:43:58.533440')).toBe('2026-11-21T12:43:59.000Z')
    expect(at('2026-12-31T23:59:59.000010')).toBe('2027-01-01T00:00:00.000Z')
    expect(at('2026-11-21T12:43:58.000000')).toBe('2026-11-21T12:43:58.000Z')
    expect(at('2026-11-21T12:43:58')).toBe('2026-11-21T12:43:58.000Z')
    expect(at('2026-11-21T12:44:26.804Z')).toBe('2026-11-21T12:44:26.000Z')
  })
})

describe('the address of an account', () => {
  const endpoints = [
    { region: 'north', url: 'https://north/v1/AUTH_p/' },
    { region: 'south', url: 'https://south/v1/AUTH_p' }
  ]
  const login = { token: '', projectId: 'p', lifeMs: 0, endpoints }
  it.each([
    [{ endpoint: 'https://a3s.fi:443/swift/v1' }, 'https://a3s.fi:443/swift/v1/AUTH_p'],
    [{ endpoint: 'https://a3s.fi/swift/v1/AUTH_other/' }, 'https://a3s.fi/swift/v1/AUTH_other'],
    [{}, 'https://north/v1/AUTH_p'],
    [{ region: 'south' }, 'https://south/v1/AUTH_p']
  ])('is the given one, or the one in the catalogue: %j', (place, url) => {
    expect(locateAccount(login, { name: 'the store', ...place })).toBe(url)
  })
  it('is missing when the catalogue has none', () => {
    expect(() => locateAccount({ ...login, endpoints: [] }, { name: 'the store' })).toThrow(/no object store$/)
    expect(() => locateAccount(login, { name: 'the store', region: 'west' })).toThrow(/no object store in west/)
  })
})

describe('the name of a segment', () => {
  it('tells of which upload it is, whatever the path', () => {
    for (const path of ['a', 'a/1763640000000-0123456789abcdef/00000', 'ä b/…']) {
      const upload = newUploadName()
      expect(parseSegmentPath(segmentPath(path, upload, 999))).toEqual({ path, upload })
      expect(segmentPath(path, upload, 999)).toHaveLength(path.length + longestSuffixBytes)
    }
  })
  it('is known from those of other programs', () => {
    for (const name of ['a/slo/1763640000.1/100/10/00000000', 'a/00000', '1763640000000-0123456789abcdef/00000'])
      expect(parseSegmentPath(name)).toBeNull()
  })
})

describe('the source of an upload', () => {
  const sourceOf = (parts: readonly string[], statedBytes?: number) =>
    createUploadSource('x', Readable.from(parts.map((part) => Buffer.from(part))), statedBytes)
  it('is divided into pieces of one length, whatever the parts that come', async () => {
    const source = sourceOf(['ab', '', 'cdefgh', 'i'])
    const pieces: string[] = []
    while (!(await source.isAtEnd())) {
      const piece = source.takePiece(4)
      pieces.push(await text(piece.body))
      expect(piece.usedBytes()).toBe(pieces.at(-1)?.length)
    }
    expect(pieces).toEqual(['abcd', 'efgh', 'i'])
    expect(source.usedBytes()).toBe(9)
    expect(source.md5()).toBe('8aa99b1f439ff71293e95357bac6fd94')
  })
  it.each([
    ['short', 10],
    ['long', 8]
  ])('that is too %s fails before its last byte is given on', async (_, statedBytes) => {
    const source = sourceOf(['abc', 'def', 'ghi'], statedBytes)
    let given = ''
    await expect(
      (async () => {
        for await (const part of source.takeAll()) given += part
      })()
    ).rejects.toThrow(/bytes came, not/)
    expect('abcdef'.startsWith(given)).toBe(true)
    expect(source.failure()).toBeInstanceOf(RefusedError)
  })
})
