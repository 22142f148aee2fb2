import { ClusterSilentError } from '@lautta/core/errors'
import { type FromWire, fromWire } from '@lautta/core/wire'
import { z } from 'zod'
import type { RemoteCommand } from '../run-command.ts'

const port = z.number().int().min(1).max(65_535)

/** What the batch script of a cluster leaves in `~/.lautta/ray/<job id>/cluster.json`, while its nodes are there. */
const clusterSchema = z.object({
  schema: z.literal(1),
  'head-address': z.string(),
  // Of Serve it is the one that is kept free for it; a Ray job reads it from LAUTTA_SERVE_PORT.
  ports: z.object({ dashboard: port, client: port, gcs: port, serve: port }),
  metrics: z.array(z.object({ address: z.string(), port })),
  'ray-version': z.string(),
  'python-version': z.string(),
  nodes: z.array(z.object({ address: z.string(), 'is-head': z.boolean() })),
  'started-at': z.iso.datetime(),
  session: z.string(),
  // SLURM's count of the job's requeues. A node that dies leaves the file of its run.
  restart: z.number().int().min(0).default(0),
  // Nobody but the user can read the file.
  token: z.string(),
  // On our machine, where the cluster has brought them there.
  near: z.object({ dashboard: port, client: port, serve: port }).optional()
})

/** A Ray cluster inside a SLURM job, as the login node knows it. */
export type ClusterInJob = FromWire<z.output<typeof clusterSchema>>

// The home may lie on a file system that is slow to say that there is no file: that is no failure.
const script = 'file=$HOME/.lautta/ray/$1/cluster.json; [ ! -e "$file" ] || exec cat "$file"'

/** Looks for the cluster of a SLURM job; null: it has not formed yet, or is no more. */
export function findCluster(slurmJobId: string): RemoteCommand<ClusterInJob | null> {
  return {
    argv: ['sh', '-c', script, 'lautta', slurmJobId],
    parse({ stdout, stderr, exitCode }) {
      if (exitCode !== 0) throw new ClusterSilentError(`the cluster of job ${slurmJobId} can not be read: ${stderr.trim()}`)
      return stdout === '' ? null : readCluster(slurmJobId, stdout)
    }
  }
}

function readCluster(slurmJobId: string, text: string): ClusterInJob {
  try {
    return fromWire(clusterSchema.parse(JSON.parse(text)))
  } catch (cause) {
    throw new ClusterSilentError(`the cluster of job ${slurmJobId} is described in a form that is not known here`, { cause })
  }
}
