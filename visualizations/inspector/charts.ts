/** The charts by the id of their machine. The generator of the page replaces this object. */
export const CHARTS: Readonly<Record<string, string>> = {};
