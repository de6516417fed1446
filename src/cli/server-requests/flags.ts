/** Flags that say how requests of the server are answered. */
export interface ServerRequestFlags {
  /** A file with values for forms, by field name. */
  readonly answers?: string | undefined;
  /** A program that gets a sampling request on stdin and prints the result. */
  readonly sampling?: string | undefined;
  /** Directories that are offered to the server. */
  readonly root?: readonly string[] | undefined;
}
