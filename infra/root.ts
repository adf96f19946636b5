/** Where is the repository? */

/** Its root, whatever folder a command was started in. */
export const ROOT = new URL("../", import.meta.url);
