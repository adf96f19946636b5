/** Why behaviours have no test yet: what they are part of is not built. A behaviour with a test of its own needs no reason. */

/** A family (`REP`) or one id (`CON-09`), and the reason. */
export const NOT_YET: Readonly<Record<string, string>> = {
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
};
