/**
 * Runs a SLURM command of the cluster that the login node belongs to, whatever the user's environment says: a job that
 * another one got would be looked for here in vain.
 */
export const onOwnCluster = ['env', '-u', 'SBATCH_CLUSTERS', '-u', 'SLURM_CLUSTERS'] as const

/** The same for what lists tasks of arrays: SLURM would cut a long list after 64 letters. */
export const wholeTaskLists = [...onOwnCluster, 'SLURM_BITSTR_LEN=0'] as const

/**
 * For the shell around sbatch: of the cluster that the login node belongs to, and with the array and the resources that are
 * asked for. What is in the environment would count above the script's own lines, and nobody here would know of it.
 */
export const unsetVariables = `unset SBATCH_CLUSTERS SLURM_CLUSTERS SBATCH_ARRAY_INX SBATCH_TIMELIMIT SBATCH_PARTITION SBATCH_EXCLUSIVE
unset SBATCH_GPUS SBATCH_GPUS_PER_NODE SBATCH_GPUS_PER_SOCKET SBATCH_GPUS_PER_TASK SBATCH_GRES SBATCH_TRES_PER_TASK SBATCH_CPUS_PER_GPU
unset SBATCH_MEM_PER_CPU SBATCH_MEM_PER_GPU SBATCH_MEM_PER_NODE SBATCH_CORE_SPEC SBATCH_THREAD_SPEC SBATCH_SPREAD_JOB
unset SBATCH_THREADS_PER_CORE SBATCH_HINT SLURM_HINT`
