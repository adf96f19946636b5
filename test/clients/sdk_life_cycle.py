"""Lives a whole life of a vault with Huawei's own SDK, unmodified: sdk_life_cycle.py CREDENTIALS.JSON DISK_ID IMAGE

Prints the name of each step that went as it should, and ends at the first that did not.
"""
import json, pathlib, sys, time

from huaweicloudsdkcbr import v1 as cbr
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.region.region import Region

# Generous: a loaded machine is no fault of the service.
PATIENCE_S = 120

account = json.loads(sys.argv[1])
disk_id, image = sys.argv[2], pathlib.Path(sys.argv[3])
region = Region(account["region"], account["url"])


def client_with(secret_key, project_id=None):
    """Without a project the SDK looks it up by the region's name."""
    credentials = BasicCredentials(account["access_key"], secret_key, project_id).with_iam_endpoint(account["url"])
    return cbr.CbrClient.new_builder().with_credentials(credentials).with_region(region).build()


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r} is not {wanted!r}")


def refused(status, code, call, request):
    try:
        call(request)
    except ClientRequestException as error:
        equal((error.status_code, error.error_code), (status, code))
        if not error.request_id:
            raise AssertionError("a refusal without X-Request-Id")
        return error
    raise AssertionError(f"not refused with {status} {code}")


def until(what, done):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := done()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE_S} s")
        time.sleep(0.1)
    return found


def went(step):
    print(step, flush=True)


client = client_with(account["secret_key"])


def ended(task_id):
    def look():
        task = client.show_op_log(cbr.ShowOpLogRequest(operation_log_id=task_id)).operation_log
        return task if task.status not in ("running", "waiting") else None

    return until(f"task {task_id}", look)


def ended_of(vault_id, operation):
    """The one task of this kind, once it ended: CreateCheckpoint answers no task id."""
    def look():
        request = cbr.ListOpLogsRequest(vault_id=vault_id, operation_type=operation, limit=10, offset=0)
        return client.list_op_logs(request).operation_logs

    return ended(until(f"a {operation} task", look)[0].id)


billing = cbr.BillingCreate(consistent_level="crash_consistent", object_type="disk", protect_type="backup", size=10)
vault = client.create_vault(cbr.CreateVaultRequest(body=cbr.VaultCreateReq(vault=cbr.VaultCreate(
    name="sdk-vault", description="by the SDK", billing=billing, resources=[])))).vault
equal((vault.name, vault.billing.size, vault.billing.status, vault.resources, vault.tags), ("sdk-vault", 10, "available", [], []))
shown = client.show_vault(cbr.ShowVaultRequest(vault_id=vault.id)).vault
for field in ("id", "name", "description", "created_at", "user_id", "project_id", "auto_bind", "auto_expand"):
    equal(getattr(shown, field), getattr(vault, field))
went("create vault")

definition = cbr.PolicyoODCreate(max_backups=5, retention_duration_days=-1, timezone="UTC+08:00")
trigger = cbr.PolicyTriggerReq(properties=cbr.PolicyTriggerPropertiesReq(
    pattern=["FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=14;BYMINUTE=00"]))
policy = client.create_policy(cbr.CreatePolicyRequest(body=cbr.PolicyCreateReq(policy=cbr.PolicyCreate(
    name="sdk-policy", enabled=True, operation_type="backup", operation_definition=definition, trigger=trigger)))).policy
equal((policy.enabled, policy.operation_definition.max_backups), (True, 5))
bound = client.associate_vault_policy(cbr.AssociateVaultPolicyRequest(
    vault_id=vault.id, body=cbr.VaultAssociate(policy_id=policy.id))).associate_policy
equal((bound.vault_id, bound.policy_id), (vault.id, policy.id))
equal([row.id for row in client.list_vault(cbr.ListVaultRequest(policy_id=policy.id)).vaults], [vault.id])
equal([row.id for row in client.list_policies(cbr.ListPoliciesRequest(vault_id=vault.id)).policies], [policy.id])
off = client.update_policy(cbr.UpdatePolicyRequest(policy_id=policy.id, body=cbr.PolicyUpdateReq(
    policy=cbr.PolicyUpdate(enabled=False)))).policy
equal((off.enabled, off.name, off.operation_definition.max_backups), (False, "sdk-policy", 5))
went("create policy, bind, disable")

disk = cbr.ResourceCreate(id=disk_id, type="OS::Cinder::Volume")
equal(client.add_vault_resource(cbr.AddVaultResourceRequest(
    vault_id=vault.id, body=cbr.VaultAddResourceReq(resources=[disk]))).add_resource_ids, [disk_id])
equal([row.id for row in client.show_vault(cbr.ShowVaultRequest(vault_id=vault.id)).vault.resources], [disk_id])
went("add resource")

first = image.read_bytes()
checkpoint = client.create_checkpoint(cbr.CreateCheckpointRequest(body=cbr.VaultBackupReq(checkpoint=cbr.VaultBackup(
    vault_id=vault.id, parameters=cbr.CheckpointParam(
        name="sdk-backup", description="first", incremental=True, auto_trigger=False))))).checkpoint
equal((checkpoint.vault.id, checkpoint.extra_info.name), (vault.id, "sdk-backup"))
task = ended_of(vault.id, "backup")
equal((task.status, task.checkpoint_id, task.extra_info.common.progress), ("success", checkpoint.id, 100))
equal(client.show_checkpoint(cbr.ShowCheckpointRequest(checkpoint_id=checkpoint.id)).checkpoint.status, "available")
went("back up, poll the task")

