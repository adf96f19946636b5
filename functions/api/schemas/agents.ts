/** Which bodies the agent operations take (cbr-api 7.7, 7.9), and what they mean inside. */
import { z } from "zod";
import type { PathsAsked } from "../../../core/app/agents/add-paths.ts";
import type { AgentDraft } from "../../../core/app/agents/register-agent.ts";
import { SERVER } from "../../../core/domain/resource-types.ts";
import { resourceIdField } from "../kit/fields.ts";

const text = z.string().min(1).max(255);

/** POST agents. The id has a code of its own and is judged by the use case. */
export const registerAgentBody = z
  .object({
    agent: z.object({
      agent_id: z.string().min(1),
      host_ip: z.union([z.ipv4(), z.ipv6()], "must be an IP address"),
      host_name: text,
      host_os: text,
      agent_type: z.enum(["cloud", "native"]),
      agent_version: z.string().regex(/^\d{1,3}\.\d{1,3}\.\d{1,3}$/, "must be three numbers of 1 to 3 digits: 1.2.3"),
      host_nickname: z.string().max(255).nullish(),
    }),
  })
  .transform(
    ({ agent: a }): AgentDraft => ({
      id: a.agent_id,
      type: a.agent_type,
      version: a.agent_version,
      hostIp: a.host_ip,
      hostName: a.host_name,
      hostNickname: a.host_nickname ?? "",
      hostOs: a.host_os,
    }),
  );

/** PUT agents/{id} (AGT-03). */
export const updateAgentBody = z.object({ agent: z.object({ status: z.literal("uninstall") }) });

const paths = z.array(z.string()).min(1).max(256);
/** POST agents/{id}/add-path. */
export const addPathBody = z
  .object({
    add_path: paths,
    exclude_path: z
      .array(z.object({ path_name: z.string(), exclude_path_name: z.array(z.string()) }))
      .max(256)
      .nullish(),
  })
  .transform(
    ({ add_path, exclude_path }): PathsAsked => ({
      add: add_path,
      exclude: (exclude_path ?? []).map(({ path_name, exclude_path_name }) => ({
        path: path_name,
        names: exclude_path_name,
      })),
    }),
  );

/** POST agents/{id}/remove-path. */
export const removePathBody = z.object({ remove_path: paths }).transform((body) => body.remove_path);

/** POST agent/check. */
export const checkAgentBody = z
  .object({
    agent_status: z
      .array(
        z.object({
          resource_id: resourceIdField,
          resource_type: z.enum([SERVER, "OS::Ironic::BareMetalServer"]),
          resource_name: z.string().max(255).nullish(),
        }),
      )
      .min(1)
      .max(256),
  })
  .transform(({ agent_status }) =>
    agent_status.map(({ resource_id, resource_type }) => ({ resourceId: resource_id, resourceType: resource_type })),
  );
