/** Generated charts by the id of their machine: the generator of the page puts them here. */
export const CHARTS: Readonly<Record<string, string>> = {};
