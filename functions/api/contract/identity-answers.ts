/** How versions and identities are answered: Keystone v3's words, as far as clients read them (clients.md §1). */
import { z } from "zod";

const link = z.strictObject({ href: z.string(), rel: z.string() });
const links = z.strictObject({ self: z.string(), previous: z.null(), next: z.null() });
const self = z.strictObject({ self: z.string() });
const named = z.strictObject({ id: z.string(), name: z.string() });
const keystoneTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

export const versions = z.strictObject({
  versions: z.array(z.strictObject({ id: z.string(), status: z.string(), updated: z.string(), links: z.array(link) })),
});

export const identityVersion = z.strictObject({
  version: z.strictObject({
    id: z.string(),
    status: z.string(),
    updated: z.string(),
    links: z.array(link),
    "media-types": z.array(z.strictObject({ base: z.string(), type: z.string() })),
  }),
});

const catalog = z.array(
  z.strictObject({
    id: z.string(),
    type: z.string(),
    name: z.string(),
    endpoints: z.array(
      z.strictObject({
        id: z.string(),
        interface: z.literal("public"),
        region: z.string(),
        region_id: z.string(),
        url: z.string(),
      }),
    ),
  }),
);

export const token = z.strictObject({
  token: z.strictObject({
    issued_at: keystoneTime,
    expires_at: keystoneTime,
    methods: z.array(z.string()),
    user: z.strictObject({ id: z.string(), name: z.string(), domain: named }),
    project: z.strictObject({ id: z.string(), name: z.string(), domain: named }).optional(),
    domain: named.optional(),
    roles: z.array(named).optional(),
    catalog,
  }),
});

export const credential = z.strictObject({
  credential: z.strictObject({
    access: z.string(),
    secret: z.string(),
    securitytoken: z.string(),
    expires_at: keystoneTime,
  }),
});

export const shownCatalog = z.strictObject({ catalog, links });

export const project = z.strictObject({
  id: z.string(),
  name: z.string(),
  domain_id: z.string(),
  parent_id: z.string(),
  enabled: z.boolean(),
  is_domain: z.boolean(),
  description: z.string(),
  links: self,
});
/** As IAM pages them by region: without its neighbours. */
export const regionProjects = z.strictObject({ projects: z.array(project), links: self });
export const domainProjects = z.strictObject({
  projects: z.array(z.strictObject({ project_id: z.string(), project_name: z.string() })),
});
export const domainOfProject = z.strictObject({
  domain_id: z.string(),
  domain_name: z.string(),
  project_id: z.string(),
  project_name: z.string(),
});
export const projects = z.strictObject({ projects: z.array(project), links });

export const domains = z.strictObject({
  domains: z.array(
    z.strictObject({ id: z.string(), name: z.string(), enabled: z.boolean(), description: z.string(), links: self }),
  ),
  links,
});

export const users = z.strictObject({
  users: z.array(
    z.strictObject({ id: z.string(), name: z.string(), domain_id: z.string(), enabled: z.boolean(), links: self }),
  ),
  links,
});

/** The body of refusals below `/v3/auth` and of temporary keys, as Keystone says them. */
export const refusedByKeystone = z
  .strictObject({ error: z.strictObject({ code: z.int(), message: z.string(), title: z.string() }) })
  .meta({ id: "KeystoneRefusal" });
