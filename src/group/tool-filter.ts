/** The tools of a server that may be used. */
export interface GroupToolFilter {
  /** The names of the only tools to use. Default: all. */
  readonly include?: readonly string[] | undefined;
  /** The names of tools not to use. It wins over `include`. Default: none. */
  readonly exclude?: readonly string[] | undefined;
}

/** Whether the entry of a server allows to use a tool. `exclude` wins. */
export function isAllowed(name: string, { include, exclude }: GroupToolFilter = {}): boolean {
  return (include === undefined || include.includes(name)) && exclude?.includes(name) !== true;
}
