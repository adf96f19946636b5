/** An API whose audit trail can be sealed, verified and tampered with. */

import type { Manners } from "../../adapters/local/sqlite/bad-manners.ts";
import { sealHours } from "../../core/app/audit/seal-hours.ts";
import { type AuditVerdict, verifyAudit } from "../../core/app/audit/verify-audit.ts";
import { walkRows } from "../../core/app/audit/walk-traces.ts";
import { AUDIT_HEADS, auditPk, HOUR_MS, hourOf, sealedTracesPk, tracePks } from "../../core/app/records/audit.ts";
import type { Services } from "../../core/app/services.ts";
import type { Item } from "../../core/ports/record-store.ts";
import { memoryKeyService } from "../api/kit/identity-host.ts";
import { type Answer, createVaultHost, PROJECT, type VaultHost, vaultBody } from "./vault-host.ts";

export interface AuditWorld {
  readonly host: VaultHost;
  readonly services: Services;
  readonly lines: ({ readonly level: string; readonly text: string } & Record<string, unknown>)[];
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Creates vaults with these names, one after the other. */
  vaults(...names: string[]): Promise<void>;
  /** Moves the clock to eleven minutes after the end of its hour and ticks. */
  seal(): Promise<void>;
  verify(after?: number): Promise<AuditVerdict>;
  /** Every record of the trail as it stands, of the first half of the day. */
  items(): Promise<Item[]>;
  /** Puts the trail back as it was. */
  restore(items: readonly Item[]): Promise<void>;
  close(): void;
}

export function createAuditWorld(manners?: Manners): AuditWorld {
  const host = createVaultHost(manners);
  const lines: AuditWorld["lines"] = [];
  const log: Services["log"] = (line) => void lines.push(line);
  const services = host.over(host.records, { keys: memoryKeyService(), log });
  const partitions = async (): Promise<string[]> => {
    const from = Date.parse("2030-01-02T00:00:00Z");
    const hours = Array.from({ length: 12 }, (_, n) => hourOf(from + n * HOUR_MS)).flatMap((h) => [h, `${h}~1`]);
    const ofHours = hours.flatMap((label) => [...tracePks(PROJECT, label), sealedTracesPk(PROJECT, label)]);
    return [AUDIT_HEADS.pk, auditPk(PROJECT), ...ofHours];
  };
  const world: AuditWorld = {
    host,
    services,
    lines,
    call: (method, path, body) => host.call(method, path, body, services),
    async vaults(...names) {
      for (const name of names) {
        host.clock.now += 1000;
        await world.call("POST", "/vaults", vaultBody({ name }));
      }
    },
    async seal() {
      host.clock.now = Date.parse(`${hourOf(host.clock.now + HOUR_MS)}:11:00Z`);
      await sealHours(services);
    },
    verify: (after = 0) => verifyAudit(services, PROJECT, after),
    async items() {
      const all: Item[] = [];
      for (const pk of await partitions())
        for await (const item of walkRows(host.records, pk, { forward: true })) all.push(item);
      return all;
    },
    async restore(items) {
      const text = (item: Item): string => JSON.stringify(item);
      const place = ({ pk, sk }: Item): string => `${pk} ${sk}`;
      const now = await world.items();
      const [stood, stands] = [new Set(items.map(place)), new Set(now.map(text))];
      const strange = now.filter((item) => !stood.has(place(item)));
      const other = items.filter((item) => !stands.has(text(item)));
      await Promise.all([
        ...strange.map(({ pk, sk }) => host.records.write({ op: "delete", key: { pk, sk }, if: "any" })),
        ...other.map((item) => host.records.write({ op: "put", item, if: "any" })),
      ]);
    },
    close: () => host.close(),
  };
  return world;
}
