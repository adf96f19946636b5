/** How the use of vaults looks on the wire (cbr-api #17, #68). */
import type { ResourceUsage, Summary } from "../../../core/app/lists/usage.ts";
import { GIB, wholeMb } from "../../../core/domain/values.ts";

/** Both in GB (S-7), rounded up. */
export const summaryView = ({ size, used }: Summary): object => ({ size, used_size: Math.ceil(used / GIB) });

/** MB, as everywhere else on the wire: bytes (S-10) would not fit the 32 bits that one client reads (clients.md §3). */
export const usageView = ({ binding, isMultiAz }: ResourceUsage): object => ({
  resource_id: binding.resourceId,
  resource_name: binding.name,
  resource_type: binding.resourceType,
  backup_count: binding.backups,
  backup_size: wholeMb(binding.used),
  backup_size_multiaz: isMultiAz ? wholeMb(binding.used) : 0,
});