for given in ({"vault_id": vault.id}, {"checkpoint_id": checkpoint.id}, {"resource_id": disk_id}, {"name": "sdk-backup"},
              {"status": "available"}, {"resource_type": "OS::Cinder::Volume"}, {"sort": "created_at:desc"},
              {"limit": 1, "offset": 0}, {"start_time": "2020-01-01T00:00:00Z"}, {"own_type": "private"}):
    equal([row.resource_id for row in client.list_backups(cbr.ListBackupsRequest(**given)).backups], [disk_id])
for given in ({"status": "error"}, {"offset": 1}, {"end_time": "2020-01-01T00:00:00Z"}, {"name": "other"}):
    equal(client.list_backups(cbr.ListBackupsRequest(**given)).backups, [])
backup = client.list_backups(cbr.ListBackupsRequest(checkpoint_id=checkpoint.id)).backups[0]
alone = client.show_backup(cbr.ShowBackupRequest(backup_id=backup.id)).backup
equal((alone.name, alone.status, alone.vault_id, alone.resource_size), ("sdk-backup", "available", vault.id, 1))
# The SDK makes a time of it only in this spelling; of others it leaves a text.
equal(type(alone.created_at).__name__, "datetime")
equal([row.id for row in client.list_vault(cbr.ListVaultRequest(
    name="sdk-vault", object_type="disk", protect_type="backup", cloud_type="public", limit=10, offset=0)).vaults], [vault.id])
went("list with filters")

image.write_bytes(bytes(len(first)))
client.restore_backup(cbr.RestoreBackupRequest(backup_id=backup.id, body=cbr.BackupRestoreReq(
    restore=cbr.BackupRestore(volume_id=disk_id, power_on=False))))
equal(ended_of(vault.id, "restore").status, "success")
equal(image.read_bytes() == first, True)
went("restore in place, byte for byte")

client.create_vault_tags(cbr.CreateVaultTagsRequest(
    vault_id=vault.id, body=cbr.VaultTagsCreateReq(tag=cbr.TagCreate(key="stage", value="test"))))
client.batch_create_and_delete_vault_tags(cbr.BatchCreateAndDeleteVaultTagsRequest(
    vault_id=vault.id, body=cbr.BulkCreateAndDeleteVaultTagsReq(action="create", tags=[
        cbr.BulkCreateAndDeleteTags(key="team", value="")])))


def tags():
    rows = client.show_vault_tag(cbr.ShowVaultTagRequest(vault_id=vault.id)).tags
    return {row.key: row.value for row in rows}


equal(tags(), {"stage": "test", "team": ""})
wanted = [cbr.TagsReq(key="stage", values=["test"])]
found = client.show_vault_resource_instances(cbr.ShowVaultResourceInstancesRequest(
    body=cbr.VaultResourceInstancesReq(action="filter", tags=wanted, limit="10", offset="0")))
equal((found.total_count, [row.resource_id for row in found.resources]), (1, [vault.id]))
equal(client.show_vault_resource_instances(cbr.ShowVaultResourceInstancesRequest(
    body=cbr.VaultResourceInstancesReq(action="count", tags=wanted))).total_count, 1)
client.batch_create_and_delete_vault_tags(cbr.BatchCreateAndDeleteVaultTagsRequest(
    vault_id=vault.id, body=cbr.BulkCreateAndDeleteVaultTagsReq(action="delete", tags=[
        cbr.BulkCreateAndDeleteTags(key="team")])))
client.delete_vault_tag(cbr.DeleteVaultTagRequest(vault_id=vault.id, key="stage"))
equal(tags(), {})
went("tags: create, list, search, delete")

nobody = "00000000000000000000000000000000"
refused(400, "BackupService.6704", client.add_member, cbr.AddMemberRequest(
    backup_id=backup.id, body=cbr.AddMembersReq(members=[nobody])))
refused(404, "BackupService.6105", client.show_vault,
        cbr.ShowVaultRequest(vault_id="00000000-0000-0000-0000-000000000000"))
bad = client_with("x" * 40, account["project_id"])
refused(401, "APIGW.0301", bad.list_vault, cbr.ListVaultRequest())
went("refusals: sharing, unknown vault, bad signature")

client.delete_backup(cbr.DeleteBackupRequest(backup_id=backup.id))
until("the backup is gone", lambda: client.list_backups(cbr.ListBackupsRequest(vault_id=vault.id)).backups == [])
refused(404, "BackupService.6200", client.show_backup, cbr.ShowBackupRequest(backup_id=backup.id))
client.disassociate_vault_policy(cbr.DisassociateVaultPolicyRequest(
    vault_id=vault.id, body=cbr.VaultDissociate(policy_id=policy.id)))
client.delete_policy(cbr.DeletePolicyRequest(policy_id=policy.id))
equal(client.list_policies(cbr.ListPoliciesRequest()).policies, [])
went("delete backup and policy")

client.delete_vault(cbr.DeleteVaultRequest(vault_id=vault.id))


def gone():
    try:
        client.show_vault(cbr.ShowVaultRequest(vault_id=vault.id))
    except ClientRequestException as error:
        equal((error.status_code, error.error_code), (404, "BackupService.6105"))
        return True
    return False


until("the vault is gone", gone)
went("delete vault until 404")
