/** Options of a recording. Either `file` or `write` is required. */
export interface RecordOptions {
  /** The file to write. An existing file is overwritten. Only its owner can read it (mode 0600). */
  readonly file?: string | undefined;
  /** Receives each line, without the line break. */
  readonly write?: ((line: string) => void) | undefined;
  /**
   * Whether pseudonyms replace arguments, results and other content, so that the file can be shared. Default true. With false the file
   * contains all content.
   */
  readonly redact?: boolean | undefined;
  /** The maximum size of the file, in bytes. When it is reached the recording ends, and the client continues. Default 256 MiB. */
  readonly limit?: number | undefined;
}

/** {@link RecordOptions} after the checks, with all defaults. */
export interface ResolvedRecordOptions {
  readonly to: string | ((line: string) => void);
  readonly redact: boolean;
  readonly limit: number;
}
