/** What policies may say, and which refusal names which rule. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../core/domain/fault.ts";
import { parsePatterns } from "../../core/domain/pattern.ts";
import { checkDefinition, isFullDue, type OperationDefinition, zoneOffsetMinutes } from "../../core/domain/policy.ts";

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
  return "accepted";
}
const patterns = (...texts: string[]) => refusal(() => parsePatterns(texts));
const definition = (one: OperationDefinition, type: "backup" | "replication" = "backup") =>
  refusal(() => checkDefinition(type, one));

describe("patterns", () => {
  it("SCH-01: takes the two forms that CBR takes, members in any order", () => {
    expect(
      parsePatterns(["FREQ=WEEKLY;BYDAY=MO,SU;BYHOUR=14;BYMINUTE=05", "FREQ=WEEKLY;BYHOUR=16;BYDAY=SA;BYMINUTE=00"]),
    ).toEqual([
      { form: "weekly", days: [1, 0], minuteOfDay: 14 * 60 + 5 },
      { form: "weekly", days: [6], minuteOfDay: 16 * 60 },
    ]);
    expect(parsePatterns(["FREQ=DAILY;INTERVAL=30;BYHOUR=02;BYMINUTE=30"])).toEqual([
      { form: "daily", interval: 30, minuteOfDay: 150 },
    ]);
  });

  it.each([
    ["FREQ=MONTHLY;BYHOUR=1;BYMINUTE=0", "FREQ must be WEEKLY or DAILY"],
    ["FREQ=WEEKLY;BYHOUR=1;BYMINUTE=0", "BYDAY must list days"],
    ["FREQ=WEEKLY;BYDAY=MO,MO;BYHOUR=1;BYMINUTE=0", "names a day twice"],
    ["FREQ=WEEKLY;BYDAY=XX;BYHOUR=1;BYMINUTE=0", "BYDAY must list days"],
    ["FREQ=DAILY;INTERVAL=31;BYHOUR=1;BYMINUTE=0", "INTERVAL must be one number from 1 to 30"],
    ["FREQ=DAILY;INTERVAL=0;BYHOUR=1;BYMINUTE=0", "INTERVAL must be one number from 1 to 30"],
    ["FREQ=DAILY;INTERVAL=1;BYHOUR=24;BYMINUTE=0", "BYHOUR must be one number from 0 to 23"],
    ["FREQ=DAILY;INTERVAL=1;BYHOUR=1,2;BYMINUTE=0", "BYHOUR must be one number"],
    ["FREQ=DAILY;INTERVAL=1;BYHOUR=1", "BYMINUTE must be one number"],
    ["FREQ=DAILY;FREQ=DAILY;BYHOUR=1;BYMINUTE=0", "FREQ is given twice"],
    ["FREQ=DAILY;COUNT=3;BYHOUR=1;BYMINUTE=0", '"COUNT=3" is none of'],
    ["", "is none of"],
  ])("SCH-01: refuses %s with 9900 and says why", (text, why) => {
    expect(patterns(text)).toContain("9900: policy.trigger.properties.pattern[0]");
    expect(patterns(text)).toContain(why);
  });

  it("SCH-02: takes one to 24 patterns, of at most 10,240 characters", () => {
    const hourly = [...Array(24).keys()].map((hour) => `FREQ=DAILY;INTERVAL=1;BYHOUR=${hour};BYMINUTE=00`);
    expect(patterns(...hourly)).toBe("accepted");
    expect(patterns(...hourly, "FREQ=WEEKLY;BYDAY=MO;BYHOUR=0;BYMINUTE=0")).toContain("1 to 24 elements, not 25");
    expect(patterns()).toContain("1 to 24 elements, not 0");
    expect(patterns("X".repeat(10_241))).toContain("10240 characters");
  });

  it.each([
    ["on one day", "FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=00", "FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=59", true],
    [
      "an hour apart",
      "FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=00",
      "FREQ=DAILY;INTERVAL=1;BYHOUR=3;BYMINUTE=00",
      false,
    ],
    [
      "over midnight",
      "FREQ=DAILY;INTERVAL=1;BYHOUR=23;BYMINUTE=30",
      "FREQ=DAILY;INTERVAL=1;BYHOUR=0;BYMINUTE=00",
      true,
    ],
    [
      "over a midnight that never comes",
      "FREQ=DAILY;INTERVAL=2;BYHOUR=23;BYMINUTE=30",
      "FREQ=DAILY;INTERVAL=4;BYHOUR=0;BYMINUTE=00",
      false,
    ],
    [
      "intervals that meet",
      "FREQ=DAILY;INTERVAL=2;BYHOUR=23;BYMINUTE=30",
      "FREQ=DAILY;INTERVAL=3;BYHOUR=0;BYMINUTE=00",
      true,
    ],
    [
      "different weekdays",
      "FREQ=WEEKLY;BYDAY=MO;BYHOUR=2;BYMINUTE=00",
      "FREQ=WEEKLY;BYDAY=TU;BYHOUR=2;BYMINUTE=30",
      false,
    ],
    [
      "Sunday to Monday",
      "FREQ=WEEKLY;BYDAY=SU;BYHOUR=23;BYMINUTE=30",
      "FREQ=WEEKLY;BYDAY=MO;BYHOUR=0;BYMINUTE=00",
      true,
    ],
    ["mixed forms", "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=30", "FREQ=DAILY;INTERVAL=7;BYHOUR=2;BYMINUTE=00", true],
  ])("SCH-02: an hour lies between two points: %s", (_, a, b, refused) => {
    expect(patterns(a, b).includes("less than an hour")).toBe(refused);
    expect(patterns(b, a).includes("less than an hour")).toBe(refused);
  });

  it("no text makes it do anything but accept or refuse with 9900", () => {
    const pieces = fc.constantFrom(
      "FREQ=",
      "DAILY",
      "WEEKLY",
      ";",
      "BYDAY=",
      "MO",
      ",",
      "BYHOUR=",
      "BYMINUTE=",
      "INTERVAL=",
      "7",
      "07",
      " ",
    );
    fc.assert(
      fc.property(
        fc.array(
          fc.array(pieces, { maxLength: 12 }).map((all) => all.join("")),
          { maxLength: 3 },
        ),
        (texts) => {
          expect(patterns(...texts)).toMatch(/^(accepted|9900: policy\.trigger)/);
        },
      ),
    );
  });
});

describe("operation definition", () => {
  it("RET-01: absent, 0 and -1 set nothing, so they exclude nothing", () => {
    expect(
      definition({
        maxBackups: -1,
        dayBackups: 0,
        weekBackups: 0,
        monthBackups: 0,
        yearBackups: 0,
        retentionDurationDays: 30,
      }),
    ).toBe("accepted");
    expect(definition({ weekBackups: 3, maxBackups: 7, retentionDurationDays: -1, timezone: "UTC+01:00" })).toBe(
      "accepted",
    );
    expect(definition({ timezone: "UTC+08:00" })).toBe("accepted");
    expect(definition({})).toBe("accepted");
  });

  it("RET-02: days exclude count and periods", () => {
    expect(definition({ maxBackups: 3, retentionDurationDays: 5 })).toBe(
      "9900: policy.operation_definition.retention_duration_days: cannot be set together with max_backups; set one of them to -1",
    );
    expect(definition({ yearBackups: 1, timezone: "UTC+00:00", retentionDurationDays: 5 })).toContain("year_backups");
    expect(definition({ fullBackupInterval: 7, retentionDurationDays: 5 })).toBe("accepted");
  });

  it("RET-03: periods need a time zone", () => {
    expect(definition({ dayBackups: 1, maxBackups: 3 })).toContain(
      "9900: policy.operation_definition.timezone: is missing",
    );
  });

  it.each([
    [{ maxBackups: 100_000 }, "max_backups"],
    [{ maxBackups: -2 }, "max_backups"],
    [{ retentionDurationDays: 100_000 }, "retention_duration_days"],
    [{ dayBackups: 101 }, "day_backups"],
    [{ fullBackupInterval: 101 }, "full_backup_interval"],
    [{ timezone: "Europe/Berlin" }, "timezone"],
    [{ timezone: "UTC+14:01" }, "timezone"],
  ])("RET-04: %j is out of range", (one, member) => {
    expect(definition(one)).toContain(`9900: policy.operation_definition.${member}: must be`);
  });

  it("VLT-61: a replication policy names region and project; a backup policy need not", () => {
    expect(definition({}, "replication")).toContain("destination_region: is missing");
    expect(definition({ destinationRegion: "eu-2" }, "replication")).toContain("destination_project_id: is missing");
    expect(definition({ destinationRegion: "eu-2", destinationProjectId: "p" }, "replication")).toBe("accepted");
  });

  it("zones count in minutes ahead of UTC", () => {
    expect(["UTC+05:30", "UTC-01:00", "UTC+00:00", "UTC+5", "CET"].map(zoneOffsetMinutes)).toEqual([
      330,
      -60,
      0,
      undefined,
      undefined,
    ]);
  });
});

describe("full backups", () => {
  const DAY = 24 * 3_600_000;

  it("CON-16: every N-th automatic backup of a resource is full; -1, 0 and absent mean never", () => {
    const fulls = [...Array(9).keys()].filter((run) =>
      isFullDue(3, { sinceFull: run % 3, fullAt: 0 }, (run + 1) * DAY),
    );
    expect(fulls).toEqual([2, 5, 8]);
    for (const never of [-1, 0, undefined])
      expect(isFullDue(never, { sinceFull: 500, fullAt: undefined }, DAY)).toBe(false);
  });

  it("BKP-31: within a day of the last full one it is incremental, and the full one stays owed", () => {
    expect(isFullDue(2, { sinceFull: 1, fullAt: 1 }, DAY)).toBe(false);
    expect(isFullDue(2, { sinceFull: 7, fullAt: 1 }, DAY + 1)).toBe(true);
    expect(isFullDue(1, { sinceFull: 0, fullAt: undefined }, 0)).toBe(true);
  });
});
