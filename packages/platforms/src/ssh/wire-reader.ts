/** Reads the fields of SSH's binary format (RFC 4251, section 5) one after the other; a field that is cut off is a RangeError. */
export interface WireReader {
  bytes(): Buffer
  text(): string
  uint32(): number
  uint64(): bigint
  /** Where the next field begins. */
  position(): number
  isAtEnd(): boolean
}

/** Begins at the first field. */
export function readWire(blob: Buffer): WireReader {
  let at = 0
  const take = (lengthBytes: number): Buffer => {
    if (at + lengthBytes > blob.length) throw new RangeError('it is cut off')
    at += lengthBytes
    return blob.subarray(at - lengthBytes, at)
  }
  const bytes = () => take(take(4).readUInt32BE())
  return {
    bytes,
    text: () => bytes().toString('utf8'),
    uint32: () => take(4).readUInt32BE(),
    uint64: () => take(8).readBigUInt64BE(),
    position: () => at,
    isAtEnd: () => at === blob.length
  }
}

/** One field: its length and its bytes. */
export function wireString(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
