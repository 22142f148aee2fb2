/**
 * Runs a SLURM command of the cluster that the login node belongs to, whatever the user's environment says: a job that
 * another one got would be looked for here in vain.
 */
export const onOwnCluster = ['env', '-u', 'SBATCH_CLUSTERS', '-u', 'SLURM_CLUSTERS'] as const

/** The same for what lists tasks of arrays: SLURM would cut a long list after 64 letters. */
export const wholeTaskLists = [...onOwnCluster, 'SLURM_BITSTR_LEN=0'] as const
