/** Why behaviours have no test yet: what they are part of is not built. A behaviour with a test of its own needs no reason. */

/** A family (`REP`) or one id (`CON-09`), and the reason. */
export const NOT_YET: Readonly<Record<string, string>> = {
  "CON-21": "there is one kind of backup: Instant Restore is not built, and `support_lld` is always false",
  "CON-22": "explained in docs/user/choosing.md: a text that no test could hold",
  "CON-23": "advice, in docs/user/choosing.md: a text that no test could hold",
  "VLT-02": "nothing is sold here: an order of a prepaid vault is checked and refused (test/api/orders.test.ts)",
  "VLT-21": "one deployment is one region, and its projects share all resources on purpose (docs/operator/accounts.md)",
  "VLT-30": "images from backups are not built yet: no backup carries one",
  "CAP-05": "replication is not built yet: there are no replicas to count",
  "CAP-06": "sharing is not built yet: nobody accepts a share",
  "CAP-07": "images, disks and file systems are not yet made from backups",
  "CAP-19": "no vault is prepaid: orders for one are refused with 6109 (test/api/orders.test.ts)",
  "CAP-20": "no vault is prepaid: `demand_billing` is refused on all others (test/api/vaults.test.ts)",
  "CAP-27": "speaks of messages that come late; ours go out with what they tell of (CAP-25)",
  "CAP-34": "no vault is prepaid, and none has a term",
  "CAP-35": "no vault is prepaid, and none has a term that could end",
  "CAP-36": "who has paid is not known here: an operator freezes a vault, and deletes it (CAP-37)",
  "BKP-18": "images from backups are not built yet: a running backup allows nothing",
  "BKP-20":
    "whether a disk was encrypted is shown of its backup, which is sealed under the project's key: none is kept under the disk's own yet",
  REP: "replication is not built yet",
  SHR: "sharing is not built yet",
  IMG: "images from backups are not built yet",
  DSK: "new disks from backups are not built yet",
  FSB: "file systems are not built yet",
  APP: "application consistency is not built yet",
  HYB: "on-premises VMs are not built yet",
  AGT: "file backup by an agent is not built yet",
  MIG: "there are no predecessor services to migrate from",
  BPR: "advice to users, nothing that a test could hold",

  "SCH-23": "advice on when to replicate; replication is not built yet",

  "ABD-12": "a console's switch at accepting a share; sharing is not built yet",

  "DEL-05": "recipients of a deleted backup: sharing is not built yet",
  "DEL-06": "replicas of a deleted backup: replication is not built yet",
  "DEL-10": "copies in the cloud and on premises: on-premises VMs are not built yet",
  "DEL-11": "a backup whose image stays: images from backups are not built yet",

  "RST-03": "there are no replicas that could be refused: replication is not built yet",
  "RST-07": "neither host has a disaster-recovery service that could protect a server",
  "RST-15":
    "a restore writes the whole system disk and works on nothing inside it, so what system runs there now does not matter",
  "RST-16":
    "a backup goes back to its own server alone (RST-14); its architecture is for life, and a bare-metal type is no other resource here",
  "RST-19":
    "a restore writes the backup's bytes (RST-01) and changes nothing inside the guest, which docs/user/resources.md says",
  "RST-20": "what the owner does inside the guest afterwards, for the manual: docs/user/resources.md",
  "RST-22": "restores of file systems: file systems are not built yet",
  "RST-23": "restores of desktops: neither host has desktops to back up",
  "RST-29": "restores of files to a path: file backup by an agent is not built yet",
  "RST-30": "moving to another server goes by an image, a replica or a share, none of which is built yet",

  "ORG-03": "organisation policies are kept, and rolled out to no project yet in which they could appear",
  "ORG-04": "organisation policies are kept, and rolled out to no project yet from which they could be withdrawn",

  "AUD-03": "nobody can stop the trail, so that nobody acts unseen (docs/operator/audit.md)",
  "AUD-06": "the published contract has no such call that could be traced",

  "PRM-05": "a rule of the identity service on users' rights, of which nothing but a title is published",
  "PRM-06": "rights of a share's recipient: sharing is not built yet",
};
