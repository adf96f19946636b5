/** The names of the account that a new data folder is given: one domain, one project (named like the region), one user. */
export const ACCOUNT = { region: "local-1", domainName: "holdfast", userName: "admin" } as const;
