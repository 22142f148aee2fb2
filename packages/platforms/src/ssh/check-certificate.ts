import { CredentialsError } from '@lautta/core/errors'
import type { Certificate } from './certificate.ts'

/** Whom a certificate has to serve. */
export interface CertificateUse {
  username: string
  publicKey: Buffer
  now: Date
}

/** Nothing is asked of a host with a certificate that it can not accept: the reason is told instead. */
export function checkCertificate(certificate: Certificate, { username, publicKey, now }: CertificateUse): void {
  const complaint = complaintAbout(certificate, { username, publicKey, now })
  if (complaint === null) return
  throw new CredentialsError(`the certificate ${JSON.stringify(certificate.keyId)} ${complaint}`, {
    hint: 'have the public key signed anew and put the certificate in the place of the old one'
  })
}

function complaintAbout(certificate: Certificate, { username, publicKey, now }: CertificateUse): string | null {
  const { kind, principals, validAfter, validBefore, criticalOptions } = certificate
  if (kind !== 'user') return 'is for a host, not for a user'
  if (!certificate.publicKey.equals(publicKey)) return 'was made for another key than the private key'
  // sshd refuses a certificate without principals, too, where it trusts an authority as a whole.
  if (!principals.includes(username)) return `is not for ${username}: it is for ${principals.join(', ') || 'nobody'}`
  if (validAfter !== null && now < validAfter) return `is not valid before ${validAfter.toISOString()}`
  if (validBefore !== null && now >= validBefore) return `ended at ${validBefore.toISOString()}`
  if ('force-command' in criticalOptions) return 'allows one command only, and not ours'
  return null
}
