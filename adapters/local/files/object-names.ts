/** Which folders of the object folder are the store's own? */

/** Where attempts write before an object has its name. */
export const TMP = "tmp";
/** Where trashed objects stay recoverable. */
export const TRASH = "trash";
