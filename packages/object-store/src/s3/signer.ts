import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { StoreRequest } from '../http/http-client.ts'

/** A pair of keys, and the region that signatures name. */
export interface S3Keys {
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/** A request before it is signed; its address has no query yet. */
export interface Unsigned {
  method: StoreRequest['method']
  address: URL
  query: Readonly<Record<string, string>>
  headers: Readonly<Record<string, string>>
}

/** Proves to S3 who sends a request. */
export interface Signer {
  /** The headers, with the signature among them. It covers the SHA-256 of the body, with which S3 compares what arrives. */
  sign(request: Unsigned, body?: Uint8Array): Promise<Record<string, string>>
  /** The query, with a signature in it that lets anybody send the request for a while. */
  presign(request: Unsigned, seconds: number): Promise<Record<string, string>>
}

/** Signs with AWS' Signature Version 4. */
export function createSigner({ region, accessKeyId, secretAccessKey }: S3Keys): Signer {
  const credentials = { accessKeyId, secretAccessKey }
  // S3 is the one service whose paths are signed as they stand in the address.
  const signer = new SignatureV4({ service: 's3', region, credentials, sha256: Sha256, uriEscapePath: false })
  return {
    async sign(request, body = new Uint8Array()) {
      const bodyHash = createHash('sha256').update(body).digest('hex')
      return (await signer.sign(describe(request, bodyHash))).headers
    },
    async presign(request, seconds) {
      const { query = {} } = await signer.presign(describe(request, 'UNSIGNED-PAYLOAD'), { expiresIn: seconds })
      return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]))
    }
  }
}

function describe({ method, address, query, headers }: Unsigned, bodyHash: string) {
  const { protocol, hostname, host, pathname: path } = address
  return {
    method,
    protocol,
    hostname,
    path,
    query: { ...query },
    headers: { ...headers, host, 'x-amz-content-sha256': bodyHash }
  }
}

/** Node's SHA-256 in the form that signature-v4 wants: a class whose answers could be late. */
class Sha256 {
  readonly #hash: Hash | Hmac

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key))
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data))
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
}
