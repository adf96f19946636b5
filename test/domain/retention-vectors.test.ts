/** Does retention keep what the vectors of cbr-behaviour 7.7 say? Monday is 3 August 2026; the policy is set at 10:00. */
import { describe, expect, it } from "vitest";
import { planRetention } from "../../core/domain/retention.ts";
import { at, Life } from "./retention-play.ts";

const UTC = "UTC+00:00";

describe("count", () => {
  it("R1: count 3 keeps Thursday, Friday and Saturday on Saturday (RET-30)", () => {
    const life = new Life({ maxBackups: 3 });
    life.daily(4, 8);
    expect(life.kept(at("08", "11:00"))).toEqual(["6", "7", "8"]);
  });

  describe("count 3, changed to 1 on Thursday 10:00", () => {
    const until = () => {
      const life = new Life({ maxBackups: 3 });
      life.daily(4, 6);
      life.rule = { maxBackups: 1 };
      return life;
    };
    it("R2: nothing goes at once (RET-50)", () => {
      expect(until().kept(at("06", "10:01"))).toEqual(["4", "5", "6"]);
    });
    it("R2b: a manual backup is an evaluation as well, and is not counted (RET-10, RET-20)", () => {
      const life = until();
      life.complete("manual", at("06", "12:00"), false);
      expect(life.kept(at("06", "12:30"), "all")).toEqual(["6", "manual"]);
    });
    it("R2c: without one the next scheduled backup is", () => {
      const life = until();
      life.daily(7, 7);
      expect(life.kept(at("07", "03:00"))).toEqual(["7"]);
    });
  });

  it("R7: a manual backup each day changes nothing (RET-10)", () => {
    const life = new Life({ maxBackups: 3 });
    for (let day = 4; day <= 8; day++) {
      life.daily(day, day);
      life.complete(`manual ${day}`, at(`0${day}`, "09:00"), false);
    }
    expect(life.kept(at("08", "11:00"))).toEqual(["6", "7", "8"]);
    expect(life.kept(at("08", "11:00"), false)).toHaveLength(5);
  });

  it("R8: what an image was made from is neither counted nor deleted (RET-11), and counts again when the image is gone (RET-12)", () => {
    const life = new Life({ maxBackups: 3 });
    life.daily(4, 4);
    const tuesday = life.backups.shift();
    if (tuesday === undefined) throw new Error("Tuesday's backup is missing");
    life.backups.unshift({ ...tuesday, exemptions: [{ kind: "image" }] });
    life.daily(5, 8);
    expect(life.kept(at("08", "11:00"))).toEqual(["4", "6", "7", "8"]);
    life.backups[0] = tuesday;
    life.daily(9, 9);
    expect(life.kept(at("09", "11:00"))).toEqual(["7", "8", "9"]);
  });

  it("what an image was made from takes no place of the count, however new it is (RET-11)", () => {
    const life = new Life({ maxBackups: 2 });
    life.daily(4, 5);
    life.backups.push({
      id: "imaged",
      createdAt: at("05", "12:00"),
      automatic: true,
      status: "available",
      exemptions: [{ kind: "image" }],
    });
    life.daily(6, 6);
    expect(life.kept(at("06", "11:00"))).toEqual(["5", "imaged", "6"]);
  });

  it("counts every automatic backup again after time or permanent, whatever it was made under (RET-51)", () => {
    const life = new Life({ maxBackups: 3 });
    life.daily(4, 6);
    life.rule = {};
    life.daily(7, 8);
    expect(life.kept(at("08", "11:00"))).toEqual(["4", "5", "6", "7", "8"]);
    life.rule = { maxBackups: 2 };
    life.daily(9, 9);
    expect(life.kept(at("09", "11:00"))).toEqual(["8", "9"]);
  });
});

