// Parquet's footer is a struct of Thrift's compact protocol; `num_rows` is the third field of it.
const rowCountField = 3
const magic = 'PAR1'
const endBytes = 8

/** How many rows a Parquet file says that it has, out of its last bytes: all of its footer has to be among them. */
export function readRowCount(tail: Uint8Array): number {
  const bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength)
  if (bytes.length < endBytes || bytes.toString('latin1', bytes.length - magic.length) !== magic)
    throw new Error('the end of a Parquet file is not there')
  const footerBytes = bytes.readUInt32LE(bytes.length - endBytes)
  if (footerBytes > bytes.length - endBytes) throw new Error('the footer of a Parquet file is not there as a whole')
  return readField(bytes.subarray(bytes.length - endBytes - footerBytes, bytes.length - endBytes))
}

function readField(footer: Buffer): number {
  const reader = { footer, at: 0 }
  for (let id = 0; ; ) {
    const { step, type } = readHeader(reader)
    if (type === 0) throw new Error('the footer of a Parquet file does not tell how many rows there are')
    id = step === 0 ? readZigzag(reader) : id + step
    if (id === rowCountField) return readZigzag(reader)
    skip(reader, type)
  }
}

interface Reader {
  footer: Buffer
  at: number
}

function readByte(reader: Reader): number {
  return reader.footer.readUInt8(reader.at++)
}

/** What is in front of a field (how much its number is higher than the last one's) or of a list (how long it is). */
function readHeader(reader: Reader): { step: number; type: number } {
  const byte = readByte(reader)
  return { step: byte >> 4, type: byte & 15 }
}

/** Seven bits a byte; with more than 32 of them, no shifts. */
function readVarint(reader: Reader): number {
  for (let value = 0, scale = 1; ; scale *= 128) {
    const byte = readByte(reader)
    value += (byte & 127) * scale
    if (byte < 128) return value
  }
}

function readZigzag(reader: Reader): number {
  const value = readVarint(reader)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

function skip(reader: Reader, type: number): void {
  // True and false are the type itself; 3 is a byte, 4 to 6 are whole numbers, 7 is a double.
  if (type === 1 || type === 2) return
  if (type === 3) reader.at += 1
  else if (type <= 6) readVarint(reader)
  else if (type === 7) reader.at += 8
  else if (type === 8) skipText(reader)
  else if (type === 9 || type === 10) skipList(reader)
  else if (type === 12) skipStruct(reader)
  else throw new Error(`the footer of a Parquet file has a field of type ${type}`)
}

function skipText(reader: Reader): void {
  const usedBytes = readVarint(reader)
  reader.at += usedBytes
}

function skipList(reader: Reader): void {
  const { step, type } = readHeader(reader)
  const length = step === 15 ? readVarint(reader) : step
  // Each takes a byte at least; who says that there are more would have us count for ever.
  if (length > reader.footer.length) throw new Error('the footer of a Parquet file has a list that is longer than itself')
  for (let at = 0; at < length; at++) skip(reader, type)
}

function skipStruct(reader: Reader): void {
  for (;;) {
    const { step, type } = readHeader(reader)
    if (type === 0) return
    if (step === 0) readZigzag(reader)
    skip(reader, type)
  }
}
