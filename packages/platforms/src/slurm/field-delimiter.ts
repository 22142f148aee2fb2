/** Between the fields of SLURM's lists: a character that no one types into a job name, in place of `|`, which many do. */
export const fieldDelimiter = '\x1f'
