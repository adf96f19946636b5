/** Who finds which projects and domains (cbr-api #73–#75)? */
import { afterAll, beforeAll, expect, it } from "vitest";
import { order, send, tokenOf, userWith, verdictOf } from "./kit/accounts.ts";
import { bodyOf, type IdentityHost, identityHost } from "./kit/identity-host.ts";

let host: IdentityHost;
let acme: string;
let theirs: string;
beforeAll(async () => {
  host = await identityHost();
  acme = (await order(host, { action: "domain-create", name: "acme" })).id;
  theirs = (await order(host, { action: "project-create", name: "here-1", domain: "acme" })).id;
  await order(host, { action: "project-create", name: "team-b" });
  await userWith(host, "ann", "CBR ReadOnlyAccess");
});
afterAll(() => host.close());

const get = async (target: string, token?: string) =>
  send(host, "GET", target, token === undefined ? { key: host.credentials } : { token });

it("#73 lists the caller's projects as IAM does: all of the domain, or those with a role", async () => {
  const all = bodyOf<{ projects: { name: string }[] }>(await get("/v3/region-projects"));
  expect(all.projects.map(({ name }) => name).sort()).toEqual(["here-1", "team-b"]);
  const own = bodyOf(await get("/v3/region-projects", await tokenOf(host, "ann")));
  expect(own).toEqual({
    projects: [
      expect.objectContaining({
        id: host.credentials.project_id,
        name: "here-1",
        domain_id: host.credentials.domain_id,
        enabled: true,
      }),
    ],
    links: { self: "http://127.0.0.1:8700/v3/region-projects" },
  });
});

it("#74 lists the projects of a domain by its exact name, as who shares a backup needs them", async () => {
  const found = await get("/v3/domain/acme/projects", await tokenOf(host, "ann"));
  expect(bodyOf(found)).toEqual({ projects: [{ project_id: theirs, project_name: "here-1" }] });
  for (const wrong of ["acm", "ACME", acme])
    expect(verdictOf(await get(`/v3/domain/${wrong}/projects`))).toEqual([404, "APIGW.0101"]);
});

it("#75 tells whose a project is, by its id", async () => {
  expect(bodyOf(await get(`/v3/domain/${theirs}`))).toEqual({
    domain_id: acme,
    domain_name: "acme",
    project_id: theirs,
    project_name: "here-1",
  });
  expect(verdictOf(await get("/v3/domain/here-1"))).toEqual([404, "APIGW.0101"]);
});
