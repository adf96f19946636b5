/** Mistakes in what policies do: when they run, what they keep, what they bind by themselves (SCH, RET, ABD, ORG). */
import { inFile, type Mutant } from "./mutant.ts";

export const POLICY_MUTANTS: readonly Mutant[] = [
  ...inFile("core/domain/schedule.ts", "domain/schedule.test.ts", [
    [
      "SCH-06",
      "a policy whose hour has passed begins tomorrow, not in its next cycle",
      "return point > from ? point : instantOn(nearestDay(pattern, dayOf(anchor), day + 1, 1), pattern);",
      "return point > from ? point : instantOn(day + 1, pattern);",
    ],
    [
      "SCH-13",
      "only the first pattern of a policy counts",
      "return Math.min(...firsts);",
      "return firsts[0] ?? Math.min(...firsts);",
    ],
    ["SCH-08", "runs start up to five minutes late", "SPREAD_MS = 3 * MINUTE_MS", "SPREAD_MS = 5 * MINUTE_MS"],
  ]),
  ...inFile("core/domain/pattern.ts", "domain/policy.test.ts", [
    ["SCH-01", "every 31 days is an interval", "MAX_INTERVAL_DAYS = 30", "MAX_INTERVAL_DAYS = 31"],
    ["SCH-02", "points an hour apart are too close", "< LEAST_GAP_MINUTES", "<= LEAST_GAP_MINUTES"],
  ]),
  ...inFile("core/app/policies/bindings.ts", "api/policies.test.ts", [
    [
      "SCH-09",
      "a disabled policy promises points",
      "return policy.enabled && policy.deleted !== true ?",
      "return policy.deleted !== true ?",
    ],
    [
      "SCH-11",
      "a policy that is enabled again catches up",
      "const accounted = Math.max(link.accounted, since);",
      "const accounted = link.accounted;",
    ],
    [
      "SCH-26",
      "a policy that was deleted stays applied",
      "if (policy === undefined || policy.deleted === true || vault === undefined) {",
      "if (policy === undefined || vault === undefined) {",
    ],
  ]),
  ...inFile("core/app/policies/update-policy.ts", "api/policies.test.ts", [
    [
      "SCH-12",
      "another pattern in place of one changes nothing",
      "policy.trigger.patterns.length &&\n    patterns.every((text, i) => text === policy.trigger.patterns[i]);",
      "policy.trigger.patterns.length;",
    ],
  ]),
  ...inFile("core/app/policies/create-policy.ts", "api/policies.test.ts", [
    ["SCH-25", "there may be 33 policies", "if (all.length >= MAX_POLICIES)", "if (all.length > MAX_POLICIES)"],
  ]),
  ...inFile("core/app/backup/create-checkpoint.ts", "app/policies.test.ts", [
    [
      "SCH-24",
      "a vault in error is backed up by its policy",
      'refuseObstacle(autoTrigger ? "scheduled" : "backup", { vault',
      'if (vault.status !== "error") refuseObstacle(autoTrigger ? "scheduled" : "backup", { vault',
    ],
  ]),
  ...inFile("core/app/policies/fire-point.ts", "app/policies.test.ts", [
    ["SCH-10", "an empty vault leaves a task", "why.caller === undefined || empty ?", "why.caller === undefined ?"],
    [
      "SCH-20",
      "a point that meets a running backup waits for its end",
      "if (!(error instanceof Fault)) throw error;\n    return skip(",
      'if (!(error instanceof Fault) || error.code === "6125") throw error;\n    return skip(',
    ],
  ]),
  ...inFile("core/domain/keep-sets.ts", "domain/retention-vectors.test.ts", [
    [
      "RET-30",
      "one backup more than the count is kept",
      "newestFirst.slice(0, rule.newest)",
      "newestFirst.slice(0, rule.newest + 1)",
    ],
    [
      "RET-31",
      "the oldest backups of the oldest days are kept",
      "for (const { id, createdAt } of newestFirst) {",
      "for (const { id, createdAt } of newestFirst.toReversed()) {",
    ],
    [
      "RET-32",
      "what the count keeps does not count for days and weeks",
      "newestOfEach(newestFirst, rule, counted)",
      "newestOfEach(newestFirst.slice(rule.newest), rule, counted)",
    ],
  ]),
  ...inFile("core/domain/calendar.ts", "domain/calendar.test.ts", [
    [
      "RET-31",
      "zones lie on the wrong side of UTC",
      '(sign === "-" ? -ahead : ahead)',
      '(sign === "-" ? ahead : -ahead)',
    ],
  ]),
  ...inFile("core/domain/retention.ts", "domain/retention-vectors.test.ts", [
    [
      "RET-10",
      "manual backups are counted",
      'b.automatic && b.status === "available" &&',
      'b.status === "available" &&',
    ],
    ["RET-11", "backups that images were made from are counted", " && (b.exemptions ?? []).length === 0;\n", ";\n"],
    ["RET-53", "what has expired takes a place of the count", "isSubject(b) && !isDue(b, inForce.now)", "isSubject(b)"],
  ]),
  ...inFile("core/domain/retention.ts", "domain/retention.test.ts", [
    [
      "RET-13",
      "failed backups are counted",
      'b.automatic && b.status === "available" &&',
      'b.automatic && b.status !== "protecting" &&',
    ],
    [
      "RET-15",
      "the last good backup is the newest one, good or not",
      'all.find(({ status }) => status === "available" || status === "restoring")?.id',
      "all[0]?.id",
    ],
    ["RET-21", "a backup expires a moment after its date", "expiredAt <= now;", "expiredAt < now;"],
    [
      "RET-40",
      "dates count only while a policy is in force",
      "if (b.expiredAt !== undefined && isDue(b, inForce.now))",
      "if (meaning !== undefined && b.expiredAt !== undefined && isDue(b, inForce.now))",
    ],
    [
      "VLT-54",
      "a shorter count deletes from a locked vault before the date",
      "if (locked === true && b.expiredAt !== undefined) return until(",
      "if (locked !== true && b.expiredAt !== undefined) return until(",
    ],
  ]),
  ...inFile("core/domain/retention-rule.ts", "domain/retention.test.ts", [
    ["RET-01", "a count of -1 is a count", "if (!isSet(maxBackups)) {", "if (maxBackups === undefined) {"],
    [
      "RET-02",
      "time and days at once mean time",
      "if (isSet(maxBackups) || periods.length > 0)",
      "if (isSet(maxBackups))",
    ],
    [
      "RET-03",
      "a rule without a zone is read in UTC",
      'if (timezone === undefined) return { mode: "unclear", why: "the rule counts calendar periods and names no timezone" };\n  const calendar = calendarOf(timezone);',
      'const calendar = calendarOf(timezone ?? "UTC");',
    ],
  ]),
  ...inFile("core/domain/retention-rule.ts", "app/retention.test.ts", [
    [
      "RET-38",
      "a backup expires a day late",
      "createdAt + meaning.days * DAY_MS",
      "createdAt + (meaning.days + 1) * DAY_MS",
    ],
  ]),
  ...inFile("core/app/retention/due-retention.ts", "app/retention.test.ts", [
    [
      "RET-20",
      "the count is not looked at after a manual backup",
      "...(vault?.policies?.backup === undefined\n",
      "...(vault?.policies?.backup === undefined || !backup.autoTrigger\n",
    ],
  ]),
  ...inFile("core/app/retention/rule-in-force.ts", "app/retention.test.ts", [
    ["RET-23", "a disabled policy deletes", "return policy?.enabled === true ? policy : undefined;", "return policy;"],
  ]),
  ...inFile("core/app/delete/start-deletion.ts", "app/retention.test.ts", [
    ["RET-24", "what retention deletes leaves no trace", 'told.by === "user" ? []', 'told.by === "retention" ? []'],
    [
      "RET-16",
      "a locked vault keeps what has expired",
      'if (vault.locked && byRuleOnly && told.by === "user")',
      "if (vault.locked && byRuleOnly)",
    ],
    [
      "VLT-51",
      "people delete from a locked vault what has a date",
      'if (vault.locked && byRuleOnly && told.by === "user")',
      'if (vault.locked && byRuleOnly && backup.expiredAt === undefined && told.by === "user")',
    ],
  ]),
  ...inFile("core/domain/association.ts", "domain/association.test.ts", [
    ["ABD-02", "a vault without a policy takes resources", "vault.next !== undefined)", "vault.size > 0)"],
    ["ABD-04", "a resource has to have all of the tags", "rules.some((rule) =>", "rules.every((rule) =>"],
    ["ABD-05", "a vault takes what leaves no reserve", "size - allocated > Math.max(", "size - allocated >= Math.max("],
    [
      "ABD-06",
      "the vault that fires last takes the resource",
      "(a.next ?? 0) - (b.next ?? 0)",
      "(b.next ?? 0) - (a.next ?? 0)",
    ],
    ["ABD-07", "people are told of what no vault wants", "else if (willing.length > 0) unplaced", "else unplaced"],
    ["ABD-08", "a vault takes a 257th resource", "bound < MAX_RESOURCES", "bound <= MAX_RESOURCES"],
  ]),
  ...inFile("core/app/vaults/associate-resources.ts", "app/associate-resources.test.ts", [
    ["ABD-09", "a vault goes on taking resources once auto_bind is off", "if (!vault.autoBind || vault", "if (vault"],
  ]),
  ...inFile("core/domain/policy.ts", "domain/policy.test.ts", [
    ["RET-04", "101 days may be counted", "const MAX_PERIODS = 100;", "const MAX_PERIODS = 101;"],
  ]),
  ...inFile("core/domain/organization-policy.ts", "domain/organization-policy.test.ts", [
    ["ORG-01", "days and one count may be set together", "&& counts.length > 0)", "&& counts.length > 1)"],
    [
      "ORG-05",
      "half hours are whole ones",
      'if (whole("BYMINUTE", 0, 59) !== 0)',
      'if (whole("BYMINUTE", 0, 59) % 30 !== 0)',
    ],
  ]),
];
