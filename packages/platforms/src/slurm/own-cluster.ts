/**
 * Runs a SLURM command of the cluster that the login node belongs to, whatever the user's environment says: a job that
 * another one got would be looked for here in vain.
 */
export const onOwnCluster = ['env', '-u', 'SBATCH_CLUSTERS', '-u', 'SLURM_CLUSTERS'] as const
