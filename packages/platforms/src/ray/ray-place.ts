/** A Ray job on a cluster inside a SLURM job is known by both ids: `<SLURM's id>/<submission id>`. */
export interface RayPlace {
  cluster: string
  submissionId: string
}

/** SLURM's own ids have no slash; a path of a log is not one of these. */
export function readRayPlace(id: string): RayPlace | null {
  const [, cluster, submissionId] = /^(\d+)\/([^/]+)$/.exec(id) ?? []
  return cluster === undefined || submissionId === undefined ? null : { cluster, submissionId }
}

export function writeRayPlace({ cluster, submissionId }: RayPlace): string {
  return `${cluster}/${submissionId}`
}
