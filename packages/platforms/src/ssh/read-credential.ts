import { readFile } from 'node:fs/promises'
import { CredentialsError, messageOf } from '@lautta/core/errors'
import type { ParsedKey } from 'ssh2'
import { type Certificate, parseCertificate } from './certificate.ts'
import { certifiedKey, plainKey } from './certified-key.ts'
import { checkCertificate } from './check-certificate.ts'
import { connectionError } from './connection-step.ts'
import { openPrivateKey } from './open-private-key.ts'

/** Where a user's login to a platform is kept. */
export interface CredentialSettings {
  username: string
  privateKeyFile: string
  certificateFile?: string | undefined
  passphraseFile?: string | undefined
  passphrase?: string | undefined
}

/** A login that can be tried. */
export interface SshCredential {
  username: string
  key: ParsedKey
  /** The certificate's line; null when the key logs in by itself. */
  certificate: string | null
  /** When the certificate ends; null when nothing does. */
  validUntil: Date | null
}

/** Reads a login from its files. What it throws is a CredentialsError: no host needs to be asked for that. */
export async function readCredential(settings: CredentialSettings): Promise<SshCredential> {
  try {
    return await readFiles(settings)
  } catch (error) {
    throw error instanceof Error ? connectionError('login', error) : error
  }
}

async function readFiles(settings: CredentialSettings): Promise<SshCredential> {
  const { username, privateKeyFile, certificateFile } = settings
  const key = parseKey(await read('private key', privateKeyFile), await readPassphrase(settings), privateKeyFile)
  if (certificateFile === undefined) return { username, key: plainKey(key), certificate: null, validUntil: null }
  const line = await read('certificate', certificateFile)
  const certificate = parse(line, certificateFile)
  checkCertificate(certificate, { username, publicKey: key.getPublicSSH(), now: new Date() })
  return { username, key: certifiedKey(key, certificate), certificate: line, validUntil: certificate.validBefore }
}

async function readPassphrase({ passphrase, passphraseFile }: CredentialSettings): Promise<string | undefined> {
  if (passphraseFile === undefined) return passphrase
  return (await read('passphrase', passphraseFile)).replace(/\r?\n$/, '')
}

async function read(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CredentialsError(`the ${what} can not be read: ${messageOf(cause)}`, { cause })
  }
}

function parseKey(text: string, passphrase: string | undefined, path: string): ParsedKey {
  const key = openPrivateKey(text, passphrase)
  if (key instanceof Error) throw keyFailure(key.message, passphrase, path)
  if (!key.isPrivateKey()) throw new CredentialsError(`${path} holds a public key, not the private one`)
  return key
}

/** ssh2's own words do not tell a wrong passphrase from a damaged file in each format. */
function keyFailure(words: string, passphrase: string | undefined, path: string): CredentialsError {
  if (/no passphrase given/.test(words)) {
    return new CredentialsError(`the private key ${path} is encrypted, and there is no passphrase for it`, {
      hint: 'put the passphrase into a file and name it as passphrase-file in the configuration'
    })
  }
  if (passphrase !== undefined && /passphrase|decrypt/i.test(words))
    return new CredentialsError(`the passphrase does not open the private key ${path}`)
  return new CredentialsError(`the private key ${path} can not be read: ${words}`, {
    hint: '`ssh-keygen -p -f` writes a key anew in the format of OpenSSH'
  })
}

function parse(line: string, path: string): Certificate {
  try {
    return parseCertificate(line)
  } catch (cause) {
    throw new CredentialsError(`the certificate ${path} can not be read: ${messageOf(cause)}`, { cause })
  }
}
