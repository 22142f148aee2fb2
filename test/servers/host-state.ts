import { readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'

const files = ['passwd', 'group', 'hosts', 'hostname', 'nsswitch.conf'].map((name) => `/etc/${name}`)

/** Servers must leave the machine as it was; this is what a careless one would have changed. */
export function hostState(): unknown {
  return {
    hostname: hostname(),
    files: files.map((file) => [file, readFileSync(file, 'utf8')]),
    folders: ['/', '/run', '/var/log', '/var/spool'].map((folder) => [folder, readdirSync(folder).sort()]),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').sort()
  }
}
