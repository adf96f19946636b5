/** Why a refusal that the contract documents is never given here. */

export const PREPAID = "nothing is sold here: every vault is post-paid";
export const IMAGE = "images from backups are not built yet";
export const SHARING = "sharing is not built yet: no backup has a member";
export const REPLICAS = "replication is not built yet: where there is no replica, nothing can go wrong with one";
export const PREDECESSOR = "there is no predecessor service here";
export const TURBO = "file systems are not built yet: no backup of one exists";
export const DESKTOP = "no host has desktops: no backup of one exists";
export const HYBRID = "nothing writes into a hybrid vault here";
export const FORM =
  "the form of a disk is no obstacle: a host knows disks that it can read, and says 7003 or 7101 of the others";
export const FORM_OF_TARGET = "the form of a disk is no obstacle: one that cannot be written is 2011";
export const GONE = "a server that was terminated is not there any more: 7100";
export const BARE_METAL = "no host has bare-metal servers";
export const OWN_SERVER = "a server backup goes back to its own server: any other is 2003";
export const RECOVERY_SITE = "no host knows of a disaster-recovery site";
export const BUSY = "said with 6125, the code of the matrix of concurrent operations (CCY 23.1)";
export const LATER = "what goes wrong after the request was taken is told by its task";

/** What keeps a resource out of a vault. */
export const BINDING = {
  "7001": FORM,
  "7002": FORM,
  "7006": "said with 6103, which names the vault",
  "7102": GONE,
  "7103": "a host lists servers that it can back up, and says 7101 or 7108 of the others",
  "7104": FORM,
  "7105": FORM,
  "7106": FORM,
  "7107": FORM,
  "7109": BARE_METAL,
  "7110": "said with 6102: the type is compared with the vault's",
  "7111": FORM,
  "7116": "said with 6103, which names the vault",
} as const;

/** What keeps a vault or a backup from being replicated. */
export const REPLICATION = {
  "1002": REPLICAS,
  "1006": REPLICAS,
  "1007": REPLICAS,
  "1008": "the destination's vaults are not asked: no region takes replicas yet, 1005",
  "1009": REPLICAS,
  "1011": "no region takes replicas yet, whatever the project: 1005",
  "1012": REPLICAS,
  "1013": REPLICAS,
  "6119": "the destination's vaults are not asked: no region takes replicas yet, 1005",
  "6120": "the destination's vaults are not asked: no region takes replicas yet, 1005",
  "6121": "nothing is deleted when something is replicated",
  "6129": "the destination's vaults are not asked: no region takes replicas yet, 1005",
} as const;
