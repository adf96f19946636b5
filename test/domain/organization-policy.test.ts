/** Which schedules and retention rules may an organisation policy have? */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkDefinition, checkSchedule } from "../../core/domain/organization-policy.ts";

const refusal = (work: () => void): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return String((error as { detail?: string }).detail);
  }
};
const schedule = (...patterns: string[]) => refusal(() => checkSchedule("p", patterns));
const definition = (given: object, type: "backup" | "replication" = "backup") =>
  refusal(() => checkDefinition("d", type, given, "here"));

describe("a schedule", () => {
  it.each([
    ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=14;BYMINUTE=00"],
    ["FREQ=DAILY;INTERVAL=2;BYHOUR=02;BYMINUTE=00"],
    ["FREQ=DAILY;BYHOUR=0;BYMINUTE=0"],
  ])("takes %s", (pattern) => {
    expect(schedule(pattern)).toBeUndefined();
  });

  it.each([
    ["FREQ=DAILY;BYHOUR=14;BYMINUTE=30", "p[0]: BYMINUTE must be 00: organisation policies run on whole hours"],
    ["FREQ=HOURLY;BYHOUR=14;BYMINUTE=00", "p[0]: FREQ must be DAILY or WEEKLY"],
    ["FREQ=WEEKLY;BYHOUR=14;BYMINUTE=00", "p[0]: BYDAY is missing: a weekly rule must name its days"],
    [
      "FREQ=WEEKLY;BYDAY=XX;BYHOUR=14;BYMINUTE=00",
      "p[0]: BYDAY must be days among MO, TU, WE, TH, FR, SA, SU, each once",
    ],
    ["FREQ=DAILY;INTERVAL=31;BYHOUR=14;BYMINUTE=00", "p[0]: INTERVAL must be from 1 to 30"],
    ["FREQ=DAILY;BYHOUR=24;BYMINUTE=00", "p[0]: BYHOUR must be from 0 to 23"],
    ["FREQ=DAILY;BYHOUR=1,2;BYMINUTE=00", "p[0]: BYHOUR must be from 0 to 23"],
    ["FREQ=DAILY;BYMINUTE=00", "p[0]: BYHOUR is missing"],
    ["FREQ=DAILY;COUNT=3;BYHOUR=1;BYMINUTE=00", "p[0]: has the member COUNT; must have FREQ"],
    ["nightly", "p[0]: must be members like BYHOUR=14"],
    ["FREQ=DAILY;FREQ=DAILY;BYHOUR=1;BYMINUTE=00", "p[0]: must be members like BYHOUR=14"],
  ])("ORG-05: refuses %s and says why", (pattern, why) => {
    expect(schedule(pattern)).toContain(why);
  });

  it("QTA-09: has 1 to 24 rules, and no hour of a day twice", () => {
    expect(schedule()).toContain("must have 1 to 24 elements");
    const hours = Array.from({ length: 24 }, (_, hour) => `FREQ=DAILY;BYHOUR=${hour};BYMINUTE=00`);
    expect(schedule(...hours)).toBeUndefined();
    expect(schedule(...hours, "FREQ=DAILY;BYHOUR=1;BYMINUTE=00")).toContain("1 to 24");
    expect(schedule("FREQ=DAILY;BYHOUR=3;BYMINUTE=00", "FREQ=WEEKLY;BYDAY=TU;BYHOUR=03;BYMINUTE=00")).toBe(
      "p[1]: names TU 3:00 again; points must be at least an hour apart",
    );
  });

  it("is judged without a defect, whatever text stands there", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40 }), { maxLength: 5 }), (patterns) => {
        expect(schedule(...patterns)).not.toBe("undefined");
      }),
    );
  });
});

describe("a definition", () => {
  it("ORG-01: keeps by days or by counts, never by both; -1 and 0 are not set", () => {
    expect(definition({ retention_duration_days: 30, max_backups: -1, day_backups: 0 })).toBeUndefined();
    expect(definition({ retention_duration_days: -1, max_backups: 5 })).toBeUndefined();
    expect(definition({ retention_duration_days: 30, max_backups: 5 })).toBe(
      "d.retention_duration_days: must not be set together with max_backups",
    );
  });

  it("ORG-01: needs a time zone for days, weeks, months and years", () => {
    expect(definition({ week_backups: 1 })).toContain("d.timezone: is missing");
    expect(definition({ week_backups: 1, timezone: "UTC+08:00" })).toBeUndefined();
  });

  it("REP-01: of replication names another region and a project", () => {
    const target = { destination_region: "there", destination_project_id: "p" };
    expect(definition(target, "replication")).toBeUndefined();
    expect(definition({}, "replication")).toContain("d.destination_region: is missing");
    expect(definition({ destination_region: "there" }, "replication")).toContain(
      "d.destination_project_id: is missing",
    );
    expect(definition({ ...target, destination_region: "here" }, "replication")).toContain("must be another region");
  });

  it("REP-17: does not ask for acceleration", () => {
    expect(definition({ enable_acceleration: true })).toContain("d.enable_acceleration: must not be true");
  });
});
