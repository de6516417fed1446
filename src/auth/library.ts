/** The library of the steps of OAuth. It is an ES module, and is loaded when the first server requires authorization. */
export const library = () => import('oauth4webapi');

/** Its functions. */
export type Library = Awaited<ReturnType<typeof library>>;
