/** How long does a client of AWS wait for a peer that says nothing? */

/** Milliseconds; without them a silent peer holds a call for ever. Regional endpoints answer within a second or two. */
export const HTTP = { connectionTimeout: 3_000, socketTimeout: 30_000 } as const;
