import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forwardDocumentSchema } from '../src/documents/forward-document.ts'
import { beginForward, type ForwardNews, tellForward } from '../src/forwards/forward-status.ts'
import { isPreamble, mostLineBytes, readPreambleAnswer, writePreamble, writePreambleAnswer } from '../src/forwards/preamble.ts'

const key = Buffer.from('a key of the test')
const now = new Date('2026-08-01T12:00:00Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const id = '01m7z2040erhmdm6kqnbfekstk'

describe('a preamble', () => {
  const line = writePreamble(key, id, now)
  it('opens its forward for a minute, and no other one', () => {
    expect(isPreamble(key, id, line, later(59))).toBe(true)
    expect(isPreamble(key, id, line, later(60))).toBe(false)
    expect(isPreamble(key, '01m7z2040erhmdm6kqnbfekstm', line, now)).toBe(false)
    expect(isPreamble(Buffer.from('another key'), id, line, now)).toBe(false)
  })
  it('is not believed when a letter of it is another one', () => {
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, letter) => {
        fc.pre(letter !== line[at])
        expect(isPreamble(key, id, line.slice(0, at) + letter + line.slice(at + 1), now)).toBe(false)
      })
    )
  })
  it('is answered in one line, whatever the reason says', () => {
    expect(readPreambleAnswer(writePreambleAnswer(null))).toBeNull()
    expect(readPreambleAnswer(writePreambleAnswer('the host\nis away'))).toBe('the host is away')
    const long = writePreambleAnswer('ä'.repeat(5000))
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(mostLineBytes)
    expect(readPreambleAnswer('HTTP/1.1 400 Bad Request')).toMatch(/not answer as Lautta/)
  })
})

describe('a forward', () => {
  it('that was asked for before nodes had metrics of their own leads to the first one', () => {
    const target = { platform: 'lumi', orchestration: null, index: null, service: 'metrics' }
    const sealed = { 'created-at': now.toISOString(), 'key-id': 'k', hmac: 'h' }
    const read = forwardDocumentSchema.parse({ schema: 1, id, user: 'a', ...target, ...sealed })
    expect(read).toMatchObject({ ...target, node: 0 })
  })

  const address = { host: '127.0.0.1', port: 8125 }
  const waiting: ForwardNews = { state: 'waiting', waiting: 'credentials', reason: 'the certificate ended' }
  const told = (news: ForwardNews[]) =>
    news.reduce((status, one, index) => tellForward(status, one, address, later(index).toISOString()), beginForward(id))

  it('tells what changed, and when it was opened first', () => {
    const status = told([waiting, { state: 'open', attempt: 2 }, waiting, { state: 'open', attempt: 2 }])
    expect(status).toMatchObject({ state: 'open', waiting: null, reason: null, port: 8125, attempt: 2, sequence: 4 })
    expect(status.openedAt).toBe(later(1).toISOString())
    expect(status.history.map(({ state }) => state)).toEqual(['waiting', 'open', 'waiting', 'open'])
  })
  it('is the very same when nothing has changed', () => {
    const status = told([waiting])
    expect(tellForward(status, waiting, address, later(9).toISOString())).toBe(status)
    expect(tellForward(status, waiting, null, later(9).toISOString())).toMatchObject({ port: null, history: status.history })
  })
  it('that is closed stays so, with no port', () => {
    const closed = tellForward(told([waiting]), { state: 'closed', reason: 'ended' }, null, later(9).toISOString())
    expect(closed).toMatchObject({ state: 'closed', closedAt: later(9).toISOString(), host: null, port: null })
    expect(tellForward(closed, { state: 'open', attempt: null }, address, later(10).toISOString())).toBe(closed)
  })
  it('keeps the last twenty changes', () => {
    const many = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? waiting : ({ state: 'open', attempt: 1 } as const)))
    expect(told(many).history).toHaveLength(20)
  })
})
