/** The kills of the long run: at least five in every stage, some at chosen steps, some after a time drawn by chance. */
import { CHILD } from "../support/service-process-plan.ts";
import type { ActName } from "./act.ts";
import type { Kill, Stage } from "./run-moment.ts";

type At = Kill["plan"]["at"];

/** How long transfers and restores of one group take on this image, in ms: kills are spread over that. */
export interface Durations {
  readonly transfer: number;
  readonly restore: number;
}

const before = (call: "commit" | "link" | "rename", nth = 1): At => ({ call, nth, when: "before" });
const after = (call: "commit" | "link" | "rename", nth = 1): At => ({ call, nth, when: "after" });
const pack = (nth: number, when: "before" | "after"): At => ({ call: "link", nth, when, thread: "worker" });

const kill = (stage: Stage, act: ActName, task: string | undefined, at: At, visit?: number): Kill => ({
  stage,
  act,
  plan: { ...(task !== undefined && { task }), ...(visit !== undefined && { visit }), at },
});

/** @param random numbers in [0, 1) */
export function fiftyKills({ transfer, restore }: Durations, random: () => number): readonly Kill[] {
  const within = (ms: number): At => ({ ms: Math.round(random() * ms) });
  const capture = (at: At, act: ActName = "incremental backup") => kill("capture", act, "backup-member.capture", at);
  const moving = (at: At, visit?: number) => kill("transfer", "full backup", "backup-group.transfer", at, visit);
  const sealing = (at: At, act: ActName = "incremental backup") => kill("seal", act, "backup-member.seal", at);
  const concluding = (task: string, at: At) => kill("conclude", "incremental backup", task, at);
  const writing = (at: At, visit?: number) => kill("restore write", "restore", "restore-group.write", at, visit);
  const deleting = (act: ActName, at: At) => kill("delete", act, "delete-backup.remove", at);
  const removing = (at: At) => kill("delete", "delete vault", "delete-vault.batch", at);
  const gap = (act: ActName, task: string, visit?: number) => kill("effect to entry", act, task, "effect", visit);
  const request = (act: ActName, at: At) => kill("request", act, undefined, at);

  return [
    capture("before"),
    capture(within(50)),
    capture(before("commit")),
    capture(after("commit")),
    capture(before("commit", 2), "full backup"),
    capture(after("commit", 2)),

    moving("before"),
    moving(within(transfer)),
    moving(within(transfer)),
    moving(within(transfer)),
    moving(within(transfer)),
    moving(within(3 * transfer)),
    moving(pack(1, "before")),
    moving(pack(2, "after")),
    moving("recorded"),

    sealing("before"),
    sealing(before("link")),
    sealing(after("link"), "full backup"),
    sealing(before("commit")),
    sealing(within(8)),
    sealing(after("link"), "server backup"),
    kill("seal", "incremental backup", "backup-member.confirm", "recorded"),

    // The first commit of this task releases the capture, the second one is the status itself.
    concluding("backup-member.seal", after("commit")),
    concluding("backup-member.seal", before("commit", 2)),
    concluding("backup-member.seal", after("commit", 2)),
    concluding("backup-member.seal", "recorded"),
    kill("conclude", "server backup", "backup-member.seal", before("commit", 2)),
    concluding(CHILD, "recorded"),
    concluding("backup.conclude", "before"),
    concluding("backup.conclude", "recorded"),

    writing("before"),
    writing(within(restore)),
    writing(within(restore)),
    writing(within(restore)),
    writing(within(restore)),
    writing(within(3 * restore)),
    writing("recorded"),
    kill("other", "restore", "restore.begin", after("commit")),
    kill("other", "restore", "restore.conclude", after("commit")),

    // To the trash: one transaction.
    deleting("delete oldest", "before"),
    deleting("delete oldest", before("commit")),
    deleting("delete oldest", after("commit")),
    deleting("delete newest", after("commit")),
    deleting("delete newest", "recorded"),
    // For good: an intent's object is linked, rows go, the root is renamed into the trash of the object folder.
    removing(before("link")),
    removing(after("link")),
    removing(before("rename")),
    removing(after("rename")),

    gap("full backup", "backup.prepare"),
    gap("incremental backup", "backup-member.open"),
    gap("incremental backup", "backup-member.capture"),
    gap("full backup", "backup-group.transfer"),
    gap("incremental backup", "backup-member.confirm"),
    gap("incremental backup", "backup-member.seal"),
    gap("incremental backup", CHILD),
    gap("incremental backup", "backup.conclude"),
    gap("restore", "restore-group.write"),
    gap("restore", "restore.conclude"),
    gap("delete oldest", "delete-backup.remove"),
    gap("delete vault", "delete-vault.batch"),
    gap("remove resource", "remove-resource.batch"),

    request("incremental backup", before("commit")),
    request("incremental backup", after("commit")),
    request("incremental backup", after("commit", 2)),
    request("restore", after("commit")),
    request("delete newest", after("commit")),
    request("create vault", before("commit")),
    request("create vault", after("commit")),
    request("delete vault", after("commit")),
    request("remove resource", after("commit")),
    kill("other", "delete vault", "delete-vault.batch", after("commit", 2)),
  ];
}
