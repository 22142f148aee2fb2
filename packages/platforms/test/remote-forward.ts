import type { RemoteForward } from '../src/ray/remote-forward-settings.ts'

/** One as an operator would configure it. */
export const remoteForward: RemoteForward = {
  host: 'lautta.example.com',
  port: 2222,
  user: 'ray-tunnel',
  hostKeys: ['ssh-ed25519 AAAAC3Nz', 'ecdsa-sha2-nistp256 AAAAE2Vj'],
  privateKeyFile: '/run/secrets/tunnel-key',
  ports: { first: 8401, last: 8450 },
  reachedAt: '127.0.0.1'
}
