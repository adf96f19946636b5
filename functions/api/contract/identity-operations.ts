/** The contract of versions and of the identity facade (cbr-api 4.2, 7.0, #73–#75, clients.md §1). */
import { z } from "zod";
import { TokenRequest } from "../identity.ts";
import { TemporaryKeyRequest } from "../temporary-keys.ts";
import * as answers from "./identity-answers.ts";
import { text } from "./parameters.ts";

const named = { name: text };

export const identityOperations = {
  ListVersions: { summary: "Lists the API's versions", answers: { 300: answers.versions } },
  ShowVersion: { summary: "Lists the API's versions", answers: { 300: answers.versions } },
  ShowIdentityVersion: { summary: "Shows the identity interface's version", answers: { 200: answers.identityVersion } },
  CreateToken: { summary: "Issues a token, in X-Subject-Token", body: TokenRequest, answers: { 201: answers.token } },
  ShowToken: { summary: "Shows what the token in X-Subject-Token is good for", answers: { 200: answers.token } },
  ListAuthProjects: { summary: "Lists the caller's projects", query: named, answers: { 200: answers.projects } },
  ListAuthDomains: { summary: "Lists the caller's domain", query: named, answers: { 200: answers.domains } },
  ShowCatalog: { summary: "Shows where services are", answers: { 200: answers.shownCatalog } },
  ListIdentityProjects: { summary: "Lists the caller's projects", query: named, answers: { 200: answers.projects } },
  ShowIdentityProject: {
    summary: "Shows a project",
    answers: { 200: z.strictObject({ project: answers.project }) },
  },
  ListUsers: { summary: "Lists users of the caller's domain", query: named, answers: { 200: answers.users } },
  RevokeToken: { summary: "Ends the caller's token in X-Subject-Token", answers: { 204: null } },
  CreateTemporaryKey: {
    summary: "Issues an access key that holds for a while, with its security token",
    body: TemporaryKeyRequest,
    answers: { 201: answers.credential },
  },
  ListProjects: { summary: "Lists the caller's projects of all regions", answers: { 200: answers.regionProjects } },
  ListDomainProjects: {
    summary: "Lists the projects of the domain with exactly this name",
    answers: { 200: answers.domainProjects },
  },
  ShowDomain: { summary: "Shows whose a project is", answers: { 200: answers.domainOfProject } },
} as const;
