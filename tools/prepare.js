/**
 * The last step of `npm ci`: makes the bundle that `holdfast store` starts from (bundle-cli.ts). Plain JavaScript that an old Node can read.
 * Without a bundle everything works, a little slower, so nothing that goes wrong here makes an installation fail.
 */
import("./bundle-cli.ts")
  .then(({ bundleCli }) => bundleCli())
  .catch((error) => {
    const [reason] = String(error).split("\n");
    console.error(
      `holdfast store starts from its sources, which takes a little longer: no bundle was made (${reason})`,
    );
  });
