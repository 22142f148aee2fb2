/** What to do when one of a store's limits is reached. */
export const quotaHint =
  "One of the limits is reached. On Allas these are 1,000 buckets and 10 TiB a project and 500,000 objects a bucket, unless the project has others; or the bucket has a quota of its own. Remove what is not needed any more, or ask the store's operator for more."

/** What a bucket that may not be touched can mean; what the credential lacks follows. */
export const foreignBucketHint =
  'The bucket may belong to another project (on Allas all projects share the names of buckets): choose another bucket-prefix.'