describe("time", () => {
  it("R3: count 3, on Thursday 10:00 one month: what was made under the count stays for ever (RET-51)", () => {
    const life = new Life({ maxBackups: 3 });
    life.daily(4, 6);
    life.rule = { retentionDays: 30 };
    life.daily(7, 7);
    expect(life.kept(at("07", "03:00"))).toEqual(["4", "5", "6", "7"]);
    life.complete("later", at("07") + 31 * 86_400_000);
    expect(life.kept(at("07") + 400 * 86_400_000)).toEqual(["4", "5", "6", "later"]);
  });

  it("R4: one month, on the 8th three months: the older keep their date (RET-39, RET-52)", () => {
    const life = new Life({ retentionDays: 30 });
    life.daily(6, 8);
    life.rule = { retentionDays: 90 };
    life.daily(9, 31);
    life.daily(32, 37);
    const kept = life.kept(Date.parse("2026-09-06T02:00:00Z"));
    expect(kept).not.toContain("6");
    expect(kept).toContain("8");
    expect(life.kept(Date.parse("2026-11-07T01:59:00Z"))).toContain("9");
    expect(life.kept(Date.parse("2026-11-09T02:00:00Z"))).not.toContain("9");
  });

  it("R5: one month, on the 8th count 7: both, whichever deletes first (RET-53)", () => {
    const life = new Life({ retentionDays: 30 });
    life.daily(6, 8);
    life.rule = { maxBackups: 7 };
    life.daily(9, 15);
    expect(life.kept(at("15", "10:00"))).toEqual(["9", "10", "11", "12", "13", "14", "15"]);
  });

  it("R6: three days, on the 8th count 7: the old dates come all the same (RET-53)", () => {
    const life = new Life({ retentionDays: 3 });
    life.daily(6, 8);
    life.rule = { maxBackups: 7 };
    life.daily(9, 10);
    expect(life.kept(at("10", "10:00"))).toEqual(["8", "9", "10"]);
  });

  it("R6': one month, then count 1: the count is for the older ones too, as RET-53 has it (the older FAQ spares them, B-8)", () => {
    const life = new Life({ retentionDays: 30 });
    life.daily(6, 8);
    life.rule = { maxBackups: 1 };
    life.daily(9, 10);
    expect(life.kept(at("10", "10:00"))).toEqual(["10"]);
  });

  it("permanent, on the 8th two days: what has no date keeps none (RET-54)", () => {
    const life = new Life({});
    life.daily(5, 7);
    life.rule = { retentionDays: 2 };
    life.daily(8, 12);
    expect(life.kept(at("12", "10:00"))).toEqual(["5", "6", "7", "11", "12"]);
  });

  it("permanent, on the 8th count 2, or days: the count is for all of them (RET-54)", () => {
    for (const rule of [{ maxBackups: 2 }, { maxBackups: 1, dayBackups: 2, timezone: UTC }]) {
      const life = new Life({});
      life.daily(5, 7);
      life.rule = rule;
      expect(life.kept(at("07", "10:00"))).toEqual(["5", "6", "7"]);
      life.daily(8, 8);
      expect(life.kept(at("08", "10:00"))).toEqual(["7", "8"]);
    }
  });

  it("what has expired takes no place of the count, also while it is still there (RET-53)", () => {
    const of = (id: string, expiredAt?: number) =>
      ({ id, createdAt: at(id), automatic: true, status: "available", expiredAt }) as const;
    const all = [of("04"), of("05", at("06")), of("07")];
    const plan = planRetention(all, { rule: { maxBackups: 2 }, now: at("07", "10:00") });
    expect(plan.filter(({ keep }) => !keep).map(({ id }) => id)).toEqual(["05"]);
  });

  it("expires by date without any policy, and by nothing else (RET-40)", () => {
    const life = new Life({ retentionDays: 2 });
    life.daily(4, 6);
    life.rule = {};
    expect(life.kept(at("07", "01:00"))).toEqual(["5", "6"]);
    life.complete("after", at("07", "02:00"));
    expect(life.kept(at("30", "02:00"))).toEqual(["after"]);
  });
});

describe("days, weeks, months, years", () => {
  it("R9: count 2 + day 5 + week 1 keeps days 6 to 10 (RET-32)", () => {
    const life = new Life({ maxBackups: 2, dayBackups: 5, weekBackups: 1, timezone: UTC });
    life.daily(1, 10);
    expect(life.kept(at("10", "11:00"))).toEqual(["6", "7", "8", "9", "10"]);
  });

  it("R10: four backups a day, count 1 + day 3 keeps the last of each of three days (RET-31, RET-33)", () => {
    const life = new Life({ maxBackups: 1, dayBackups: 3, timezone: UTC });
    for (let day = 1; day <= 10; day++)
      for (const hour of ["00", "06", "12", "18"])
        life.complete(`${day} ${hour}`, at(String(day).padStart(2, "0"), `${hour}:00`));
    expect(life.kept(at("10", "23:00"))).toEqual(["8 18", "9 18", "10 18"]);
  });

  it("RET-36: count 3 and two weeks keep the newest three and the newest of each of two weeks", () => {
    const life = new Life({ maxBackups: 3, weekBackups: 2, timezone: UTC });
    // Weeks start on Monday: 17, 24 and 31 August.
    for (const day of [17, 20, 21, 24, 25, 26, 29]) life.daily(day, day);
    expect(life.kept(at("30", "00:00"))).toEqual(["21", "25", "26", "29"]);
  });

  it("RET-33: today's newest represents today until a newer one comes", () => {
    const life = new Life({ maxBackups: 1, dayBackups: 2, timezone: UTC });
    life.complete("a", at("04", "02:00"));
    life.complete("b", at("04", "03:00"));
    expect(life.kept(at("04", "04:00"))).toEqual(["b"]);
    life.complete("c", at("05", "02:00"));
    expect(life.kept(at("05", "04:00"))).toEqual(["b", "c"]);
  });

  it("RET-34: without max_backups the rule can be read in two ways, and deletes nothing", () => {
    const life = new Life({ dayBackups: 1, timezone: UTC });
    life.daily(1, 10);
    expect(life.kept(at("10", "11:00"))).toHaveLength(10);
  });

  it("RET-55: other numbers are for all of them, at the next backup", () => {
    const life = new Life({ maxBackups: 1, dayBackups: 5, timezone: UTC });
    life.daily(1, 6);
    life.rule = { maxBackups: 1, dayBackups: 2, timezone: UTC };
    expect(life.kept(at("06", "11:00"))).toHaveLength(5);
    life.daily(7, 7);
    expect(life.kept(at("07", "11:00"))).toEqual(["6", "7"]);
  });
});
