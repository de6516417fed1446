/** How a connection is recorded: to a `file`, or to what `write` does with each line. */
export interface RecordOptions {
  /** The name of a file. What is in it already is lost. Only its owner may read it. */
  readonly file?: string | undefined;
  /** Is given each line, without its end. */
  readonly write?: ((line: string) => void) | undefined;
  /**
   * Whether secrets become pseudonyms, so that the file can be given to others. Default true. Without it arguments and results are in
   * the file as they are.
   */
  readonly redact?: boolean | undefined;
  /** The most bytes of the file; the recording ends there, and the client goes on. Default 256 MiB. */
  readonly limit?: number | undefined;
}

/** What a recording is to be, checked and complete. */
export interface ResolvedRecordOptions {
  readonly to: string | ((line: string) => void);
  readonly redact: boolean;
  readonly limit: number;
}
