/** Which of a user's buckets: the four of seed 000. */
export const bucketTargets = ['forwarder', 'submitter', 'pipeline', 'experiment'] as const
export type BucketTarget = (typeof bucketTargets)[number]

/** A user's name as it stands in bucket names: `User@Example.com` gives `user-example-com`. */
export function userSlug(user: string): string {
  return user
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
}

/** The bucket of a target; `slug` is the user's, `prefix` the installation's. */
export function bucketName(target: BucketTarget, prefix: string, slug: string): string {
  switch (target) {
    case 'forwarder':
      return `${prefix}-for-air`
    case 'submitter':
      return `${prefix}-sub-air-${slug}`
    case 'pipeline':
      return `${prefix}-pipe-${slug}`
    case 'experiment':
      return `${prefix}-exp-${slug}`
  }
}
