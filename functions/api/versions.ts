/** Which versions are there, and is somebody listening: the answers that need no credentials. */
import type { ApiRequest, ApiResponse } from "./kit/request.ts";

/** The v3 interface is this old (first public date of CBR's version entry is not documented; clients only show it). */
const UPDATED = "2019-05-23T00:00:00Z";

/**
 * `GET /` and `GET /cbr`: 300 with the list (cbr-api §7.0). keystoneauth reads the same list when an auth URL has no `/v3`,
 * and goes on at the link.
 */
export async function listVersions({ url }: ApiRequest): Promise<ApiResponse> {
  const links = [{ href: `${url}/v3/`, rel: "self" }];
  return { status: 300, body: { versions: [{ id: "v3", status: "CURRENT", updated: UPDATED, links }] } };
}

/** `GET /v3`: every openstackclient command starts with it, and hangs for minutes on a 401 (clients.md §1). */
export async function showIdentityVersion({ url }: ApiRequest): Promise<ApiResponse> {
  const version = {
    id: "v3.14",
    status: "stable",
    updated: UPDATED,
    links: [{ rel: "self", href: `${url}/v3/` }],
    "media-types": [{ base: "application/json", type: "application/vnd.openstack.identity-v3+json" }],
  };
  return { status: 200, body: { version } };
}

/** `GET /healthz`: the process answers. It reads nothing, so that a load balancer's question costs nothing. */
export async function showHealth(): Promise<ApiResponse> {
  return { status: 200, body: { status: "ok" } };
}
