import { highestPort, type PortRange, portRangeSchema } from '@lautta/core/port-range'
import { z } from 'zod'

/** `remote-forward` of a platform in lautta.yaml. */
export const remoteForwardSchema = z.strictObject({
  host: z
    .string()
    .regex(/^[\w.:][\w.:-]*$/, 'write a name or an address')
    .describe('our machine, as compute nodes know it'),
  port: z.number().int().min(1).max(highestPort).default(22),
  user: z.string().regex(/^[\w.][\w.-]*$/, 'write a login name'),
  'host-keys': z
    .array(z.string().regex(/^(?:ssh|ecdsa)-\S+ [\w+/=]+$/, 'write a line like ssh-ed25519 AAAA…'))
    .min(1)
    .describe('of our machine; no other one gets a connection'),
  'private-key-file': z.string().describe('a key that can do nothing but listen on these ports; jobs get it'),
  ports: portRangeSchema
    .refine(({ first, last }) => last - first >= 2, 'each cluster takes three ports')
    .describe('on our machine, for nothing else'),
  'reached-at': z.ipv4().default('127.0.0.1').describe('where they listen there, and where submitter and monitor find them')
})

/** The machine to which clusters inside jobs bring their ports, where a login node lets no connection through. */
export interface RemoteForward {
  host: string
  port: number
  user: string
  /** Lines like `ssh-ed25519 AAAA…`. */
  hostKeys: readonly string[]
  privateKeyFile: string
  ports: PortRange
  reachedAt: string
}

/** The settings of a remote forward, out of those of lautta.yaml. */
export function readRemoteForward(settings: z.output<typeof remoteForwardSchema>): RemoteForward {
  return {
    host: settings.host,
    port: settings.port,
    user: settings.user,
    hostKeys: settings['host-keys'],
    privateKeyFile: settings['private-key-file'],
    ports: settings.ports,
    reachedAt: settings['reached-at']
  }
}
