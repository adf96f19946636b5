/** Which texts name an NBD export, and what is said of those that do not? */
import { describe, expect, test } from "vitest";
import { isNbdUrl, NbdUrlInvalid, parseNbdUrl } from "../../../adapters/local/nbd/url.ts";

describe("NBD URLs", () => {
  test.each([
    ["nbd://host", "", { host: "host", port: 10809 }, "nbd://host:10809/"],
    ["nbd://host/", "", { host: "host", port: 10809 }, "nbd://host:10809/"],
    ["NBD://host:1/disk", "disk", { host: "host", port: 1 }, "nbd://host:1/disk"],
    ["nbd://host//disk", "/disk", { host: "host", port: 10809 }, "nbd://host:10809/%2Fdisk"],
    ["nbd://host/a%20%C3%A9", "a é", { host: "host", port: 10809 }, "nbd://host:10809/a%20%C3%A9"],
    ["nbd://[::1]:5/x", "x", { host: "::1", port: 5 }, "nbd://[::1]:5/x"],
    ["nbd+unix:///?socket=/run/a.sock", "", { path: "/run/a.sock" }, "nbd+unix:///?socket=/run/a.sock"],
    ["nbd+unix:///d?socket=/run/a%26b+c", "d", { path: "/run/a&b+c" }, "nbd+unix:///d?socket=/run/a%26b%2Bc"],
  ])("%s names an export of a server", (url, exportName, server, spelled) => {
    expect(parseNbdUrl(url)).toEqual({ url: spelled, exportName, server });
    expect(parseNbdUrl(spelled)).toEqual(parseNbdUrl(url));
  });

  test.each([
    ["nbds://host/x", /scheme nbds: TLS is not supported/],
    ["nbds+unix:///x?socket=/s", /scheme nbds\+unix: TLS is not supported/],
    ["http://host/x", /scheme "http": must be nbd or nbd\+unix/],
    ["nbd:host", /is no NBD URL: nbd:\/\/HOST/],
    ["nbd:///x", /host: is missing/],
    ["nbd://::1/x", /host "::1": an IPv6 address is written in brackets/],
    ["nbd://me@host/x", /user: must be absent/],
    ["nbd://host:0/x", /port "0": must be 1 to 65535/],
    ["nbd://host:65536/x", /port "65536"/],
    ["nbd://host:a/x", /port "a"/],
    ["nbd://host/x#y", /fragment: must be absent/],
    ["nbd://host/x?socket=/s", /query: an nbd URL has none/],
    ["nbd://host/%zz", /export name: has a %/],
    ["nbd://host/%00", /export name: must not contain a NUL/],
    ["nbd+unix:///x", /socket: is missing/],
    ["nbd+unix:///x?socket=", /socket: is missing/],
    ["nbd+unix:///x?socket=/a&socket=/b", /socket: is given more than once/],
    ["nbd+unix:///x?sokcet=/a", /query: "sokcet" is not known/],
    ["nbd+unix://host/x?socket=/a", /host "host": must be empty/],
    [`nbd+unix:///x?socket=/${"s".repeat(107)}`, /socket: .* is longer than 107 bytes/],
  ])("%s is refused, and the message names the part", (url, message) => {
    expect(() => parseNbdUrl(url)).toThrow(NbdUrlInvalid);
    expect(() => parseNbdUrl(url)).toThrow(message);
    expect(() => parseNbdUrl(url)).toThrow(url);
  });

  test("an export's name has at most 4096 bytes", () => {
    expect(parseNbdUrl(`nbd://host/${"x".repeat(4096)}`).exportName).toHaveLength(4096);
    expect(() => parseNbdUrl(`nbd://host/${"é".repeat(2049)}`)).toThrow(
      /export name: must not be longer than 4096 bytes/,
    );
  });

  test("what claims to be one is told from paths", () => {
    expect(["nbd://h", "nbds://h", "nbd+unix:///?socket=a", "NBD+UNIX:///"].map(isNbdUrl)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(["/images/nbd", "nbd.img", "./nbd:x", "-"].map(isNbdUrl)).toEqual([false, false, false, false]);
  });
});
