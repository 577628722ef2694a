/** The location of the objects in a bucket. */
export interface BucketLocation {
  bucket: string;
  /** Empty, or with a slash at its end. */
  prefix: string;
  region: string | null;
  endpoint: string | null;
}
